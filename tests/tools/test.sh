#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#: ./dev test [--quick]
#:
#: Build and test everything: natively, under sanitizers, under Wine, end to end.
#:
#: In this order, the quick ones first: unit tests and checks of the sources (linux-debug), unit tests under address and
#: undefined-behaviour sanitizers (linux-asan), the same tests as Windows programs under Wine (mingw-release), end-to-end
#: tests under Wine, lint. The last line is `N passed, M failed`; results are in build/test-results (JUnit).
#: --quick: only linux-debug.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
case ${1:-} in '') quick= ;; --quick) quick=yes ;; *) die "unknown argument '$1'; ./dev help test" ;; esac

results=$build/test-results
rm -rf "$results"
mkdir -p "$results"

finish() { python3 "$tools/results.py" "$results"; }

# A step that leaves no results of its own: its failure is one failed test.
must() {
  local stage=$1 title=$2
  shift 2
  step "$title" "$@" || { python3 "$tools/results.py" --record "$results" "$stage" "$title" "see $logs"; return 1; }
}

note_counts() { python3 "$tools/results.py" "$results" "$1" >"$step_note_file" 2>"$step_failures_file" || true; }

# run_ctest PRESET [COMMAND…]: all of ctest, through a command that prepares its world.
run_ctest() {
  local preset=$1 folder=$results/$1/gtest/ status=0
  shift
  mkdir -p "$folder"
  # A Windows program takes a path that begins with a slash for a relative one.
  case $preset in mingw-*) folder=Z:${folder//\//\\} ;; esac
  GTEST_OUTPUT="xml:$folder" "$@" ctest --test-dir "$build/$preset" --output-on-failure \
    --no-tests=error --output-junit "$results/$preset/ctest.xml" || status=$?
  [ -e "$results/$preset/ctest.xml" ] ||
    python3 "$tools/results.py" --record "$results" "$preset" "ctest $preset" 'ctest did not run'
  note_counts "$preset"
  return "$status"
}

run_e2e() {
  local status=0
  python3 "$top/tests/e2e/run.py" --results "$results/e2e" || status=$?
  note_counts e2e
  return "$status"
}

run_lint() {
  local status=0
  "$tools/lint.sh" --results "$results/lint" || status=$?
  note_counts lint
  return "$status"
}

build_and_test() {
  local preset=$1
  shift
  must "$preset" "build $preset" configure_and_build "$preset" && step "tests $preset" run_ctest "$preset" "$@"
}

"$tools/setup.sh" || { python3 "$tools/results.py" --record "$results" setup setup; finish; exit 1; }
build_and_test linux-debug || true
if [ -z "$quick" ]; then
  build_and_test linux-asan || true
  if must mingw-release 'build mingw-release' configure_and_build mingw-release; then
    step 'tests mingw-release, under Wine' run_ctest mingw-release "$tools/with_wine.py" || true
    must e2e 'make the installer' "$tools/package.sh" && step 'end-to-end tests, under Wine' run_e2e || true
  fi
  step lint run_lint || true
fi
finish
