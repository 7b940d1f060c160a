# SPDX-License-Identifier: Apache-2.0
"""What processes do while they live: processor time, memory, handles and threads, each captured once with its reason."""

import os
import pathlib
import signal

from vigil_e2e.case import SETTINGS, VigilTestCase, rule


def further_rule(name: str, process: str, *, when: str, dump: str) -> str:
    """A rule behind that of a file which rule() has made."""
    whole = rule(name, process, when=when, dump=dump)
    return whole[whole.index("  - name"):]


class Thresholds(VigilTestCase):
    def capture(self, way: str, when: str, kind: str, detail: str, value: int | None = None) -> dict:
        """The one row of a program that meets `when`, while it lives on."""
        program = f"{way}.exe"
        self.vigil.install(SETTINGS, {"all.yaml": rule("all", program, when=when)})
        crasher = self.vigil.start(way, value=value)
        row = self.vigil.wait_for_ended(program)
        self.assertEqual(row["state"], "done", row)
        self.assertEqual((row["kind"], row["rule"], row["seen_by"]), (kind, "all", ["sampler"]))
        self.assertRegex(row["detail"], detail)
        self.assertEqual(row["pid"], crasher.pid)
        self.assertTrue(crasher.is_running(), "it must live on")
        report = self.vigil.report(row)
        self.assertEqual(report["pid"], crasher.pid)
        record = report["circumstances"]["flight_recorder"]
        self.assertGreater(len(record["ms_before"]), 2)
        self.assertEqual(record["ms_before"], sorted(record["ms_before"], reverse=True))
        self.assertGreater(record["private_kib"][-1], 0)
        return report

    def test_captures_a_thread_that_spins_on_one_core(self) -> None:
        report = self.capture("spin", "{ cpu: { above: 20%, of: core, for: 1s } }", "cpu",
                              r"^CPU above 20% of a core for 1s, [0-9.]+% now$")
        names = [frame.get("function", "") for thread in report["threads"] for frame in thread["frames"]]
        self.assertIn("inner_spin_worker", names)
        circumstances = report["circumstances"]
        self.assertGreater(circumstances["flight_recorder"]["cpu_ppm"][-1], 200_000)
        self.assertEqual(circumstances["busiest_processes"][0]["process_name"], "spin.exe")
        self.assertIn(circumstances["busiest_threads"][0]["thread_id"], [thread["thread_id"] for thread in report["threads"]])

    def test_captures_a_process_that_takes_the_machine(self) -> None:
        self.capture("spin", "{ cpu: { above: 20%, for: 1s } }", "cpu",
                     r"^CPU above 20% of the machine for 1s, [0-9.]+% now$", value=4)

    def test_captures_a_process_that_does_nothing(self) -> None:
        self.capture("linger", "{ cpu: { below: 5%, of: core, for: 2s } }", "cpu",
                     r"^CPU below 5% of a core for 2s, [0-9.]+% now$")

    def test_says_in_samples_which_thread_moved(self) -> None:
        when = "{ cpu: { above: 10%, of: core, for: 1s } }"
        self.vigil.install(SETTINGS, {"all.yaml": rule("all", "spin.exe", when=when, dump="mini, samples: 3, every: 2s")})
        crasher = self.vigil.start("spin")
        row = self.vigil.wait_for_ended("spin.exe")
        self.assertEqual(row["state"], "done", row)
        self.assertEqual(len(self.vigil.rows()), 1)
        self.assertTrue(crasher.is_running(), "it must live on")
        report = self.vigil.report(row)
        samples = report["samples"]
        self.assertEqual(samples["count"], 3)
        self.assertGreaterEqual(samples["span_ms"], 3000)
        spins, = [t for t in report["threads"] if any(f.get("function") == "inner_spin_worker" for f in t["frames"])]
        self.assertIn(spins["movement"]["stack"], ("ran", "innermost", "changed"))
        self.assertEqual(spins["movement"]["samples"], 3)
        self.assertGreater(spins["movement"]["cpu_ms"], 400)
        self.assertEqual(report["threads"][report["blamed_thread"]], spins)
        self.assertRegex(report["blame_reason"], r"^it used [0-9.]+ s of CPU time while 3 samples were taken$")
        self.assertRegex(report["synopsis"], "; it (ran|moved).* in 3 samples$")
        main = [t for t in report["threads"] if any(f.get("function") == "outer_frame" for f in t["frames"])]
        self.assertEqual([t["movement"]["stack"] for t in main], ["same"])
        self.assertRegex(self.vigil.must("show", "last").out, r"Samples +3 samples over [0-9.]+s: [0-9]+ of [0-9]+ threads did not move")
        names = sorted(path.name for path in self.vigil.data.glob("dumps/*/*/*"))
        stem = f"{row['id']}-spin.exe-{row['pid']}"
        self.assertEqual(names, [f"{stem}-2.dmp.zst", f"{stem}-3.dmp.zst", f"{stem}.dmp.zst"])

    def test_keeps_the_samples_that_there_are_when_the_process_ends(self) -> None:
        when = "{ cpu: { above: 10%, of: core, for: 1s } }"
        self.vigil.install(SETTINGS, {"all.yaml": rule("all", "spin.exe", when=when, dump="mini, samples: 5, every: 4s")})
        crasher = self.vigil.start("spin")
        self.vigil.wait_for_log("captured dumps")
        crasher.release()
        row = self.vigil.wait_for_ended("spin.exe")
        self.assertEqual(row["state"], "done", row)
        self.assertRegex(row["reason"], r"^rule all: mini dump; [12] of 5 samples: .+")

    def test_captures_growing_memory(self) -> None:
        self.capture("grow", "{ memory: { growth: 20MiB, within: 1m } }", "memory",
                     r"^private memory grown by 20MiB within 1m, [0-9.]+ MiB now$")

    def test_captures_large_memory(self) -> None:
        self.capture("big", "{ memory: { above: 50MiB, for: 1s } }", "memory",
                     r"^private memory above 50MiB for 1s, [0-9.]+ MiB now$", value=64)

    def test_captures_leaked_handles(self) -> None:
        self.capture("handles", "{ handles: { above: 1500, for: 1s } }", "handles",
                     r"^handles above 1500 for 1s, [0-9]+ now$", value=2000)

    def test_captures_leaked_threads(self) -> None:
        report = self.capture("threads", "{ threads: { above: 30, for: 1s } }", "threads",
                              r"^threads above 30 for 1s, [0-9]+ now$", value=40)
        self.assertGreater(len(report["threads"]), 40)

    # Wine 8 takes the bits of its whole numbers for those of a double, so that every counter is nearly nothing there.
    def test_captures_by_a_performance_counter_of_the_machine(self) -> None:
        when = r"{ counter: { path: '\System\System Up Time', below: 1000000000000, for: 1s } }"
        self.capture("linger", when, "counter", r"^\\System\\System Up Time below 1000000000000 for 1s, [0-9.]+ now$")

    def test_leaves_alone_what_a_counter_does_not_reach_and_says_which_is_not_there(self) -> None:
        far = r"{ counter: { path: '\System\System Up Time', above: 1000000000000, for: 1s } }"
        no_such = r"{ counter: { path: '\Orders({process})\Queue', above: 1, for: 1s } }"
        when = "{ any: [" + far + ", " + no_such + ", { threads: { above: 30, for: 3s } }] }"
        self.vigil.install(SETTINGS, {"all.yaml": rule("all", "threads.exe", when=when)})
        self.vigil.start("threads", value=40)
        row = self.vigil.wait_for_ended("threads.exe")
        self.assertEqual((row["kind"], len(self.vigil.rows())), ("threads", 1), row)
        self.assertRegex(row["detail"], r"^threads above 30 for 3s, [0-9]+ now$")
        self.vigil.wait_for_log(r"performance counter \Orders({process})\Queue: ")

    def end_counter_reader(self) -> None:
        for pid in self.machine.unix_pids("vigil-service.exe"):
            if b"--counters" in pathlib.Path(f"/proc/{pid}/cmdline").read_bytes():
                os.kill(pid, signal.SIGKILL)

    def test_reads_counters_again_when_the_child_that_does_so_has_ended(self) -> None:
        self.require_wine("a child of the service is ended from outside")
        when = r"{ counter: { path: '\System\System Up Time', below: 1000000000000, for: 1s } }"
        self.vigil.install(SETTINGS, {"all.yaml": rule("all", "linger*.exe", when=when)})
        self.vigil.start("linger", "linger1.exe")
        self.vigil.wait_for_ended("linger1.exe")
        self.end_counter_reader()
        self.vigil.wait_for_log("performance counters are not read: the child that reads them has ended; the next attempt is in 5 s")
        before = len(self.vigil.log())
        self.vigil.start("linger", "linger2.exe")
        self.vigil.wait_for_log("reads performance counters", after=before)
        self.vigil.wait_for_ended("linger2.exe")

    def test_captures_what_a_cooldown_held_back_when_it_is_over(self) -> None:
        when = "{ threads: { above: 30, for: 1s } }"
        self.vigil.install(SETTINGS, {"all.yaml": rule("all", "*threads.exe", when=when, more="limits: { cooldown: 5s }")})
        self.vigil.start("threads", "athreads.exe", value=40)
        self.vigil.wait_for_ended("athreads.exe")
        self.vigil.start("threads", "bthreads.exe", value=40)
        rows = self.vigil.wait_for_rows("both", lambda rows: [row["state"] for row in rows].count("done") == 2)
        held_back = [row["reason"] for row in rows if row["state"] == "skipped"]
        self.assertEqual([row["process"] for row in rows if row["state"] == "done"], ["athreads.exe", "bthreads.exe"])
        self.assertEqual(len(held_back), 1)
        self.assertRegex(held_back[0], "^rule all: cooldown of 5s has .* left$")

    def test_captures_once_and_leaves_those_below_alone(self) -> None:
        when = "{ any: [{ threads: { above: 30, for: 1s } }, { handles: { above: 100000, for: 1s } }] }"
        self.vigil.install(SETTINGS, {"all.yaml": rule("all", "*threads.exe", when=when)})
        self.vigil.start("threads", "fewthreads.exe", value=5)
        many = self.vigil.start("threads", "manythreads.exe", value=40)
        self.vigil.wait_for_ended("manythreads.exe")
        # By the time another process has met it too, a second row of the first would be there.
        self.vigil.start("threads", "morethreads.exe", value=40)
        self.vigil.wait_for_ended("morethreads.exe")
        self.assertEqual([row["process"] for row in self.vigil.rows()], ["manythreads.exe", "morethreads.exe"])
        self.assertTrue(many.is_running())

    def test_keeps_what_a_process_did_before_it_ended_without_a_dump(self) -> None:
        rules = rule("hot", "spin.exe", when="{ cpu: { above: 20%, of: core, for: 1s } }", dump="none") + further_rule(
            "ends", "spin.exe", when="{ exit: { codes: 0 } }", dump="none")
        self.vigil.install(SETTINGS, {"all.yaml": rules})
        crasher = self.vigil.start("spin")
        self.vigil.wait_for_ended("spin.exe")
        crasher.release()
        rows = self.vigil.wait_for_rows("its end", lambda rows: len(rows) == 2)
        for row in rows:
            shown = self.vigil.must("show", str(row["id"]), "--json").json()
            self.assertGreater(shown["circumstances"]["flight_recorder"]["cpu_ppm"][-1], 200_000, row)
        self.assertIn("CPU, a core", self.vigil.must("show", "last").out)

    def test_tells_a_crash_that_comes_later_from_it(self) -> None:
        rules = rule("hot", "spin.exe", when="{ cpu: { above: 20%, of: core, for: 1s } }") + further_rule(
            "ends", "spin.exe", when="{ exit: { codes: 0 } }", dump="none")
        self.vigil.install(SETTINGS, {"all.yaml": rules})
        crasher = self.vigil.start("spin")
        self.vigil.wait_for_ended("spin.exe")
        crasher.release()
        rows = self.vigil.wait_for_rows("its end", lambda rows: len(rows) == 2)
        self.assertEqual([row["kind"] for row in rows], ["cpu", "exit"])

    def test_asks_for_an_end_and_a_threshold_together(self) -> None:
        large_exit = "{ all: [{ exit: { codes: 0 } }, { memory: { above: 50MiB, for: 1s } }] }"
        rules = rule("large", "*.exe", when=large_exit, dump="none") + further_rule(
            "seen", "large.exe", when="{ memory: { above: 50MiB, for: 1s } }", dump="none")
        self.vigil.install(SETTINGS, {"all.yaml": rules})
        self.vigil.start("linger", "small.exe").release()
        large = self.vigil.start("big", "large.exe", value=64)
        self.vigil.wait_for_rows("the memory to be seen", lambda rows: len(rows) == 1)
        large.release()
        rows = self.vigil.wait_for_rows("its end", lambda rows: len(rows) == 2)
        self.assertEqual([(row["process"], row["rule"]) for row in rows], [("large.exe", "seen"), ("large.exe", "large")])
