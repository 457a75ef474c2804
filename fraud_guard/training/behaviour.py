"""`models train behaviour`: from feature vectors of simulated cities to a checked artefact.

Cross-validation leaves out whole groups (cities), so that no person, gang or wording of a row that is
scored was seen; calibration and every figure come from those scores.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import lightgbm
import msgspec
import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import GroupKFold

from fraud_guard.errors import ConfigurationError
from fraud_guard.learned.artefact import Artefact
from fraud_guard.learned.behaviour_model import (
    FEATURES,
    SCAM_TREES,
    TYPE_TREES,
    BehaviourModel,
    BehaviourSpec,
)
from fraud_guard.training.behaviour_report import Unseen, figures_of
from fraud_guard.training.calibration import Platt, fit_platt
from fraud_guard.training.measures import threshold_at
from fraud_guard.training.packaging import artefact_of, descriptions, json_file

PRIOR = 0.01
"""Share of scam for which probabilities are stated; log-odds minus its logit are weights of evidence."""
FLAG_RATE = 0.001
FOLDS = 3
WORTH_THREADS = 50_000
"""Rows from which on several threads are faster than one."""
TREES, LEAVES, DEPTH = 500, 31, 6
TYPE_TREES_EACH, TYPE_LEAVES = 40, 7
LEAST_OF_A_TYPE = 10
"""Types with fewer rows are not learned."""

Floats = NDArray[np.float32]


class BehaviourRows(NamedTuple):
    """The training set. `rows`: (n, features), finite; `label`: 1 = inside a scam now.

    `scam_type`: code, "" where it is none or not known. `group`: the city, whatever is left out together.
    `weight`: how much a row counts, mean about 1.
    """

    names: tuple[str, ...]
    rows: Floats
    label: NDArray[np.int64]
    scam_type: NDArray[np.str_]
    group: NDArray[np.generic]
    weight: NDArray[np.float64]


def train_behaviour(
    rows: Floats, names: Sequence[str], label: NDArray[np.int64], scam_type: NDArray[np.str_],
    group: NDArray[np.generic], seed: int, *, version: str = "1.0", feature_version: int = 1,
    weight: NDArray[np.float64] | None = None, monotone: Mapping[str, int] | None = None,
    tell: Callable[[str], None] = lambda words: None,
) -> Artefact:  # fmt: skip
    """The behaviour model trained on `rows`; arguments as in `BehaviourRows`.

    `monotone`: features that may only raise (1) or lower (-1) the score. Raises ConfigurationError
    when there are fewer than two groups, only one label, or a value that is not finite.
    """
    weights = np.ones(len(label)) if weight is None else np.asarray(weight, np.float64)
    data = _checked(
        BehaviourRows(tuple(names), np.asarray(rows, np.float32), label, scam_type, group, weights)
    )
    bounds = [(monotone or {}).get(name, 0) for name in data.names]
    tell(
        f"{len(label)} rows of {len(np.unique(group))} groups; scoring each by models that did not see its group"
    )
    unseen = score_unseen(data, bounds, seed)
    platt = fit_platt(unseen.raw, data.label, data.weight, PRIOR)
    raw = threshold_at(unseen.raw[data.label == 0], FLAG_RATE)
    figures = figures_of(data, unseen, platt, raw)
    tell("fitting the model that ships")
    everything = np.arange(len(label))
    scam, types = fit_scam(data, everything, bounds, seed), fit_types(data, everything, seed)
    return pack(version, feature_version, data, (scam, types), platt, raw, figures, seed)


def _checked(data: BehaviourRows) -> BehaviourRows:
    if data.rows.shape != (len(data.label), len(data.names)) or not np.isfinite(data.rows).all():
        raise ConfigurationError(
            "behaviour: rows are (rows, features) and finite; absence is a number of its own"
        )
    if len(np.unique(data.group)) < 2 or len(np.unique(data.label)) != 2:
        raise ConfigurationError("behaviour: needs rows of both labels from two groups (cities) or more")
    return data


def score_unseen(data: BehaviourRows, bounds: Sequence[int], seed: int) -> Unseen:
    """Raw scores, and types of the scam rows, by models trained without the row's group."""
    raw, best = np.zeros(len(data.label)), np.full(len(data.label), "", dtype="<U64")
    folds = GroupKFold(min(FOLDS, len(np.unique(data.group))))
    for train, test in folds.split(data.rows, data.label, data.group):
        raw[test] = fit_scam(data, train, bounds, seed).predict(
            data.rows[test], raw_score=True, num_threads=1
        )
        booster, classes = fit_types(data, train, seed)
        scam = test[data.label[test] == 1]
        if booster and len(scam):
            best[scam] = np.array(classes)[np.argmax(booster.predict(data.rows[scam], num_threads=1), axis=1)]
    return Unseen(raw, best)


