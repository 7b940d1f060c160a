#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#: ./dev setup
#:
#: Install what the build needs, and build the Windows libraries once.
#:
#: Packages come from Debian's archive (apt, with sudo where needed). The libraries for Windows are built from Debian's
#: source packages into ${XDG_CACHE_HOME:-~/.cache}/vigil/<target>-<key>, where the key is a hash of all that they are made
#: from; build/deps/<target> points there. A second run takes under a second.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
deps=$top/src/cmake/deps

packages=(
  build-essential cmake ninja-build ccache dpkg-dev tcl git jq sqlite3 python3 python3-jsonschema python3-yaml time
  clang-19 lld-19 llvm-19 clang-format-19 clang-tidy-19 libclang-rt-19-dev lldb-19
  g++-mingw-w64-x86-64-posix binutils-mingw-w64-x86-64
  wine wine64 libgnutls30 wixl msitools
  libboost1.81-dev nlohmann-json3-dev libcli11-dev libzycore-dev libspdlog-dev libfmt-dev libyaml-cpp-dev
  libsqlitecpp-dev libsqlite3-dev libzstd-dev libzydis-dev libpugixml-dev libmspack-dev libcurl4-openssl-dev
  googletest libgtest-dev libgmock-dev libbenchmark-dev)

missing_packages() {
  local package
  for package in "${packages[@]}"; do
    dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed || printf '%s\n' "$package"
  done
}

install_packages() {
  local sudo=
  [ "$(id -u)" = 0 ] || sudo=sudo
  $sudo apt-get update -q &&
    $sudo env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 install -y -q --no-install-recommends "$@"
}

fetch_sources() {
  "$deps/fetch.sh" "$cache/src" >"$cache/sources.txt.new" &&
    mv "$cache/sources.txt.new" "$cache/sources.txt"
}

cross_key() {
  cat "$cache/sources.txt" "$deps/CMakeLists.txt" "$deps"/ports/*/CMakeLists.txt \
    "$top/src/cmake/toolchains/mingw-gcc.cmake"
  dpkg-query -W googletest libboost1.81-dev nlohmann-json3-dev libcli11-dev libzycore-dev
  x86_64-w64-mingw32-g++-posix --version
}

build_cross_libraries() {
  local prefix=$1 work=$1.build.$$
  rm -rf "$prefix" "$work"
  if command -v ccache >/dev/null; then
    export CMAKE_C_COMPILER_LAUNCHER=ccache CMAKE_CXX_COMPILER_LAUNCHER=ccache
  fi
  cmake -G Ninja -S "$deps" -B "$work" -DDEPS_SOURCES="$cache/src" -DDEPS_INSTALL="$prefix" \
    -DDEPS_TOOLCHAIN="$top/src/cmake/toolchains/mingw-gcc.cmake" &&
    cmake --build "$work" &&
    rm -rf "$work" &&
    touch "$prefix/.complete"
}

started=$(now_ms)
worked=
exec 9>"$cache/.lock"
flock 9
mapfile -t missing < <(missing_packages)
if [ ${#missing[@]} -gt 0 ]; then
  worked=yes
  say "       installing ${missing[*]}"
  step "install ${#missing[@]} packages" install_packages "${missing[@]}"
fi
if [ ! -e "$cache/sources.txt" ]; then
  worked=yes
  step 'fetch the sources of the Windows libraries' fetch_sources
else
  fetch_sources
fi
prefix=$cache/windows-x64-$(cross_key | sha256sum | cut -c1-16)
if [ ! -e "$prefix/.complete" ]; then
  worked=yes
  step 'build the Windows libraries (3 minutes, once)' build_cross_libraries "$prefix"
fi
mkdir -p "$build/deps"
ln -sfn "$prefix" "$build/deps/windows-x64"
[ -n "$worked" ] || step_line "$green" ok setup 'all there' "$started"
