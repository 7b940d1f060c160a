# SPDX-License-Identifier: Apache-2.0
"""The service under the service manager, at a console, and out of its installer."""

import pathlib
import shutil
import subprocess
import time

from vigil_e2e.case import SETTINGS, TOP, VigilTestCase, attach_rule
from vigil_e2e.vigil import STARTED, wait_until

OK, FAILED, SERVICE_NOT_RUNNING = 0, 1, 5
STOP_LIMIT_S = 5.0


class ServiceCycle(VigilTestCase):
    def test_installs_starts_stops_and_uninstalls(self) -> None:
        self.vigil.copy_programs()
        self.assertEqual(self.vigil.run("service", "install").code, OK)
        self.assertEqual(self.vigil.run("status").code, OK)
        for _ in range(3):
            started = time.monotonic()
            self.assertEqual(self.vigil.run("service", "stop").code, OK)
            self.assertLess(time.monotonic() - started, STOP_LIMIT_S)
            self.assertEqual(self.vigil.run("status").code, SERVICE_NOT_RUNNING)
            self.assertEqual(self.vigil.run("service", "start").code, OK)
            self.assertEqual(self.vigil.run("status").code, OK)
        self.assertEqual(self.vigil.run("service", "uninstall").code, OK)
        self.assertEqual(self.vigil.run("service", "start").code, SERVICE_NOT_RUNNING)

    def test_makes_its_folders_and_a_settings_file_with_every_default(self) -> None:
        self.vigil.install()
        for name in ("inbox", "rules.d", "dumps", "logs"):
            self.assertTrue((self.vigil.data / name).is_dir(), name)
        settings = (self.vigil.data / "vigil.yaml").read_text(encoding="utf-8")
        self.assertIn("poll_interval", settings)

    def test_brings_default_rules_once(self) -> None:
        self.vigil.install()
        rules = self.vigil.data / "rules.d" / "10-default.yaml"
        shipped = (TOP / "config" / "rules.d" / "10-default.yaml").read_text(encoding="utf-8")
        self.assertEqual(rules.read_text(encoding="utf-8"), shipped)
        rules.unlink()
        self.vigil.must("service", "stop")
        before = len(self.vigil.log())
        self.vigil.must("service", "start")
        self.vigil.wait_for_log(STARTED, after=before)
        self.assertFalse(rules.exists(), "an administrator has removed them")

    def test_stops_in_time_while_a_dumper_is_attached(self) -> None:
        self.vigil.install(SETTINGS, {"linger.yaml": attach_rule("linger", "linger.exe")})
        lingerer = self.vigil.start_attached("linger")
        started = time.monotonic()
        self.assertEqual(self.vigil.run("service", "stop").code, OK)
        self.assertLess(time.monotonic() - started, STOP_LIMIT_S)
        self.assertTrue(lingerer.is_running(), "the dumper must leave its process alone")
        lingerer.release()
        self.assertEqual(lingerer.wait(), 0)

    def test_runs_the_same_at_a_console(self) -> None:
        self.vigil.copy_programs()
        self.vigil.write_settings(SETTINGS)
        self.vigil.write_rule("all.yaml", attach_rule("all", "access_violation.exe"))
        program = self.machine.to_windows(self.vigil.folder / "vigil-service.exe")
        console = subprocess.Popen(
            self.machine.command(program, "--console"),
            env=self.machine.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self.addCleanup(console.wait)
        self.addCleanup(self.machine.kill, "vigil-service.exe")
        self.vigil.wait_for_log(STARTED)
        crasher = self.vigil.start_attached("access_violation")
        crasher.release()
        self.assertEqual(self.vigil.wait_for_ended("access_violation.exe")["state"], "done")

    def test_refuses_a_second_service_on_the_same_folder(self) -> None:
        self.vigil.install()
        second = self.vigil.run("--console", program="vigil-service.exe")
        self.assertEqual(second.code, FAILED)
        self.assertIn("another vigil-service uses", second.err)

    def test_does_not_start_with_settings_it_cannot_read(self) -> None:
        self.vigil.copy_programs()
        self.vigil.write_settings("watch:\n  poll_intervall: 200ms\n")
        result = self.vigil.run("service", "install")
        self.assertNotEqual(result.code, OK)
        console = self.vigil.run("--console", program="vigil-service.exe")
        self.assertNotEqual(console.code, OK)
        self.assertIn("vigil.yaml:2:3: unknown key 'poll_intervall'; did you mean 'poll_interval'?", console.err)
        self.vigil.write_settings("watch: [unclosed\n")
        console = self.vigil.run("--console", program="vigil-service.exe")
        self.assertNotEqual(console.code, OK)
        self.assertRegex(console.err, r"vigil\.yaml:\d+:\d+: ")


LOCAL_DUMPS = r"HKLM\SOFTWARE\Microsoft\Windows\Windows Error Reporting\LocalDumps"


class Installer(VigilTestCase):
    def setUp(self) -> None:
        super().setUp()
        packages = sorted((TOP / "build" / "package").glob("vigil-*-x64.msi"))
        if not packages:
            self.skipTest("there is no installer; ./dev package makes it")
        self.package = packages[-1]

    def test_installs_and_uninstalls(self) -> None:
        self.msiexec("/i", self.package)
        self.vigil.wait_for_log(STARTED)
        self.assertEqual(self.vigil.run("status").code, OK)
        self.assertTrue((self.vigil.folder / "rules.schema.json").exists())
        self.write_own_rule()
        wait_until("WER to be told", lambda: self.vigil.dump_folder_of(LOCAL_DUMPS))
        self.msiexec("/x", self.package)
        wait_until("the programs to be gone", lambda: not (self.vigil.folder / "vigil.exe").exists())
        self.assertEqual(self.vigil.dump_folder_of(LOCAL_DUMPS), "", "WER is told again what it was told before")
        self.assertTrue(self.own_rule().exists(), "what an administrator wrote stays")
        self.assertTrue((self.vigil.data / "vigil.db").exists(), "and so does what happened")

    def test_upgrades(self) -> None:
        if shutil.which("wixl") is None:
            self.skipTest("making the next version's installer needs wixl")
        self.msiexec("/i", self.package)
        self.vigil.wait_for_log(STARTED)
        self.write_own_rule()
        (self.vigil.data / "vigil.yaml").write_text(SETTINGS, encoding="utf-8")
        before = len(self.vigil.log())
        self.msiexec("/i", self.next_version())
        self.vigil.wait_for_log(STARTED, after=before)
        self.assertEqual(self.vigil.run("status").code, OK)
        self.assertTrue(self.own_rule().exists())
        self.assertEqual((self.vigil.data / "vigil.yaml").read_text(encoding="utf-8"), SETTINGS)

    def own_rule(self) -> pathlib.Path:
        return self.vigil.data / "rules.d" / "mine.yaml"

    def write_own_rule(self) -> None:
        self.own_rule().write_text("schema: 1\nowner: me\nrules: []\n", encoding="utf-8")

    def next_version(self) -> pathlib.Path:
        """The same programs in an installer that says it is newer; wixl takes relative paths only."""
        package = self.scratch / "next.msi"
        options = ["-a", "x64", "-D", "VERSION=99.0.0", "-D", "BIN=build/mingw-release/bin"]
        subprocess.run(["wixl", *options, "-o", str(package), "installer/vigil.wxs"], cwd=TOP, check=True)
        return package

    def msiexec(self, action: str, package: pathlib.Path) -> None:
        run = subprocess.run(
            self.machine.command("msiexec", action, self.machine.to_windows(package), "/qn"),
            env=self.machine.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=300,
            check=False,
        )
        self.assertEqual(run.returncode, 0, f"msiexec {action} {package}")
