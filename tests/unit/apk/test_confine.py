"""A confined process can compute and answer, and nothing else."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
START = """
import os, socket, sys, resource
from apk_analysis.sandbox.confine import confine
level = confine({cpu_s}, {memory_bytes})
os.write(2, level.encode())
"""
TRIED = {
    "a socket": "socket.socket()",
    "a local socket": "socket.socket(socket.AF_UNIX)",
    "a pair of sockets": "socket.socketpair()",
    "a new file": "os.open('new', os.O_CREAT | os.O_WRONLY)",
    "an old file for writing": "os.open('old', os.O_WRONLY)",
    "an old file for appending": "open('old', 'ab')",
    "a folder": "os.mkdir('folder')",
    "a link": "os.symlink('old', 'link')",
    "deletion": "os.unlink('old')",
    "another name": "os.rename('old', 'other')",
    "other rights": "os.chmod('old', 0o777)",
    "a program": "os.execv(sys.executable, [sys.executable, '-c', ''])",
    "a process": "os.fork()",
    "a signal to its parent": "os.kill(os.getppid(), 9)",
    "a file in memory": "os.memfd_create('x')",
    "more memory than it may": "bytearray(2 << 30)",
    "a higher limit": "resource.setrlimit(resource.RLIMIT_AS, (1 << 40, 1 << 40))",
}


def confined(code: str, folder: Path, *, cpu_s: int = 10, memory_bytes: int = 1 << 30) -> subprocess.CompletedProcess[bytes]:
    """A child that locks itself in, then does this in the folder; standard error holds the level first."""
    program = START.format(cpu_s=cpu_s, memory_bytes=memory_bytes) + code
    folder.chmod(0o777)
    return subprocess.run(
        [sys.executable, "-c", program], capture_output=True, cwd=folder, env={**os.environ, "PYTHONPATH": str(ROOT)}, check=False
    )  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with one file, where everybody may write."""
    (tmp_path / "old").write_bytes(b"old")
    (tmp_path / "old").chmod(0o666)
    return tmp_path


@pytest.mark.parametrize("what", TRIED)
def test_a_confined_process_is_refused(folder: Path, what: str) -> None:
    """It is refused, with an error, and the folder is as it was."""
    code = f"try:\n    {TRIED[what]}\nexcept (OSError, MemoryError, ValueError):\n    os._exit(42)\nos._exit(1)\n"
    done = confined(code, folder)
    if done.stderr != b"seccomp":
        pytest.skip(f"no seccomp here: {done.stderr!r}")
    assert done.returncode == 42
    assert [path.name for path in folder.iterdir()] == ["old"] and (folder / "old").read_bytes() == b"old"


def test_a_confined_process_still_reads_and_answers(folder: Path) -> None:
    """A file that everybody may read can be read, and an open pipe takes the answer."""
    done = confined("os.write(1, open('old', 'rb').read() + b' and ' + str(sum(range(10))).encode())", folder)
    assert done.stdout == b"old and 45" and done.returncode == 0


def test_a_confined_process_is_nobody(folder: Path) -> None:
    """It has no rights of the superuser, whoever started it."""
    done = confined("os.write(1, str(os.geteuid()).encode()); os.setuid(0)", folder)
    assert done.stdout != b"0"
    assert b"PermissionError" in done.stderr


def test_a_confined_process_ends_when_its_time_is_over(folder: Path) -> None:
    """An endless loop is ended by the system after its seconds of CPU."""
    assert confined("while True: pass", folder, cpu_s=1).returncode < 0
