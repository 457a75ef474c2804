"""P(a person is inside a scam now), its type, and which features say so: from the feature vector."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal, NamedTuple

import msgspec
import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from fraud_guard.errors import ConfigurationError, IntegrityError
from fraud_guard.learned.artefact import Artefact, read_artefact
from fraud_guard.learned.contributions import Paths
from fraud_guard.learned.lightgbm_text import Forest, read_forest
from fraud_guard.learned.text_model import Code, Finite, Positive
from fraud_guard.learned.trees import Trees

SCAM_TREES, TYPE_TREES, FEATURES = "model.txt", "types.txt", "features.json"

Name = Annotated[str, Meta(pattern=r"^[A-Za-z_][A-Za-z0-9_.]{0,79}$")]


class BehaviourSpec(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything of a behaviour model but its trees (`features.json`).

    Log-odds = `slope` · sum of leaves + `offset`, at the share of scam `prior`. `features`: columns
    in the order of the trees; `feature_version`: of the vector they come from. `flag_above`:
    log-odds from which a person counts as flagged. `classes`: columns of the type trees.
    """

    kind: Literal["behaviour"]
    format: Literal[1]
    feature_version: Annotated[int, Meta(ge=0, le=1_000_000)]
    features: Annotated[tuple[Name, ...], Meta(min_length=1, max_length=4_096)]
    slope: Positive
    offset: Finite
    prior: Annotated[float, Meta(gt=0, lt=1)]
    flag_above: Finite
    classes: Annotated[tuple[Code, ...], Meta(max_length=64)]


class FeatureReason(NamedTuple):
    """One reason: the feature, its value in this row, what it added to the log-odds."""

    feature: str
    value: float
    weight: float


class BehaviourModel:
    """A checked behaviour model, ready to score. Never changes, so threads may share it."""

    def __init__(self, artefact: Artefact) -> None:
        """Take the model from its artefact. Raises IntegrityError when anything does not fit."""
        self.artefact = artefact
        self.spec = spec = artefact.document(FEATURES, BehaviourSpec)
        scam = _forest(artefact, SCAM_TREES, spec, 1)
        self._scam, self._paths = Trees.of(scam), Paths.of(scam)
        several = len(spec.classes) > 1
        self._types = Trees.of(_forest(artefact, TYPE_TREES, spec, len(spec.classes))) if several else None

    @classmethod
    def load(cls, folder: Path) -> BehaviourModel:
        """The model in `folder` (`behaviour/<version>/`). Raises ConfigurationError, IntegrityError."""
        return cls(read_artefact(folder))

    @property
    def features(self) -> tuple[str, ...]:
        """Names of the columns of `rows`, in order."""
        return self.spec.features

    @property
    def classes(self) -> tuple[str, ...]:
        """Codes of the scam types, in the order of the columns of `types`."""
        return self.spec.classes

    def columns_of(self, names: Sequence[str]) -> NDArray[np.int64]:
        """Where each feature of the model stands among `names`, to pick its columns from a wider vector.

        Raises ConfigurationError when one is not there: the model is of another feature vector.
        """
        place = {name: i for i, name in enumerate(names)}
        if missing := [name for name in self.features if name not in place]:
            raise ConfigurationError(
                f"{self.artefact.name}/{self.artefact.version} needs features that are not in the vector: "
                f"{', '.join(missing[:5])}; train it anew or take another version"
            )
        return np.array([place[name] for name in self.features], np.int64)

    def log_odds(self, rows: NDArray[np.float32]) -> NDArray[np.float64]:
        """Calibrated log-odds of `rows`: (n, features), finite. A few µs a row, from a hundred rows on."""
        return self.spec.slope * self._scam.scores(rows)[:, 0] + self.spec.offset

    def types(self, rows: NDArray[np.float32]) -> NDArray[np.float64]:
        """P(type | the person is inside a scam): (n, classes). Slower: for flagged rows only."""
        if self._types is None:
            return np.ones((len(rows), len(self.classes)))
        logits = self._types.scores(rows)
        odds = np.exp(logits - logits.max(axis=1, keepdims=True))
        return np.asarray(odds / odds.sum(axis=1, keepdims=True), np.float64)

    def reasons(self, rows: NDArray[np.float32], most: int = 5) -> list[tuple[FeatureReason, ...]]:
        """The features that raised the log-odds of each row most, strongest first: for alerts only."""
        weights = self.spec.slope * self._paths.contributions(rows)
        order = np.argsort(-weights, axis=1, kind="stable")[:, :most]
        return [
            tuple(
                FeatureReason(
                    self.features[column], float(rows[i, column]), round(float(weights[i, column]), 3)
                )
                for column in order[i].tolist()
                if weights[i, column] > 0
            )
            for i in range(len(rows))
        ]


def _forest(artefact: Artefact, file: str, spec: BehaviourSpec, classes: int) -> Forest:
    place = f"{artefact.name}/{artefact.version}/{file}"
    try:
        forest = read_forest(artefact.text(file))
    except ValueError as error:
        raise IntegrityError(f"{place}: {error}") from error
    if forest.features != spec.features or forest.classes != classes:
        raise IntegrityError(f"{place}: not the features or classes of {FEATURES}")
    return forest
