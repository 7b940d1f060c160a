#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The checks of the sources behind `./dev lint`: lint.py [--results FOLDER] [--no-tidy] [CHECK…]

Each check looks at the files that git knows or would add, and complains as `path:line: what`. With --results it leaves
FOLDER/lint.xml (JUnit), one test case a check.
"""

import argparse
import pathlib
import re
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree

import tidy

TOP = pathlib.Path(__file__).resolve().parents[2]
CODE_FOLDERS = ("src/", "service/", "agent-cli/", "tests/")
PRODUCT_FOLDERS = ("src/", "service/", "agent-cli/")

LONG_FILE_LINES = 400
MAX_FILE_LINES = 600

# What no line of our C++ may hold: where it is looked for, where it is allowed, the pattern, and why.
PATTERNS = [
    (PRODUCT_FOLDERS, r"^src/base/|_win\.cpp$|/win/|^service/", r"\breinterpret_cast\b", "only ByteView reads raw bytes"),
    (PRODUCT_FOLDERS, r"^src/base/|_win\.cpp$|/win/|^service/", r"\bmemcpy\(", "only ByteView reads raw bytes"),
    (CODE_FOLDERS, r"^$", r"\b(TODO|FIXME|XXX)\b", "an unfinished thing belongs in an issue"),
    (CODE_FOLDERS, r"^$", r"::[A-Z][A-Za-z0-9]*[a-z]A\(", "Win32 is called by its W functions"),
    (CODE_FOLDERS, r"^tests/crashers/", r"\b(sleep_for|sleep_until|usleep|nanosleep)\b|::Sleep\(", "wait for what is to happen"),
    (CODE_FOLDERS, r"^$", r"^using namespace (?!std::[a-z_:]*literals;)", "name what you use"),
    (PRODUCT_FOLDERS, r"^src/base/", r"catch \(\.\.\.\)\s*\{\s*\}", "nothing is swallowed"),
]


def files(*suffixes: str, folders: tuple[str, ...] = ("",)) -> list[str]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=TOP, capture_output=True, text=True, check=True
    )
    names = sorted(set(listed.stdout.splitlines()))
    return [
        name
        for name in names
        if name.startswith(folders) and (not suffixes or name.endswith(suffixes)) and (TOP / name).is_file()
    ]


def cpp_files() -> list[str]:
    return files(".h", ".cpp", ".inc", folders=CODE_FOLDERS)


def text_of(name: str) -> str:
    return (TOP / name).read_bytes().decode("utf-8", "replace")


def check_format() -> list[str]:
    names = [name for name in cpp_files() if not name.endswith(".inc")]
    run = subprocess.run(
        ["clang-format-19", "--dry-run", "--Werror", *names], cwd=TOP, capture_output=True, text=True, check=False
    )
    wrong = sorted({line.split(":")[0] for line in run.stderr.splitlines() if ": error: " in line})
    if run.returncode != 0 and not wrong:
        return [run.stderr.strip()]
    return [f"{name}: clang-format-19 -i {name}" for name in wrong]


def check_sizes() -> list[str]:
    wrong = []
    for name in files(".h", ".cpp", ".py", ".sh", ".cmake"):
        lines = text_of(name).count("\n")
        if lines > MAX_FILE_LINES:
            wrong.append(f"{name}: {lines} lines, and the limit is {MAX_FILE_LINES}")
        elif lines > LONG_FILE_LINES:
            print(f"note: {name} has {lines} lines: has it still one job?")
    return wrong


def check_patterns() -> list[str]:
    wrong = []
    for name in cpp_files():
        for number, line in enumerate(text_of(name).splitlines(), start=1):
            for folders, allowed, pattern, why in PATTERNS:
                if name.startswith(folders) and not re.search(allowed, name) and re.search(pattern, line):
                    wrong.append(f"{name}:{number}: {line.strip()[:80]}: {why}")
    return wrong


def check_whitespace() -> list[str]:
    wrong = []
    for name in files(".h", ".cpp", ".inc", ".py", ".sh", ".cmake", ".yaml", ".yml", ".md", ".txt", ".json", ".wxs"):
        if name.startswith(("tests/data/", "tests/golden/", "tests/fuzz/corpus/")):
            continue
        text = text_of(name)
        if "\r" in text:
            wrong.append(f"{name}: has carriage returns")
        if text and not text.endswith("\n"):
            wrong.append(f"{name}: does not end with a new line")
        for number, line in enumerate(text.splitlines(), start=1):
            if "\t" in line:
                wrong.append(f"{name}:{number}: has a tab")
            if line != line.rstrip():
                wrong.append(f"{name}:{number}: ends with a space")
    return wrong


def check_licence() -> list[str]:
    names = files(".h", ".cpp", ".inc", ".py", ".sh") + files(folders=("dev", ".ci/run"))
    return [
        f"{name}: no SPDX-License-Identifier at its top"
        for name in names
        if not any("SPDX-License-Identifier: Apache-2.0" in line for line in text_of(name).splitlines()[:2])
    ]


def check_scripts() -> list[str]:
    wrong = []
    for name in files(".sh") + ["dev"]:
        run = subprocess.run(["bash", "-n", name], cwd=TOP, capture_output=True, text=True, check=False)
        wrong += run.stderr.splitlines()
    for name in files(".py"):
        try:
            compile(text_of(name), name, "exec")
        except SyntaxError as error:
            wrong.append(f"{name}:{error.lineno}: {error.msg}")
    return wrong


def check_layers() -> list[str]:
    layers = TOP / "build" / "linux-debug" / "layers.txt"
    run = subprocess.run(
        ["cmake", f"-DROOT={TOP}", f"-DLAYERS={layers}", "-P", "tests/layering/check_layering.cmake"],
        cwd=TOP,
        capture_output=True,
        text=True,
        check=False,
    )
    return [] if run.returncode == 0 else run.stderr.split("CMake Error")[0].splitlines() or [run.stderr]


def check_tidy() -> list[str]:
    return tidy.check(TOP, sorted(set(files(".cpp", folders=PRODUCT_FOLDERS))))


CHECKS = {
    "format": check_format,
    "whitespace": check_whitespace,
    "sizes": check_sizes,
    "patterns": check_patterns,
    "licence": check_licence,
    "scripts": check_scripts,
    "layers": check_layers,
    "tidy": check_tidy,
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--results", type=pathlib.Path)
    parser.add_argument("--no-tidy", action="store_true")
    parser.add_argument("checks", nargs="*", metavar="CHECK", help=" ".join(CHECKS))
    arguments = parser.parse_args()
    for name in arguments.checks:
        if name not in CHECKS:
            parser.error(f"there is no check '{name}'; there are: {' '.join(CHECKS)}")
    chosen = arguments.checks or [name for name in CHECKS if name != "tidy" or not arguments.no_tidy]
    suite = ElementTree.Element("testsuite", name="lint")
    failed = False
    for name in chosen:
        started = time.monotonic()
        wrong = CHECKS[name]()
        case = ElementTree.SubElement(suite, "testcase", name=name, time=f"{time.monotonic() - started:.1f}")
        if wrong:
            failed = True
            ElementTree.SubElement(case, "failure", message=f"{len(wrong)} complaints").text = "\n".join(wrong)
        print(f"{name}: {'ok' if not wrong else f'{len(wrong)} complaints'}", *wrong, sep="\n  ", flush=True)
    if arguments.results:
        arguments.results.mkdir(parents=True, exist_ok=True)
        ElementTree.ElementTree(suite).write(arguments.results / "lint.xml")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
