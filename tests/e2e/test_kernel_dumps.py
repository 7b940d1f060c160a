# SPDX-License-Identifier: Apache-2.0
"""Dumps of the kernel where Windows leaves them: each is taken in once, before the next one overwrites it."""

import os
import pathlib
import subprocess
import time

from vigil_e2e.case import SETTINGS, TOP, VigilTestCase, find_program
from vigil_e2e.event_log import EventLog
from vigil_e2e.vigil import STARTED

KERNEL = "ntoskrnl.exe"
MINUTE = 60
CRASH_CONTROL = r"HKLM\System\CurrentControlSet\Control\CrashControl"


class KernelDumps(VigilTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.require_wine("nothing is put into the Windows folder of a real machine")
        self.windows = self.machine.drive_c / "windows"
        self.log = EventLog(self.machine, find_program("wevtapi.dll"))

    def make(self, kind: str, crash: str, file: pathlib.Path, age_s: float) -> None:
        """A dump of a machine that was made up, written so long ago; under a name of its own first, as a restart would."""
        file.parent.mkdir(parents=True, exist_ok=True)
        new = file.with_suffix(".new")
        maker = self.machine.command(self.machine.to_windows(find_program("kernel_dumps.exe")), kind, "20348", crash,
                                     self.machine.to_windows(new))
        subprocess.run(maker, env=self.machine.environment, stdin=subprocess.DEVNULL, capture_output=True, timeout=120, check=True)
        written = time.time() - age_s
        os.utime(new, (written, written))
        new.replace(file)

    def install(self) -> None:
        shipped = TOP / "config" / "rules.d" / "10-default.yaml"
        self.vigil.install(SETTINGS, {"10-default.yaml": shipped.read_text(encoding="utf-8")})

    def restart(self) -> None:
        self.vigil.must("service", "stop")
        said = len(self.vigil.log())
        self.vigil.must("service", "start")
        self.vigil.wait_for_log(STARTED, after=said)

    def done(self, count: int) -> list[dict]:
        """The rows of bugchecks, oldest first, once so many are done."""
        def are_done(rows: list[dict]) -> bool:
            mine = [row for row in rows if row.get("process") == KERNEL]
            return len(mine) == count and all(row["state"] in ("done", "failed", "skipped") for row in mine)

        return [row for row in self.vigil.wait_for_rows(f"{count} bugchecks", are_done) if row.get("process") == KERNEL]

    def test_takes_a_dump_where_crash_control_says_once(self) -> None:
        self.vigil.reg("add", CRASH_CONTROL, "/v", "DumpFile", "/t", "REG_EXPAND_SZ", "/d", r"%SystemDrive%\crash\MEMORY.DMP", "/f")
        self.make("automatic", "driver_irql", self.machine.drive_c / "crash" / "MEMORY.DMP", 5 * MINUTE)
        self.install()
        row = self.done(1)[0]
        self.assertEqual((row["state"], row["kind"], row["seen_by"]), ("done", "bugcheck", ["crash-control"]), row)
        self.assertEqual(row["rule"], "default-bugcheck")
        self.assertEqual(row["exception_code"], "0x000000d1")
        dump = self.vigil.dump_of(row)
        self.assertTrue(dump.name.endswith("-ntoskrnl.exe-0.dmp.zst"), dump)
        self.assertIn("badnet.sys", self.vigil.report(row)["synopsis"])
        self.assertIn("DRIVER_IRQL_NOT_LESS_OR_EQUAL", self.vigil.must("show", "last").out)
        self.assertIn("badnet.sys", self.vigil.must("kernel", str(row["id"]), "--modules").out)
        self.restart()
        self.assertEqual(len(self.vigil.rows_of(KERNEL)), 1)

    def test_keeps_a_dump_that_is_overwritten(self) -> None:
        memory = self.windows / "MEMORY.DMP"
        self.make("bitmap_kernel", "driver_irql", memory, 5 * MINUTE)
        self.install()
        self.done(1)
        self.vigil.must("service", "stop")
        self.make("bitmap_kernel", "critical_process", memory, MINUTE)
        self.vigil.must("service", "start")
        rows = self.done(2)
        self.assertEqual([row["exception_code"] for row in rows], ["0x000000d1", "0x000000ef"])
        for row in rows:
            self.assertTrue(self.vigil.dump_of(row).is_file(), row)
            self.assertEqual(self.vigil.report(row)["crash_info"]["type"], row["verdict"])

    def test_joins_what_is_told_of_one_stop(self) -> None:
        parameters = ["0xfffff80012345678", "0x2", "0x0", "0xfffff80012340000"]
        # BugcheckCode is decimal there.
        self.log.write("Microsoft-Windows-Kernel-Power", 41, [str(0xD1), *parameters, "false", "0"], channel="System")
        self.log.write("Microsoft-Windows-WER-SystemErrorReporting", 1001,
                       [f"0x000000d1 ({', '.join(parameters)})", r"C:\Windows\MEMORY.DMP", "07e3c759-e445-4da7-8efa-2694d7dea04c"],
                       channel="System")
        self.make("bitmap_kernel", "driver_irql", self.windows / "MEMORY.DMP", MINUTE)
        self.make("triage_classic", "driver_irql", self.windows / "Minidump" / "112326-1000-01.dmp", MINUTE)
        self.install()
        rows = self.vigil.wait_for_rows(
            "both sources", lambda rows: any(len(row["seen_by"]) == 2 and row["state"] == "done" for row in rows)
        )
        self.assertEqual(len(rows), 1)
        # The large dump, of which there is more to tell.
        self.assertEqual(self.vigil.report(rows[0])["kernel"]["dump_type"], "bitmap kernel")
        self.assertIn("EVENTS", self.vigil.must("show", "last").out)

    def test_a_stop_without_a_dump_is_a_row_too(self) -> None:
        self.log.write("Microsoft-Windows-Kernel-Power", 41, ["0", "0x0", "0x0", "0x0", "0x0", "false", "0"], channel="System")
        self.install()
        row = self.done(1)[0]
        self.assertEqual((row["state"], row["kind"]), ("skipped", "bugcheck"))
        self.assertIn("no dump", row["reason"])

    def test_takes_reports_of_a_machine_that_went_on(self) -> None:
        self.make("live_kernel", "manually_started", self.windows / "LiveKernelReports" / "WATCHDOG" / "WATCHDOG-20261123-0610.dmp", MINUTE)
        self.install()
        row = self.done(1)[0]
        self.assertEqual((row["state"], row["kind"]), ("done", "live-report"), row)
