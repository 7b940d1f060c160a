#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#: ./dev lint [--no-tidy] [CHECK…]
#:
#: Check the sources: format, layers, sizes, forbidden words, clang-tidy.
#:
#: Checks: format whitespace sizes patterns licence scripts layers tidy. clang-tidy looks only at files that changed since
#: they last passed, or whose headers did; the first run takes minutes. CONTRIBUTING.md has the rules behind the checks.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
# The folders of the table of layers and of the compile commands; configuring is all that is needed.
configure() { cmake --preset linux-debug && cmake --preset linux-asan && cmake --preset mingw-release; }
if [ "${1:-}" = --results ]; then  # ./dev test, which has configured and counts for itself
  exec python3 "$tools/lint.py" "$@"
fi
"$tools/setup.sh"
step 'configure' configure
step 'lint' python3 "$tools/lint.py" "$@"