def fit_scam(
    data: BehaviourRows, at: NDArray[np.int64], bounds: Sequence[int], seed: int
) -> lightgbm.Booster:
    """Inside a scam or not, from the rows `at`."""
    more = (
        {"monotone_constraints": list(bounds), "monotone_constraints_method": "intermediate"}
        if any(bounds)
        else {}
    )
    parameters = {
        **_parameters(seed, len(at)), "objective": "binary", "num_leaves": LEAVES, "max_depth": DEPTH, "learning_rate": 0.08,
        "min_data_in_leaf": 60, "feature_fraction": 0.5, "lambda_l2": 5.0, **more,
    }  # fmt: skip
    return lightgbm.train(parameters, _dataset(data, at, data.label[at]), TREES)


def fit_types(
    data: BehaviourRows, at: NDArray[np.int64], seed: int
) -> tuple[lightgbm.Booster | None, tuple[str, ...]]:
    """The type of the scam rows among `at`, and its classes; no booster when there is less than two of them."""
    named = at[(data.label[at] == 1) & (data.scam_type[at] != "")]
    found, sizes = np.unique(data.scam_type[named], return_counts=True)
    classes = found[sizes >= LEAST_OF_A_TYPE]
    if len(classes) < 2:
        return None, tuple(classes.tolist())
    named = named[np.isin(data.scam_type[named], classes)]
    parameters = {
        **_parameters(seed, len(named)), "objective": "multiclass", "num_class": len(classes), "num_leaves": TYPE_LEAVES,
        "learning_rate": 0.1, "min_data_in_leaf": 5, "feature_fraction": 0.5, "lambda_l2": 1.0,
    }  # fmt: skip
    numbers = np.searchsorted(classes, data.scam_type[named])
    return lightgbm.train(parameters, _dataset(data, named, numbers), TYPE_TREES_EACH), tuple(
        classes.tolist()
    )


def _parameters(seed: int, rows: int) -> dict[str, Any]:
    """What makes a fit repeatable (on any number of cores), and a model that our reader takes."""
    return {
        "seed": seed, "num_threads": 1 if rows < WORTH_THREADS else 0, "deterministic": True, "force_row_wise": True, "verbose": -1,
        "use_missing": False, "max_bin": 63,
    }  # fmt: skip


def _dataset(data: BehaviourRows, at: NDArray[np.int64], target: NDArray[np.int64]) -> lightgbm.Dataset:
    return lightgbm.Dataset(
        data.rows[at], target, weight=data.weight[at], feature_name=list(data.names), categorical_feature=[],
        params={"verbose": -1},
    )  # fmt: skip


def pack(
    version: str, feature_version: int, data: BehaviourRows,
    boosters: tuple[lightgbm.Booster, tuple[lightgbm.Booster | None, tuple[str, ...]]],
    platt: Platt, raw: float, figures: dict[str, Any], seed: int,
) -> Artefact:  # fmt: skip
    """The artefact of fitted models, read back once by the code that will use it."""
    scam, (types, classes) = boosters
    spec = BehaviourSpec(
        kind="behaviour", format=1, feature_version=feature_version, features=data.names, slope=platt.slope,
        offset=platt.offset, prior=PRIOR, flag_above=platt.slope * raw + platt.offset, classes=classes,
    )  # fmt: skip
    files = {
        SCAM_TREES: _text(scam),
        FEATURES: json_file(msgspec.to_builtins(spec)),
        **descriptions("behaviour", version, seed, figures),
    }
    artefact = artefact_of("behaviour", version, files | ({TYPE_TREES: _text(types)} if types else {}))
    BehaviourModel(artefact)
    return artefact


def _text(booster: lightgbm.Booster) -> bytes:
    """The trees alone: what follows them (importances, parameters) is not read."""
    trees, end, _ = booster.model_to_string().partition("end of trees")
    return f"{trees}{end}\n".encode("ascii")
