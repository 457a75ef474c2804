"""A webhook receiver on the loopback for tests: keeps what it gets, answers as told by the path."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple


class Posted(NamedTuple):
    path: str
    headers: Message
    body: bytes


class Receiver:
    """`answers`: path -> (status, headers, body); `/slow` holds its answer until `release` is set."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.posted: list[Posted] = []
        self.release = threading.Event()
        self.answers: dict[str, tuple[int, dict[str, str], bytes]] = {"/ok": (200, {}, b"")}
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                receiver.posted.append(Posted(self.path, self.headers, body))
                if self.path == "/slow":
                    receiver.release.wait(30)
                if self.path == "/endless":
                    self._endless()
                    return
                status, headers, answer = receiver.answers.get(self.path, (200, {}, b""))
                self.send_response(status)
                for name, value in ({"content-length": str(len(answer))} | headers).items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(answer)

            def _endless(self) -> None:
                self.send_response(200)
                self.end_headers()
                while not receiver.release.is_set():
                    try:
                        self.wfile.write(b'{"x":' + b" " * 65_536)
                    except OSError:
                        return

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self.port = self._server.server_address[1]

    def url(self, path: str = "/ok", host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.port}{path}"

    @contextmanager
    def running(self) -> Iterator[Receiver]:
        thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self.release.set()
            self._server.shutdown()
            self._server.server_close()
            thread.join(10)
