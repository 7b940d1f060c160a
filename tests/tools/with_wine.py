#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""with_wine.py COMMAND…: runs a command of this machine with a private, booted Wine prefix, and ends the prefix after it."""

import pathlib
import subprocess
import sys

TOP = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / "tests" / "e2e"))

from vigil_e2e.wine import WinePrefix  # noqa: E402


def main() -> int:
    if len(sys.argv) < 2:
        print(__doc__, file=sys.stderr)
        return 2
    with WinePrefix(TOP / "build" / "wine") as prefix:
        return subprocess.run(sys.argv[1:], env=prefix.environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
