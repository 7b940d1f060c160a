#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#: ./dev bench [NAME [OPTION…]]
#:
#: Measure: run the benchmarks, all or one; the tables go to the terminal.
#:
#: A benchmark is tests/bench/<name>_bench.cpp, which runs natively (linux-release), or <name>_bench_win.cpp, which is of
#: Windows and runs under Wine (mingw-release), such as `dumper`, or <name>_bench.py, which runs the program vigil
#: (linux-release), such as `analyze`. Its options, such as --json, go to it as they are. What
#: it prints is kept in build/bench/<name>.txt. Close other programs first: the numbers are only as quiet as the machine.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

# run_bench NAME PRESET OPTION…: builds it, runs it, shows and keeps what it prints.
run_bench() {
  local name=$1 preset=$2 program
  shift 2
  program=$build/$preset/tests/bench/${name}_bench
  step "build ${name}_bench, $preset" configure_and_build "$preset" "${name}_bench"
  local command=("$program")
  [ "$preset" = linux-release ] || command=("$tools/with_wine.py" wine "$program.exe")
  say "--- $name"
  "${command[@]}" "$@" </dev/null | tee "$build/bench/$name.txt"
}

# run_script NAME OPTION…: the same for a benchmark of the whole program. One that misses a bar fails, and the rest runs.
run_script() {
  local name=$1
  shift
  step "build vigil, linux-release" configure_and_build linux-release vigil pdb_lookup
  say "--- $name"
  "tests/bench/${name}_bench.py" "$build/linux-release/bin/vigil" "$@" </dev/null | tee "$build/bench/$name.txt" || missed=yes
}

only=${1:-}
[ $# = 0 ] || shift
"$tools/setup.sh"
mkdir -p "$build/bench"
ran=
missed=
for source in tests/bench/*_bench.cpp tests/bench/*_bench_win.cpp tests/bench/*_bench.py; do
  name=$(basename "${source%_bench*}")
  [ -e "$source" ] && { [ -z "$only" ] || [ "$only" = "$name" ]; } || continue
  case $source in
    *.py) run_script "$name" "$@" ;;
    *_win.cpp) run_bench "$name" mingw-release "$@" ;;
    *) run_bench "$name" linux-release "$@" ;;
  esac
  ran=yes
done
[ -n "$ran" ] || die "there is no benchmark '$only'"
[ -z "$missed" ] || die 'a bar was missed'  # the table says which
