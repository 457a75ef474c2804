"""The embedded worker on the bench mix: door + scorer + checkpoints, all mechanisms on."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from benchmarks.machine import Cost, run
from datasets.bench_mix import write_bench_mix

SUBJECTS = 200_000
SCORER = "tags-0"


def mix(folder: Path, tags: int, seed: int = 7) -> Path:
    """The bench mix of the contract, written once a folder."""
    path = folder / f"mix-{tags}-{seed}.ndjson"
    if not path.exists():
        write_bench_mix(str(path), tags, seed, SUBJECTS)
    return path


def worker(folder: Path, tags: int, *, models: bool = True) -> Cost:
    """Run the worker over the mix until nothing is left; its start and its end count too."""
    data = folder / f"worker-{tags}{'' if models else '-rules'}"
    shutil.rmtree(data, ignore_errors=True)
    program = ["fraud_guard"] if models else ["benchmarks.river.worker", "--rules-only"]
    return run(sys.executable, "-m", *program, "run", "--tags", str(mix(folder, tags)), "--until-idle", "--data-dir", str(data))


def best_in_turns(folder: Path, tags: int, rounds: int = 3) -> tuple[Cost, Cost]:
    """The cheapest run with models and the cheapest of rules alone, taken in turns: on a shared machine one run can cost a third more than the next."""
    runs = [(worker(folder, tags), worker(folder, tags, models=False)) for _ in range(rounds)]
    with_models, alone = (min(some, key=lambda cost: cost.cpu_s) for some in zip(*runs, strict=True))
    return with_models, alone


def bytes_a_subject(folder: Path, tags: int) -> tuple[int, float]:
    """(subjects, stored bytes a subject) of the memory store that `worker` left."""

    from fraud_guard.adapters.sqlite_memory import SqliteMemoryStore  # noqa: PLC0415
    from fraud_guard.memory.memory import Memory  # noqa: PLC0415
    from fraud_guard.memory.pages import Pager  # noqa: PLC0415

    store = SqliteMemoryStore(folder / f"worker-{tags}" / "memory.db")
    kept = {key: blob for key, blob in store.load(SCORER).blobs.items() if key[:2] in {"p/", "e/"}}    # people and their alerts
    store.close()
    memory = Memory()
    Pager(memory).restore(kept)
    return len(memory), sum(map(len, kept.values())) / max(len(memory), 1)
