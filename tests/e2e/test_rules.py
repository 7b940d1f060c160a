# SPDX-License-Identifier: Apache-2.0
"""Rule files while the service runs: a change is taken over, a broken file is refused, limits hold."""

from vigil_e2e.case import SETTINGS, VigilTestCase, attach_rule, rule
from vigil_e2e.vigil import ENDED

BROKEN = "schema: 1\nowner: tests\nrules:\n  - name: broken\n    mach: { process: other.exe }\n    when: crash\n"


class Reload(VigilTestCase):
    def test_takes_over_a_new_file(self) -> None:
        self.vigil.install(SETTINGS)
        self.vigil.write_rule("new.yaml", attach_rule("new", "access_violation.exe"))
        self.vigil.start_attached("access_violation").release()
        self.assertEqual(self.vigil.wait_for_ended("access_violation.exe")["rule"], "new")

    def test_takes_over_a_changed_file(self) -> None:
        self.vigil.install(SETTINGS, {"all.yaml": attach_rule("before", "access_violation.exe")})
        self.vigil.start_attached("access_violation").release()
        self.vigil.wait_for_ended("access_violation.exe")
        self.vigil.write_rule("all.yaml", attach_rule("after", "divide.exe"))
        self.vigil.start_attached("divide").release()
        self.assertEqual(self.vigil.wait_for_ended("divide.exe")["rule"], "after")

    def test_keeps_the_last_good_rules_when_a_file_breaks(self) -> None:
        self.vigil.install(SETTINGS, {"all.yaml": attach_rule("good", "access_violation.exe")})
        self.vigil.write_rule("all.yaml", BROKEN)
        self.vigil.wait_for_log("all.yaml:5:5: unknown key 'mach'; did you mean 'match'?")
        self.vigil.start_attached("access_violation").release()
        self.assertEqual(self.vigil.wait_for_ended("access_violation.exe")["rule"], "good")
        self.vigil.must("service", "stop")
        before = len(self.vigil.log())
        self.vigil.must("service", "start")
        self.vigil.wait_for_log("1 rule of 1 file in force", after=before)
        self.vigil.start_attached("access_violation").release()
        rows = self.vigil.wait_for_rows("another row", lambda rows: len(rows) == 2 and rows[1]["state"] == "done")
        self.assertEqual(rows[1]["rule"], "good")


class Limits(VigilTestCase):
    def test_refuses_more_dumps_than_a_rule_allows_in_an_hour_and_says_so(self) -> None:
        more = attach_rule("few", "access_violation.exe") + "    limits: { per_hour: 1 }\n"
        self.vigil.install(SETTINGS, {"all.yaml": more})
        self.vigil.start_attached("access_violation").release()
        self.assertEqual(self.vigil.wait_for_ended("access_violation.exe")["state"], "done")
        self.vigil.start_attached("access_violation").release()
        rows = self.vigil.wait_for_rows("the second row", lambda rows: len(rows) == 2 and rows[1]["state"] == "skipped")
        self.assertIn("per_hour", rows[1]["reason"])
        self.assertNotIn("dump_file", rows[1])


class Switches(VigilTestCase):
    def test_a_disabled_rule_is_not_asked_until_it_is_enabled(self) -> None:
        rules = {"all.yaml": attach_rule("off", "access_violation.exe"), "z.yaml": attach_rule("behind", "access_violation.exe")}
        self.vigil.install(SETTINGS, rules)
        self.vigil.must("rules", "disable", "off")
        self.vigil.wait_for_log("1 rule of 2 files in force")
        self.vigil.start_attached("access_violation").release()
        self.assertEqual(self.vigil.wait_for_ended("access_violation.exe")["rule"], "behind")
        states = {rule["name"]: rule["state"] for rule in self.vigil.must("rules", "list", "--json").json()["rules"]}
        self.assertEqual((states["off"], states["behind"]), ("disabled", "running"))

    def test_explains_a_running_process(self) -> None:
        self.vigil.install(SETTINGS, {"all.yaml": attach_rule("all", "linger.exe")})
        process = self.vigil.start_attached("linger")
        said = self.vigil.must("rules", "explain", "--pid", str(process.pid)).out
        self.assertIn(f"linger.exe (pid {process.pid}): crash", said)
        self.assertIn("→ rule all: mini dump", said)
        service = self.vigil.must("rules", "explain", "--process", "vigil-service.exe").out
        self.assertIn("one of Vigil's own programs", service)


