# SPDX-License-Identifier: Apache-2.0
"""What rules want done after a capture: a message to a server, the restart of a service, a program without rights."""

import json

from vigil_e2e.case import SETTINGS, VigilTestCase, attach_rule, rule
from vigil_e2e.vigil import STARTED, wait_until
from vigil_e2e.web_server import QuietHandler, WebServer

ALLOWED = SETTINGS + "actions:\n  webhooks: true\n  restarts: true\n  programs: true\n"


class Hook(WebServer):
    """A server of this machine that takes messages; the first so many it refuses."""

    def __init__(self, refused: int = 0):
        self.messages: list[dict] = []
        self.refused = 0
        hook = self

        class Handler(QuietHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if hook.refused < refused:
                    hook.refused += 1
                    self.answer(503)
                else:
                    hook.messages.append({"type": self.headers["Content-Type"], "path": self.path, **json.loads(body)})
                    self.answer(204)

        super().__init__(Handler)

    @property
    def url(self) -> str:
        return super().url + "/hooks/s3cret"


class Actions(VigilTestCase):
    def hook(self, refused: int = 0) -> Hook:
        hook = Hook(refused)
        self.addCleanup(hook.close)
        return hook

    def actions_of(self, row: dict) -> list[dict]:
        return self.vigil.must("show", str(row["id"]), "--json").json().get("actions", [])

    def wait_for_actions(self, row: dict, state: str) -> list[dict]:
        def are_all() -> bool:
            actions = self.actions_of(row)
            return bool(actions) and all(action["state"] == state for action in actions)

        wait_until(f"what is to be done to be {state}", are_all)
        return self.actions_of(row)

    def test_tells_a_server_when_the_report_is_there(self) -> None:
        hook = self.hook()
        # Never again is not never: the report comes later than the decision.
        then = f"then: {{ webhook: {{ url: '{hook.url}', retry: 0s }} }}"
        self.vigil.install(ALLOWED, {"all.yaml": attach_rule("all", "orders.exe") + f"    {then}\n"})
        self.vigil.start_attached("access_violation", name="orders.exe").release()
        row = self.vigil.wait_for_ended("orders.exe")
        action = self.wait_for_actions(row, "done")[0]
        self.assertEqual(len(hook.messages), 1)
        message = hook.messages[0]
        self.assertEqual((message["type"], message["path"]), ("application/json", "/hooks/s3cret"))
        self.assertEqual((message["id"], message["state"], message["rule"]), (row["id"], "done", "all"))
        self.assertEqual(message["synopsis"], row["synopsis"])
        self.assertIn("orders.exe on ", message["text"])
        # The path of a hook is a secret, so it stands in no log.
        self.assertNotIn("s3cret", action["result"] + self.vigil.log())

    def test_sends_again_what_was_refused_also_after_a_stop(self) -> None:
        hook = self.hook(refused=1)
        then = f"then: {{ webhook: '{hook.url}' }}"
        self.vigil.install(ALLOWED, {"all.yaml": rule("all", "exit.exe", when="exit", dump="mini, attach: true") + f"    {then}\n"})
        self.vigil.start_attached("exit", value=7).release()
        row = self.vigil.wait_for_ended("exit.exe")
        self.vigil.wait_for_log("answered 503; tried again in 10")
        self.vigil.must("service", "stop")
        said = len(self.vigil.log())
        self.vigil.must("service", "start")
        self.vigil.wait_for_log(STARTED, after=said)
        action = self.wait_for_actions(row, "done")[0]
        self.assertEqual((action["attempts"], len(hook.messages)), (2, 1))
        self.assertNotIn("s3cret", action["result"] + self.vigil.log())

    def test_does_nothing_that_the_settings_do_not_allow(self) -> None:
        hook = self.hook()
        then = f"then: {{ webhook: '{hook.url}' }}"
        self.vigil.install(SETTINGS, {"all.yaml": rule("all", "exit.exe", when="exit", dump="mini, attach: true") + f"    {then}\n"})
        self.vigil.start_attached("exit", value=7).release()
        row = self.vigil.wait_for_ended("exit.exe")
        self.assertEqual(self.actions_of(row), [])
        self.assertEqual(hook.messages, [])
        self.assertIn("its webhook is not done: see 'actions' in vigil.yaml", self.vigil.log())

    def test_restarts_the_service_of_a_process(self) -> None:
        idle = rule("all", "stuck_service.exe", when="{ cpu: { below: 90%, of: core, for: 1s } }",
                    more="limits: { per_hour: 1 }\nthen: { restart: service }")
        program = self.vigil.place("stuck_service.exe")
        self.vigil.sc("create", "vigil-test-good", "binPath=", f"{program} stuck_service --value 0")
        self.addCleanup(self.vigil.sc, "delete", "vigil-test-good")
        self.vigil.install(ALLOWED, {"all.yaml": idle})
        self.vigil.sc("start", "vigil-test-good")
        rows = self.vigil.wait_for_rows("the capture", lambda rows: any(row["state"] == "done" for row in rows))
        action = self.wait_for_actions(rows[0], "done")[0]
        self.assertEqual(action["result"], "vigil-test-good was stopped and started")
        # It runs as another process, for which the limit leaves no dump, and so no restart.
        rows = self.vigil.wait_for_rows("the other process", lambda rows: len(rows) > 1)
        self.assertNotEqual(rows[0]["pid"], rows[1]["pid"])
        self.assertEqual(self.actions_of(rows[1]), [])

    def test_runs_a_program_with_what_happened_on_its_input(self) -> None:
        said = self.machine.program_data() / "said.txt"
        command = f"findstr text > {self.machine.to_windows(said)} & echo {{id}} {{process}} >> {self.machine.to_windows(said)}"
        then = f"then: {{ run: {{ program: 'C:\\windows\\system32\\cmd.exe', arguments: ['/c', '{command}'] }} }}"
        self.vigil.install(ALLOWED, {"all.yaml": rule("all", "exit.exe", when="exit", dump="mini, attach: true") + f"    {then}\n"})
        self.vigil.start_attached("exit", value=7).release()
        row = self.vigil.wait_for_ended("exit.exe")
        self.wait_for_actions(row, "done")
        text = said.read_text(encoding="utf-8", errors="replace")
        self.assertIn(f"{row['id']} exit.exe", text)

    def test_ends_a_program_that_takes_too_long(self) -> None:
        program = self.vigil.place("waits.exe")
        then = f"then: {{ run: {{ program: '{program}', arguments: [exit, --wait-debugger, '60'], timeout: 1s }} }}"
        self.vigil.install(ALLOWED, {"all.yaml": rule("all", "exit.exe", when="exit", dump="mini, attach: true") + f"    {then}\n"})
        self.vigil.start_attached("exit", value=7).release()
        row = self.vigil.wait_for_ended("exit.exe")
        action = self.wait_for_actions(row, "failed")[0]
        self.assertIn("was not done after 1", action["result"])
