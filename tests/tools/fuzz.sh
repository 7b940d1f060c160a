#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#: ./dev fuzz [MODULE] [SECONDS]
#:
#: Run the fuzzers: all, or one module's; 60 seconds each without a number.
#:
#: They start from tests/fuzz/corpus/<module> and from what earlier runs found, which is kept in the cache folder. An input
#: that ends a parser is left in build/fuzz/<module>: mend the parser, and add the input to the corpus under a name that
#: says what was wrong.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
case ${1:-} in *[!0-9]*) module=$1 && shift ;; *) module= ;; esac
seconds=${1:-60}
max_len=262144

fuzz_one() {
  local name=$1 found=$cache/fuzz/$1 seeds=tests/fuzz/corpus/$1 dictionary=tests/fuzz/$1.dict
  [ "$name" != pipeline ] || seeds=tests/fuzz/corpus/minidump  # whole dumps
  mkdir -p "$found" "$build/fuzz/$name"
  [ -d "$seeds" ] || seeds=
  [ -f "$dictionary" ] && dictionary=-dict=$dictionary || dictionary=
  "$build/linux-fuzz/tests/fuzz/${name}_fuzz" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 \
    -max_len="$max_len" -print_final_stats=1 -artifact_prefix="$build/fuzz/$name/" $dictionary "$found" $seeds &&
    printf '%s files in the corpus' "$(find "$found" -type f | wc -l)" >"$step_note_file"
}

[ -z "$module" ] || [ -f "tests/fuzz/${module}_fuzz.cpp" ] || die "there is no fuzz target '$module'"
[ -n "$module" ] && target=${module}_fuzz || target=fuzzers
"$tools/setup.sh"
step 'build linux-fuzz' configure_and_build linux-fuzz "$target"
failed=
for source in tests/fuzz/*_fuzz.cpp; do
  name=$(basename "$source" _fuzz.cpp)
  [ -z "$module" ] || [ "$module" = "$name" ] || continue
  step "fuzz $name, $seconds s" fuzz_one "$name" || failed=yes
done
[ -z "$failed" ]
