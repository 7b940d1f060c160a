# clang-19 + lld-19 on top of Debian's mingw-w64 GCC runtime (same ABI as mingw-w64.cmake, so both use the
# same cross-built dependencies). Writes CodeView and a PDB beside every executable.
set(CMAKE_SYSTEM_NAME Windows)
set(MINGW_ARCH "x86_64" CACHE STRING "x86_64 or i686")
if(MINGW_ARCH STREQUAL "i686")
  set(_target windows-x86)
else()
  set(_target windows-x64)
endif()
set(DEPS_PREFIX "${CMAKE_CURRENT_LIST_DIR}/../../../build/deps/${_target}" CACHE PATH "prefix of the cross-built dependencies")
get_filename_component(DEPS_PREFIX "${DEPS_PREFIX}" REALPATH)
set(CMAKE_SYSTEM_PROCESSOR "${MINGW_ARCH}")
list(APPEND CMAKE_TRY_COMPILE_PLATFORM_VARIABLES MINGW_ARCH DEPS_PREFIX)
set(_triple "${MINGW_ARCH}-w64-mingw32")

# Debian keeps two GCC runtimes side by side (12-posix, 12-win32). clang takes the last by name, win32, which
# has no std::thread, and ignores --gcc-install-dir for this target; so give it a sysroot that has only posix.
set(_sysroot "${DEPS_PREFIX}/.clang-sysroot")
if(NOT EXISTS "${_sysroot}/lib/gcc/${_triple}/12")
  file(MAKE_DIRECTORY "${_sysroot}/lib/gcc/${_triple}")
  file(CREATE_LINK "/usr/${_triple}" "${_sysroot}/${_triple}" SYMBOLIC)
  file(CREATE_LINK "/usr/lib/gcc/${_triple}/12-posix" "${_sysroot}/lib/gcc/${_triple}/12" SYMBOLIC)
endif()
set(CMAKE_SYSROOT "${_sysroot}")

set(CMAKE_C_COMPILER   clang-19)
set(CMAKE_CXX_COMPILER clang++-19)
set(CMAKE_C_COMPILER_TARGET   "${MINGW_ARCH}-w64-windows-gnu")
set(CMAKE_CXX_COMPILER_TARGET "${MINGW_ARCH}-w64-windows-gnu")
set(CMAKE_RC_COMPILER  "${_triple}-windres")
# -femulated-tls: GCC 12's libstdc++ (std::call_once, std::async) and the GCC-built dependencies use emulated TLS;
# without it the link fails on std::__once_callable.
set(CMAKE_C_FLAGS_INIT   "-pthread -femulated-tls -gcodeview -Wno-unused-command-line-argument")
set(CMAKE_CXX_FLAGS_INIT "-pthread -femulated-tls -gcodeview -Wno-unused-command-line-argument")
# an empty --pdb= names the PDB after the executable
set(CMAKE_EXE_LINKER_FLAGS_INIT    "-fuse-ld=lld -static -pthread -Wl,--pdb=")
set(CMAKE_SHARED_LINKER_FLAGS_INIT "-fuse-ld=lld -static -pthread -Wl,--pdb=")

set(CMAKE_FIND_ROOT_PATH ${DEPS_PREFIX} "/usr/${_triple}")
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
if(DEPS_PREFIX)
  list(PREPEND CMAKE_PREFIX_PATH "${DEPS_PREFIX}")
endif()
find_program(WINE_EXECUTABLE NAMES wine wine64 NO_CMAKE_FIND_ROOT_PATH)
if(WINE_EXECUTABLE)
  set(CMAKE_CROSSCOMPILING_EMULATOR "${WINE_EXECUTABLE}")
endif()
