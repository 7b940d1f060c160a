# SPDX-License-Identifier: Apache-2.0
"""Rule files while the service runs: a change is taken over, a broken file is refused, limits hold."""

from vigil_e2e.case import SETTINGS, VigilTestCase, attach_rule

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