class Users(VigilTestCase):
    def test_a_rule_is_about_the_processes_of_whom_it_names(self) -> None:
        def of(name: str, user: str) -> str:
            return attach_rule(name, "access_violation.exe").replace("match: { ", f"match: {{ user: '{user}', ")

        self.vigil.install(SETTINGS, {"a.yaml": of("somebody-else", "S-1-5-21-1-2-3-*"), "b.yaml": of("own", "S-1-5-21-*")})
        process = self.vigil.start_attached("access_violation")
        said = self.vigil.must("rules", "explain", "--pid", str(process.pid)).out
        self.assertRegex(said, r"user .+S-1-5-21-1-2-3-\*")
        process.release()
        self.assertEqual(self.vigil.wait_for_ended("access_violation.exe")["rule"], "own")


class Access(VigilTestCase):
    def test_refuses_a_file_that_anybody_may_write_and_names_who(self) -> None:
        self.require_wine("its files are this user's, and their modes are access lists")
        self.vigil.install(SETTINGS, {"all.yaml": attach_rule("good", "access_violation.exe")})
        file = self.vigil.write_rule("loose.yaml", attach_rule("loose", "divide.exe"))
        self.vigil.wait_for_log("2 rules of 2 files in force")
        file.chmod(0o666)
        self.vigil.write_rule("touch.yaml", attach_rule("touch", "other.exe"))
        self.vigil.wait_for_log("loose.yaml: Everyone may write it: let nobody but SYSTEM and Administrators")
        listed = self.vigil.run("rules", "list")
        self.assertEqual(listed.code, 4)
        self.assertIn("invalid: rules.d/loose.yaml: Everyone may write it", listed.err)


    def test_checks_a_file_of_the_service_as_the_service_does(self) -> None:
        self.require_wine("its files are this user's, and their modes are access lists")
        self.vigil.install(SETTINGS, {"all.yaml": attach_rule("good", "access_violation.exe")})
        file = self.vigil.write_rule("loose.yaml", attach_rule("loose", "divide.exe"))
        file.chmod(0o666)
        elsewhere = self.scratch / "loose.yaml"
        elsewhere.write_bytes(file.read_bytes())
        elsewhere.chmod(0o666)
        for arguments in (("check",), ("check", self.machine.to_windows(file)), ("test",), ("test", self.machine.to_windows(file))):
            said = self.vigil.run("rules", *arguments)
            self.assertEqual(said.code, 2, said.out + said.err)
            self.assertIn("Everyone may write it", said.err)
        self.vigil.must("rules", "check", self.machine.to_windows(elsewhere))

    def test_switches_nothing_in_a_file_that_anybody_may_write(self) -> None:
        self.require_wine("its files are this user's, and their modes are access lists")
        self.vigil.install(SETTINGS, {"all.yaml": attach_rule("good", "access_violation.exe")})
        file = self.vigil.write_rule(".disabled", "good\n")
        file.chmod(0o666)
        said = self.vigil.run("rules", "disable", "good")
        self.assertNotEqual(said.code, 0)
        self.assertIn("Everyone may write it", said.err)
        self.assertIn("the service obeys nothing that it says", said.err)
        self.assertEqual(file.read_text(encoding="utf-8"), "good\n")


