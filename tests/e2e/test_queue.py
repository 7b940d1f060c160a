# SPDX-License-Identifier: Apache-2.0
"""The service is killed at every point of a capture's life. At its next start every row is in a true state, and work goes
on. Nothing in the product helps: a child that is stopped (SIGSTOP) holds a state."""

import os
import pathlib
import random
import signal
import sqlite3
import threading
import time

from vigil_e2e.case import SETTINGS, VigilTestCase, attach_rule, rule
from vigil_e2e.vigil import ENDED, STARTED, wait_until

TARGET = "access_violation.exe"
RULES = {"all.yaml": attach_rule("all", "*.exe")}


class Frozen:
    """Stops processes of a prefix as soon as they run: those of `program` with `word` in their command line."""

    def __init__(self, machine: object, program: str, word: str):
        self._machine, self._program, self._word = machine, program, word
        self._stopped: set[int] = set()
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()

    def _watch(self) -> None:
        while not self._done.is_set():
            for pid in self._machine.unix_pids(self._program):
                if pid not in self._stopped and self._word in self._command_line(pid) and self._has_begun(pid):
                    os.kill(pid, signal.SIGSTOP)
                    self._stopped.add(pid)

    @staticmethod
    def _command_line(pid: int) -> str:
        try:
            return pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().decode("utf-8", "replace")
        except OSError:
            return ""

    @staticmethod
    def _has_begun(pid: int) -> bool:
        """Whoever creates a process waits until it has begun. Under Wine it loads kernel32 only after that."""
        try:
            return b"kernel32.dll" in pathlib.Path(f"/proc/{pid}/maps").read_bytes()
        except OSError:
            return False

    def wait_for_one(self) -> None:
        wait_until(f"{self._program} {self._word} to start", lambda: self._stopped)

    def release(self) -> None:
        self._done.set()
        self._thread.join()
        for pid in self._stopped:
            try:
                os.kill(pid, signal.SIGCONT)
            except ProcessLookupError:  # Killed with the service, as it should be.
                pass


