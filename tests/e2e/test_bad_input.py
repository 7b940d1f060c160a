# SPDX-License-Identifier: Apache-2.0
"""Bad input at the command line and in the data folder: one clear sentence, the right exit code, nothing lost."""

import os
import pathlib
import sqlite3
import subprocess

from vigil_e2e.case import SETTINGS, VigilTestCase, attach_rule
from vigil_e2e.machine import is_wine

FAILED, USAGE, NOT_FOUND = 1, 2, 3

GOOD_RULE = "schema: 1\nowner: tests\nrules:\n  - name: one\n    match: { process: a.exe }\n    when: crash\n"


class BadInputTestCase(VigilTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.vigil.copy_programs()

    def assert_one_sentence(self, text: str, *parts: str) -> None:
        lines = [line for line in text.splitlines() if line.strip()]
        self.assertEqual(len(lines), 1, text)
        for part in parts:
            self.assertIn(part, lines[0])


class RuleFiles(BadInputTestCase):
    def check(self, yaml: str) -> str:
        file = self.scratch / "bad.yaml"
        file.write_text(yaml, encoding="utf-8", newline="\n")
        result = self.vigil.run("rules", "check", self.machine.to_windows(file))
        self.assertEqual(result.code, USAGE, result)
        return result.err

    def test_a_good_one_is_fine(self) -> None:
        file = self.scratch / "good.yaml"
        file.write_text(GOOD_RULE, encoding="utf-8")
        self.assertEqual(self.vigil.run("rules", "check", self.machine.to_windows(file)).code, 0)

    def test_a_tab(self) -> None:
        self.assert_one_sentence(self.check(GOOD_RULE.replace("    when", "\twhen")), "bad.yaml:6:1:", "tab")

    def test_an_unknown_key(self) -> None:
        said = self.check(GOOD_RULE.replace("process:", "proces:"))
        self.assert_one_sentence(said, "bad.yaml:5:14:", "unknown key 'proces'", "did you mean 'process'?")

    def test_a_wrong_unit(self) -> None:
        said = self.check(GOOD_RULE + "    limits: { cooldown: 30 parsecs }\n")
        self.assert_one_sentence(said, "bad.yaml:7:25:", "30 parsecs")

    def test_a_missing_one(self) -> None:
        self.assertEqual(self.vigil.run("rules", "check", "nowhere.yaml").code, NOT_FOUND)


class DumpFiles(BadInputTestCase):
    def analyze(self, path: str) -> subprocess.CompletedProcess:
        return self.vigil.run("analyze", path)

    def test_an_empty_one(self) -> None:
        file = self.scratch / "empty.dmp"
        file.touch()
        result = self.analyze(self.machine.to_windows(file))
        self.assertEqual(result.code, FAILED, result)
        self.assert_one_sentence(result.err, "empty.dmp")

    def test_a_folder_without_dumps(self) -> None:
        result = self.analyze(self.machine.to_windows(self.scratch))
        self.assertEqual(result.code, NOT_FOUND, result)
        self.assert_one_sentence(result.err, "holds no dump")

    def test_a_missing_one(self) -> None:
        result = self.analyze("nowhere.dmp")
        self.assertEqual(result.code, NOT_FOUND, result)
        self.assert_one_sentence(result.err, "nowhere.dmp")

    def test_text(self) -> None:
        file = self.scratch / "text.dmp"
        file.write_text("not a dump\n" * 100, encoding="utf-8")
        result = self.analyze(self.machine.to_windows(file))
        self.assertEqual(result.code, FAILED, result)
        self.assert_one_sentence(result.err, "text.dmp")

    def test_a_locked_one(self) -> None:
        program = self.vigil.folder / "vigil-dumper.exe"
        self.vigil.install(SETTINGS, {"all.yaml": attach_rule("all", "none.exe")})
        self.assertTrue(program.exists())
        # The service holds this file without sharing it.
        result = self.analyze(self.machine.to_windows(self.vigil.data / "service.lock"))
        self.assertEqual(result.code, FAILED, result)
        self.assert_one_sentence(result.err, "service.lock")


class Processes(BadInputTestCase):
    def test_a_pid_that_is_gone(self) -> None:
        self.vigil.install(SETTINGS)
        crasher = self.vigil.start("exit")
        crasher.wait()
        result = self.vigil.run("dump", str(crasher.pid))
        self.assertEqual(result.code, NOT_FOUND, result)
        self.assert_one_sentence(result.err, str(crasher.pid))

    def test_a_name_that_nobody_has(self) -> None:
        self.vigil.install(SETTINGS)
        result = self.vigil.run("dump", "nobody.exe")
        self.assertEqual(result.code, NOT_FOUND, result)
        self.assert_one_sentence(result.err, "nobody.exe")


class Stores(BadInputTestCase):
    def make_store(self) -> pathlib.Path:
        """A real store with one row, and nobody who uses it."""
        self.vigil.install(SETTINGS, {"all.yaml": attach_rule("all", "access_violation.exe")})
        self.vigil.start_attached("access_violation").release()
        self.vigil.wait_for_ended("access_violation.exe")
        self.vigil.must("service", "stop")
        return self.vigil.data / "vigil.db"

    def test_one_from_a_newer_version(self) -> None:
        store = self.make_store()
        database = sqlite3.connect(store)
        database.execute("PRAGMA user_version = 1000")
        database.execute("UPDATE meta SET value = 1000 WHERE key = 'compatible_version'")
        database.commit()
        database.close()
        result = self.vigil.run("list")
        self.assertEqual(result.code, FAILED, result)
        self.assert_one_sentence(result.err, "vigil.db", "newer")
        started = self.vigil.run("service", "start")
        self.assertNotEqual(started.code, 0)
        database = sqlite3.connect(store)
        self.assertEqual(database.execute("SELECT count(*) FROM captures").fetchone(), (1,), "nothing is lost")
        database.close()

    def test_one_that_is_none(self) -> None:
        file = self.scratch / "other.db"
        file.write_bytes(b"something else entirely " * 1000)
        result = self.vigil.run("--store", self.machine.to_windows(file), "list")
        self.assertEqual(result.code, FAILED, result)
        self.assert_one_sentence(result.err, "other.db")

    def test_one_that_is_not_there(self) -> None:
        result = self.vigil.run("--store", "nowhere.db", "list")
        self.assertEqual(result.code, NOT_FOUND, result)


class FullDisk(VigilTestCase):
    """The data folder lies on a small disk of its own, which is full."""

    MEGABYTES = 24

    def setUp(self) -> None:
        super().setUp()
        if not is_wine():
            self.skipTest("only under Wine: a small disk is mounted")
        self.vigil.copy_programs()
        self.vigil.data.mkdir(parents=True)
        options = f"size={self.MEGABYTES}m,mode=0700"
        mounted = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(self.vigil.data)], capture_output=True, check=False
        )
        if mounted.returncode != 0:
            self.skipTest("may not mount a small disk: " + mounted.stderr.decode("utf-8", "replace").strip())
        self.addCleanup(subprocess.run, ["umount", "-l", str(self.vigil.data)], check=False)

    def fill(self) -> pathlib.Path:
        """Leaves not a byte free."""
        filler = self.vigil.data / "filler"
        with open(filler, "wb", buffering=0) as file:
            try:
                while file.write(b"\xa5" * 65536):
                    pass
            except OSError:
                pass
        return filler

    def free_bytes(self) -> int:
        status = os.statvfs(self.vigil.data)
        return status.f_bavail * status.f_frsize

    def test_a_dump_that_does_not_fit_leaves_a_row_that_says_so(self) -> None:
        # A floor of nothing, so that the disk itself refuses.
        settings = SETTINGS + "capture:\n  min_free_disk: 0MiB\n"
        self.vigil.install(settings, {"all.yaml": attach_rule("all", "*.exe", dump="full")})
        crasher = self.vigil.start("big_crash", value=4 * self.MEGABYTES, wait_stdin=True)
        self.vigil.wait_for_log(f"attached to {crasher.name} ({crasher.pid})")
        crasher.release()
        row = self.vigil.wait_for_ended("big_crash.exe")
        self.assertIn(row["state"], ("skipped", "failed"))
        self.assertTrue(row["reason"])
        left = [file.name for file in (self.vigil.data / "inbox").iterdir()]
        self.assertEqual(left, [], "half a dump does not stay")
        self.assertGreater(self.free_bytes(), self.MEGABYTES << 19)

    def test_below_the_floor_there_are_rows_but_no_dumps(self) -> None:
        self.vigil.install(SETTINGS, {"all.yaml": attach_rule("all", "*.exe")})  # the floor is 1 GiB by default
        self.vigil.start_attached("access_violation").release()
        row = self.vigil.wait_for_ended("access_violation.exe")
        self.assertEqual(row["state"], "skipped")
        self.assertIn("disk", row["reason"])

    def test_a_store_that_cannot_grow_loses_nothing(self) -> None:
        settings = SETTINGS + "capture:\n  min_free_disk: 0MiB\n"
        self.vigil.install(settings, {"all.yaml": attach_rule("all", "*.exe")})
        self.vigil.start_attached("access_violation", name="before.exe").release()
        self.vigil.wait_for_ended("before.exe")
        during = self.vigil.start_attached("access_violation", name="during.exe")
        filler = self.fill()
        during.release()
        during.wait()
        self.assertEqual(self.vigil.wait_for_ended("before.exe")["state"], "done", "what was known stays readable")
        filler.unlink()
        self.assertIn(self.vigil.wait_for_ended("during.exe")["state"], ("done", "skipped", "failed"))
        self.vigil.start_attached("access_violation", name="after.exe").release()
        self.assertEqual(self.vigil.wait_for_ended("after.exe")["state"], "done")