class Exceptions(VigilTestCase):
    """Exceptions that the program handles: only who is attached sees them."""

    def test_captures_one_that_is_handled_and_lets_the_program_go_on(self) -> None:
        when = "{ exception: { codes: [0xe0001234] } }"
        rules = {"all.yaml": rule("all", "first_chance.exe", when=when, dump="mini, attach: true", more="limits: { lifetime: 1 }")}
        self.vigil.install(SETTINGS, rules)
        program = self.vigil.start("first_chance", value=0xE0001234)
        rows = self.vigil.wait_for_rows(
            "a dump and a refusal", lambda rows: len(rows) >= 2 and rows[0]["state"] == "done" and rows[1]["state"] == "skipped"
        )
        self.assertEqual((rows[0]["kind"], rows[0]["exception_code"]), ("exception", "0xe0001234"))
        self.assertIn("was raised", rows[0]["detail"])
        self.assertEqual(rows[1]["reason"], "rule all: lifetime limit of 1 reached")
        self.assertTrue(program.is_running())
        frames = [f.get("function", "") for t in self.vigil.report(rows[0])["threads"] for f in t["frames"]]
        self.assertIn("outer_frame", frames)
        self.assertIn("exception 0xe0001234", self.vigil.must("list").out)
        self.assertRegex(self.vigil.report(rows[0])["synopsis"], "^first_chance.exe raised 0xe0001234 .*before anybody could handle it$")

    def test_a_rule_that_comes_later_reaches_who_is_attached(self) -> None:
        self.vigil.install(SETTINGS, {"all.yaml": rule("all", "first_chance.exe", when="crash", dump="mini, attach: true")})
        self.vigil.start("first_chance", value=0xE0001234)
        self.vigil.wait_for_log("attached to first_chance.exe")
        when = "{ exception: { codes: [0xe0001234] } }"
        self.vigil.write_rule("new.yaml", rule("new", "first_chance.exe", when=when, dump="mini, attach: true", more="limits: { lifetime: 1 }"))
        rows = self.vigil.wait_for_rows("a dump", lambda rows: any(row["state"] == "done" for row in rows))
        self.assertEqual((rows[0]["rule"], rows[0]["kind"]), ("new", "exception"))
        self.assertIn("rules ask for other things of first_chance.exe", self.vigil.log())

    def test_leaves_others_alone(self) -> None:
        when = "{ exception: { codes: [0xe0005678] } }"
        self.vigil.install(SETTINGS, {"all.yaml": rule("all", "first_chance.exe", when=when, dump="mini, attach: true")})
        self.vigil.start("first_chance", value=0xE0001234)
        self.vigil.start("first_chance", value=0xE0005678)
        rows = self.vigil.wait_for_rows("a dump", lambda rows: any(row["state"] == "done" for row in rows))
        self.assertEqual({row["exception_code"] for row in rows}, {"0xe0005678"})

    def captured(self, way: str, when: str) -> dict:
        """The first row of a program that lives on, done; the rule takes one dump."""
        rules = {"all.yaml": rule("all", f"{way}.exe", when=when, dump="mini, attach: true", more="limits: { lifetime: 1 }")}
        self.vigil.install(SETTINGS, rules)
        program = self.vigil.start(way)
        rows = self.vigil.wait_for_rows("a dump", lambda rows: any(row["state"] == "done" for row in rows))
        self.assertTrue(program.is_running())
        return rows[0]

    def test_captures_one_by_the_type_that_is_thrown(self) -> None:
        row = self.captured("msvc_exception", "{ exception: { text: 'orders::*' } }")
        self.assertEqual((row["kind"], row["exception_code"]), ("exception", "0xe06d7363"))
        self.assertRegex(row["detail"], r"^exception \S+ was raised: orders::timeout_error")

    def test_captures_a_line_that_is_said_to_a_debugger(self) -> None:
        row = self.captured("debug_text", "{ exception: { codes: [0x40010006, 0x4001000a], text: '*timeout*' } }")
        self.assertEqual(row["kind"], "exception")
        # Windows makes narrow events of wide lines for who does not ask for wide ones.
        self.assertIn(row["exception_code"], ("0x40010006", "0x4001000a"))
        self.assertRegex(row["detail"], r"was raised: orders: timeout of the bank")
        self.assertEqual([other for other in self.vigil.rows() if "nothing to see" in other["detail"]], [])

    def test_captures_who_loads_a_module(self) -> None:
        row = self.captured("load_module", "{ module: { loaded: 'avi*.dll' } }")
        self.assertEqual(row["kind"], "module")
        self.assertRegex(row["detail"], r"^loaded [A-Z]:\\.*\\avifil32\.dll")
        self.assertRegex(row["synopsis"], r"^load_module\.exe loaded a module that a rule names, in .*, called from load_module\.exe")
        frames = [f.get("module", "") for t in self.vigil.report(row)["threads"] for f in t["frames"]]
        self.assertTrue(any("load_module" in name for name in frames), frames)
        self.assertIn("avifil32.dll", self.vigil.must("list").out.lower())


