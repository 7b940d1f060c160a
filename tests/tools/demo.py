#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The acts of `./dev demo`, once everything is built: demo.py FOLDER, where the results go."""

import contextlib
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator

TOP = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / "tests" / "e2e"))

from vigil_e2e.case import find_program  # noqa: E402
from vigil_e2e.vigil import ENDED, STARTED, Vigil  # noqa: E402
from vigil_e2e.wine import WinePrefix  # noqa: E402

# The program, the way in which it dies, and what it is told besides.
PROGRAMS = [
    ("OrdersApi.exe", "access_violation", None),
    ("Pricing.exe", "stack_overflow", None),
    ("Ledger.exe", "fastfail", None),
    ("Mailer.exe", "cpp_exception", None),
    ("Importer.exe", "abort", None),
    ("Invoices.exe", "divide", None),
    ("Gateway.exe", "exit", 0xC0000005),
]

RULES = """\
schema: 1
owner: demo
rules:
  - name: demo
    match: { process: [%s] }
    when: crash
    capture: { dump: mini, attach: true }
""" % ", ".join(
    name for name, _, _ in PROGRAMS
)


@contextlib.contextmanager
def act(title: str) -> Iterator[None]:
    """One line a step, as the other verbs of ./dev print it."""
    started = time.monotonic()
    green, plain = ("\033[32m", "\033[0m") if sys.stdout.isatty() else ("", "")
    yield
    print(f"{green}ok    {plain} {title:79} {time.monotonic() - started:6.1f} s", flush=True)


def install(machine: WinePrefix, vigil: Vigil) -> None:
    package = sorted((TOP / "build" / "package").glob("vigil-*-x64.msi"))[-1]
    subprocess.run(
        machine.command("msiexec", "/i", machine.to_windows(package), "/qn"),
        env=machine.environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        timeout=300,
        check=True,
    )
    vigil.wait_for_log(STARTED)


def die(vigil: Vigil) -> None:
    for name, way, value in PROGRAMS:
        crasher = vigil.start_attached(way, name, value)
        crasher.release()
        crasher.wait()


def wait_for_reports(vigil: Vigil) -> None:
    vigil.wait_for_rows(
        "seven rows to be done",
        lambda rows: len(rows) == len(PROGRAMS) and all(row["state"] in ENDED for row in rows),
        seconds=180,
    )


def show(vigil: Vigil, results: pathlib.Path, *arguments: str) -> None:
    text = vigil.must(*arguments).out
    (results / f"{'-'.join(arguments)}.txt").write_text(text, encoding="utf-8")
    print(f"\n> vigil {' '.join(arguments)}\n\n{text}", flush=True)


def keep(vigil: Vigil, results: pathlib.Path) -> None:
    """Everything of the data folder; the service is stopped by now."""
    for part in ("vigil.db", "vigil.yaml", "rules.d", "dumps", "logs"):
        source = vigil.data / part
        copy = shutil.copytree if source.is_dir() else shutil.copy
        copy(source, results / part)


def main() -> int:
    results = pathlib.Path(sys.argv[1]).absolute()
    shutil.rmtree(results, ignore_errors=True)
    results.mkdir(parents=True)
    with contextlib.ExitStack() as stack:
        scratch = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="vigil-demo-")))
        with act("make a Windows to play in (Wine)"):
            machine = stack.enter_context(WinePrefix(TOP / "build" / "wine"))
        vigil = Vigil(machine, find_program("vigil.exe").parent, find_program("crasher.exe"), scratch)
        with act("install the MSI; the service starts"):
            install(machine, vigil)
        with act("drop a rule file"):
            vigil.write_rule("demo.yaml", RULES)
        with act("seven programs die, each in its own way"):
            die(vigil)
        with act("wait until all are analysed"):
            wait_for_reports(vigil)
        show(vigil, results, "list")
        show(vigil, results, "show", "last")
        complete = all(row["state"] == "done" for row in vigil.rows())
        vigil.must("service", "stop")
        keep(vigil, results)
    print(f"The store, the dumps, the log and these texts are in {results}")
    print(f"Ask more of them on Linux: ./dev build linux-release; build/linux-release/bin/vigil --data {results} show 1")
    if not complete:
        print("demo: not all seven have a report; see the log", file=sys.stderr)
    return 0 if complete else 1


if __name__ == "__main__":
    sys.exit(main())
