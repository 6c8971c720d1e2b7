# One INTERFACE target carries the flags of our own code; generated code does not link it.
option(HIKYAKU_WERROR "Warnings are errors (set by the presets)" OFF)
option(HIKYAKU_HARDEN "Hardening flags of the shipped programs" OFF)
option(HIKYAKU_FUZZ "Build the fuzzers with libFuzzer (clang)" OFF)
option(HIKYAKU_COVERAGE "gcov instrumentation" OFF)
option(HIKYAKU_TRAP "Test-only traps (common/base/trap.h); never in hardened builds" OFF)
set(HIKYAKU_SANITIZE "" CACHE STRING "Sanitizers, e.g. address,undefined")

add_library(project_options INTERFACE)
target_include_directories(project_options INTERFACE "${PROJECT_SOURCE_DIR}")
target_compile_definitions(project_options INTERFACE _GNU_SOURCE
                           HIKYAKU_VERSION="${PROJECT_VERSION}")
target_compile_options(project_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wstrict-prototypes
  -Wmissing-prototypes -Wold-style-definition -Wformat=2 -Wundef -Wcast-qual -Wwrite-strings
  -Wswitch-enum -Wnull-dereference -Wvla -Wdouble-promotion -fno-omit-frame-pointer)
if(CMAKE_C_COMPILER_ID STREQUAL "GNU")
  target_compile_options(project_options INTERFACE
    -Wlogical-op -Wduplicated-cond -Wduplicated-branches)
endif()
if(HIKYAKU_WERROR)
  target_compile_options(project_options INTERFACE -Werror)
endif()

# Linked after project_options by tests: the test harness's own macros convert freely.
add_library(project_test_options INTERFACE)
target_compile_options(project_test_options INTERFACE
  -Wno-conversion -Wno-sign-conversion -Wno-null-dereference)

# Sanitizers and hardening hold for every target, generated code included.
if(HIKYAKU_SANITIZE)
  add_compile_options(-fsanitize=${HIKYAKU_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${HIKYAKU_SANITIZE})
endif()
if(HIKYAKU_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
if(HIKYAKU_COVERAGE)
  add_compile_options(--coverage)
  add_link_options(--coverage)
endif()
if(HIKYAKU_HARDEN AND HIKYAKU_TRAP)
  message(FATAL_ERROR "HIKYAKU_TRAP: what is shipped has no traps")
endif()
if(HIKYAKU_HARDEN)
  add_compile_options(-D_FORTIFY_SOURCE=2 -fstack-protector-strong -fstack-clash-protection
                      -fcf-protection -fPIE)
  add_link_options(-pie -Wl,-z,relro,-z,now -Wl,-z,noexecstack)
endif()
# Asserts are part of the contract: they stay in release builds.
foreach(config RELEASE RELWITHDEBINFO MINSIZEREL)
  string(REPLACE "-DNDEBUG" "" CMAKE_C_FLAGS_${config} "${CMAKE_C_FLAGS_${config}}")
endforeach()
