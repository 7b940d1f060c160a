# SPDX-License-Identifier: Apache-2.0
"""Servers that stop answering, as probes see them: each captured once, with what the probe was answered, and left alone otherwise."""

import os
import socket

from vigil_e2e.case import SETTINGS, VigilTestCase, rule
from vigil_e2e.vigil import wait_until


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Hangs(VigilTestCase):
    def expect_one(self, program: str, detail: str) -> dict:
        row = self.vigil.wait_for_ended(program)
        self.assertEqual((row["state"], row["kind"], row["seen_by"]), ("done", "hang", ["sampler"]), row)
        self.assertRegex(row["detail"], detail)
        return self.vigil.report(row)

    def install(self, program: str, hang: str) -> None:
        self.vigil.install(SETTINGS, {"all.yaml": rule("all", program, when=f"{{ hang: {{ {hang}, every: 1s, grace: 0s }} }}")})

    def test_captures_a_server_that_takes_connections_and_answers_nothing(self) -> None:
        port = free_port()
        self.install("stuck_server.exe", f"http: 'http://127.0.0.1:{port}/healthz', timeout: 500ms, failures: 2")
        server = self.vigil.start("stuck_server", value=port)
        report = self.expect_one("stuck_server.exe",
                                 rf"^http://127\.0\.0\.1:{port}/healthz failed 2 times in a row: no answer within 500ms$")
        self.assertTrue(server.is_running())
        self.assertIn("outer_frame", [f.get("function", "") for t in report["threads"] for f in t["frames"]])

    def test_says_in_samples_that_a_hung_thread_did_not_move(self) -> None:
        when = "{ hang: { window: hung, for: 1s } }"
        self.vigil.install(SETTINGS, {"all.yaml": rule("all", "hung_window.exe", when=when, dump="mini, samples: 3, every: 1s")})
        self.vigil.start("hung_window")
        report = self.expect_one("hung_window.exe", r"^a window of it is hung for 1s, .+ now$")
        self.assertEqual(report["samples"]["count"], 3)
        blamed = report["threads"][report["blamed_thread"]]
        self.assertIn("outer_frame", [f.get("function", "") for f in blamed["frames"]])
        self.assertEqual((blamed["movement"]["stack"], blamed["movement"]["samples"]), ("same", 3))
        self.assertRegex(report["synopsis"], "; it did not move in 3 samples$")

    def test_leaves_a_server_that_answers_alone(self) -> None:
        port = free_port()
        self.install("*serve*.exe", f"http: 'http://127.0.0.1:{port}/', failures: 1")
        server = self.vigil.start("serve", value=port)
        wait_until("it to listen", lambda: "listening" in server.output())
        # By the time that another process is captured for the same answers, it would have been too.
        self.vigil.write_rule("other.yaml", rule("other", "linger.exe", when="{ cpu: { below: 50%, for: 4s } }"))
        self.vigil.start("linger")
        self.vigil.wait_for_ended("linger.exe")
        self.assertEqual([row["process"] for row in self.vigil.rows()], ["linger.exe"])

    def test_captures_a_process_whose_port_nobody_serves(self) -> None:
        port = free_port()
        self.install("linger.exe", f"tcp: '127.0.0.1:{port}', failures: 2")
        self.vigil.start("linger")
        self.expect_one("linger.exe", rf"^127\.0\.0\.1:{port} failed 2 times in a row: .+")

    def test_captures_a_process_whose_pipe_is_gone(self) -> None:
        self.install("linger.exe", r"pipe: '\\.\pipe\vigil-test-nobody', failures: 1")
        self.vigil.start("linger")
        self.expect_one("linger.exe", r"^\\\\\.\\pipe\\vigil-test-nobody: it cannot be opened")

    def test_captures_a_process_that_writes_no_heartbeat_any_more(self) -> None:
        file = self.machine.apps() / "alive.txt"
        self.install("linger.exe", f"heartbeat: '{self.machine.to_windows(file)}', older_than: 1m")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("alive")
        self.vigil.start("linger")
        self.vigil.wait_for_log("rule")
        self.assertEqual(self.vigil.rows(), [])
        long_ago = file.stat().st_mtime - 90
        os.utime(file, (long_ago, long_ago))
        self.expect_one("linger.exe", r"^the heartbeat .+alive\.txt: it was written 1m.* ago$")

    def test_captures_a_service_that_does_not_stop_and_only_then(self) -> None:
        self.vigil.install(SETTINGS, {"all.yaml": rule("all", "stuck_service.exe", when="{ hang: { service: pending } }")})
        program = self.vigil.place("stuck_service.exe")
        self.vigil.sc("create", "vigil-test-stuck", "binPath=", f"{program} stuck_service --value 500")
        self.addCleanup(self.vigil.sc, "delete", "vigil-test-stuck")
        self.vigil.sc("start", "vigil-test-stuck")
        # Whoever is captured later was started later; the service is running, and left alone.
        self.vigil.write_rule("other.yaml", rule("other", "linger.exe", when="{ cpu: { below: 50%, for: 2s } }"))
        self.vigil.start("linger")
        self.vigil.wait_for_ended("linger.exe")
        self.assertEqual(self.vigil.rows_of("stuck_service.exe"), [])
        self.vigil.sc("stop", "vigil-test-stuck")
        report = self.expect_one("stuck_service.exe", r"^a service of it is pending past its wait hint for 0s, .+ now$")
        self.assertIn("outer_frame", [f.get("function", "") for t in report["threads"] for f in t["frames"]])

    def test_captures_a_window_that_does_not_respond_and_no_other(self) -> None:
        self.vigil.install(SETTINGS, {"all.yaml": rule("all", "*window.exe", when="{ hang: { window: hung, for: 1s } }")})
        served, hung = self.vigil.start("window"), self.vigil.start("hung_window")
        report = self.expect_one("hung_window.exe", r"^a window of it is hung for 1s, .+ now$")
        self.assertIn("outer_frame", [f.get("function", "") for t in report["threads"] for f in t["frames"]])
        self.assertEqual([row["process"] for row in self.vigil.rows()], ["hung_window.exe"])
        self.assertTrue(served.is_running() and hung.is_running())

    def test_lets_the_window_helper_go_when_no_rule_asks_any_more(self) -> None:
        self.vigil.install(SETTINGS, {"all.yaml": rule("all", "*window.exe", when="{ hang: { window: hung } }")})
        self.vigil.wait_for_log("looks for hung windows in session")
        wait_until("service and helper to run", lambda: len(self.machine.unix_pids("vigil-service.exe")) == 2)
        self.vigil.write_rule("all.yaml", rule("all", "*window.exe"))
        wait_until("the helper to end", lambda: len(self.machine.unix_pids("vigil-service.exe")) == 1)

    def test_captures_a_process_that_makes_no_progress_and_no_other(self) -> None:
        when = "{ hang: { progress: none, for: 10s } }"
        self.vigil.install(SETTINGS, {"all.yaml": rule("all", "steady-*.exe", when=when)})
        self.vigil.start("spin", name="steady-spin.exe")
        self.vigil.start("linger", name="steady-linger.exe")
        self.expect_one("steady-linger.exe", r"^no CPU time, I/O or context switch for 10s$")
        self.assertEqual([row["process"] for row in self.vigil.rows()], ["steady-linger.exe"])

    def test_says_that_deadlocks_cannot_be_seen_where_the_system_has_no_wait_chains(self) -> None:
        self.require_wine("Windows has them")
        self.vigil.install(SETTINGS, {"all.yaml": rule("all", "linger.exe", when="{ hang: { deadlock: true } }")})
        self.vigil.start("linger")
        self.vigil.wait_for_log("this system has no wait chains; rules that ask for deadlocks see none")
