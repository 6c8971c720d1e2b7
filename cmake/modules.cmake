# A module is a folder: one static library, its allowed arrows in DEPS.
# scripts/checks/layers compares the #include lines with these DEPS, so they are the architecture.

# add_module(<name> SOURCES a.c b.c [DEPS other_module...] [PRIVATE_DEPS PkgConfig::X...])
#   The name is the folder with '_' for '/': common_base, worker_smtp.
function(add_module name)
  cmake_parse_arguments(MODULE "" "" "SOURCES;DEPS;PRIVATE_DEPS" ${ARGN})
  add_library(${name} STATIC ${MODULE_SOURCES})
  target_link_libraries(${name} PUBLIC ${MODULE_DEPS} PRIVATE project_options ${MODULE_PRIVATE_DEPS})
  target_include_directories(${name} PUBLIC "${PROJECT_SOURCE_DIR}")
endfunction()

# add_program(<name> SOURCES main.c ... DEPS modules... [PRIVATE_DEPS libraries...])
function(add_program name)
  cmake_parse_arguments(PROGRAM "" "" "SOURCES;DEPS;PRIVATE_DEPS" ${ARGN})
  add_executable(${name} ${PROGRAM_SOURCES})
  target_link_libraries(${name} PRIVATE project_options ${PROGRAM_DEPS} ${PROGRAM_PRIVATE_DEPS})
endfunction()

# add_unit_test(<module> <test>...): tests/unit/<folder>/<test>.c, cmocka, label "unit".
function(add_unit_test module)
  file(RELATIVE_PATH folder "${PROJECT_SOURCE_DIR}" "${CMAKE_CURRENT_SOURCE_DIR}")
  foreach(test ${ARGN})
    set(target unit_${module}_${test})
    add_executable(${target} "${PROJECT_SOURCE_DIR}/tests/unit/${folder}/${test}.c")
    target_link_libraries(${target} PRIVATE
      project_options project_test_options ${module} PkgConfig::CMOCKA)
    target_compile_definitions(${target} PRIVATE
      HIKYAKU_TEST_DATA="${PROJECT_SOURCE_DIR}/tests/data")
    set_target_properties(${target} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/tests")
    add_test(NAME unit/${folder}/${test} COMMAND ${target})
    set_tests_properties(unit/${folder}/${test} PROPERTIES LABELS unit TIMEOUT 120)
  endforeach()
endfunction()

# Builds every fuzzer: cmake --build build/fuzz --target fuzzers
add_custom_target(fuzzers)

# add_fuzzer(<module> <fuzz_name>): tests/fuzz/<fuzz_name>.c with corpus tests/fuzz/corpus/<fuzz_name>/.
# With HIKYAKU_FUZZ it is a libFuzzer program; always its corpus is replayed by ctest (label "fuzz").
function(add_fuzzer module name)
  add_executable(${name} "${PROJECT_SOURCE_DIR}/tests/fuzz/${name}.c")
  target_link_libraries(${name} PRIVATE project_options ${module})
  target_compile_options(${name} PRIVATE -Wno-missing-prototypes)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/fuzz")
  add_dependencies(fuzzers ${name})
  set(corpus "${PROJECT_SOURCE_DIR}/tests/fuzz/corpus/${name}")
  if(HIKYAKU_FUZZ)
    target_link_options(${name} PRIVATE -fsanitize=fuzzer)
    add_test(NAME fuzz/${name} COMMAND ${name} -runs=0 "${corpus}")
  else()
    target_sources(${name} PRIVATE "${PROJECT_SOURCE_DIR}/tests/fuzz/replay_main.c")
    add_test(NAME fuzz/${name} COMMAND ${name} "${corpus}")
  endif()
  set_tests_properties(fuzz/${name} PROPERTIES LABELS fuzz TIMEOUT 120)
endfunction()
