#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#: ./dev demo
#:
#: See it work: install Vigil, let seven programs die, list and show them.
#:
#: From nothing: sets up, builds the installer, makes a Windows of its own (a Wine prefix), installs the MSI, drops a rule
#: file, and runs programs that die by access violation, stack overflow, __fastfail, an uncaught C++ exception, abort,
#: integer division, and by ending themselves with 0xC0000005. Then `vigil list` and `vigil show last`. The results stay in
#: build/demo; all else is cleaned up.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
"$tools/package.sh"
step 'build the programs that die' configure_and_build mingw-release crasher
exec python3 "$tools/demo.py" "$build/demo"
