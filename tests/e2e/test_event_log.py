# SPDX-License-Identifier: Apache-2.0
"""What Windows' own logs tell, through a stand-in for wevtapi.dll: each event once, joined with what is known of its process."""

import datetime

from vigil_e2e.case import SETTINGS, VigilTestCase, attach_rule, find_program, rule
from vigil_e2e.event_log import EventLog, filetime, now
from vigil_e2e.vigil import wait_until

REPORT_ID = "f380f3b9-326d-4192-bd08-453b67cf1de0"
HOUR = datetime.timedelta(hours=1)


class EventLogTests(VigilTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.require_wine("the log of a real machine has what it has")
        self.log = EventLog(self.machine, find_program("wevtapi.dll"))

    def install(self) -> None:
        self.vigil.install(SETTINGS, {"all.yaml": rule("all", "*.exe")})

    def restart(self, meanwhile=lambda: None) -> None:
        self.vigil.must("service", "stop")
        meanwhile()
        said = len(self.vigil.log())
        self.vigil.must("service", "start")
        self.vigil.wait_for_log("the event log is being read", after=said)

    def rows_when(self, count: int) -> list[dict]:
        return self.vigil.wait_for_rows(f"{count} rows", lambda rows: len(rows) >= count)

    def test_tells_of_what_happened_before_it_was_installed(self) -> None:
        self.log.write_crash("orders.exe", 1234, now() - HOUR, REPORT_ID, at=now() - HOUR / 2)
        self.install()
        row = self.vigil.wait_for_ended("orders.exe")
        self.assertEqual((row["state"], row["kind"], row["seen_by"]), ("skipped", "crash", ["event-log"]))
        self.assertEqual(row["exception_name"], "ACCESS_VIOLATION")
        self.assertIn("604800000", self.log.calls()[0])

    def test_joins_events_with_what_it_saw_itself(self) -> None:
        self.vigil.install(SETTINGS, {"all.yaml": rule("all", "fastfail.exe"), "marker.yaml": attach_rule("marker", "marker.exe")})
        self.vigil.wait_for_log("the event log is being read")
        crasher = self.vigil.start("fastfail", wait_stdin=True)
        # Whoever has seen this one has seen the one before.
        self.vigil.start_attached("linger", name="marker.exe")
        crasher.release()
        row = self.vigil.wait_for_ended("fastfail.exe")
        # JSON has milliseconds; of a start in whole seconds the store takes any in that second for the same.
        start = datetime.datetime.fromisoformat(row["process_start"].replace("Z", "+00:00")).replace(microsecond=0)
        self.log.write_dotnet("fastfail.exe", "System.InvalidOperationException: no such order")
        self.log.write_crash("fastfail.exe", row["pid"], start, REPORT_ID)
        self.log.write_report("fastfail.exe", REPORT_ID)
        rows = self.vigil.wait_for_rows("the bucket", lambda rows: any("wer_bucket" in row for row in rows))
        self.assertEqual(len(rows), 1)
        self.assertEqual(rows[0]["managed"], "System.InvalidOperationException: no such order")
        self.assertEqual(rows[0]["wer_bucket"], "APPCRASH 1570137938940312820")
        self.assertIn("event-log", rows[0]["seen_by"])
        shown = self.vigil.must("show", "last").out
        self.assertIn("EVENTS\nWhat Windows wrote", shown)
        self.assertIn("at Orders.Cart.Total() in Cart.cs:line 21", shown)

    def test_tells_of_a_crash_by_the_report_that_windows_keeps_of_it(self) -> None:
        name = "AppCrash_orders.exe_1"
        folder = self.machine.program_data() / "Microsoft" / "Windows" / "WER" / "ReportArchive" / name
        folder.mkdir(parents=True)
        start = filetime(now() - HOUR)
        session = start.to_bytes(8, "little").hex()
        lines = ["Version=1", "EventType=APPCRASH", f"IntegratorReportIdentifier={REPORT_ID}", "Sig[6].Value=c0000409",
                 f"AppSessionGuid=000004d2-0002-000d-{session[:4]}-{session[4:]}", r"AppPath=C:\apps\orders.exe", ""]
        (folder / "Report.wer").write_bytes("\r\n".join(lines).encode("utf-16"))
        self.install()
        self.vigil.wait_for_log("the event log is being read")
        self.log.write_report("orders.exe", REPORT_ID, folder=rf"\\?\C:\ProgramData\Microsoft\Windows\WER\ReportArchive\{name}")
        row = self.vigil.wait_for_ended("orders.exe")
        self.assertEqual((row["pid"], row["path"], row["exception_code"]), (1234, r"C:\apps\orders.exe", "0xc0000409"))
        self.assertEqual(row["wer_bucket"], "APPCRASH 1570137938940312820")

    def test_a_capture_has_what_else_went_wrong_on_the_machine(self) -> None:
        self.vigil.install(SETTINGS, {"all.yaml": attach_rule("all", "fastfail.exe")})
        self.vigil.wait_for_log("the event log is being read")
        self.log.write("disk", 51, [r"\Device\Harddisk0\DR0"], channel="System")
        # Events are read in their order: with this one the one before was too.
        self.log.write_crash("first.exe", 4, now() - HOUR, "a")
        self.rows_when(1)
        self.vigil.start_attached("fastfail").release()
        self.vigil.wait_for_ended("fastfail.exe")
        self.assertRegex(self.vigil.must("show", "last").out, r"Log .*s before, System error, disk 51: \\Device\\Harddisk0\\DR0")

    def test_takes_each_event_once_and_what_came_while_it_was_down(self) -> None:
        self.install()
        self.vigil.wait_for_log("the event log is being read")
        self.log.write_crash("first.exe", 4, now() - HOUR, "a")
        self.rows_when(1)
        self.restart(lambda: self.log.write_crash("second.exe", 8, now() - HOUR, "b"))
        rows = self.rows_when(2)
        self.assertEqual([row["process"] for row in rows], ["first.exe", "second.exe"])
        self.assertIn("after 90001", self.log.calls()[-1])
        self.assertNotIn("604800000", self.log.calls()[-1])

    def test_reads_the_past_again_when_the_log_forgot_where_it_was(self) -> None:
        self.install()
        self.vigil.wait_for_log("the event log is being read")
        self.log.write_crash("first.exe", 4, now() - HOUR, "a")
        self.rows_when(1)
        self.restart(lambda: (self.log.set_mode("stale"), self.log.write_crash("second.exe", 8, now() - HOUR, "b")))
        self.vigil.wait_for_log("there may be a gap")
        rows = self.rows_when(2)
        self.assertEqual([row["process"] for row in rows], ["first.exe", "second.exe"])

    def test_goes_on_when_the_event_log_service_comes_back(self) -> None:
        self.log.set_mode("unavailable")
        self.install()
        self.vigil.wait_for_log("cannot subscribe to the event log")
        self.log.write_crash("first.exe", 4, now() - HOUR, "a")
        self.log.set_mode("")
        self.assertEqual(self.rows_when(1)[0]["process"], "first.exe")

    def test_leaves_out_what_is_no_event(self) -> None:
        self.install()
        self.log.write_xml("<Event><System>")
        self.log.write_xml("")
        self.log.write_crash("orders.exe", 4, now() - HOUR, "a", names=["AppName", "AppVersion"])
        self.assertEqual(self.rows_when(1)[0]["process"], "orders.exe")
        wait_until("the log to say so", lambda: self.vigil.log().count("it is left out") == 2)

    def test_rows_of_hangs_services_and_bugchecks(self) -> None:
        self.install()
        self.log.write("Application Hang", 1002, ["proxy.exe", "1.0", "6854", "1dd56d845b102cf", "0", "C:\\proxy.exe", "c", "", "",
                                                  "Cross-thread"])
        self.log.write("Service Control Manager", 7034, ["No Such Service", "3"], channel="System")
        self.log.write("Microsoft-Windows-Kernel-Power", 41, ["80", "0x1", "0x2", "0x3", "0x4"], channel="System")
        self.log.write("Microsoft-Windows-WER-SystemErrorReporting", 1001,
                       ["0x00000050 (0x1, 0x2, 0x3, 0x4)", "C:\\WINDOWS\\MEMORY.DMP", "d"], channel="System")
        rows = self.vigil.wait_for_rows("three rows", lambda rows: len(rows) == 3 and "MEMORY.DMP" in self.vigil.must(
            "show", "last").out)
        self.assertEqual([row["kind"] for row in rows], ["hang", "exit", "bugcheck"])
        self.assertEqual(rows[1]["detail"], "the service No Such Service ended unexpectedly, 3 times by now")
        self.assertIn("bugcheck 0x00000050", self.vigil.must("list").out)
