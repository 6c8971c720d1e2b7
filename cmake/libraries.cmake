# Every library that the project uses, from the distribution's packages (scripts/packages).
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)

function(hikyaku_library name)
  pkg_check_modules(${name} REQUIRED IMPORTED_TARGET GLOBAL ${ARGN})
endfunction()

hikyaku_library(UV libuv)
hikyaku_library(ZMQ libzmq)
hikyaku_library(PROTOBUF_C libprotobuf-c)
hikyaku_library(OPENSSL openssl)
hikyaku_library(HIREDIS hiredis)
# TLS to Redis: hiredis 1.0 and later, not on Debian 12.
pkg_check_modules(HIREDIS_SSL IMPORTED_TARGET GLOBAL hiredis_ssl)
hikyaku_library(UNBOUND libunbound)
hikyaku_library(CURL libcurl)
hikyaku_library(MICROHTTPD libmicrohttpd)
hikyaku_library(GNUTLS gnutls)  # what libmicrohttpd speaks TLS with
hikyaku_library(YAML yaml-0.1)
hikyaku_library(JANSSON jansson)
hikyaku_library(ZLIB zlib)
hikyaku_library(IDN2 libidn2)
hikyaku_library(SODIUM libsodium)
hikyaku_library(LIBOATH liboath)  # one-time codes, RFC 6238
hikyaku_library(PCRE2 libpcre2-8)
hikyaku_library(ZSTD libzstd)
hikyaku_library(OPENDKIM opendkim)
hikyaku_library(CMOCKA cmocka)

# libunistring ships no .pc file.
find_library(UNISTRING_LIBRARY unistring REQUIRED)
add_library(hikyaku_unistring INTERFACE)
target_link_libraries(hikyaku_unistring INTERFACE ${UNISTRING_LIBRARY})
