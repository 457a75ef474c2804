"""P(scam) and scam type of messages: hashed character n-grams, linear, in integers.

A text is folded to letters (case, width, script variant and filling gone), hashed twice (as letters
and as sounds, so that a homophone changes little) and weighed. Sums are integer sums, so a score is
the same on every machine and for every size of chunk. Long and short texts are made comparable by
the square root of their length.
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
from fraud_guard.learned.grams import Letters, fold_letters, hash_grams, sum_by_text

FORMAT: Literal[1] = 1
CODE_POINTS = 1 << 17
"""Code points with an entry of their own in the folding table; all beyond share the last."""
LETTER_CLASSES = 1 << 16

Order = Annotated[int, Meta(ge=1, le=4)]
Finite = Annotated[float, Meta(ge=-1e6, le=1e6)]
Positive = Annotated[float, Meta(gt=0, le=1e3)]
Code = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_.]{1,63}$")]


class TextSpec(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything of a text model but its arrays (`model.json`).

    Log-odds = `slope` · (`scale` · Σ weights / √letters + `latin` · share of Latin letters + `bias`) +
    `offset`, at the share of scam `prior`. Types: softmax of `type_scale` · Σ type weights / √letters + `type_bias`. `flag_above`:
    log-odds from which a text counts as scam wording.
    """

    kind: Literal["text"]
    format: Literal[1]
    orders: Annotated[tuple[Order, ...], Meta(min_length=1, max_length=4)]
    sound_orders: Annotated[tuple[Order, ...], Meta(min_length=1, max_length=4)]
    bits: Annotated[int, Meta(ge=10, le=20)]
    type_bits: Annotated[int, Meta(ge=8, le=17)]
    scale: Positive
    latin: Finite
    bias: Finite
    slope: Positive
    offset: Finite
    prior: Annotated[float, Meta(gt=0, lt=1)]
    flag_above: Finite
    classes: Annotated[tuple[Code, ...], Meta(min_length=2, max_length=64)]
    type_scale: Positive
    type_bias: tuple[Finite, ...]


class TextScores(NamedTuple):
    """Scores of a chunk of texts, one row each.

    `log_odds`: calibrated, float64. `types`: P(type | the text is a scam), float64, one column for
    each of `TextModel.classes`; a row of zeros where it was not asked for.
    """

    log_odds: NDArray[np.float64]
    types: NDArray[np.float64]

    @property
    def probability(self) -> NDArray[np.float64]:
        """P(scam) at the prior of the model."""
        return np.asarray(1 / (1 + np.exp(-self.log_odds)), np.float64)


