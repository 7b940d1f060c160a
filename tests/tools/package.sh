#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#: ./dev package
#:
#: Build the installer: build/package/vigil-<version>-x64.msi.
#:
#: Beside it, vigil-<version>-x64-symbols.zip: the PDBs of what is in the installer. The programs are those of the preset
#: mingw-release, and two builds of one commit make the same ones.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
programs=(vigil vigil-service vigil-dumper)
bin=build/mingw-release/bin  # wixl cannot take an absolute path

make_msi() {
  rm -f "$1" && mkdir -p "${1%/*}" && wixl -a x64 -D VERSION="$version" -D BIN="$bin" -o "$1" installer/vigil.wxs
}

make_symbols() {
  rm -f "$1" && python3 -m zipfile -c "$1" "${programs[@]/#/$bin/}"
}

"$tools/setup.sh"
step 'build mingw-release' configure_and_build mingw-release "${programs[@]}"
version=$(sed -n 's/^CMAKE_PROJECT_VERSION:STATIC=//p' "$build/mingw-release/CMakeCache.txt")
package=$build/package/vigil-$version-x64
step 'make the installer' make_msi "$package.msi"
programs=("${programs[@]/%/.pdb}")
step 'pack the symbols' make_symbols "$package-symbols.zip"
say "       $package.msi"
say "       $package-symbols.zip"
