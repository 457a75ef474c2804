"""P(scam) of a host name from its spelling alone, and why: letters, suffix and a few numbers.

The same integer n-grams as for texts, plus numbers that can be told to a person. Sites on the
offline list and the own domains of the brands are not judged by spelling; they get `KNOWN`.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal, NamedTuple

import msgspec
import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from fraud_guard.errors import IntegrityError
from fraud_guard.learned.artefact import Artefact, Shape, read_artefact
from fraud_guard.learned.grams import fold_letters, hash_grams, sum_by_text
from fraud_guard.learned.host_features import (
    FEATURES,
    Brands,
    HostName,
    host_numbers,
    suffix_of,
)
from fraud_guard.learned.host_reasons import Reason, reasons_of
from fraud_guard.learned.text_model import Finite, Order, Positive, per_length

KNOWN_LOG_ODDS = -9.0
"""Log-odds of a host that is known to be in wide honest use."""
LETTERS = 1 << 7

ShortText = Annotated[str, Meta(min_length=1, max_length=64)]


class HostSpec(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything of a host model but its gram weights (`model.json`).

    Log-odds = `slope` · (`scale` · Σ gram weights / √letters + Σ `numbers` · features + suffix +
    `bias`) + `offset`, at the share of scam `prior`. `suffixes`: weight of each suffix. `words`:
    sum of gram weights from which the wording itself is a reason.
    """

    kind: Literal["hosts"]
    format: Literal[1]
    orders: Annotated[tuple[Order, ...], Meta(min_length=1, max_length=4)]
    bits: Annotated[int, Meta(ge=8, le=20)]
    scale: Positive
    bias: Finite
    slope: Positive
    offset: Finite
    prior: Annotated[float, Meta(gt=0, lt=1)]
    flag_above: Finite
    features: tuple[str, ...]
    numbers: tuple[Finite, ...]
    suffixes: dict[ShortText, Finite]
    free_hosting: tuple[ShortText, ...]
    brands: dict[ShortText, tuple[ShortText, ...]]


class HostScores(NamedTuple):
    """Scores of hosts. `log_odds`: calibrated, float64. `reasons`: strongest first, one tuple a host."""

    log_odds: NDArray[np.float64]
    reasons: tuple[tuple[Reason, ...], ...]

    @property
    def probability(self) -> NDArray[np.float64]:
        """P(scam) at the prior of the model."""
        return np.asarray(1 / (1 + np.exp(-self.log_odds)), np.float64)


class HostModel:
    """A checked host model, ready to score. Never changes, so threads may share it."""

    def __init__(self, artefact: Artefact) -> None:
        """Take the model from its artefact. Raises IntegrityError when anything does not fit."""
        self.artefact = artefact
        self.spec = spec = artefact.document("model.json", HostSpec)
        if spec.features != FEATURES or len(spec.numbers) != len(FEATURES):
            raise IntegrityError(
                f"{artefact.name}/{artefact.version}/model.json: not the features of this release"
            )
        arrays = artefact.arrays("weights.npz", shapes(spec))
        if any(arrays[name][0].any() for name in arrays):
            raise IntegrityError(
                f"{artefact.name}/{artefact.version}/weights.npz: entry 0 must weigh nothing"
            )
        self._fold = arrays["fold"].astype(np.uint16)
        self._weights = arrays["weights"].astype(np.int16)
        self._numbers = np.asarray(spec.numbers)
        self.brands = Brands.of(spec.brands)
        self.free_hosting = frozenset(spec.free_hosting)
        self._genuine = frozenset(domain for domains in spec.brands.values() for domain in domains)

    @classmethod
    def load(cls, folder: Path) -> HostModel:
        """The model in `folder` (`hosts/<version>/`). Raises ConfigurationError, IntegrityError."""
        return cls(read_artefact(folder))

    def score(self, names: Sequence[HostName], *, reasons: bool = True) -> HostScores:
        """Log-odds of `names` and, where asked for, the reasons. About 35 µs a host; cache what repeats."""
        numbers = self._contributions(names)
        words = self._word_sums(names)
        suffixes = np.array([self.spec.suffixes.get(suffix_of(name), 0.0) for name in names])
        raw = words + numbers.sum(axis=1) + suffixes + self.spec.bias
        known = np.array([self.is_known(name) for name in names], np.bool_)
        log_odds = np.where(known, KNOWN_LOG_ODDS, self.spec.slope * raw + self.spec.offset)
        told = tuple(
            reasons_of(
                name,
                numbers[i],
                float(words[i]),
                float(suffixes[i]),
                known=bool(known[i]),
                brands=self.brands,
            )
            for i, name in enumerate(names if reasons else ())
        )
        return HostScores(log_odds, told)

    def is_known(self, name: HostName) -> bool:
        """Whether the host stands on the offline list or under a brand's own domain."""
        return name.known or name.registrable in self._genuine

    def _contributions(self, names: Sequence[HostName]) -> NDArray[np.float64]:
        rows = [host_numbers(name, self.brands, self.free_hosting) for name in names]
        columns = np.asarray(rows, np.float64).reshape(len(names), len(FEATURES))
        return np.asarray(columns * self._numbers, np.float64)

    def _word_sums(self, names: Sequence[HostName]) -> NDArray[np.float64]:
        letters = fold_letters([spelled(name) for name in names], self._fold)
        total = np.zeros(len(letters.codes), np.int32)
        for bucket in hash_grams(letters, self.spec.orders, self.spec.bits):
            total += self._weights[bucket]
        return np.asarray(self.spec.scale * sum_by_text(total, letters) * per_length(letters), np.float64)


def shapes(spec: HostSpec) -> dict[str, Shape]:
    """The arrays of `weights.npz` that belong to `spec`."""
    return {"fold": Shape("<u2", (LETTERS,)), "weights": Shape("<i2", (1 << spec.bits,))}


def spelled(name: HostName) -> str:
    """The letters that grams are taken of: the host without `www`, suffix included; "" for an IP literal.

    Dots stand as `|`, so nothing looks like a link.
    """
    return f"^{name.host.removeprefix('www.')}$".replace(".", "|") if suffix_of(name) else ""
