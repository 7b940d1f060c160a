#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Lets the service watch processes that come and go, for a long time, and prints what it holds: soak.py [--minutes N]

Every second some processes start and end; every tenth of them crashes, some burn CPU for a rule, and events of others are in the log.
Handles and private bytes of the service are printed once a minute. It fails when the last quarter of the time holds more than the
quarter after the first: what is filled once at the start (two minutes of samples, a store's cache) does not count.

No test runs it: it takes as long as it is told to.
"""

import argparse
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

from vigil_e2e.case import BUILD, SETTINGS, find_program, rule
from vigil_e2e.event_log import EventLog, now
from vigil_e2e.machine import is_wine, open_machine
from vigil_e2e.vigil import Vigil

# Handles come in steps of 32 on Wine.
MORE_HANDLES = 64
MORE_BYTES = 1.10


def counts(vigil: Vigil, program: str) -> tuple[int, int]:
    """Handles and private bytes of the service."""
    run = subprocess.run(vigil.machine.command(program, "vigil-service.exe"), env=vigil.machine.environment, stdin=subprocess.DEVNULL,
                         capture_output=True, timeout=60, check=True)  # fmt: skip
    _, handles, private = run.stdout.decode().split()[:3]
    return int(handles), int(private)


def churn(vigil: Vigil, log: EventLog | None, turn: int) -> None:
    """One second's worth of processes."""
    for i in range(2):
        crasher = vigil.start("exit" if (turn + i) % 10 else "access_violation", name=f"churn{i}.exe")
        crasher.wait()
    if turn % 30 == 0:
        busy = vigil.start("spin", name="busy.exe")
        time.sleep(4)
        busy.end()
    if log is not None and turn % 5 == 0:
        log.write_crash(f"logged{turn % 50}.exe", 100_000 + turn, now(), f"report-{turn}")
    vigil.forget_ended()


def soak(vigil: Vigil, log: EventLog | None, minutes: float) -> int:
    program = vigil.machine.to_windows(find_program("process_counts.exe"))
    rules = {
        "churn.yaml": rule("churn", "churn*.exe", more="limits: { per_hour: 20, fair_share: true }"),
        "busy.yaml": rule("busy", "busy.exe", when="{ cpu: { above: 50%, of: core, for: 1s } }", more="limits: { per_hour: 10 }"),
    }
    vigil.install(SETTINGS + "  aedebug: true\n", rules)
    end = time.monotonic() + minutes * 60
    next_line = time.monotonic()
    seen: list[tuple[int, int]] = []
    turn = 0
    print("minute  processes  handles  private KiB", flush=True)
    while time.monotonic() < end:
        begun = time.monotonic()
        churn(vigil, log, turn)
        turn += 1
        if time.monotonic() >= next_line:
            next_line += 60
            seen.append(counts(vigil, program))
            print(f"{len(seen) - 1:6}  {2 * turn:9}  {seen[-1][0]:7}  {seen[-1][1] // 1024:11}", flush=True)
        time.sleep(max(0.0, 1.0 - (time.monotonic() - begun)))
    rows = vigil.rows()
    print(f"{len(rows)} rows; {sum(row['state'] == 'done' for row in rows)} analyzed")
    quarter = max(1, len(seen) // 4)
    before, after = seen[quarter : 2 * quarter], seen[-quarter:]
    handles = [statistics.median(one[0] for one in part) for part in (before, after)]
    private = [statistics.median(one[1] for one in part) for part in (before, after)]
    grown = handles[1] > handles[0] + MORE_HANDLES or private[1] > private[0] * MORE_BYTES
    print(f"second quarter: {handles[0]:.0f} handles, {private[0] / 1024:.0f} KiB; last: {handles[1]:.0f}, {private[1] / 1024:.0f} KiB"
          f": {'it grows' if grown else 'no growth'}")
    return 1 if grown else 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=30)
    minutes = parser.parse_args().minutes
    with tempfile.TemporaryDirectory(prefix="vigil-soak-") as scratch, open_machine(BUILD.parent / "wine") as machine:
        log = EventLog(machine, find_program("wevtapi.dll")) if is_wine() else None
        vigil = Vigil(machine, find_program("vigil.exe").parent, find_program("crasher.exe"), pathlib.Path(scratch))
        try:
            return soak(vigil, log, minutes)
        finally:
            vigil.uninstall()


if __name__ == "__main__":
    sys.exit(main())
