"""Rows for the behaviour model out of a labelled city: what the rules look at, with what was true at that moment.

The city goes through the same door, memory and rules as live tags, so a row is exactly the vector that
the model will be asked about.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from fraud_guard.behaviour import ALL, Voice, Which
from fraud_guard.door.arrival import FileArrival
from fraud_guard.door.door import Door
from fraud_guard.door.numbers import normalise
from fraud_guard.door.opinions import Opinions
from fraud_guard.door.registry import Person
from fraud_guard.door.tokens import Tokeniser
from fraud_guard.errors import ConfigurationError
from fraud_guard.evaluation.truth import Episode, read_truth
from fraud_guard.features.vector import FEATURES
from fraud_guard.fusion.evidence import Evidence
from fraud_guard.generation import Generation
from fraud_guard.memory.memory import Memory
from fraud_guard.peers.stage import PeerStage
from fraud_guard.pipeline import decide
from fraud_guard.rounds import Looked
from fraud_guard.tags.block import BLOCK_MAX, Block

READ_BYTES = 6_000_000
KEPT_OF_OTHERS = 0.1
"""Share of the people without an episode whose rows are kept; each of them counts the more."""
_KEY = bytes(32)
Floats = NDArray[np.float32]


class CityRows(NamedTuple):
    """One city. All but `names` and `episodes` have an element a row.

    `rows`: (n, features), float32. `episode`: index into `episodes`, -1 outside.
    """

    names: tuple[str, ...]
    rows: Floats
    ts_ms: NDArray[np.int64]
    episode: NDArray[np.int64]
    weight: Floats
    episodes: tuple[Episode, ...]


class _Recorder(Voice):
    """Stands where the behaviour model stands, and writes down what it is asked."""

    def __init__(self, names: Sequence[str], wanted: Mapping[bytes, int]) -> None:
        self._names, self._wanted = names, wanted
        self.rows: list[Floats] = []
        self.ts_ms: list[NDArray[np.int64]] = []
        self.tokens: list[bytes] = []

    def weights(self, looked: Looked, which: Which = ALL) -> NDArray[np.float64]:  # noqa: ARG002  nothing lags in training
        tokens = [t.tobytes() for t in looked.rows["token"]]
        kept = np.array([i for i, token in enumerate(tokens) if token in self._wanted], np.intp)
        self.rows.append(np.array([looked.features[name][kept] for name in self._names], np.float32).T)
        self.ts_ms.append(looked.now_ms[kept])
        self.tokens += [tokens[i] for i in kept.tolist()]
        return np.zeros(len(tokens))

    def evidence(self, looked: Looked, i: int, weight: float, *, told: bool) -> Evidence:  # noqa: ARG002
        raise AssertionError  # nobody asks about a weight of 0


def city_rows(
    folder: Path, registry: Mapping[str, Person], generation: Generation, opinions: Opinions, names: Sequence[str], seed: int
) -> CityRows:
    """Rows of the city in `folder` (as `simulate` writes it) with its people, under the rules of `generation`.

    Raises ConfigurationError when a file is missing or wrong.
    """
    try:
        truth = read_truth((folder / "truth.ndjson").read_bytes().splitlines(), str(folder / "truth.ndjson"), normalise)
    except OSError as error:
        raise ConfigurationError(f"{folder}: not a simulated city: {error.strerror}") from error
    tokeniser = Tokeniser(_KEY)
    people = _chosen(list(registry), {e.subject for e in truth.episodes}, tokeniser, seed)
    recorder = _Recorder(names, people)
    door = Door(tokeniser, FileArrival(), registry=registry, opinions=opinions, reorder_ms=60_000)
    _run(folder, msgspec.structs.replace(generation, behaviour=recorder), door)
    ts_ms = np.concatenate(recorder.ts_ms)
    person = np.array([people[token] for token in recorder.tokens], np.int64)
    of: dict[int, list[int]] = {}
    for k, episode in enumerate(truth.episodes):
        of.setdefault(people[tokeniser.token(episode.subject)], []).append(k)
    found = np.array([_episode_at(truth.episodes, of.get(p, ()), t) for p, t in zip(person.tolist(), ts_ms.tolist(), strict=True)])
    weight = np.where(np.isin(person, list(of)), 1.0, 1 / KEPT_OF_OTHERS)
    return CityRows(
        tuple(names), np.concatenate(recorder.rows), ts_ms, found, weight.astype(np.float32), truth.episodes,
    )  # fmt: skip


def feature_names() -> tuple[str, ...]:
    """What a model may know: no age, household or history of alerts, and nothing of the calendar but day and night."""
    return tuple(name for name in FEATURES if name not in _NOT_LEARNED)


_NOT_LEARNED = frozenset(
    ("age", "age_known", "lives_alone", "victim_before", "alerts_before", "known_for_s", "ring_overflow", "hour", "weekday")
)


def _chosen(subjects: Sequence[str], targeted: set[str], tokeniser: Tokeniser, seed: int) -> dict[bytes, int]:
    """Tokens of the people whose rows are kept, numbered."""
    rng = np.random.default_rng(seed)
    drawn = rng.random(len(subjects)) < KEPT_OF_OTHERS
    kept = [s for s, lucky in zip(subjects, drawn.tolist(), strict=True) if lucky or s in targeted]
    return {tokeniser.token(s): i for i, s in enumerate(dict.fromkeys([*kept, *sorted(targeted)]))}


def _run(folder: Path, generation: Generation, door: Door) -> None:
    """Decide the whole city."""
    memory, peers, offset = Memory(), PeerStage(), 0
    for waiting in _blocks(folder, door):
        for some in waiting.cut(BLOCK_MAX):
            block = door.block(some)
            if not len(block):
                continue
            block.number(offset)
            offset += 1
            peers.tell(block.rows)
            decide(block, memory, generation)


def _blocks(folder: Path, door: Door) -> Iterator[Block]:
    with (folder / "tags.ndjson").open("rb") as file:
        while lines := file.readlines(READ_BYTES):
            yield door.take([line.rstrip(b"\n") for line in lines], range(len(lines)))
            for cache in (door.rows.originals, door.rows.quotes, door.refused):
                cache.clear()
    yield door.flush()


def _episode_at(episodes: Sequence[Episode], mine: Sequence[int], ts_ms: int) -> int:
    return next((k for k in mine if episodes[k].t_first_ms <= ts_ms <= episodes[k].t_last_ms), -1)
