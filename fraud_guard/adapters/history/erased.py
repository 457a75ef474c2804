"""The list of who was erased from the history: a line a token, added to before a row is touched.

Whoever writes a file leaves out what the list names, so an erasure holds when the log is written again.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from fraud_guard.adapters.history.columns import TOKEN
from fraud_guard.errors import IntegrityError

LIST = "erased.ndjson"


class Erasure(msgspec.Struct, frozen=True):
    """Tags of `token` (32 hex digits) that happened before `before_ms` are gone for good. `done`: from every file."""

    token: str
    before_ms: int
    done: bool = False


_DECODER = msgspec.json.Decoder(Erasure)


def read_erasures(folder: Path) -> list[Erasure]:
    """The last word on each token, oldest first. Raises IntegrityError for a damaged list."""
    found: dict[str, Erasure] = {}
    path = folder / LIST
    for n, line in enumerate(_lines(path), start=1):
        try:
            one = _DECODER.decode(line)
        except msgspec.MsgspecError:
            raise IntegrityError(f"{path}:{n}: no erasure; restore the file from the last backup, or else the erased come back") from None
        before_ms = max(one.before_ms, found[one.token].before_ms if one.token in found else 0)
        found[one.token] = Erasure(one.token, before_ms, one.done)
    return list(found.values())


def add_erasure(folder: Path, erasure: Erasure) -> None:
    """Add to the list; it is on disk when this returns."""
    path = folder / LIST
    whole = sum(len(line) + 1 for line in _lines(path))
    with path.open("ab") as file:
        file.truncate(whole)
        file.write(msgspec.json.encode(erasure) + b"\n")
        file.flush()
        os.fsync(file.fileno())


def _lines(path: Path) -> list[bytes]:
    """Whole lines: one without an end was being written when the process died, and nobody was told it was done."""
    return path.read_bytes().split(b"\n")[:-1] if path.exists() else []


def without_erased(table: Any, erasures: list[Erasure]) -> Any:
    """The table (pa.Table) without the rows of erased tokens; the same object when it holds none."""
    if not erasures or not table.num_rows:
        return table
    tokens = table.column(TOKEN)
    of_interest = pc.index_in(tokens, pa.array([bytes.fromhex(e.token) for e in erasures], pa.binary(16)))
    which = of_interest.fill_null(-1).to_numpy()
    before_ms = np.array([*(e.before_ms for e in erasures), 0], np.int64)  # the last one is for index -1
    gone = table.column("ts_ms").to_numpy() < before_ms[which]
    return table.filter(pa.array(~gone)) if gone.any() else table
