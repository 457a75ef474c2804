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
from fraud_guard.training.behaviour_report import figures_of, type_figures
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
TYPE_TREES_EACH, TYPE_LEAVES, LEAST_IN_TYPE_LEAF = 60, 15, 40
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


class TypeRows(NamedTuple):
    """What the types are learned from: scam rows of a known type; fields as in `BehaviourRows`."""

    names: tuple[str, ...]
    rows: Floats
    scam_type: NDArray[np.str_]
    group: NDArray[np.generic]
    weight: NDArray[np.float64]


def train_behaviour(
    rows: Floats, names: Sequence[str], label: NDArray[np.int64], scam_type: NDArray[np.str_],
    group: NDArray[np.generic], seed: int, *, version: str = "1.0", feature_version: int = 1,
    weight: NDArray[np.float64] | None = None, monotone: Mapping[str, int] | None = None,
    type_rows: TypeRows | None = None, options: str = "", tell: Callable[[str], None] = lambda words: None,
) -> Artefact:  # fmt: skip
    """The behaviour model trained on `rows`; arguments as in `BehaviourRows`.

    `monotone`: features that may only raise (1) or lower (-1) the score; `type_rows`: what types are
    learned from, default the scam rows; `options`: of the command, for the card. Raises ConfigurationError
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
    typed = type_rows or _typed(data)
    unseen = score_unseen(data, bounds, seed)
    platt = fit_platt(unseen, data.label, data.weight, PRIOR)
    raw = threshold_at(unseen[data.label == 0], FLAG_RATE)
    figures = figures_of(data, unseen, platt, raw) | {"types": type_figures(typed.scam_type, types_unseen(typed, seed))}
    tell("fitting the model that ships")
    scam = fit_scam(data, np.arange(len(label)), bounds, seed)
    types = fit_types(typed, np.arange(len(typed.scam_type)), seed)
    return pack(version, feature_version, data, (scam, types), platt, raw, figures, seed, options)


def _typed(data: BehaviourRows) -> TypeRows:
    at = np.flatnonzero((data.label == 1) & (data.scam_type != ""))
    return TypeRows(data.names, data.rows[at], data.scam_type[at], data.group[at], data.weight[at])


def _checked(data: BehaviourRows) -> BehaviourRows:
    if data.rows.shape != (len(data.label), len(data.names)) or not np.isfinite(data.rows).all():
        raise ConfigurationError(
            "behaviour: rows are (rows, features) and finite; absence is a number of its own"
        )
    if len(np.unique(data.group)) < 2 or len(np.unique(data.label)) != 2:
        raise ConfigurationError("behaviour: needs rows of both labels from two groups (cities) or more")
    return data


def score_unseen(data: BehaviourRows, bounds: Sequence[int], seed: int) -> NDArray[np.float64]:
    """Raw scores by models trained without the row's group."""
    raw = np.zeros(len(data.label))
    for train, test in _folds(data.group).split(data.rows, groups=data.group):
        raw[test] = fit_scam(data, train, bounds, seed).predict(data.rows[test], raw_score=True, num_threads=1)
    return raw


def types_unseen(data: TypeRows, seed: int) -> NDArray[np.str_]:
    """The likeliest type by models trained without the row's group; "" where there is none."""
    best = np.full(len(data.scam_type), "", dtype="<U64")
    if len(np.unique(data.group)) < 2:
        return best
    for train, test in _folds(data.group).split(data.rows, groups=data.group):
        booster, classes = fit_types(data, train, seed)
        if booster:
            best[test] = np.array(classes)[np.argmax(booster.predict(data.rows[test], num_threads=1), axis=1)]
    return best


def _folds(group: NDArray[np.generic]) -> GroupKFold:
    return GroupKFold(min(FOLDS, len(np.unique(group))))


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
    data: TypeRows, at: NDArray[np.int64], seed: int
) -> tuple[lightgbm.Booster | None, tuple[str, ...]]:
    """The type of the rows `at`, and its classes; no booster when there is less than two of them."""
    found, sizes = np.unique(data.scam_type[at], return_counts=True)
    classes = found[sizes >= LEAST_OF_A_TYPE]
    if len(classes) < 2:
        return None, tuple(classes.tolist())
    at = at[np.isin(data.scam_type[at], classes)]
    parameters = {
        **_parameters(seed, len(at)), "objective": "multiclass", "num_class": len(classes), "num_leaves": TYPE_LEAVES,
        "learning_rate": 0.1, "min_data_in_leaf": LEAST_IN_TYPE_LEAF, "feature_fraction": 0.5, "lambda_l2": 1.0,
    }  # fmt: skip
    numbers = np.searchsorted(classes, data.scam_type[at])
    return lightgbm.train(parameters, _dataset(data, at, numbers), TYPE_TREES_EACH), tuple(classes.tolist())


def _parameters(seed: int, rows: int) -> dict[str, Any]:
    """What makes a fit repeatable (on any number of cores), and a model that our reader takes."""
    return {
        "seed": seed, "num_threads": 1 if rows < WORTH_THREADS else 0, "deterministic": True, "force_row_wise": True, "verbose": -1,
        "use_missing": False, "max_bin": 63,
    }  # fmt: skip


def _dataset(data: BehaviourRows | TypeRows, at: NDArray[np.int64], target: NDArray[np.int64]) -> lightgbm.Dataset:
    return lightgbm.Dataset(
        data.rows[at], target, weight=data.weight[at], feature_name=list(data.names), categorical_feature=[],
        params={"verbose": -1},
    )  # fmt: skip


def pack(
    version: str, feature_version: int, data: BehaviourRows,
    boosters: tuple[lightgbm.Booster, tuple[lightgbm.Booster | None, tuple[str, ...]]],
    platt: Platt, raw: float, figures: dict[str, Any], seed: int, options: str = "",
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
        **descriptions("behaviour", version, seed, figures, options),
    }
    artefact = artefact_of("behaviour", version, files | ({TYPE_TREES: _text(types)} if types else {}))
    BehaviourModel(artefact)
    return artefact


def _text(booster: lightgbm.Booster) -> bytes:
    """The trees alone: what follows them (importances, parameters) is not read."""
    trees, end, _ = booster.model_to_string().partition("end of trees")
    return f"{trees}{end}\n".encode("ascii")
