# SPDX-License-Identifier: Apache-2.0
"""vigil dump: a person asks for a dump of a process that runs."""

from vigil_e2e.case import SETTINGS, VigilTestCase

NOT_FOUND, USAGE, FAILED = 3, 2, 1


class Dump(VigilTestCase):
    def install(self) -> None:
        self.vigil.install(SETTINGS)

    def refuses(self, code: int, words: str, *arguments: str) -> None:
        """One sentence on standard error, nothing on standard output."""
        result = self.vigil.run("dump", *arguments)
        self.assertEqual((result.code, result.out), (code, ""), result.err)
        self.assertIn(words, result.err)
        self.assertEqual(result.err.count("\n"), 1, result.err)

    def test_hands_over_what_the_service_then_analyzes(self) -> None:
        self.install()
        orders = self.vigil.start("threads", name="OrdersApi.exe", value=3)
        result = self.vigil.run("dump", "ordersapi", "--json")
        self.assertEqual(result.json(), {"pid": orders.pid, "handed_over": True, "service_running": True})
        row = self.vigil.wait_for_ended("OrdersApi.exe")
        self.assertEqual((row["state"], row["kind"], row["pid"]), ("done", "manual", orders.pid))
        self.assertEqual(len(self.vigil.report(row)["threads"]), 4)
        self.assertTrue(orders.is_running())

    def test_waits_in_the_inbox_for_a_service_that_is_stopped(self) -> None:
        self.install()
        orders = self.vigil.start("threads", name="OrdersApi.exe", value=1)
        self.vigil.must("service", "stop")
        self.assertIn("takes the dump in when it is started", self.vigil.run("dump", str(orders.pid)).err)
        self.assertEqual(self.vigil.rows(), [])
        self.vigil.must("service", "start")
        self.assertEqual(self.vigil.wait_for_ended("OrdersApi.exe")["state"], "done")

    def test_writes_a_file_that_needs_no_service(self) -> None:
        self.vigil.copy_programs()
        orders = self.vigil.start("threads", name="OrdersApi.exe", value=2)
        for arguments, name in ((["--plain", "--kind", "full"], "full.dmp"), ([], "mini.dmp.zst")):
            target = self.machine.to_windows(self.scratch / name)
            result = self.vigil.run("dump", str(orders.pid), "--output", target, *arguments)
            self.assertEqual((result.code, result.out), (0, target + "\n"), result.err)
            report = self.vigil.run("analyze", target, "--json").json()
            self.assertEqual(report["pid"], orders.pid)
            self.assertEqual(len(report["threads"]), 3)

    def test_refuses_what_cannot_be_dumped(self) -> None:
        self.install()
        first, second = (self.vigil.start("linger", name="Twice.exe", wait_stdin=True) for _ in range(2))
        self.refuses(USAGE, f"2 processes are called twice; name one by its pid: {first.pid}, {second.pid}", "twice")
        self.refuses(NOT_FOUND, "no process is called nobody", "nobody")
        self.refuses(NOT_FOUND, "process 424242: there is none with this id", "424242")
        self.refuses(USAGE, "99999999999 is no process id", "99999999999")
        first.end()
        self.refuses(NOT_FOUND, f"process {first.pid}: ", str(first.pid))

    def test_refuses_a_place_that_will_not_do(self) -> None:
        self.vigil.copy_programs()
        orders = self.vigil.start("linger", name="OrdersApi.exe", wait_stdin=True)
        there = self.scratch / "there.dmp"
        there.write_bytes(b"somebody's")
        self.refuses(FAILED, "there is a file of that name already", str(orders.pid), "-o", self.machine.to_windows(there))
        self.refuses(FAILED, "there is a file of that name already", str(orders.pid), "-o", self.machine.to_windows(self.scratch))
        self.refuses(NOT_FOUND, "cannot create", str(orders.pid), "-o", "C:\\no\\such\\orders.dmp")
        self.refuses(NOT_FOUND, "install the service (vigil service install)", str(orders.pid))
        self.assertEqual(there.read_bytes(), b"somebody's")
