#!/usr/bin/env bash
# Installs what the build needs (Debian packages) and builds the cross-compiled libraries once into
# ${XDG_CACHE_HOME:-~/.cache}/vigil/<target>-<key>, where key is a hash of everything they are made from.
# build/deps/<target> points there; toolchain files and presets look only at that link.
set -euo pipefail
top=$(cd "$(dirname "$0")/../.." && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/vigil
deps=$top/src/cmake/deps
say() { printf '%s\n' "$*"; }
fail() { printf 'setup: %s; the end of %s:\n' "$1" "$2" >&2; tail -n 40 "$2" >&2; exit 1; }

packages=(
  build-essential cmake ninja-build ccache dpkg-dev tcl git jq sqlite3 python3
  clang-19 lld-19 llvm-19 clang-format-19 clang-tidy-19 libclang-rt-19-dev lldb-14
  g++-mingw-w64-x86-64-posix binutils-mingw-w64-x86-64
  wine wine64 libgnutls30 wixl msitools
  libboost1.81-dev nlohmann-json3-dev libcli11-dev libzycore-dev libspdlog-dev libfmt-dev libyaml-cpp-dev
  libsqlitecpp-dev libsqlite3-dev libzstd-dev libzydis-dev googletest libgtest-dev libgmock-dev libbenchmark-dev)

install_packages() {
  local missing=() log=$cache/apt.log package sudo=
  for package in "${packages[@]}"; do
    dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed || missing+=("$package")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  say "setup: installing ${#missing[@]} packages: ${missing[*]}"
  [ "$(id -u)" = 0 ] || sudo=sudo
  $sudo apt-get update -q >"$log" 2>&1 || fail "apt-get update failed" "$log"
  $sudo env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 install -y -q \
    --no-install-recommends "${missing[@]}" >>"$log" 2>&1 || fail "apt-get install failed" "$log"
}

cross_key() {
  cat "$cache/sources.txt" "$deps/CMakeLists.txt" "$deps"/ports/*/CMakeLists.txt \
    "$top/src/cmake/toolchains/mingw-gcc.cmake"
  dpkg-query -W googletest libboost1.81-dev nlohmann-json3-dev libcli11-dev libzycore-dev
  x86_64-w64-mingw32-g++-posix --version
}

build_cross_libraries() {
  local key prefix log work
  key=$(cross_key | sha256sum | cut -c1-16)
  prefix=$cache/windows-x64-$key log=$cache/windows-x64-$key.log work=$cache/build-$key.$$
  if [ ! -e "$prefix/.complete" ]; then
    say "setup: building the Windows libraries into $prefix (about 3 minutes, once)"
    rm -rf "$prefix" "$work"
    if command -v ccache >/dev/null; then
      export CMAKE_C_COMPILER_LAUNCHER=ccache CMAKE_CXX_COMPILER_LAUNCHER=ccache
    fi
    cmake -G Ninja -S "$deps" -B "$work" -DDEPS_SOURCES="$cache/src" -DDEPS_INSTALL="$prefix" \
      -DDEPS_TOOLCHAIN="$top/src/cmake/toolchains/mingw-gcc.cmake" >"$log" 2>&1 &&
      cmake --build "$work" -j2 >>"$log" 2>&1 || fail "the Windows libraries did not build" "$log"
    rm -rf "$work"
    touch "$prefix/.complete"
  fi
  mkdir -p "$top/build/deps"
  ln -sfn "$prefix" "$top/build/deps/windows-x64"
}

mkdir -p "$cache"
exec 9>"$cache/.lock"
flock 9
install_packages
"$deps/fetch.sh" "$cache/src" >"$cache/sources.txt.new"
mv "$cache/sources.txt.new" "$cache/sources.txt"
build_cross_libraries
