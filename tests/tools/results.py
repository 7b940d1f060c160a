#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Counts test results: results.py FOLDER [STAGE]

Reads FOLDER/<stage>/*.xml (JUnit, as ctest, GoogleTest and our own checks write it), names what failed, and ends with one
line `N passed, M failed`. Exits with 1 when anything failed or nothing ran. With STAGE: only that stage, and what failed goes to
standard error.

A GoogleTest program is one test to ctest and many in its own file FOLDER/<stage>/gtest/<program>.xml: those are counted
instead. A program that says all is well and yet fails (a leak, a crash at its end) or that leaves no file counts as one
failure.

    results.py --record FOLDER STAGE NAME [MESSAGE]

notes one failure of something that writes no results itself, such as a build.
"""

import collections
import pathlib
import re
import sys
import xml.etree.ElementTree as ElementTree

MAX_MESSAGE_LINES = 6


class Counts:
    def __init__(self) -> None:
        self.passed = 0
        self.skipped = 0
        self.failures: list[tuple[str, str]] = []  # name, message

    def add(self, stage: str, case: ElementTree.Element, name: str) -> bool:
        """Counts one test case; false when it failed."""
        failure = case.find("failure")
        if failure is None:
            failure = case.find("error")
        skipped = case.find("skipped")
        # ctest says "notrun" both of a test that skipped itself and of one whose program is not there.
        missing = case.get("status") == "notrun" and skipped is not None and "SKIP" not in skipped.get("message", "")
        if failure is not None or missing or case.get("status") == "fail":
            self.failures.append((f"{stage}: {name}", message_of(case, skipped if missing else failure)))
            return False
        if skipped is not None or case.get("status") in ("notrun", "disabled", "skipped"):
            self.skipped += 1
        else:
            self.passed += 1
        return True

    def line(self) -> str:
        text = f"{self.passed} passed, {len(self.failures)} failed"
        return f"{text}, {self.skipped} skipped" if self.skipped else text


def message_of(case: ElementTree.Element, failure: ElementTree.Element | None) -> str:
    text = ""
    if failure is not None:
        text = (failure.text or "").strip() or failure.get("message", "")
    if not text:
        text = (case.findtext("system-out") or "").strip()
        text = "\n".join(text.splitlines()[-MAX_MESSAGE_LINES:])
    return "\n".join(text.splitlines()[:MAX_MESSAGE_LINES])


def test_cases(file: pathlib.Path) -> list[ElementTree.Element]:
    return list(ElementTree.parse(file).getroot().iter("testcase"))


def name_of(case: ElementTree.Element) -> str:
    group, name = case.get("classname", ""), case.get("name", "?")
    return name if group in ("", name) else f"{group}.{name}"


def count_program(stage: str, program: ElementTree.Element, file: pathlib.Path, counts: Counts) -> None:
    """One GoogleTest program: the cases of its own file, checked against what ctest says of its exit."""
    try:
        cases = test_cases(file)
    except (OSError, ElementTree.ParseError):
        if program.get("status") == "run":
            program.set("status", "fail")
        counts.add(stage, program, name_of(program))
        return
    all_well = True
    for case in cases:
        all_well = counts.add(stage, case, name_of(case)) and all_well
    if all_well and program.get("status") == "fail":
        counts.add(stage, program, f"{name_of(program)} (after its tests)")


def count_stage(folder: pathlib.Path, counts: Counts) -> None:
    for file in sorted(folder.glob("*.xml")):
        try:
            cases = test_cases(file)
        except ElementTree.ParseError as error:
            counts.failures.append((f"{folder.name}: {file.name}", f"cannot be read: {error}"))
            continue
        for case in cases:
            unit = re.fullmatch(r"unit\.(\w+)", case.get("name", ""))
            if unit and case.get("status") in ("run", "fail"):
                count_program(folder.name, case, folder / "gtest" / f"{unit[1]}_test.xml", counts)
            else:
                counts.add(folder.name, case, name_of(case))


def record(folder: pathlib.Path, stage: str, name: str, message: str) -> None:
    (folder / stage).mkdir(parents=True, exist_ok=True)
    suite = ElementTree.Element("testsuite", name=stage)
    case = ElementTree.SubElement(suite, "testcase", name=name)
    ElementTree.SubElement(case, "failure", message=message)
    ElementTree.ElementTree(suite).write(folder / stage / f"{re.sub(r'[^A-Za-z0-9]+', '-', name)}.xml")


def main(arguments: list[str]) -> int:
    if arguments[:1] == ["--record"] and len(arguments) in (4, 5):
        record(pathlib.Path(arguments[1]), arguments[2], arguments[3], (arguments[4:] or [""])[0])
        return 0
    if len(arguments) not in (1, 2):
        print(__doc__, file=sys.stderr)
        return 2
    folder = pathlib.Path(arguments[0])
    stages = [folder / arguments[1]] if len(arguments) == 2 else sorted(filter(pathlib.Path.is_dir, folder.iterdir()))
    counts = Counts()
    for stage in stages:
        count_stage(stage, counts)
    out = sys.stdout if len(arguments) == 1 else sys.stderr
    repeated = collections.Counter(name for name, _ in counts.failures)
    for name, message in counts.failures:
        print(f"FAILED {name}" + (f" ({repeated[name]} times)" if repeated[name] > 1 else ""), file=out)
        print("".join(f"    {line}\n" for line in message.splitlines()), end="", file=out)
    print(counts.line())
    return 0 if counts.passed and not counts.failures else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
