# SPDX-License-Identifier: Apache-2.0
"""Each way in which news of a death arrives, and several ways for one death."""

from vigil_e2e.case import SETTINGS, VigilTestCase, attach_rule, rule

AEDEBUG = SETTINGS + "  aedebug: true\n"
EXIT_WITH_CRASH_CODE = 0xC0000005


class AeDebug(VigilTestCase):
    """The system starts the dumper for a process that nobody watches."""

    def crash(self, way: str, exception: str, *frames: str) -> None:
        program = f"{way}.exe"
        self.vigil.install(AEDEBUG, {"all.yaml": rule("all", program)})
        self.vigil.start(way)
        row = self.vigil.wait_for_ended(program)
        self.assertEqual(row["state"], "done", row)
        self.assertIn("aedebug", row["seen_by"])
        report = self.vigil.report(row)
        self.assertRegex(report["crash_info"]["type"], f"{exception}$")
        self.assert_frames(report, *frames)

    def test_takes_an_access_violation(self) -> None:
        self.crash("access_violation", "ACCESS_VIOLATION", "inner_access_violation", "middle_frame", "outer_frame")

    def test_takes_one_in_another_thread(self) -> None:
        self.crash("thread_crash", "ACCESS_VIOLATION", "inner_thread_crash_worker")

    def test_takes_a_division_by_zero(self) -> None:
        self.crash("divide", "INTEGER_DIVIDE_BY_ZERO", "inner_divide", "middle_frame", "outer_frame")

    def test_takes_an_illegal_instruction(self) -> None:
        self.crash("illegal", "ILLEGAL_INSTRUCTION", "inner_illegal", "middle_frame", "outer_frame")

    def test_takes_a_breakpoint(self) -> None:
        self.crash("breakpoint", "BREAKPOINT", "inner_breakpoint", "middle_frame", "outer_frame")


class Attach(VigilTestCase):
    """The dumper was there before: it sees what never reaches AeDebug, and the process's own end."""

    def crash(self, way: str, exception: str, *frames: str, value: int | None = None) -> dict:
        program = f"{way}.exe"
        self.vigil.install(SETTINGS, {"all.yaml": attach_rule("all", program)})
        self.vigil.start_attached(way, value=value).release()
        row = self.vigil.wait_for_ended(program)
        self.assertEqual(row["state"], "done", row)
        self.assertIn("attach", row["seen_by"])
        report = self.vigil.report(row)
        self.assertRegex(report["crash_info"]["type"], f"{exception}$")
        self.assert_frames(report, *frames)
        return row

    def test_takes_an_access_violation(self) -> None:
        self.crash("access_violation", "ACCESS_VIOLATION", "inner_access_violation", "middle_frame", "outer_frame")

    def test_takes_a_fast_fail(self) -> None:
        self.crash("fastfail", "FAIL_FAST", "inner_fastfail", "middle_frame", "outer_frame")

    def test_takes_a_stack_overflow(self) -> None:
        self.crash("stack_overflow", "STACK_OVERFLOW", "inner_stack_overflow")

    def test_takes_an_abort(self) -> None:
        self.crash("abort", "ABORT", "inner_abort", "middle_frame", "outer_frame")

    def test_takes_an_uncaught_cpp_exception(self) -> None:
        self.crash("cpp_exception", "CXX_EXCEPTION", "inner_cpp_exception", "middle_frame", "outer_frame")

    def test_takes_an_exit_with_a_crash_code(self) -> None:
        row = self.crash("exit", "ACCESS_VIOLATION", "inner_exit", "middle_frame", "outer_frame", value=EXIT_WITH_CRASH_CODE)
        self.assertEqual(row["exit_code"], EXIT_WITH_CRASH_CODE)

    def test_leaves_a_process_that_ends_well_alone(self) -> None:
        self.vigil.install(SETTINGS, {"all.yaml": attach_rule("all", "*.exe")})
        well = self.vigil.start_attached("linger")
        well.release()
        self.assertEqual(well.wait(), 0)
        # By the time a later crash is done, a row for the one that ended well would be there.
        self.vigil.start_attached("access_violation").release()
        self.vigil.wait_for_ended("access_violation.exe")
        self.assertEqual(self.vigil.rows_of("linger.exe"), [])


