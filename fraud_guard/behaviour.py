"""The second voice: the behaviour model asked about the rows that the rules look at.

A weight is the model's log-odds less those of its own prior, in steps, so that a small change is not news.
Only weights that speak for a scam count: what speaks against one must never silence the rules.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import msgspec
import numpy as np
import numpy.typing as npt

from fraud_guard.errors import ConfigurationError, RuleError
from fraud_guard.features import words
from fraud_guard.features.vector import FEATURES
from fraud_guard.fusion.evidence import Evidence
from fraud_guard.learned.artefact import check_files
from fraud_guard.learned.behaviour_model import BehaviourModel
from fraud_guard.learned.odds import logit
from fraud_guard.rounds import NO_TAG, Looked

NAME = "behaviour"
STEP = 0.25
LEAST = 2.0
"""A weight below this is not told: it alone is worth less than the lowest level."""
REASONED = 2.5
"""From this weight on it is worth the milliseconds to find out why."""
HOLDS_MS = 24 * 3_600_000
MOST_TYPES = 3
MOST_REASONS = 3
IN_BRIEF = ("行为模型：近期行为组合与受骗前相似", "behaviour model: the recent mix of events resembles the time before a loss")
"""What is said, in Chinese and in English, where no feature is named."""
Floats = npt.NDArray[np.float64]
Which = slice | npt.NDArray[np.intp]
"""Rows that the model is asked about."""
ALL = slice(None)


class Voice(Protocol):
    """What the pipeline asks."""

    def weights(self, looked: Looked, which: Which = ALL) -> Floats:
        """Weight of evidence of each row that is asked about, 0 where there is none."""

    def evidence(self, looked: Looked, i: int, weight: float, *, told: bool) -> Evidence:
        """The evidence of row `i`; with `told` it says why and of which type, without it only that the model still says so."""


class Behaviour:
    """A behaviour model on the vector of this release."""

    def __init__(self, model: BehaviourModel) -> None:
        """Raises ConfigurationError when the model needs features that there are not."""
        model.columns_of(list(FEATURES))
        self.model = model
        self._prior = logit(model.spec.prior)
        self._version = version_number(model.artefact.version)

    def weights(self, looked: Looked, which: Which = ALL) -> Floats:
        """See Voice."""
        weight = self.model.log_odds(self._matrix(looked, which)) - self._prior
        return np.where(weight >= LEAST, np.floor(weight / STEP) * STEP, 0.0)

    def evidence(self, looked: Looked, i: int, weight: float, *, told: bool) -> Evidence:
        """See Voice."""
        tag, ts_ms = int(looked.rows["position"][i]), int(looked.now_ms[i])
        why, types = ("", ""), tuple[tuple[str, float], ...]()
        if told:
            row = self._matrix(looked, slice(i, i + 1))
            why, types = self._why(row, weight), self._types(row)
        return Evidence(
            kind="behaviour", id=NAME, version=self._version, weight=weight, group=NAME, scam_types=types,
            ts_ms=ts_ms, until_ms=ts_ms + HOLDS_MS, level_floor=4, positions=(tag,) if tag != NO_TAG else (),
            summary_zh=why[0], summary_en=why[1],
        )  # fmt: skip

    def _matrix(self, looked: Looked, which: Which) -> npt.NDArray[np.float32]:
        columns = [looked.features[name][which] for name in self.model.features]
        return np.ascontiguousarray(np.array(columns, np.float32).T)

    def _types(self, row: npt.NDArray[np.float32]) -> tuple[tuple[str, float], ...]:
        shares = self.model.types(row)[0]
        best = np.argsort(-shares, kind="stable")[:MOST_TYPES].tolist()
        return tuple(sorted((self.model.classes[k], round(float(shares[k]), 3)) for k in best))

    def _why(self, row: npt.NDArray[np.float32], weight: float) -> tuple[str, str]:
        reasons = self.model.reasons(row, MOST_REASONS)[0] if weight >= REASONED else ()
        told = [(words.told(r.feature, r.value, "zh"), words.told(r.feature, r.value, "en")) for r in reasons]
        if not told:
            return IN_BRIEF
        return f"行为模型：{'；'.join(zh for zh, _ in told)}", f"behaviour model: {'; '.join(en for _, en in told)}"


def version_number(version: str) -> int:
    """An artefact's version (`1.0`, `2.13`) as the number that evidence carries: 1000 a major version."""
    major, _, minor = version.partition(".")
    return int(major) * 1000 + int(minor.partition(".")[0] or 0)


def behaviour_of(files: Mapping[str, str]) -> Behaviour | None:
    """The behaviour model among the texts of a generation (`behaviour/<version>/<file>`); None without one.

    Raises IntegrityError when it is not sound, RuleError when it does not fit this release.
    """
    mine = {path: text for path, text in files.items() if path.startswith(f"{NAME}/")}
    if not mine:
        return None
    version = next(iter(mine)).split("/")[1]
    artefact = check_files(NAME, version, {path.split("/")[2]: text.encode() for path, text in mine.items()})
    try:
        return Behaviour(BehaviourModel(artefact))
    except ConfigurationError as error:
        raise RuleError(str(error), file=f"{NAME}/{version}", remedy="name a fitting version in models/active.json") from error


def is_heavier(weight: float, known: list[Evidence]) -> bool:
    """Whether the model says more than an episode already holds of it."""
    return all(weight > e.weight for e in known if e.kind == "behaviour")


def in_brief(item: Evidence, known: list[Evidence]) -> Evidence:
    """Untold evidence in the words of what an episode holds of the model already, or without any reason."""
    older = next((e for e in known if e.kind == NAME), None)
    if older is None:
        return msgspec.structs.replace(item, summary_zh=IN_BRIEF[0], summary_en=IN_BRIEF[1])
    return msgspec.structs.replace(
        item, summary_zh=older.summary_zh, summary_en=older.summary_en, scam_types=older.scam_types
    )
