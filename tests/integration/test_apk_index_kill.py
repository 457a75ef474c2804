"""A process that adds to the index is killed at moments of chance: all that it said was added is there, and is found."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from random import Random

from apk_analysis.reskin.index import Index
from tests.prints import app, sha256

ROOT = Path(__file__).parents[2]
ADDS = """
import sys
from pathlib import Path
from apk_analysis.reskin.index import Index
from tests.prints import app
first, every = int(sys.argv[2]), int(sys.argv[3])
with Index(Path(sys.argv[1])) as index:
    print("ready", flush=True)
    for number in range(first, first + 500):
        index.add(app(number, number % 7), f"family {number % 7}", "scam")
        print(number, flush=True)
        if number % every == 0:
            index.compact()
            print("compacted", flush=True)
"""
KILLS = 10


def killed(folder: Path, first: int, chance: Random) -> list[int]:
    """Start adding, kill after a number of lines that chance decides; the numbers that were acknowledged."""
    command = [sys.executable, "-c", ADDS, str(folder), str(first), str(chance.randrange(1, 5))]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)}) as child:
        assert child.stdout is not None
        said = [child.stdout.readline() for _ in range(chance.randrange(1, 30))]
        child.send_signal(signal.SIGKILL)
        said += child.stdout.readlines()
    assert child.returncode == -signal.SIGKILL
    return [int(line) for line in said if line.strip().isdigit()]


def test_what_was_acknowledged_is_there(tmp_path: Path) -> None:
    """Ten kills amid adding and compacting: every acknowledged app is in the index, at most one more a kill, and all are found by their skins."""
    chance, acknowledged = Random(20261126), set()
    for kill in range(KILLS):
        acknowledged |= set(killed(tmp_path, 1_000 * kill, chance))
        with Index(tmp_path) as index:
            assert all(index.get(sha256(number)) for number in acknowledged)
            assert len(acknowledged) <= len(index) <= len(acknowledged) + kill + 1
            codes = {number % 7 for number in acknowledged}
            assert all(index.query(app("skin", code))[0].family == f"family {code}" for code in codes)
    with Index(tmp_path) as index:
        index.compact()
        assert len(index) >= len(acknowledged) and len(list(tmp_path.glob("*.np[yz]"))) == 3 and not list(tmp_path.glob("*.new"))