class ExitWatch(VigilTestCase):
    """Nothing but the exit code: a row without a dump."""

    def start_watched(self, way: str, value: int) -> None:
        """Lets it die once the service has seen it: which it has when it has seen a process that started later."""
        crasher = self.vigil.start(way, value=value, wait_stdin=True)
        self.vigil.start_attached("linger", name="marker.exe")
        crasher.release()

    def test_notes_an_exit_with_a_crash_code(self) -> None:
        rules = {"exit.yaml": rule("exit", "terminate.exe"), "marker.yaml": attach_rule("marker", "marker.exe")}
        self.vigil.install(SETTINGS, rules)
        self.start_watched("terminate", EXIT_WITH_CRASH_CODE)
        row = self.vigil.wait_for_ended("terminate.exe")
        self.assertEqual((row["state"], row["seen_by"]), ("skipped", ["exit-watch"]))
        self.assertEqual(row["exit_code"], EXIT_WITH_CRASH_CODE)
        self.assertTrue(row["reason"])

    def test_notes_an_exit_code_that_a_rule_names(self) -> None:
        exit_rule = rule("codes", "terminate.exe", when="{ exit: { codes: [7, 9] } }", dump="none")
        self.vigil.install(SETTINGS, {"exit.yaml": exit_rule, "marker.yaml": attach_rule("marker", "marker.exe")})
        self.start_watched("terminate", 7)
        self.assertEqual(self.vigil.wait_for_ended("terminate.exe")["kind"], "exit")

    def test_ignores_other_exit_codes(self) -> None:
        rules = {"crash.yaml": rule("crash", "terminate.exe"), "marker.yaml": attach_rule("marker", "marker.exe")}
        self.vigil.install(SETTINGS, rules)
        self.start_watched("terminate", 7)
        self.vigil.start_attached("access_violation", name="marker.exe").release()
        self.vigil.wait_for_ended("marker.exe")
        self.assertEqual(self.vigil.rows_of("terminate.exe"), [])


class Inbox(VigilTestCase):
    """What WER LocalDumps leaves: a dump by its usual name, and nobody who tells of it."""

    def test_takes_in_a_dropped_dump(self) -> None:
        self.vigil.install(SETTINGS, {"all.yaml": rule("all", "OrdersApi.exe")})
        lingerer = self.vigil.start("threads", name="OrdersApi.exe", value=3)
        dump = self.scratch / "orders.dmp"
        made = self.vigil.run("dump", str(lingerer.pid), "--output", self.machine.to_windows(dump), "--plain")
        self.assertEqual(made.code, 0, made.err)
        lingerer.end()
        self.vigil.drop_in_inbox(dump, f"OrdersApi.exe.{lingerer.pid}.dmp")
        row = self.vigil.wait_for_ended("OrdersApi.exe")
        self.assertEqual((row["state"], row["pid"]), ("done", lingerer.pid), row)
        self.assertEqual(list((self.vigil.data / "inbox").iterdir()), [])

    def test_survives_a_dump_that_is_none(self) -> None:
        self.vigil.install(SETTINGS, {"all.yaml": rule("all", "*.exe")})
        junk = self.scratch / "junk.dmp"
        junk.write_bytes(b"no dump at all" * 100)
        self.vigil.drop_in_inbox(junk, "Broken.exe.4242.dmp")
        self.vigil.wait_for_log("Broken.exe.4242.dmp removed: it does not begin like a dump")
        self.assertEqual(list((self.vigil.data / "inbox").iterdir()), [])
        self.assertEqual(self.vigil.rows_of("Broken.exe"), [])


class OneDeathSeenByAll(VigilTestCase):
    def test_is_one_row(self) -> None:
        self.vigil.install(AEDEBUG, {"all.yaml": attach_rule("all", "access_violation.exe")})
        crasher = self.vigil.start_attached("access_violation")
        crasher.release()
        crasher.wait()
        row = self.vigil.wait_for_ended("access_violation.exe")
        self.assertEqual(row["state"], "done")
        self.assertGreaterEqual(set(row["seen_by"]), {"attach", "exit-watch"})

    def test_is_one_row_for_aedebug_and_exit_watch(self) -> None:
        rules = {"all.yaml": rule("all", "access_violation.exe"), "marker.yaml": attach_rule("marker", "marker.exe")}
        self.vigil.install(AEDEBUG, rules)
        crasher = self.vigil.start("access_violation", wait_stdin=True)
        self.vigil.start_attached("linger", name="marker.exe")
        crasher.release()
        rows = self.vigil.wait_for_rows(
            "the row to be seen by both",
            lambda rows: any(row["process"] == "access_violation.exe" and len(row["seen_by"]) == 2 for row in rows),
        )
        self.assertEqual(len(rows), 1)
        self.assertEqual(set(rows[0]["seen_by"]), {"aedebug", "exit-watch"})