class KillTestCase(VigilTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.require_wine("processes are stopped and killed from outside")

    def crash(self, way: str = "access_violation", name: str = "") -> None:
        self.vigil.start_attached(way, name).release()

    def freeze(self, program: str, word: str) -> Frozen:
        frozen = Frozen(self.machine, program, word)
        self.addCleanup(frozen.release)
        return frozen

    def wait_for_state(self, state: str, process: str = TARGET) -> None:
        self.vigil.wait_for_rows(
            f"{process} to be {state}",
            lambda rows: any(row.get("process") == process and row["state"] == state for row in rows),
        )

    def restart(self) -> None:
        """The service manager of Wine believes that a killed service still runs; on Windows it would restart it."""
        before = len(self.vigil.log())
        self.vigil.must("service", "start")
        self.vigil.wait_for_log(STARTED, after=before)

    def wait_until_all_true(self, count: int) -> list[dict]:
        """All rows have ended, and each says the truth about its dump."""
        rows = self.vigil.wait_for_rows(
            f"{count} rows to end", lambda rows: len(rows) == count and all(row["state"] in ENDED for row in rows)
        )
        named = set()
        for row in rows:
            dump = self.vigil.dump_of(row)
            if row["state"] == "done":
                self.assertIsNotNone(dump, row)
                self.assertTrue(row["signature"], row)
            else:
                self.assertTrue(row["reason"], row)
            if dump is not None:
                self.assertTrue(dump.is_file(), row)
                named.add(dump)
        there = {file for file in (self.vigil.data / "dumps").rglob("*") if file.is_file()}
        self.assertEqual(there, named, "every dump belongs to a row")
        return rows


class KilledInEachState(KillTestCase):
    def test_observed_while_the_dumper_is_at_work(self) -> None:
        self.vigil.install(SETTINGS, {"all.yaml": attach_rule("all", "*.exe", dump="full")})
        crasher = self.vigil.start("big_crash", TARGET, value=256, wait_stdin=True)
        self.vigil.wait_for_log(f"attached to {crasher.name} ({crasher.pid})")
        crasher.release()
        self.wait_for_state("observed")
        dumper = self.freeze("vigil-dumper.exe", str(crasher.pid))
        dumper.wait_for_one()
        self.vigil.kill_service()
        dumper.release()
        self.restart()
        self.wait_until_all_true(1)

    def test_captured_and_waiting_for_analysis(self) -> None:
        self.vigil.install(SETTINGS, RULES)
        analyzer = self.freeze("vigil.exe", "analyze")
        self.crash(name="first.exe")
        analyzer.wait_for_one()
        self.crash()
        self.wait_for_state("captured")
        self.vigil.kill_service()
        analyzer.release()
        self.restart()
        self.assertEqual([row["state"] for row in self.wait_until_all_true(2)], ["done", "done"])

    def test_analyzing(self) -> None:
        self.vigil.install(SETTINGS, RULES)
        analyzer = self.freeze("vigil.exe", "analyze")
        self.crash()
        analyzer.wait_for_one()
        self.wait_for_state("analyzing")
        self.vigil.kill_service()
        analyzer.release()
        self.restart()
        row = self.wait_until_all_true(1)[0]
        self.assertEqual(row["state"], "done", row)

    def test_capturing_before_the_dump_was_moved(self) -> None:
        self.check_capturing(moved=False)

    def test_capturing_after_the_dump_was_moved(self) -> None:
        self.check_capturing(moved=True)

    def check_capturing(self, *, moved: bool) -> None:
        """The state lasts for one rename, so it is put together from a captured one: the service is killed, and the row
        and the file are put where a kill before or after that rename leaves them."""
        self.vigil.install(SETTINGS, RULES)
        analyzer = self.freeze("vigil.exe", "analyze")
        self.crash()
        analyzer.wait_for_one()
        self.vigil.kill_service()
        analyzer.release()
        database = sqlite3.connect(self.vigil.data / "vigil.db")
        (dump,) = database.execute("SELECT dump_file FROM captures").fetchone()
        inbox_name = "held.dmp.zst"
        database.execute("UPDATE captures SET state = 'capturing', inbox_file = ?, dump_bytes = 0", (inbox_name,))
        database.commit()
        database.close()
        if not moved:
            (self.vigil.data / dump).rename(self.vigil.data / "inbox" / inbox_name)
        self.restart()
        self.wait_until_all_true(1)

    def test_capturing_between_two_samples(self) -> None:
        when = "{ cpu: { above: 10%, of: core, for: 1s } }"
        self.vigil.install(SETTINGS, {"all.yaml": rule("all", "spin.exe", when=when, dump="mini, samples: 3, every: 5s")})
        crasher = self.vigil.start("spin")
        dumps = self.vigil.data / "dumps"
        wait_until("the second dump", lambda: bool(list(dumps.rglob("*-2.dmp.zst"))))
        self.vigil.kill_service()
        crasher.release()
        self.restart()
        row = self.vigil.wait_for_ended("spin.exe")
        self.assertEqual(row["state"], "done", row)
        self.assertEqual(self.vigil.report(row)["samples"]["count"], 2)
        stem = f"{row['id']}-spin.exe-{row['pid']}"
        self.assertEqual({file.name for file in dumps.rglob("*.*")}, {f"{stem}.dmp.zst", f"{stem}-2.dmp.zst"})

    def test_ended_rows_stay_as_they_are(self) -> None:
        self.vigil.install(SETTINGS, RULES)
        self.crash()
        before = self.vigil.wait_for_ended(TARGET)
        self.vigil.kill_service()
        self.restart()
        self.assertEqual(self.wait_until_all_true(1), [before])


class DumperKilled(KillTestCase):
    def test_leaves_a_row_that_says_so(self) -> None:
        self.vigil.install(SETTINGS, {"all.yaml": attach_rule("all", TARGET, dump="full")})
        crasher = self.vigil.start("big_crash", TARGET, value=256, wait_stdin=True)
        self.vigil.wait_for_log(f"attached to {crasher.name} ({crasher.pid})")
        crasher.release()
        self.vigil.wait_for_log("rule all: full dump")
        self.machine.kill("vigil-dumper.exe")
        row = self.vigil.wait_for_ended(TARGET)
        self.assertEqual(row["state"], "skipped")
        self.assertRegex(row["reason"], "its dumper ended with 0x[0-9a-f]+ before it was done")
        self.assertEqual(list((self.vigil.data / "dumps").rglob("*.dmp*")), [])


class KilledAnywhere(KillTestCase):
    ROUNDS = 8

    def test_every_row_ends_in_a_true_state(self) -> None:
        seed = int(os.environ.get("VIGIL_SEED", random.randrange(1 << 30)))
        print(f"VIGIL_SEED={seed}")
        chance = random.Random(seed)
        self.vigil.install(SETTINGS, RULES)
        for number in range(self.ROUNDS):
            crasher = self.vigil.start_attached("access_violation", name=f"round-{number}.exe")
            crasher.release()
            # The one wait here that is for no condition: the moment of the kill is what is tested.
            time.sleep(chance.uniform(0, 0.6))
            self.vigil.kill_service()
            crasher.wait()
            self.restart()
        rows = self.vigil.wait_for_rows("all rows to end", lambda rows: rows and all(r["state"] in ENDED for r in rows))
        self.wait_until_all_true(len(rows))


class Many(VigilTestCase):
    CRASHES = 20

    def test_twenty_crashes_at_once_are_twenty_rows_with_reports(self) -> None:
        self.vigil.install(SETTINGS, RULES)
        crashers = [self.vigil.start("access_violation", f"many-{n:02}.exe", wait_stdin=True) for n in range(self.CRASHES)]
        for crasher in crashers:
            self.vigil.wait_for_log(f"attached to {crasher.name} ({crasher.pid})")
        for crasher in crashers:
            crasher.release()
        rows = self.vigil.wait_for_rows(
            "all to be done",
            lambda rows: len(rows) >= self.CRASHES and all(row["state"] in ENDED for row in rows),
            seconds=180,
        )
        self.assertEqual([row["state"] for row in rows], ["done"] * self.CRASHES, rows)
        self.assertEqual(sorted(row["process"] for row in rows), [crasher.name for crasher in crashers])
