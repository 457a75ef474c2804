"""The files of a run: tags in order of arrival, tables, truth; memory holds one block at a time."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Self

import numpy as np

from datasets.city.feeds import Lines
from datasets.city.hours import Block
from datasets.city.people import AGE_BANDS, HOUSEHOLDS, People
from datasets.city.render import Line
from datasets.demo_city import AREAS, STATIONS
from datasets.numbers import subject_number

_HEADER_BYTES = 400


class TagFile:
    """Writes lines in order of arrival, block after block; `flush` ends a block."""

    def __init__(self, path: Path, first: Block) -> None:
        self._file: IO[bytes] = path.open("wb")
        self._start_ms, self._span_ms = first.start_ms, first.end_ms - first.start_ms
        self._parts: list[Lines] = []
        self._later: dict[int, list[Line]] = {}
        self.tags = 0
        self.size_bytes = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def add(self, lines: Lines) -> None:
        """Lines of the present block; they may arrive in a later one."""
        self._parts.append(lines)

    def add_later(self, lines: Iterable[Line]) -> None:
        """Lines of any block from the present one on."""
        for arrival_ms, line in lines:
            self._later.setdefault((arrival_ms - self._start_ms) // self._span_ms, []).append(
                (arrival_ms, line)
            )

    def flush(self, block: Block) -> None:
        """Write what arrived before the end of `block`."""
        due = self._later.pop(block.number, [])
        parts = [*self._parts, (np.array([at for at, _ in due], np.int64), [line for _, line in due])]
        arrival_ms = np.concatenate([times for times, _ in parts])
        lines = [line for _, some in parts for line in some]
        late = np.flatnonzero(arrival_ms >= block.end_ms)
        self.add_later((int(arrival_ms[i]), lines[i]) for i in late.tolist())
        order = np.argsort(arrival_ms, kind="stable")[: len(lines) - len(late)].tolist()
        self._parts = []
        if order:
            self.size_bytes += self._file.write(("\n".join([lines[i] for i in order]) + "\n").encode())
            self.tags += len(order)


class TruthFile:
    """Writes the truth; its first line is filled in at the end, when the tags are counted."""

    def __init__(self, path: Path) -> None:
        self._file: IO[bytes] = path.open("w+b")
        self._file.write(b" " * _HEADER_BYTES + b"\n")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def add(self, rows: Iterable[str]) -> None:
        """Rows, as JSON."""
        text = "\n".join(rows)
        if text:
            self._file.write(f"{text}\n".encode())

    def finish(self, head: dict[str, object]) -> None:
        """Write the first line."""
        self._file.seek(0)
        self._file.write(json.dumps(head).encode().ljust(_HEADER_BYTES))


def write_tables(people: People, folder: Path) -> None:
    """`subjects.csv` (a few people with age and household unknown) and `stations.csv`."""
    with (folder / "subjects.csv").open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(("subject", "area", "age_band", "household"))
        columns = (c.tolist() for c in (people.home, people.age, people.household, people.unknown))
        rows.writerows(
            (
                subject_number(n),
                AREAS[home],
                "" if unknown else AGE_BANDS[age],
                "" if unknown else HOUSEHOLDS[house],
            )
            for n, (home, age, house, unknown) in enumerate(zip(*columns, strict=True))
        )
    shutil.copyfile(STATIONS, folder / "stations.csv")
