"""`models train hosts`: from dated lists to a checked artefact, validated by the half-year that comes next."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from fraud_guard.learned.artefact import Artefact
from fraud_guard.learned.grams import fold_letters, hash_grams
from fraud_guard.learned.host_features import FEATURES, Brands, HostName, host_numbers, suffix_of
from fraud_guard.learned.host_model import LETTERS, HostModel, HostSpec, spelled
from fraud_guard.training.calibration import Platt, fit_platt
from fraud_guard.training.data_folder import DataFolder
from fraud_guard.training.host_names import (
    BENIGN,
    BORROWED,
    FREE_HOSTING,
    LISTED,
    SUBDOMAIN,
    YOUNG_SUFFIX,
    LabelledHost,
    brand_table,
    free_hosting_suffixes,
    labelled_hosts,
)
from fraud_guard.training.linear import Linear, fit_linear, gram_rows, quantise, rarity
from fraud_guard.training.measures import recall_at, share, threshold_at
from fraud_guard.training.messages import FOLDS
from fraud_guard.training.packaging import array_file, artefact_of, descriptions, json_file

PRIOR = 0.1
FLAG_RATE = 0.001
ORDERS = (2, 3, 4)
BITS = 17
STRENGTH = 2.0
HONEST = (BENIGN, SUBDOMAIN)
"""Kinds that false-positive rates are counted on."""
HALVES = ("2022H1", "2022H2", "2023H1", "2023H2", "2024H1")
"""Half-years that are predicted from the ones before."""

_SUFFIX_WEIGHT, _NUMBER_WEIGHT = 2.0, 1.0
_LEAST_SEEN = 25
_GIVEN = {"lookalike": 4.0}
"""Least weights of what the lists hardly hold: a name that imitates a known site letter by letter."""
_MASS = {LISTED: 4.0, BORROWED: 0.05, BENIGN: 4.0, SUBDOMAIN: 1.0, YOUNG_SUFFIX: 0.03, FREE_HOSTING: 0.02}
"""How much each kind counts. The made ones count little: enough to be learned, too little to rule."""
_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789-_|^$"

Figures = dict[str, Any]


class HostDesign(NamedTuple):
    """Columns of the training set: grams, then `FEATURES`, then one column a suffix (`suffixes`)."""

    hosts: tuple[LabelledHost, ...]
    rows: sparse.csr_matrix
    scaling: NDArray[np.float64]
    suffixes: tuple[str, ...]
    label: NDArray[np.int64]
    fold: NDArray[np.int64]
    kind: NDArray[np.str_]
    half: NDArray[np.str_]
    weight: NDArray[np.float64]


def train_hosts(
    data: DataFolder, version: str, seed: int, tell: Callable[[str], None], halves: Sequence[str] = HALVES
) -> Artefact:
    """The host model trained on `data`; figures for each of `halves`, calibrated on the last of them.

    Raises ConfigurationError when a file of `data` is missing.
    """
    tell("reading and making hosts")
    design = host_design(labelled_hosts(data, seed))
    tell(f"{len(design.label)} hosts; predicting each half-year from those before")
    unseen = {half: score_unseen(design, half, seed) for half in halves}
    platt = fit_platt(*_known(design, unseen[halves[-1]]), PRIOR)
    raw = threshold_at(unseen[halves[-1]][np.isin(design.kind, HONEST)], FLAG_RATE)
    tell("fitting the model that ships")
    model = _fit(design, np.ones(len(design.label), np.bool_), seed)
    alone = {half: score_unseen(design, half, seed, with_made=False) for half in halves}
    figures = {
        **measured(design, unseen, alone, raw),
        "calibration": {**platt._asdict(), "raw_threshold": raw},
    }
    return pack(version, design, model, platt, raw, figures, seed)


def host_design(hosts: Sequence[LabelledHost]) -> HostDesign:
    """The columns of `hosts`."""
    names = [host.name for host in hosts]
    grams, numbers = gram_columns(names), _number_columns(names)
    suffixes, marks = _suffix_columns(names)
    kind = np.array([host.kind for host in hosts])
    weight = np.array([_MASS[name] for name in kind.tolist()]) / _sizes(kind)
    scaling = np.concatenate(
        [rarity(grams), np.full(len(FEATURES), _NUMBER_WEIGHT), np.full(len(suffixes), _SUFFIX_WEIGHT)]
    )
    return HostDesign(
        tuple(hosts), sparse.hstack([grams, numbers, marks]).tocsr(), scaling, suffixes,
        np.array([host.label for host in hosts], np.int64), np.array([host.fold for host in hosts], np.int64),
        kind, np.array([host.half for host in hosts]), weight * len(weight) / weight.sum(),
    )  # fmt: skip


def gram_columns(names: Sequence[HostName]) -> sparse.csr_matrix:
    """Grams of the letters of each site."""
    letters = fold_letters([spelled(name) for name in names], fold_table())
    return gram_rows(letters, hash_grams(letters, ORDERS, BITS), 1 << BITS)


def fold_table() -> NDArray[np.uint16]:
    """Code point → letter class: the letters of host names keep their code, all else is left out."""
    table = np.zeros(LETTERS, np.uint16)
    for letter in _LETTERS:
        table[ord(letter)] = ord(letter)
    return table


def _number_columns(names: Sequence[HostName]) -> sparse.csr_matrix:
    brands, hosting = Brands.of(brand_table()), frozenset(free_hosting_suffixes())
    return sparse.csr_matrix(np.array([host_numbers(name, brands, hosting) for name in names], np.float32))


def _suffix_columns(names: Sequence[HostName]) -> tuple[tuple[str, ...], sparse.csr_matrix]:
    all_suffixes = np.array([suffix_of(name) for name in names])
    seen, number, count = np.unique(all_suffixes, return_inverse=True, return_counts=True)
    kept = np.flatnonzero((count >= _LEAST_SEEN) & (seen != "") & ~np.isin(seen, free_hosting_suffixes()))
    column = np.full(len(seen), -1)
    column[kept] = np.arange(len(kept))
    rows = np.flatnonzero(column[number] >= 0)
    marks = sparse.csr_matrix(
        (np.ones(len(rows), np.float32), (rows, column[number[rows]])), (len(names), len(kept))
    )
    return tuple(seen[kept].tolist()), marks


def _sizes(kind: NDArray[np.str_]) -> NDArray[np.int64]:
    _, number, count = np.unique(kind, return_inverse=True, return_counts=True)
    return count[number]


def _fit(design: HostDesign, chosen: NDArray[np.bool_], seed: int) -> Linear:
    at = np.flatnonzero(chosen)
    return fit_linear(
        design.rows[at],
        design.label[at],
        design.weight[at],
        scaling=design.scaling,
        strength=STRENGTH,
        seed=seed,
    )


def score_unseen(design: HostDesign, half: str, seed: int, *, with_made: bool = True) -> NDArray[np.float64]:
    """Scores at the beginning of `half`, by models that saw only what was listed before; NaN elsewhere.

    Each fold of the benign and made names is scored by the model without it; names listed in `half`
    get the mean of these models. `with_made` False: the models learn from the lists alone.
    """
    scores, listed = np.full(len(design.label), np.nan), design.kind == LISTED
    used = with_made | np.isin(design.kind, (LISTED, BENIGN))
    now = listed & (design.half == half)
    scores[now] = 0.0
    for fold in range(FOLDS):
        here = ~listed & (design.fold == fold)
        model = _fit(design, used & np.where(listed, design.half < half, ~here), seed)
        scores[here] = model.log_odds(design.rows[here])
        scores[now] += model.log_odds(design.rows[now]) / FOLDS
    return scores


def _known(
    design: HostDesign, unseen: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.float64]]:
    at = ~np.isnan(unseen)
    return unseen[at], design.label[at], design.weight[at]


Halves = Mapping[str, NDArray[np.float64]]


def measured(design: HostDesign, unseen: Halves, alone: Halves, raw: float) -> Figures:
    """The figures of the card; `unseen`: scores at the beginning of each half-year; `alone`: from the lists alone."""

    def recalls(kinds: Sequence[str], rate: float, by_half: Halves) -> Figures:
        return {
            half: recall_at(
                scores[(design.kind == LISTED) & (design.half == half)],
                scores[np.isin(design.kind, kinds)],
                rate,
            )
            for half, scores in by_half.items()
        }

    last = unseen[max(unseen)]
    return {
        "hosts": {kind: int((design.kind == kind).sum()) for kind in _MASS},
        "next_half_years_recall_at_fpr_0.1_percent": recalls((BENIGN,), 0.001, unseen),
        "lists_alone_next_half_years_recall_at_fpr_0.1_percent": recalls((BENIGN,), 0.001, alone),
        "with_subdomains_recall_at_fpr_0.1_percent": recalls(HONEST, 0.001, unseen),
        "with_subdomains_recall_at_fpr_1_percent": recalls(HONEST, 0.01, unseen),
        "at_fixed_threshold": {
            kind: share(last[design.kind == kind] > raw) for kind in _MASS if kind != LISTED
        },
    }


def pack(
    version: str, design: HostDesign, model: Linear, platt: Platt, raw: float, figures: Figures, seed: int
) -> Artefact:
    """The artefact of a fitted model, read back once by the code that will use it."""
    grams, numbers, suffixes = np.split(model.weights, [1 << BITS, (1 << BITS) + len(FEATURES)])
    weights, scale = quantise(grams)
    least = np.array([_GIVEN.get(feature, -np.inf) for feature in FEATURES])
    spec = HostSpec(
        kind="hosts", format=1, orders=ORDERS, bits=BITS, scale=scale, bias=model.bias, slope=platt.slope,
        offset=platt.offset, prior=PRIOR, flag_above=platt.slope * raw + platt.offset, features=FEATURES,
        numbers=tuple(np.maximum(numbers, least).tolist()), suffixes=dict(zip(design.suffixes, suffixes.tolist(), strict=True)),
        free_hosting=free_hosting_suffixes(), brands=brand_table(),
    )  # fmt: skip
    artefact = artefact_of("hosts", version, {
        "weights.npz": array_file({"fold": fold_table(), "weights": weights}),
        "model.json": json_file(msgspec.to_builtins(spec)),
        **descriptions("hosts", version, seed, figures),
    })  # fmt: skip
    HostModel(artefact)
    return artefact