class Threads(VigilTestCase):
    """Threads that end or start in a process that lives on: only who is attached sees them."""

    def install(self, process: str, when: str) -> None:
        rules = {"all.yaml": rule("all", process, when=when, dump="mini, attach: true"), "marker.yaml": attach_rule("marker", "marker.exe")}
        self.vigil.install(SETTINGS, rules)

    def rows_of_it(self) -> list[dict]:
        """All that a program left which has ended: whatever was seen of it came before the row of the next one."""
        self.vigil.start_attached("access_violation", name="marker.exe").release()
        self.vigil.wait_for_ended("marker.exe")
        rows = self.vigil.wait_for_rows("all to be done", lambda rows: all(row["state"] in ENDED for row in rows))
        return [row for row in rows if row["process"] != "marker.exe"]

    def rows_after(self, way: str, when: str, value: int | None = None) -> list[dict]:
        self.install(f"{way}.exe", when)
        program = self.vigil.start_attached(way, value=value)
        program.release()
        program.wait()
        return self.rows_of_it()

    def test_captures_one_that_ends_with_a_code_and_not_those_of_an_exit(self) -> None:
        (row,) = self.rows_after("thread_end", "{ thread: { ended: [7] } }", value=7)
        self.assertEqual((row["kind"], row["state"], row["exit_code"], row["rule"]), ("thread-end", "done", 7, "all"))
        self.assertRegex(row["detail"], r"^thread \d+ ended with code 7$")
        self.assertRegex(row["synopsis"], r"^thread \d+ of thread_end\.exe ended with code 7.*; the process lived on$")
        report = self.vigil.report(row)
        self.assertEqual((report["status"], report["crash_info"]["type"]), ("ok", "THREAD_ENDED (7)"))
        self.assertIn("thread ended with 7", self.vigil.must("list").out)

    def test_tells_the_ends_of_an_exit_without_its_trap(self) -> None:
        self.vigil.copy_programs()
        program = self.vigil.start("thread_end", value=7, wait_debugger=30)
        said = self.vigil.debug(program.pid, "--no-exit-trap", "--thread-end", "7")
        self.assertEqual([line["type"] for line in said], ["attached", "asking", "handed", "exited"])
        self.assertEqual((said[1]["signal"]["kind"], said[1]["signal"]["exit_code"]), ("thread-end", 7))
        self.assertEqual(said[3]["exit_code"], 7)

    def test_captures_no_end_with_another_code(self) -> None:
        self.assertEqual(self.rows_after("thread_end", "{ thread: { ended: [6, 9] } }", value=7), [])

    def test_captures_none_of_a_process_that_somebody_ends(self) -> None:
        self.install("threads.exe", "{ thread: { ended: [0, 1] } }")  # Windows' taskkill gives 1, Wine's 0
        program = self.vigil.start("threads", value=4)
        self.vigil.wait_for_log(f"attached to threads.exe ({program.pid})")
        self.vigil.end_task(program.pid)
        program.wait()
        self.assertEqual(self.rows_of_it(), [])

    def test_captures_one_that_starts_in_a_module(self) -> None:
        (row,) = self.rows_after("thread_start", "{ thread: { started_in: 'avi*.dll' } }")
        self.assertEqual((row["kind"], row["state"]), ("thread-start", "done"))
        self.assertRegex(row["detail"], r"^thread \d+ started in [A-Z]:\\.*\\avifil32\.dll")
        self.assertRegex(row["synopsis"], r"^thread \d+ of thread_start\.exe started at avifil32\.dll\+0x[0-9a-f]+, in a module that")
