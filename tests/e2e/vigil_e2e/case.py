# SPDX-License-Identifier: Apache-2.0
"""What every end-to-end test starts from: a Windows of its own with Vigil's programs, and evidence when it fails."""

import os
import pathlib
import shutil
import tempfile
import textwrap
import unittest

from vigil_e2e.machine import is_wine, open_machine
from vigil_e2e.vigil import Vigil

TOP = pathlib.Path(__file__).resolve().parents[3]
# Windows programs, as ./dev build or a Visual Studio build left them.
BUILD = pathlib.Path(os.environ.get("VIGIL_BUILD", TOP / "build" / "mingw-release"))

# Quick to notice, so that tests are quick; the rest is as shipped.
SETTINGS = """\
watch:
  poll_interval: 200ms
"""


def find_program(name: str) -> pathlib.Path:
    """In the build folder; Visual Studio puts another folder around each configuration."""
    found = sorted(BUILD.rglob(name))
    if not found:
        raise FileNotFoundError(f"{name} is not below {BUILD}; build it first")
    return found[0]


def rule(name: str, process: str, *, when: str = "crash", dump: str = "mini", more: str = "") -> str:
    """A rule file with one rule. `more` is further lines of it, indented as it likes."""
    text = textwrap.dedent(
        f"""\
        schema: 1
        owner: tests
        rules:
          - name: {name}
            match: {{ process: '{process}' }}
            when: {when}
            capture: {{ dump: {dump} }}
        """
    )
    return text + textwrap.indent(textwrap.dedent(more).strip("\n"), "    ") + "\n"


# Wine runs these as ordinary programs. A dump needs some of them, so none of them may be held by a debugger.
WINE_PROGRAMS = "explorer.exe, msiexec.exe, plugplay.exe, rpcss.exe, rundll32.exe, start.exe, wineboot.exe, winedevice.exe"


def attach_rule(name: str, process: str, dump: str = "mini") -> str:
    """A rule that attaches; `*.exe` leaves Wine's own programs out."""
    text = rule(name, process, dump=f"{dump}, attach: true")
    return text.replace("process: '*.exe'", f"process: {{ any: '*.exe', not: [{WINE_PROGRAMS}] }}")


class VigilTestCase(unittest.TestCase):
    maxDiff = None

    def run(self, result: unittest.TestResult | None = None) -> unittest.TestResult | None:
        self._result = result
        return super().run(result)

    def _has_failed(self) -> bool:
        trouble = [*self._result.errors, *self._result.failures] if self._result else []
        return any(test is self for test, _ in trouble)

    def setUp(self) -> None:
        self.scratch = pathlib.Path(tempfile.mkdtemp(prefix="vigil-e2e-"))
        self.addCleanup(shutil.rmtree, self.scratch, ignore_errors=True)
        scratch = TOP / "build" / "wine"
        self.machine = open_machine(scratch)
        self.addCleanup(self.machine.close)
        programs = find_program("vigil.exe").parent
        self.vigil = Vigil(self.machine, programs, find_program("crasher.exe"), self.scratch)
        self.addCleanup(self._tidy_up)

    def _tidy_up(self) -> None:
        """Before the machine goes: evidence of a failure, and on a real machine what the test installed."""
        if self._has_failed():
            self._keep_evidence()
        self.vigil.uninstall()
        if not is_wine():
            shutil.rmtree(self.vigil.data, ignore_errors=True)
            shutil.rmtree(self.vigil.folder, ignore_errors=True)

    def _keep_evidence(self) -> None:
        folder = TOP / "build" / "e2e-failures" / self.id()
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        for part in ("logs", "vigil.db", "vigil.db-wal", "vigil.yaml", "rules.d"):
            source = self.vigil.data / part
            if source.is_dir():
                shutil.copytree(source, folder / part)
            elif source.exists():
                shutil.copy(source, folder / part)
        for output in self.scratch.glob("*.out"):
            shutil.copy(output, folder)
        print(f"evidence of {self.id()}: {folder}")

    def require_wine(self, why: str) -> None:
        if not is_wine():
            self.skipTest(f"only under Wine: {why}")

    def assert_frames(self, report: dict, *functions: str) -> None:
        """That the blamed thread has these functions, innermost first, perhaps with others between and around."""
        frames = report["threads"][report["blamed_thread"]]["frames"]
        names = [frame.get("function", "") for frame in frames]
        at = 0
        for function in functions:
            self.assertIn(function, names[at:], f"in this order: {functions}")
            at = names.index(function, at) + 1
