#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`vigil symbols fetch` against servers on this machine, over a dump whose every frame is known (made by dumpgen's gen.py,
which lies beside the project): what it brings must be enough for `vigil analyze` to find every frame without a network.

  fetch_symbols.py VIGIL GENERATOR WORK"""
import contextlib
import functools
import http.server
import json
import os
import pathlib
import shutil
import signal
import ssl
import subprocess
import sys
import tempfile
import threading
import unittest

import ground_truth

VIGIL, GENERATOR, WORK = sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
SKIPPED = 77


class Handler(http.server.SimpleHTTPRequestHandler):
    """Serves several folders as one, and notes what it was asked for."""

    def do_GET(self):
        self.server.asked.append(self.path)
        if self.server.stall:
            self.server.asked_once.set()
            self.server.stall.wait()
            return
        if self.path.startswith("http://"):  # to us as a proxy
            self.path = self.path.split("/", 3)[3]
        super().do_GET()

    def translate_path(self, path):
        relative = path.lstrip("/")
        for folder in self.server.folders:
            if (folder / relative).is_file():
                return str(folder / relative)
        return str(self.server.folders[0] / "nothing")

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def serving(*folders, stall=None, certificate=None):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.folders, server.asked, server.stall, server.asked_once = folders, [], stall, threading.Event()
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server, f"http{'s' if certificate else ''}://127.0.0.1:{server.server_address[1]}"
    finally:
        if stall:
            stall.set()
        server.shutdown()
        thread.join()
        server.server_close()


class Fetch(unittest.TestCase):
    def setUp(self):
        self.store = pathlib.Path(tempfile.mkdtemp(dir=WORK))
        self.addCleanup(shutil.rmtree, self.store, True)
        self.environment = {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}
        self.environment["XDG_CACHE_HOME"] = str(self.store / "cache")

    def vigil(self, *arguments, **environment):
        return subprocess.run([VIGIL, *map(str, arguments)], capture_output=True, text=True, check=False, timeout=300,
                              env=self.environment | environment)

    def fetch(self, url, *arguments, **environment):
        return self.vigil("symbols", "fetch", WORK / "one.dmp", "--json", "-y", f"srv*{self.store / 'files'}*{url}",
                          *arguments, **environment)

    def test_what_it_brings_is_enough_to_find_every_frame(self):
        with serving(WORK / "library" / "sym", WORK / "library" / "pe") as (server, url):
            path = f"srv*{self.store / 'files'}*{url}"
            first = self.fetch(url, "--images", "--all")
            result = json.loads(first.stdout)
            self.assertIn(first.returncode, (0, 4), first.stderr)
            self.assertGreater(result["fetched"], 10, result)
            self.assertEqual(result["failed"], 0, result)
            asked = len(server.asked)
            again = json.loads(self.fetch(url, "--images", "--all").stdout)
            self.assertEqual(len(server.asked), asked, "nothing is asked for twice")
            self.assertEqual(again["fetched"], 0)
        total, found, faults = ground_truth.compare(VIGIL, WORK / "one.dmp", [path], True)
        self.assertEqual((found, faults), (total, []))

    def test_modules_on_stacks_come_until_there_are_no_more(self):
        with serving(WORK / "library" / "sym", WORK / "library" / "pe") as (_, url):
            result = self.fetch(url)
            self.assertEqual(json.loads(result.stdout)["failed"], 0, result)
        total, found, _ = ground_truth.compare(VIGIL, WORK / "one.dmp", [f"{self.store / 'files'}"], True)
        self.assertEqual(found, total)

    def test_a_proxy_is_used_where_the_environment_names_one(self):
        with serving(WORK / "library" / "sym") as (server, url):
            self.fetch("http://symbols.invalid", "--allow-http", http_proxy=url)
            self.assertTrue(server.asked and all(path.startswith("http://symbols.invalid/") for path in server.asked))

    def test_a_certificate_that_nobody_vouches_for_is_refused(self):
        certificate = self.store / "server.pem"
        if not shutil.which("openssl"):
            self.skipTest("openssl is not here to make a certificate")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=127.0.0.1",
                        "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", certificate, "-out", self.store / "own.pem"],
                       check=True, capture_output=True)
        certificate.write_text(certificate.read_text() + (self.store / "own.pem").read_text())
        with serving(WORK / "library" / "sym", certificate=certificate) as (server, url):
            result = self.fetch(url)
            self.assertEqual(result.returncode, 1, result)
            self.assertEqual(json.loads(result.stdout)["fetched"], 0)
            self.assertEqual(server.asked, [])

    def test_ctrl_c_ends_it_and_leaves_nothing(self):
        with serving(WORK / "library" / "sym", stall=threading.Event()) as (server, url):
            process = subprocess.Popen([VIGIL, "symbols", "fetch", WORK / "one.dmp", "-y", f"srv*{self.store / 'files'}*{url}"],
                                       stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=self.environment)
            self.assertTrue(server.asked_once.wait(60))
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=20)
        self.assertEqual(process.returncode, 1, err)
        self.assertIn("stopped", out)
        self.assertEqual([path for path in self.store.rglob("*") if path.name.endswith(".partial")], [])

    def test_mistakes_are_one_sentence(self):
        for arguments, part in ((("-y", "srv*a*http://example.com"), "--allow-http"), (("-y", "a"), "names no server"),
                                (("-y", "https://example.com"), "names no folder"), ((), "names no server")):
            result = self.vigil("symbols", "fetch", WORK / "one.dmp", *arguments)
            self.assertEqual((result.returncode, result.stdout), (2, ""), result)
            self.assertIn(part, result.stderr)


def main():
    if not (GENERATOR / "gen.py").exists():
        print(f"skipped: {GENERATOR} has no gen.py")
        return SKIPPED
    WORK.mkdir(parents=True, exist_ok=True)
    run = functools.partial(ground_truth.generate, GENERATOR / "gen.py")
    if not (WORK / "library" / "pe").exists():
        run("lib", "--dir", WORK / "library", "--modules", 20, "--symmods", 20)
    run("dump", "--dir", WORK / "library", "--out", WORK / "one.dmp", "--mods", 20, "--symmods", 20, "--seed", 7)
    return 0 if unittest.main(argv=sys.argv[:1], exit=False).result.wasSuccessful() else 1


if __name__ == "__main__":
    sys.exit(main())
