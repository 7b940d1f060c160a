#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#: ./dev compare
#:
#: Compare what vigil says of real dumps with what other tools say of them, and write docs/COMPARISON.md and
#: docs/kernel-compare.md.
#:
#: The dumps and the others' answers lie in ../shared/data; without them nothing is written. lldb is asked on the spot.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
data=$top/../shared/data
[ -e "$data/peers/INDEX.tsv" ] || die "the dumps to compare are not there: $data"
"$tools/setup.sh"
step 'build vigil, linux-debug' configure_and_build linux-debug vigil
python3 tests/data/comparison.py "$build/linux-debug/bin/vigil" "$data" --write docs/COMPARISON.md
python3 tests/data/compare_kernel.py "$build/linux-debug/bin/vigil" "$data" --write docs/kernel-compare.md
python3 tests/data/compare_lldb.py "$build/linux-debug/bin/vigil" "$data" --append docs/COMPARISON.md || [ $? = 77 ]
