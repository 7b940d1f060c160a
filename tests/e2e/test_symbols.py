# SPDX-License-Identifier: Apache-2.0
"""The service fetches symbols that an analysis lacks, where its settings allow it, and analyzes again with them."""

import pathlib

from vigil_e2e.case import SETTINGS, VigilTestCase, attach_rule, find_program
from vigil_e2e.vigil import wait_until
from vigil_e2e.web_server import QuietHandler, WebServer

RULES = {"all.yaml": attach_rule("all", "*.exe")}


class SymbolServer(WebServer):
    """A symbol server of this machine that has `files`, whatever the id."""

    def __init__(self, *files: pathlib.Path):
        self.asked: list[str] = []
        by_name = {file.name.lower(): file for file in files}
        server = self

        class Handler(QuietHandler):
            def do_GET(self) -> None:
                server.asked.append(self.path)
                file = by_name.get(self.path.rsplit("/", 1)[-1].lower())
                self.answer(404 if file is None else 200, b"" if file is None else file.read_bytes())

        super().__init__(Handler)


class Symbols(VigilTestCase):
    def serve(self, *files: pathlib.Path) -> SymbolServer:
        server = SymbolServer(*files)
        self.addCleanup(server.close)
        return server

    def settings(self, server: SymbolServer, fetch: str) -> str:
        return f"{SETTINGS}symbols:\n  path: 'srv*{server.url}'\n  fetch: {fetch}\n"

    def crash(self, name: str = "OrdersApi.exe") -> dict:
        self.vigil.start_attached("access_violation", name=name).release()
        row = self.vigil.wait_for_ended(name)
        self.assertEqual(row["state"], "done", row)
        return self.vigil.report(row)

    def crashed_frame(self, report: dict) -> dict:
        return report["threads"][report["blamed_thread"]]["frames"][0]

    def test_are_fetched_when_settings_allow_it(self) -> None:
        server = self.serve(find_program("crasher.pdb"))
        self.vigil.install(self.settings(server, "true"), RULES)
        frame = self.crashed_frame(self.crash())
        self.assertEqual((frame["symbol_source"], pathlib.PurePosixPath(frame["file"]).name), ("pdb", "ways.cpp"))
        self.assertGreater(frame["line"], 0)
        self.vigil.wait_for_log("fetched 1 symbol file")
        asked = len(server.asked)
        frame = self.crashed_frame(self.crash("Pricing.exe"))
        self.assertEqual(frame["symbol_source"], "pdb")
        self.assertFalse([path for path in server.asked[asked:] if "crasher.pdb" in path], "it is in the store now")
        self.assertEqual(list((self.vigil.data / "symbols").glob("*.json*")), [])

    def test_stay_where_they_are_otherwise(self) -> None:
        server = self.serve(find_program("crasher.pdb"))
        self.vigil.install(self.settings(server, "false"), RULES)
        self.assertEqual(self.crashed_frame(self.crash()).get("symbol_source"), "exports")
        self.assertEqual(server.asked, [])

    def test_that_nobody_has_cost_no_report(self) -> None:
        server = self.serve()
        self.vigil.install(self.settings(server, "true"), RULES)
        self.assertEqual(self.crashed_frame(self.crash()).get("symbol_source"), "exports")
        self.assertTrue(server.asked)
        wait_until("the report that was fetched for to go", lambda: not list((self.vigil.data / "symbols").glob("*.json")))
