"""Scans files: asks the zygote for the dissection, then the index and the judge, and always gives a report."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Mapping
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import BinaryIO, Self, cast

import msgspec

from apk_analysis.dissection.settings import SANDBOX_LEVELS, ScanSettings
from apk_analysis.errors import SandboxMissing
from apk_analysis.report.facts import Report
from apk_analysis.reskin.fingerprint import Fingerprint
from apk_analysis.reskin.index import Index
from apk_analysis.sandbox.zygote import Answer, Request, read, write
from apk_analysis.worker.finish import Court, finish

GRACE_S = 15.0
DEEP = "deep"
"""The key in `engine_versions` of a report that the slow analysis had a part in."""
_BUBBLEWRAP = (
    "--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts", "--unshare-cgroup-try", "--die-with-parent", "--new-session",
    "--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc",
)  # fmt: skip
_ROOT_KEEPS = ("--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID", "--cap-add", "CAP_DAC_READ_SEARCH")
"""Root needs no user name space; it keeps what the zygote needs to read samples and to make each child nobody."""


class Zygote:
    """One zygote process; renewed after a number of samples, and when it dies or hangs."""

    def __init__(self, settings: ScanSettings) -> None:
        self._settings, self._served = settings, 0
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def dissect(self, path: Path, sha256: str) -> Answer:
        """Dissect a file; raises SandboxMissing when the sandbox is weaker than the settings demand."""
        with self._lock:
            answer = self._ask(path, sha256)
        if answer.level and SANDBOX_LEVELS.index(answer.level) < SANDBOX_LEVELS.index(self._settings.least_sandbox):
            raise SandboxMissing(f"the sandbox is {answer.level}, the settings demand {self._settings.least_sandbox}: install libseccomp2 or bubblewrap, or lower it")
        return answer

    def stop(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def _ask(self, path: Path, sha256: str) -> Answer:
        if self._process is None or self._served >= self._settings.recycle:
            self.stop()
            self._process = self._start()
        self._served += 1
        process = self._process
        watch = threading.Timer(self._settings.wall_s + GRACE_S, process.kill)
        watch.start()
        try:
            write(_inlet(process), msgspec.msgpack.encode(Request(str(path.resolve()), sha256)))
            frame = read(_outlet(process))
        except OSError:
            frame = None
        finally:
            watch.cancel()
        if frame is None:
            self.stop()
            return Answer("crash", words="the sandbox ended")
        return msgspec.msgpack.decode(frame, type=Answer)

    def _start(self) -> subprocess.Popen[bytes]:
        self._served = 0
        settings = msgspec.json.encode(self._settings, enc_hook=str).decode()
        command = [sys.executable, "-m", "apk_analysis.sandbox.zygote", settings]
        for wrapped, level in ((_bubblewrap(), "bubblewrap"), ([], "")):
            if wrapped or not level:
                process = subprocess.Popen([*wrapped, *command, level], stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # noqa: S603  our own module
                if read(_outlet(process)) is not None:
                    return process
                process.kill()
                process.wait()
        raise SandboxMissing("the sandbox cannot be started; its words are above")


def _inlet(process: subprocess.Popen[bytes]) -> BinaryIO:
    return cast("BinaryIO", process.stdin)


def _outlet(process: subprocess.Popen[bytes]) -> BinaryIO:
    return cast("BinaryIO", process.stdout)


def _bubblewrap() -> list[str]:
    found = shutil.which("bwrap")
    who = _ROOT_KEEPS if os.geteuid() == 0 else ("--unshare-user",)
    return [found, *who, *_BUBBLEWRAP] if found else []


def deep_version() -> str:
    """The version of what the slow analysis works with."""
    return version("androguard") if find_spec("androguard") else "missing"


class Scanner:
    """Scans files one after the other. Safe to share between threads; each has a zygote of its own."""

    def __init__(self, settings: ScanSettings, index: Index | None = None) -> None:
        self._settings, self._index = settings, index
        self._court = Court.of(settings.rules)
        self._mine = threading.local()
        self._zygotes: list[Zygote] = []
        self._asking = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def versions(self) -> Mapping[str, str]:
        """The `engine_versions` of its reports."""
        return self._court.versions

    def stop(self) -> None:
        """End the sandboxes; what is under way in other threads ends as if it had crashed."""
        for zygote in self._zygotes:
            zygote.stop()

    def scan(self, path: Path) -> tuple[Report, Fingerprint | None]:
        """The report on a file, and its fingerprint where there is one.

        Raises OSError when it cannot be read, SandboxMissing and RuleFault; nothing because of what is in it.
        """
        sha256, size_bytes = sha256_of(path)
        answer = self._zygote().dissect(path, sha256) if size_bytes else Answer("refused", words="the file is empty")
        with self._asking:
            report, fingerprint = finish(sha256, size_bytes, path.name, answer, self._court, self._index)
        if self._settings.deep:
            report = msgspec.structs.replace(report, engine_versions={**report.engine_versions, DEEP: deep_version()})
        return report, fingerprint

    def _zygote(self) -> Zygote:
        if not hasattr(self._mine, "zygote"):
            self._mine.zygote = Zygote(self._settings)
            self._zygotes.append(self._mine.zygote)
        zygote: Zygote = self._mine.zygote
        return zygote


def sha256_of(path: Path) -> tuple[str, int]:
    """(SHA-256, bytes) of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest(), path.stat().st_size
