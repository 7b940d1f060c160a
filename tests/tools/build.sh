#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#: ./dev build [PRESET…]
#:
#: Configure and build presets; without one, linux-debug and mingw-release.
#:
#: Results are in build/<preset>/bin. Presets: linux-debug, linux-release, linux-asan, linux-tsan, linux-fuzz,
#: mingw-release (what is shipped: clang and lld, with PDBs), mingw-gcc, msvc (on Windows only).
set -euo pipefail
. "$(dirname "$0")/lib.sh"
[ $# -gt 0 ] || set -- linux-debug mingw-release
"$tools/setup.sh"
for preset in "$@"; do
  step "build $preset" configure_and_build "$preset"
done
