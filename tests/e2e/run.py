#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the end-to-end tests: run.py [--results FOLDER] [--jobs N] [PATTERN…]

Each test has a Windows of its own, so several run at once under Wine. PATTERN picks tests whose name holds it. With
--results it leaves FOLDER/e2e.xml (JUnit). Needs the Windows programs: ./dev build mingw-release.
"""

import argparse
import concurrent.futures
import io
import os
import pathlib
import sys
import time
import unittest
import xml.etree.ElementTree as ElementTree

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from vigil_e2e.machine import is_wine  # noqa: E402
from vigil_e2e.wine import template  # noqa: E402


def all_tests() -> list[str]:
    found: list[str] = []

    def collect(suite: unittest.TestSuite) -> None:
        for item in suite:
            if isinstance(item, unittest.TestSuite):
                collect(item)
            else:
                found.append(item.id())

    collect(unittest.defaultTestLoader.discover(str(HERE), pattern="test_*.py"))
    return sorted(found)


def run_one(name: str) -> tuple[str, str, str, float]:
    """One test, in a process of its own: its name, passed | failed | skipped, why, and seconds."""
    started = time.monotonic()
    suite = unittest.defaultTestLoader.loadTestsFromName(name)
    result = unittest.TextTestRunner(stream=io.StringIO(), verbosity=0).run(suite)
    seconds = time.monotonic() - started
    trouble = [text for _, text in result.errors + result.failures]
    if trouble:
        return name, "failed", "\n".join(trouble), seconds
    if result.skipped:
        return name, "skipped", result.skipped[0][1], seconds
    return name, "passed", "", seconds


def write_results(folder: pathlib.Path, outcomes: list[tuple[str, str, str, float]]) -> None:
    suite = ElementTree.Element("testsuite", name="e2e")
    for name, outcome, why, seconds in outcomes:
        group, _, test = name.rpartition(".")
        case = ElementTree.SubElement(suite, "testcase", classname=group, name=test, time=f"{seconds:.1f}")
        if outcome == "failed":
            # The last line of a trace back says what went wrong; results.py shows the first lines.
            ElementTree.SubElement(case, "failure").text = "\n".join(why.strip().splitlines()[-6:])
            ElementTree.SubElement(case, "system-out").text = why
        elif outcome == "skipped":
            ElementTree.SubElement(case, "skipped", message=why)
    folder.mkdir(parents=True, exist_ok=True)
    ElementTree.ElementTree(suite).write(folder / "e2e.xml")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--results", type=pathlib.Path)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() if is_wine() else 1)
    parser.add_argument("--list", action="store_true", help="only say which tests there are")
    parser.add_argument("patterns", nargs="*", metavar="PATTERN")
    arguments = parser.parse_args()
    names = [name for name in all_tests() if not arguments.patterns or any(p in name for p in arguments.patterns)]
    if arguments.list:
        print(*names, sep="\n")
        return 0
    if is_wine():
        template()  # Once, before several ask for it at the same time.
    outcomes = []
    with concurrent.futures.ProcessPoolExecutor(arguments.jobs) as pool:
        for done in concurrent.futures.as_completed([pool.submit(run_one, name) for name in names]):
            outcome = done.result()
            outcomes.append(outcome)
            print(f"[{len(outcomes)}/{len(names)}] {outcome[1]:7} {outcome[3]:5.1f} s  {outcome[0]}", flush=True)
            if outcome[2]:
                print("    " + outcome[2].strip().replace("\n", "\n    "), flush=True)
    if arguments.results:
        write_results(arguments.results, sorted(outcomes))
    return 0 if outcomes and all(outcome[1] != "failed" for outcome in outcomes) else 1


if __name__ == "__main__":
    sys.exit(main())
