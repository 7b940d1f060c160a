# SPDX-License-Identifier: Apache-2.0
"""A web server of this machine, for what Vigil asks of servers and tells them."""

import http.server
import threading


class QuietHandler(http.server.BaseHTTPRequestHandler):
    """One answer for each request; the log of a test is not for them."""

    def answer(self, status: int, body: bytes = b"") -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


class WebServer:
    def __init__(self, handler: type[QuietHandler]):
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
