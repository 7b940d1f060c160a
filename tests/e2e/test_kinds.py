# SPDX-License-Identifier: Apache-2.0
"""Kinds of dumps, by whom they are written, and for how long the process may stand still for them."""

import struct

from vigil_e2e.case import SETTINGS, VigilTestCase, attach_rule, rule
from vigil_e2e.vigil import wait_until

USAGE = 2
STACK, HEAP = b"secret-of-the-stack", b"secret-of-the-heap"
ENVIRONMENT = "SystemRoot=".encode("utf-16-le")
WITH_FULL_MEMORY = 0x2


class Kinds(VigilTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.vigil.copy_programs()

    def dump(self, pid: int, *arguments: str) -> tuple[bytes, dict]:
        """A plain dump as bytes, and what the analyzer makes of it."""
        target = self.scratch / f"{'-'.join(arguments).replace('--', '')}.dmp"
        place = self.machine.to_windows(target)
        result = self.vigil.run("dump", str(pid), "--plain", "--output", place, *arguments)
        self.assertEqual((result.code, result.out), (0, place + "\n"), result.err)
        return target.read_bytes(), self.vigil.run("analyze", place, "--json").json()

    def assert_walks(self, report: dict, function: str) -> None:
        frames = [frame.get("function", "") for thread in report["threads"] for frame in thread["frames"]]
        self.assertIn(function, frames)

    def test_each_holds_what_it_says(self) -> None:
        orders = self.vigil.start("secrets", name="OrdersApi.exe")
        command_line = "OrdersApi.exe".encode("utf-16-le") + "\" secrets".encode("utf-16-le")
        dumps = {}
        for kind in ("triage", "mini", "miniplus", "full"):
            dumps[kind], report = self.dump(orders.pid, "--kind", kind)
            self.assertEqual(report["pid"], orders.pid)
            self.assert_walks(report, "inner_secrets")
        holds = {
            text: {kind for kind, dump in dumps.items() if text in dump} for text in (STACK, HEAP, ENVIRONMENT, command_line)
        }
        self.assertEqual(holds[STACK], {"mini", "miniplus", "full"})
        self.assertEqual(holds[HEAP], {"miniplus", "full"})
        self.assertEqual(holds[ENVIRONMENT], {"miniplus", "full"})
        self.assertNotIn("triage", holds[command_line])
        self.assertEqual(sorted(dumps, key=lambda kind: len(dumps[kind])), list(dumps))
        flags = {kind: struct.unpack_from("<Q", dump, 24)[0] for kind, dump in dumps.items()}
        self.assertEqual(flags, {"triage": 0x1019A8, "mini": 0x1964, "miniplus": 0x11B65, "full": 0x1826})
        self.assertTrue(orders.is_running())

    def test_a_custom_one_holds_what_its_mask_says(self) -> None:
        orders = self.vigil.start("secrets", name="OrdersApi.exe")
        dump, report = self.dump(orders.pid, "--kind", "custom", "--custom", "0x1000", "--custom", "WithPrivateReadWriteMemory")
        self.assertEqual(struct.unpack_from("<Q", dump, 24)[0], 0x1200)
        self.assertIn(HEAP, dump)
        self.assert_walks(report, "inner_secrets")
        dump, report = self.dump(orders.pid, "--kind", "custom", "--custom", "FilterMemory")
        self.assertNotIn(STACK, dump)
        self.assert_walks(report, "inner_secrets")

    def test_what_cannot_be_is_refused_before_anything_is_done(self) -> None:
        for arguments, words in (
            (["--kind", "custom"], "a custom dump needs 'custom'"),
            (["--kind", "full", "--custom", "2"], "--custom goes with --kind custom"),
            (["--kind", "custom", "--custom", "0x80000000"], "0x80000000 is no bit of MINIDUMP_TYPE"),
            (["--kind", "custom", "--custom", "WithIptTrace"], "the native writer cannot take it"),
            (["--writer", "dbghelp", "--suspend", "1s"], "'suspend' goes with the native writer"),
            (["--suspend", "1h"], "--suspend takes 100ms to 10m, not 1h"),
        ):
            result = self.vigil.run("dump", "1", "--output", "x.dmp", *arguments)
            self.assertEqual((result.code, result.out), (USAGE, ""), result.err)
            self.assertIn(words, result.err)

    def test_windows_own_writer_writes_one_that_can_be_read(self) -> None:
        orders = self.vigil.start("secrets", name="OrdersApi.exe")
        dump, report = self.dump(orders.pid, "--writer", "dbghelp")
        self.assertEqual(dump[:4], b"MDMP")
        self.assertIn("asked for by hand".encode("utf-16-le"), dump)
        self.assertEqual(len(report["threads"]), 1)
        self.assert_walks(report, "inner_secrets")
        full, report = self.dump(orders.pid, "--writer", "dbghelp", "--kind", "full")
        self.assertTrue(struct.unpack_from("<Q", full, 24)[0] & WITH_FULL_MEMORY)
        self.assertIn(HEAP, full)
        self.assertTrue(orders.is_running())
        left = [file.name for file in self.scratch.iterdir() if "partial" in file.name]
        self.assertEqual(left, [])

    def test_the_process_stands_still_no_longer_than_it_may(self) -> None:
        big = self.vigil.start("big", name="OrdersApi.exe", value=1024)
        wait_until("the memory to be filled", lambda: "filled" in big.output())
        place = self.machine.to_windows(self.scratch / "cut.dmp.zst")
        result = self.vigil.run("dump", str(big.pid), "--kind", "full", "--suspend", "400ms", "--output", place)
        self.assertEqual(result.code, 0, result.err)
        self.assertRegex(result.err, r"the suspend budget of 400ms was used up: [0-9.]+ [KMG]iB of [0-9.]+ [MG]iB were read")
        report = self.vigil.run("analyze", place, "--json").json()
        self.assert_walks(report, "inner_big")
        self.assertTrue(big.is_running())


class Rules(VigilTestCase):
    def test_a_triage_dump_of_a_crash_tells_where_it_was(self) -> None:
        self.vigil.install(SETTINGS, {"all.yaml": attach_rule("all", "access_violation.exe", "triage")})
        self.vigil.start_attached("access_violation").release()
        row = self.vigil.wait_for_ended("access_violation.exe")
        self.assertEqual((row["state"], row["dump_kind"], row["reason"]), ("done", "triage", "rule all: triage dump"))
        self.assert_frames(self.vigil.report(row), "inner_access_violation")
        self.assertIn("triage", self.vigil.must("list").out)
        self.assertIn("triage", self.vigil.must("show", "last").out)

    def test_windows_own_writer_takes_a_crash(self) -> None:
        self.vigil.install(SETTINGS, {"all.yaml": attach_rule("all", "access_violation.exe", "miniplus, writer: dbghelp")})
        self.vigil.start_attached("access_violation").release()
        row = self.vigil.wait_for_ended("access_violation.exe")
        self.assertEqual((row["state"], row["dump_kind"], row["exception_code"]), ("done", "miniplus", "0xc0000005"))
        report = self.vigil.report(row)
        self.assert_frames(report, "inner_access_violation")
        self.assertEqual(report["crash_info"]["code"], "0xc0000005")

    def test_limits_count_every_kind(self) -> None:
        more = attach_rule("few", "access_violation.exe", "custom, custom: 0x1964") + "    limits: { per_hour: 1 }\n"
        self.vigil.install(SETTINGS, {"all.yaml": more})
        self.vigil.start_attached("access_violation").release()
        self.assertEqual(self.vigil.wait_for_ended("access_violation.exe")["dump_kind"], "custom")
        self.vigil.start_attached("access_violation").release()
        rows = self.vigil.wait_for_rows("the second row", lambda rows: len(rows) == 2 and rows[1]["state"] == "skipped")
        self.assertIn("per_hour", rows[1]["reason"])

    def test_the_row_says_what_a_suspend_budget_left_out(self) -> None:
        when = "{ memory: { above: 400MiB, for: 1s } }"
        self.vigil.install(SETTINGS, {"all.yaml": rule("all", "big.exe", when=when, dump="full, suspend: 400ms")})
        big = self.vigil.start("big", value=1024)
        row = self.vigil.wait_for_ended("big.exe", seconds=120)
        self.assertEqual((row["state"], row["dump_kind"]), ("done", "full"), row)
        self.assertRegex(
            row["reason"], r"^rule all: full dump; the suspend budget of 400ms was used up: [0-9.]+ [KMG]iB of [0-9.]+ [MG]iB were read$"
        )
        self.assertTrue(big.is_running())

    def test_a_wrong_mask_is_refused_with_its_place(self) -> None:
        self.vigil.copy_programs()
        file = self.scratch / "a.yaml"
        file.write_text(rule("all", "x.exe", dump="custom, custom: 0x80000002"))
        result = self.vigil.run("rules", "check", self.machine.to_windows(file))
        self.assertIn("a.yaml:7:38: '0x80000002': 0x80000000 is no bit of MINIDUMP_TYPE", result.out + result.err)
        self.assertNotEqual(result.code, 0)
