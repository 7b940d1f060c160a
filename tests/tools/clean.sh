#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#: ./dev clean [--cache]
#:
#: Remove build/; with --cache also what setup made in the cache folder.
#:
#: ccache's own cache stays: it belongs to all of your projects.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
case ${1:-} in
  '') ;;
  --cache)
    rm -rf "$cache"
    say "removed $cache" ;;
  *) die "unknown argument '$1'; ./dev help clean" ;;
esac
rm -rf "$build"
say "removed $build"
