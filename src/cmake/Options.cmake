# How our own code is compiled: warnings, hardening, sanitizers, reproducibility. Everything of ours links vigil_options.
include_guard(GLOBAL)
add_library(vigil_options INTERFACE)
if(WIN32)
  target_compile_definitions(vigil_options INTERFACE UNICODE _UNICODE _WIN32_WINNT=0x0A00 WINVER=0x0A00
    NTDDI_VERSION=0x0A000007 NOMINMAX WIN32_LEAN_AND_MEAN)
endif()
if(MSVC)
  target_compile_options(vigil_options INTERFACE /W4 /utf-8 /permissive- /EHsc /bigobj /Zc:preprocessor /guard:cf)
  target_link_options(vigil_options INTERFACE /guard:cf /CETCOMPAT /DYNAMICBASE)
  if(VIGIL_WERROR)
    target_compile_options(vigil_options INTERFACE /WX)
  endif()
else()
  target_compile_options(vigil_options INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion
    -Wold-style-cast -Wnon-virtual-dtor -Woverloaded-virtual -Wcast-align -Wformat=2 -Wswitch-enum
    -fstack-protector-strong)
  if(VIGIL_WERROR)
    target_compile_options(vigil_options INTERFACE -Werror)
  endif()
  if(MINGW)
    target_link_options(vigil_options INTERFACE -fstack-protector-strong)  # brings libssp
  endif()
  if(MINGW AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    target_compile_options(vigil_options INTERFACE -Wa,-mbig-obj)
  endif()
  if(NOT CMAKE_BUILD_TYPE STREQUAL "Debug" AND NOT VIGIL_SANITIZE AND NOT WIN32)
    target_compile_definitions(vigil_options INTERFACE _FORTIFY_SOURCE=2)
  endif()
endif()
foreach(sanitizer IN LISTS VIGIL_SANITIZE)
  target_compile_options(vigil_options INTERFACE -fsanitize=${sanitizer} -fno-omit-frame-pointer)
  target_link_options(vigil_options INTERFACE -fsanitize=${sanitizer})
endforeach()
if(VIGIL_BUILD_FUZZERS)
  target_compile_options(vigil_options INTERFACE -fsanitize=fuzzer-no-link)  # coverage, for libFuzzer to steer by
endif()
if("undefined" IN_LIST VIGIL_SANITIZE)
  target_compile_options(vigil_options INTERFACE -fno-sanitize-recover=undefined)
endif()

find_program(CCACHE_EXECUTABLE ccache)
mark_as_advanced(CCACHE_EXECUTABLE)
if(CCACHE_EXECUTABLE AND NOT MSVC)
  # ccache is told to make every path under the source folder relative, and not to look at the build folder: so a second
  # clone in another folder compiles nothing that the first one did.
  set(_launcher "${CMAKE_COMMAND}" -E env "CCACHE_BASEDIR=${CMAKE_SOURCE_DIR}" CCACHE_NOHASHDIR=1 "${CCACHE_EXECUTABLE}")
  set(CMAKE_C_COMPILER_LAUNCHER "${_launcher}")
  set(CMAKE_CXX_COMPILER_LAUNCHER "${_launcher}")
endif()

# What is shipped is reproducible: no absolute paths and no time of day in it. The compiler sees sources by relative
# paths under ccache and by absolute ones without; either way they end up as src/….
if(MINGW AND CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  if(CMAKE_CXX_COMPILER_LAUNCHER)
    file(RELATIVE_PATH _source_prefix "${CMAKE_BINARY_DIR}" "${CMAKE_SOURCE_DIR}/")
  else()
    set(_source_prefix "${CMAKE_SOURCE_DIR}/")
  endif()
  add_compile_options("-ffile-prefix-map=${_source_prefix}=" -fdebug-compilation-dir=. -gno-codeview-command-line)
  # Symbols stay in the PDB alone, which names files as /vigil/src/…, wherever they were built. The time stamp is a hash
  # of the content: symbol stores know an image by it, so it must differ between builds that differ.
  add_link_options(-Wl,-s -Wl,-Xlink=-Brepro -Wl,-Xlink=-pdbaltpath:%_PDB% -Wl,-Xlink=-pdbsourcepath:/vigil)
endif()
