# SPDX-License-Identifier: Apache-2.0
"""The LocalDumps keys of Windows Error Reporting: in step with the rules, and afterwards as they were."""

from vigil_e2e.case import SETTINGS, VigilTestCase, rule
from vigil_e2e.vigil import wait_until

KEY = r"HKLM\SOFTWARE\Microsoft\Windows\Windows Error Reporting\LocalDumps"
KEY32 = r"HKLM\SOFTWARE\WOW6432Node\Microsoft\Windows\Windows Error Reporting\LocalDumps"


class LocalDumps(VigilTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.require_wine("a real machine keeps its own settings")

    def test_follow_the_rules_and_go_back_to_what_they_were(self) -> None:
        self.vigil.reg("add", rf"{KEY}\billing.exe", "/v", "DumpFolder", "/t", "REG_EXPAND_SZ", "/d", r"%TEMP%\theirs", "/f")
        self.vigil.install(SETTINGS, {"all.yaml": rule("all", "*.exe"), "b.yaml": rule("b", "billing.exe", dump="full")})
        inbox = self.machine.to_windows(self.vigil.data / "inbox")
        for key in (KEY, KEY32, rf"{KEY}\billing.exe"):
            self.assertEqual(self.vigil.dump_folder_of(key).lower(), inbox.lower(), key)
        self.assertIn("0x21964", self.vigil.reg("query", KEY))
        self.assertIn("0x2\n", self.vigil.reg("query", rf"{KEY}\billing.exe").replace("\r", ""))
        self.vigil.write_rule("b.yaml", rule("b", "orders.exe"))
        wait_until("the rules to be loaded", lambda: self.vigil.dump_folder_of(rf"{KEY}\orders.exe"))
        wait_until("the other to be put back", lambda: self.vigil.dump_folder_of(rf"{KEY}\billing.exe") == r"%TEMP%\theirs")
        self.assertIn("of crashes (WER LocalDumps)", self.vigil.must("status").out)
        self.vigil.must("service", "uninstall")
        self.assertEqual(self.vigil.dump_folder_of(KEY), "")
        self.assertEqual(self.vigil.dump_folder_of(rf"{KEY}\orders.exe"), "")
        self.assertEqual(self.vigil.dump_folder_of(rf"{KEY}\billing.exe"), r"%TEMP%\theirs")
        self.assertEqual(self.vigil.reg("query", r"HKLM\SOFTWARE\Vigil\LocalDumpsBefore"), "")
