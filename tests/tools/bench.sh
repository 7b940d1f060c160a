#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#: ./dev bench [NAME]
#:
#: Measure: run the benchmarks, all or one; the tables go to the terminal.
#:
#: A benchmark is a program tests/bench/<name>_bench. Portable ones run natively (linux-release); those of Windows
#: facilities, such as `dumper`, run under Wine (mingw-release). What they print is kept in build/bench/<name>.txt. Close
#: other programs first: the numbers are only as quiet as the machine.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
only=${1:-}

# run_bench NAME COMMAND…: shows and keeps what it prints.
run_bench() {
  local name=$1
  shift
  mkdir -p "$build/bench"
  say "--- $name"
  "$@" </dev/null | tee "$build/bench/$name.txt"
}

"$tools/setup.sh"
ran=
for preset in linux-release mingw-release; do
  step "build $preset" configure_and_build "$preset"
  for program in "$build/$preset"/tests/bench/*_bench "$build/$preset"/tests/bench/*_bench.exe; do
    name=$(basename "${program%.exe}" _bench)
    [ -x "$program" ] && { [ -z "$only" ] || [ "$only" = "$name" ]; } || continue
    if [ "$preset" = linux-release ]; then
      run_bench "$name" "$program"
    elif [ ! -x "$build/linux-release/tests/bench/${name}_bench" ]; then
      run_bench "$name" "$tools/with_wine.py" wine "$program"
    fi
    ran=yes
  done
done
[ -n "$ran" ] || die "there is no benchmark '$only'"
