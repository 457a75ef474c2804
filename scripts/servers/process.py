"""A server process on a free port: started, killed, paused, started again with the same port and data."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from abc import ABC, abstractmethod
from contextlib import suppress
from pathlib import Path

import psutil

START_S = 60.0


class Unreachable(Exception):
    """A server or what it is made of cannot be had; the message says what to do."""


class Server(ABC):
    """One server with all its children; its data and its words (`server.log`) are in `folder`."""

    name = "a server"
    user: str | None = None
    """The user it runs as; None: who starts it."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        self._process: subprocess.Popen[bytes] | None = None
        folder.mkdir(parents=True, exist_ok=True)

    @property
    def address(self) -> str:
        """host:port for clients."""
        return f"127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start and wait until it takes connections. Raises Unreachable when it does not come up."""
        with (self.folder / "server.log").open("ab") as log:
            self._process = subprocess.Popen(self._command(), stdout=log, stderr=log, user=self.user, start_new_session=True)
        deadline = time.monotonic() + START_S
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                words = (self.folder / "server.log").read_text(encoding="utf-8", errors="replace")[-2_000:]
                self.kill()
                raise Unreachable(f"{self.name} did not come up: {words}")
            time.sleep(0.05)

    def kill(self) -> None:
        """End it and its children by SIGKILL."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """End it by SIGTERM."""
        self._end(signal.SIGTERM)

    def pause(self, *, paused: bool) -> None:
        """SIGSTOP and SIGCONT."""
        self._signal(signal.SIGSTOP if paused else signal.SIGCONT)

    @abstractmethod
    def _command(self) -> list[str]:
        """What is run; may raise Unreachable."""

    def _end(self, how: signal.Signals) -> None:
        if self._process is not None and self._process.poll() is None:
            children = psutil.Process(self._process.pid).children(recursive=True) if how == signal.SIGKILL else []
            self._signal(how)
            self._process.wait()
            for child in children:  # some lead groups of their own
                with suppress(psutil.NoSuchProcess):
                    child.kill()
            psutil.wait_procs(children, timeout=START_S)

    def _signal(self, how: signal.Signals) -> None:
        if self._process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, how)  # it leads a group of its own

    def _answers(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


def free_port() -> int:
    """A TCP port that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
