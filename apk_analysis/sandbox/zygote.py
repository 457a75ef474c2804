"""The zygote: loads everything once, then forks one confined child for each sample. `python -m apk_analysis.sandbox.zygote`.

Speaks frames of MessagePack on standard input and output. A child's results come through a pipe of its own and are
passed on as bytes, never decoded here. Whatever a child does, the zygote answers each request once.
"""

from __future__ import annotations

import codecs
import mmap
import os
import select
import signal
import sys
import time
from collections.abc import Callable
from importlib.resources import files
from typing import BinaryIO

import msgspec
from PIL import Image

from apk_analysis.dissection.dissect import Dissection
from apk_analysis.dissection.parts import LENGTH, Part, frame, framed
from apk_analysis.dissection.settings import ScanSettings
from apk_analysis.sandbox.confine import confine
from apk_analysis.yara_scan.book import RuleBook, load_rules

STEP_BYTES = 1 << 16
CODECS = ("ascii", "cp437", "gb18030", "gbk", "idna", "latin-1", "punycode", "unicode_escape", "utf-16", "utf-16-be", "utf-16-le", "utf-32", "utf-8")


class Request(msgspec.Struct, frozen=True):
    """A sample to dissect."""

    path: str
    sha256: str


class Answer(msgspec.Struct, frozen=True):
    """How it ended: `ended` is "ok", "time", "size", "crash" (`code`: minus the signal) or "refused" (`words` say why).

    `parts`: what the child told. `peak_rss_bytes`, `cpu_s`: what it took. `level`: the sandbox that held.
    """

    ended: str
    parts: bytes = b""
    code: int = 0
    words: str = ""
    level: str = ""
    peak_rss_bytes: int = 0
    cpu_s: float = 0.0


def main() -> int:
    """Answer requests until the input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    settings = msgspec.json.decode(sys.argv[1], type=ScanSettings, dec_hook=lambda kind, value: kind(value))
    outer = sys.argv[2] if len(sys.argv) > 2 else ""
    book = load_rules(settings.rules)
    _warm(book, settings)
    write(sys.stdout.buffer, msgspec.msgpack.encode(Answer("ready")))
    while (asked := read(sys.stdin.buffer)) is not None:
        request = msgspec.msgpack.decode(asked, type=Request)
        write(sys.stdout.buffer, msgspec.msgpack.encode(_serve(request, book, settings, outer)))
    return 0


def read(stream: BinaryIO) -> bytes | None:
    """The next frame; None at the end."""
    head = stream.read(LENGTH.size)
    if len(head) < LENGTH.size:
        return None
    (size,) = LENGTH.unpack(head)
    body = stream.read(size)
    return body if len(body) == size else None


def write(stream: BinaryIO, body: bytes) -> None:
    """Send a frame."""
    stream.write(frame(body))
    stream.flush()


def _warm(book: RuleBook, settings: ScanSettings) -> None:
    """Dissect an app made of next to nothing: what is loaded on first use must be there before the first child loses its rights."""
    for codec in CODECS:
        codecs.lookup(codec)
    Image.init()
    sample = files(__package__ or "apk_analysis.sandbox").joinpath("warm.apk").read_bytes()
    Dissection("0" * 64, sample, book, settings.stages, lambda part: None, deep=settings.deep).run()


def _serve(request: Request, book: RuleBook, settings: ScanSettings, outer: str) -> Answer:
    try:
        descriptor = os.open(request.path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as broken:
        return Answer("refused", words=f"{request.path}: {broken.strerror}")
    inlet, outlet = os.pipe()
    child = os.fork()
    if child == 0:
        _child(request, descriptor, outlet, book, settings, outer)
    os.close(outlet)
    os.close(descriptor)
    data, ended = _listen(inlet, child, settings)
    os.close(inlet)
    _, status, usage = os.wait4(child, 0)
    code = os.waitstatus_to_exitcode(status)
    if ended == "ok" and code != 0:
        ended = "time" if code == -signal.SIGXCPU else "crash"
    level, _, parts = data.partition(b"\n")
    return Answer(ended, parts, code, "", level.decode("ascii", "replace"), usage.ru_maxrss * 1024, usage.ru_utime + usage.ru_stime)


def _listen(inlet: int, child: int, settings: ScanSettings) -> tuple[bytes, str]:
    """What the child tells, until it ends, its time is over, or it tells too much."""
    pieces: list[bytes] = []
    size_bytes, deadline = 0, time.monotonic() + settings.wall_s
    while True:
        ready, _, _ = select.select([inlet], [], [], max(0.0, deadline - time.monotonic()))
        if not ready:
            os.kill(child, signal.SIGKILL)
            return b"".join(pieces), "time"
        piece = os.read(inlet, STEP_BYTES)
        if not piece:
            return b"".join(pieces), "ok"
        size_bytes += len(piece)
        if size_bytes > settings.result_bytes:
            os.kill(child, signal.SIGKILL)
            return b"".join(pieces), "size"
        pieces.append(piece)


def _child(request: Request, descriptor: int, outlet: int, book: RuleBook, settings: ScanSettings, outer: str) -> None:
    """Never returns."""
    code = 70
    try:
        for number in (0, 1):
            os.close(number)
        os.open(os.devnull, os.O_RDWR)      # 0
        os.dup(0)                           # 1
        os.dup2(0, 2)                       # nor has a sample a say on the terminal
        level = confine(settings.cpu_s, settings.memory_bytes)
        _write_all(outlet, f"{outer or level}\n".encode())
        data = mmap.mmap(descriptor, 0, access=mmap.ACCESS_READ)
        Dissection(request.sha256, data, book, settings.stages, _sender(outlet), deep=settings.deep).run()
        code = 0
    except MemoryError:
        code = 71
    finally:
        os._exit(code)


def _sender(outlet: int) -> Callable[[Part], None]:
    return lambda part: _write_all(outlet, framed(part))


def _write_all(outlet: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(outlet, view) :]


if __name__ == "__main__":
    sys.exit(main())
