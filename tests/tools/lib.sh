# SPDX-License-Identifier: Apache-2.0
# What the verbs of ./dev share: the environment that they run in, and how they show progress. Sourced, not run.
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
tools=$top/tests/tools
build=$top/build
cache=${XDG_CACHE_HOME:-$HOME/.cache}/vigil
logs=$build/logs
mkdir -p "$cache" "$logs"
cd "$top"

# A LIBRARY_PATH would leak into every link line of clang, and with it into the PDBs. Without a UTF-8 locale Wine cannot
# create a file with a name outside ASCII.
unset LIBRARY_PATH
export LC_ALL=C.UTF-8
export UBSAN_OPTIONS=${UBSAN_OPTIONS:-print_stacktrace=1}
export CMAKE_BUILD_PARALLEL_LEVEL=${CMAKE_BUILD_PARALLEL_LEVEL:-$(nproc)}
export CTEST_PARALLEL_LEVEL=${CTEST_PARALLEL_LEVEL:-$(nproc)}

if [ -t 1 ]; then
  red=$'\e[31m' green=$'\e[32m' yellow=$'\e[33m' dim=$'\e[2m' plain=$'\e[0m' erase=$'\r\e[K'
else
  red='' green='' yellow='' dim='' plain='' erase=''
fi
log_tail_lines=60

say() { printf '%s\n' "$*"; }
die() { printf '%s\n' "${0##*/}: $*" >&2; exit 1; }
now_ms() { local now=${EPOCHREALTIME/[.,]/}; printf '%s' $((now / 1000)); }

# The line of a finished step: result, title, note, seconds.
step_line() {
  local color=$1 word=$2 title=$3 note=$4 started=$5 ms
  ms=$(($(now_ms) - started))
  printf '%s%s%-6s%s %-44s %-34s %s%4d.%d s%s\n' "$erase" "$color" "$word" "$plain" "$title" "$note" "$dim" \
    $((ms / 1000)) $((ms % 1000 / 100)) "$plain"
}

# On a terminal, the last line of a step's output, cut to one row, while the step runs.
show_last_line() {
  local title=$1 line width
  width=$(($(tput cols 2>/dev/null || echo 100) - ${#title} - 12))
  printf '%s       %s' "$erase" "$title"
  while IFS= read -r line; do
    [ "$width" -lt 10 ] || printf '%s       %s  %s%s%s' "$erase" "$title" "$dim" "${line:0:$width}" "$plain"
  done
}

# What failed of a step, by its own account or by the end of its log.
show_failure() {
  local log=$1
  if [ -s "$log.failures" ]; then
    printf '%s--- what failed; the whole log is %s%s\n' "$dim" "$log" "$plain"
    head -n "$log_tail_lines" "$log.failures"
  else
    printf '%s--- the end of %s%s\n' "$dim" "$log" "$plain"
    tail -n "$log_tail_lines" "$log"
  fi
  printf '%s---%s\n' "$dim" "$plain"
}

# step TITLE COMMAND…: runs it with its output in build/logs, and says one line; when it fails, what failed too. A command
# may leave a few words for that line in $step_note_file, and what failed in $step_failures_file. Its parts are joined by
# &&: errexit does not reach into a function whose result is looked at.
step() {
  local title=$1 log started status=0 note
  shift
  log=$logs/$(printf '%s' "$title" | tr -cs 'A-Za-z0-9-' '-').log
  step_note_file=$log.note
  step_failures_file=$log.failures
  export step_note_file step_failures_file
  rm -f "$step_note_file" "$step_failures_file"
  started=$(now_ms)
  if [ -t 1 ]; then
    { "$@" 2>&1 </dev/null && echo 0 >"$log.status" || echo $? >"$log.status"; } | tee "$log" | show_last_line "$title"
    status=$(cat "$log.status")
    rm -f "$log.status"
  else
    "$@" >"$log" 2>&1 </dev/null || status=$?
  fi
  note=$(cat "$step_note_file" 2>/dev/null || true)
  rm -f "$step_note_file"
  if [ "$status" = 0 ]; then
    step_line "$green" ok "$title" "$note" "$started"
  else
    step_line "$red" FAILED "$title" "$note" "$started"
    show_failure "$log"
  fi
  return "$status"
}

# Configures a preset (again only when something changed) and builds all of it, or the targets named.
configure_and_build() {
  local preset=$1
  shift
  cmake --preset "$preset" && cmake --build --preset "$preset" ${1:+--target "$@"}
}
