# Cross toolchain: Debian mingw-w64 GCC (posix threads), x86_64 by default.
#   -DMINGW_ARCH=i686 for 32-bit. Needs g++-mingw-w64-x86-64-posix (or -i686-posix).
#   -DDEPS_PREFIX=DIR  where the cross-built third-party libraries are installed.
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
list(APPEND CMAKE_TRY_COMPILE_PLATFORM_VARIABLES MINGW_ARCH DEPS_PREFIX)  # try_compile re-reads this file
set(_triple "${MINGW_ARCH}-w64-mingw32")

set(CMAKE_C_COMPILER   "${_triple}-gcc-posix")
set(CMAKE_CXX_COMPILER "${_triple}-g++-posix")
set(CMAKE_RC_COMPILER  "${_triple}-windres")

# libgcc, libstdc++ and winpthread go inside the exe
set(CMAKE_EXE_LINKER_FLAGS_INIT    "-static")
set(CMAKE_SHARED_LINKER_FLAGS_INIT "-static")
# No -D_WIN32_WINNT / NTDDI_VERSION here: mingw-w64 10 already defaults to 0x0A00, and a global
# NTDDI_VERSION breaks third-party code that lowers _WIN32_WINNT itself (zstd's threading.h).

# Look only in the cross sysroot and in the prefix of our cross-built deps, never in /usr.
set(CMAKE_FIND_ROOT_PATH ${DEPS_PREFIX} "/usr/${_triple}")
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
if(DEPS_PREFIX)
  list(PREPEND CMAKE_PREFIX_PATH "${DEPS_PREFIX}")
endif()

# ctest runs .exe files under Wine
find_program(WINE_EXECUTABLE NAMES wine wine64 NO_CMAKE_FIND_ROOT_PATH)
if(WINE_EXECUTABLE)
  set(CMAKE_CROSSCOMPILING_EMULATOR "${WINE_EXECUTABLE}")
endif()
