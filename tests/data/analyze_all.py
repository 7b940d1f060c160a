#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs `vigil analyze --json` over every dump of a folder with an INDEX.tsv, damaged ones and other kinds too, and
fails when one of them gives neither a report as docs/formats/report.schema.json describes it nor a clear error, or
costs more than it may."""
import argparse
import csv
import json
import os
import pathlib
import signal
import subprocess
import sys
import threading
import time

from report_schema import ReportSchema

SKIPPED = 77
MAX_SECONDS = 10
MAX_RSS_KIB = 256 * 1024
KINDS = {"user-minidump", "malformed-minidump", "nonwin-minidump", "kernel-triage-dump", "microdump"}
REPORT_EXITS = {0, 4}       # done; done in part
ERROR_EXITS = {1, 3, 6, 7}  # failed, not found, denied, refused by a limit


def run(vigil, dump):
    """Exit code (negative: a signal), seconds, peak KiB, stdout, stderr."""
    with subprocess.Popen([vigil, "analyze", "--json", str(dump)], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        start = time.monotonic()
        killer = threading.Timer(MAX_SECONDS, process.kill)
        killer.start()
        errors = []
        reader = threading.Thread(target=lambda: errors.append(process.stderr.read()))
        reader.start()
        out = process.stdout.read()
        reader.join()
        _, status, usage = os.wait4(process.pid, 0)
        killer.cancel()
        process.returncode = os.waitstatus_to_exitcode(status)
        return process.returncode, time.monotonic() - start, usage.ru_maxrss, out, errors[0].decode()


def fault_of(schema, code, seconds, rss, out, err):
    """What is wrong with one run, or None."""
    if code < 0:
        return "ended by " + signal.Signals(-code).name
    if seconds > MAX_SECONDS:
        return f"took {seconds:.1f} s"
    if rss > MAX_RSS_KIB:
        return f"took {rss // 1024} MiB"
    try:
        document = json.loads(out)
    except ValueError as error:
        return f"stdout is not one JSON value: {error}"
    if code in REPORT_EXITS:
        missing = {"schema_version", "synopsis", "signature", "threads"} - document.keys()
        return f"the report has no {', '.join(sorted(missing))}" if missing else schema.fault_of(document)
    if code not in ERROR_EXITS:
        return f"exit code {code}"
    if not document.get("error", {}).get("message"):
        return "the error has no message"
    if err.count("\n") != 1 or not err.startswith("vigil: "):
        return f"the error is not one sentence on stderr: {err!r}"
    return None


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("vigil")
    arguments.add_argument("data", type=pathlib.Path)
    arguments.add_argument("-v", "--verbose", action="store_true", help="one line for each dump")
    options = arguments.parse_args()
    index = options.data / "INDEX.tsv"
    if not index.exists():
        print(f"skipped: {index} is not there")
        return SKIPPED
    with index.open(encoding="utf-8") as file:
        names = [row["file"] for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
                 if row["kind"] in KINDS]
    schema = ReportSchema()
    failed, reports, slowest, largest = 0, 0, (0, ""), (0, "")
    for name in sorted(names):
        code, seconds, rss, out, err = run(options.vigil, options.data / name)
        fault = fault_of(schema, code, seconds, rss, out, err)
        reports += fault is None and code in REPORT_EXITS
        slowest, largest = max(slowest, (seconds, name)), max(largest, (rss, name))
        if fault:
            failed += 1
            print(f"FAILED {name}: {fault}")
        elif options.verbose:
            said = json.loads(out)
            print(f"{code} {seconds:5.2f} s {rss // 1024:4} MiB  {name}: {said.get('synopsis') or err.strip()}")
    print(f"{len(names)} dumps: {reports} reports, {len(names) - reports - failed} errors, {failed} failures; "
          f"slowest {slowest[0]:.2f} s ({slowest[1]}), largest {largest[0] // 1024} MiB ({largest[1]})")
    return 1 if failed or not names else 0


if __name__ == "__main__":
    sys.exit(main())