class TextModel:
    """A checked text model, ready to score. Never changes, so threads may share it."""

    def __init__(self, artefact: Artefact) -> None:
        """Take the model from its artefact. Raises IntegrityError when anything does not fit."""
        self.artefact = artefact
        self.spec = spec = artefact.document("model.json", TextSpec)
        if len(spec.type_bias) != len(spec.classes) or len(set(spec.classes)) != len(spec.classes):
            raise IntegrityError(
                f"{artefact.name}/{artefact.version}/model.json: classes and type_bias differ"
            )
        if spec.type_bits > spec.bits:
            raise IntegrityError(f"{artefact.name}/{artefact.version}/model.json: type_bits above bits")
        arrays = artefact.arrays("weights.npz", shapes(spec))
        if any(arrays[name][0].any() for name in arrays):
            raise IntegrityError(
                f"{artefact.name}/{artefact.version}/weights.npz: entry 0 must weigh nothing"
            )
        self._fold = arrays["fold"].astype(np.uint16)
        self._sound = arrays["sound"].astype(np.uint32)
        self._weights = arrays["weights"].astype(np.int16)
        self._type_weights = arrays["type_weights"].astype(np.int16)
        self._type_bias = np.asarray(spec.type_bias)

    @classmethod
    def load(cls, folder: Path) -> TextModel:
        """The model in `folder` (`text/<version>/`). Raises ConfigurationError, IntegrityError."""
        return cls(read_artefact(folder))

    @property
    def classes(self) -> tuple[str, ...]:
        """Codes of the scam types, in the order of the columns."""
        return self.spec.classes

    def score(self, texts: Sequence[str], *, types_above: float | None = None) -> TextScores:
        """Log-odds of `texts`, and the types of those whose log-odds are above `types_above`.

        `types_above` None: above the model's own `flag_above`; `-inf`: of all. About 2 µs a text of
        60 characters and another 50 µs where types are told.
        """
        letters = fold_letters(texts, self._fold)
        buckets = grams(letters, self._sound, self.spec)
        log_odds = self._log_odds(letters, buckets)
        wanted = log_odds > (self.spec.flag_above if types_above is None else types_above)
        types = np.zeros((len(texts), len(self.classes)))
        if wanted.any():
            types[wanted] = self._types(letters, buckets, wanted)
        return TextScores(log_odds, types)

    def scores(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Calibrated log-odds of `texts` alone: what the door writes down, see `quantised`."""
        return self.score(texts, types_above=np.inf).log_odds.astype(np.float32)

    def _log_odds(self, letters: Letters, buckets: Sequence[NDArray[np.uint32]]) -> NDArray[np.float64]:
        total = np.zeros(len(letters.codes), np.int32)
        for bucket in buckets:
            total += self._weights[bucket]
        raw = self.spec.scale * sum_by_text(total, letters) * per_length(letters)
        raw += self.spec.latin * latin_share(letters) + self.spec.bias
        return self.spec.slope * raw + self.spec.offset

    def _types(
        self, letters: Letters, buckets: Sequence[NDArray[np.uint32]], wanted: NDArray[np.bool_]
    ) -> NDArray[np.float64]:
        rows = np.flatnonzero(wanted)
        at = np.repeat(wanted, letters.lengths)
        total = np.zeros((int(at.sum()), len(self.classes)), np.int32)
        for bucket in buckets:
            total += self._type_weights[bucket[at] >> np.uint32(self.spec.bits - self.spec.type_bits)]
        sums = _sum_rows(total, letters.lengths[rows])
        logits = self.spec.type_scale * sums * per_length(letters)[rows, None] + self._type_bias
        odds = np.exp(logits - logits.max(axis=1, keepdims=True))
        return np.asarray(odds / odds.sum(axis=1, keepdims=True), np.float64)


def shapes(spec: TextSpec) -> dict[str, Shape]:
    """The arrays of `weights.npz` that belong to `spec`."""
    return {
        "fold": Shape("<u2", (CODE_POINTS,)),
        "sound": Shape("<u2", (LETTER_CLASSES,)),
        "weights": Shape("<i2", (1 << spec.bits,)),
        "type_weights": Shape("<i2", (1 << spec.type_bits, len(spec.classes))),
    }


def grams(letters: Letters, sound: NDArray[np.uint32], spec: TextSpec) -> list[NDArray[np.uint32]]:
    """Buckets of the letter grams and the sound grams of `letters`."""
    sounds = Letters(sound[letters.codes], letters.starts)
    return [
        *hash_grams(letters, spec.orders, spec.bits),
        *hash_grams(sounds, spec.sound_orders, spec.bits, seed=1),
    ]


def per_length(letters: Letters) -> NDArray[np.float64]:
    """What a sum over each text is multiplied with: 1/√letters."""
    return np.asarray(1 / np.sqrt(np.maximum(letters.lengths, 1)), np.float64)


def latin_share(letters: Letters) -> NDArray[np.float64]:
    """The share of Latin letters in each text: little is known of English, and that is not suspicious."""
    is_latin = (letters.codes >= ord("a")) & (letters.codes <= ord("z"))
    found = sum_by_text(is_latin.astype(np.int32), letters)
    return np.asarray(found / np.maximum(letters.lengths, 1), np.float64)


def _sum_rows(values: NDArray[np.int32], lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    running = np.zeros((len(values) + 1, values.shape[1]), np.int64)
    np.cumsum(values, axis=0, out=running[1:])
    ends = np.cumsum(lengths)
    return np.asarray(running[ends] - running[ends - lengths], np.int64)
