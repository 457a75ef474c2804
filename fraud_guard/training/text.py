"""`models train text`: from the sources to a checked artefact, one seeded command."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from fraud_guard.learned.artefact import Artefact
from fraud_guard.learned.text_model import FORMAT, TextModel, TextSpec
from fraud_guard.training.calibration import Platt, fit_platt
from fraud_guard.training.data_folder import DataFolder
from fraud_guard.training.letter_tables import letter_table, sound_table
from fraud_guard.training.linear import Linear, quantise
from fraud_guard.training.messages import ALL_GENERATIONS, OWN, own_wording, strung_phrases, third_party
from fraud_guard.training.packaging import array_file, artefact_of, descriptions, json_file
from fraud_guard.training.text_design import LATIN, Design, design_of
from fraud_guard.training.text_fit import Types, fit_scam, fit_types
from fraud_guard.training.text_report import (
    SOURCES,
    Figures,
    Unseen,
    at_fixed_threshold,
    elsewhere,
    raw_threshold,
    recalls,
    recalls_under_attack,
    score_unseen,
    type_figures,
)

PRIOR = 0.1
"""Share of scam for which probabilities are stated; log-odds minus its logit are weights of evidence."""
FLAG_RATE = 0.005
"""Benign texts of unseen wording that may pass `flag_above`, in the worst source."""

BLANK = TextSpec(
    kind="text", format=FORMAT, orders=(1, 2, 3), sound_orders=(2, 3), bits=18, type_bits=16, scale=1.0, latin=0.0, bias=0.0,
    slope=1.0, offset=0.0, prior=PRIOR, flag_above=0.0, classes=("unknown", "phishing"), type_scale=1.0,
    type_bias=(0.0, 0.0),
)  # fmt: skip
"""The design; what is fitted is filled in."""


def train_text(
    data: DataFolder, version: str, seed: int, generations: Collection[int], tell: Callable[[str], None]
) -> Artefact:
    """The text model trained on `data` and own wording of `generations`; `tell` hears of the progress.

    Raises ConfigurationError when a file of `data` is missing.
    """
    tell("reading and disguising messages")
    design = design_of(
        [*third_party(data), *own_wording(seed, generations), *strung_phrases(seed)], BLANK, seed
    )
    tell(f"{len(design.label)} messages; scoring each by models that did not see it")
    unseen = score_unseen(design, seed)
    platt, raw = calibrate(design, unseen), raw_threshold(design, unseen.by_fold, FLAG_RATE)
    tell("fitting the model that ships")
    everything = np.ones(len(design.label), np.bool_)
    scam, types = fit_scam(design, everything, seed), fit_types(design, everything, BLANK, seed)
    tell("measuring types and attacks")
    figures = {
        **measured(design, unseen, raw, seed),
        "not_trained_on": elsewhere(scam, BLANK, raw, data, seed, generations),
        "calibration": {"slope": platt.slope, "offset": platt.offset, "prior": PRIOR, "raw_threshold": raw},
    }
    options = "" if set(generations) == set(ALL_GENERATIONS) else f" --generations {','.join(map(str, sorted(generations)))}"
    return pack(version, scam, types, platt, raw, figures, seed, options)


def calibrate(design: Design, unseen: Unseen) -> Platt:
    """Slope and offset: own wording and English by models without the row's fold, else without its source.

    What is the only source of its kind (English, the hard negatives) tells nothing when it is left out.
    """
    raw = np.where(np.isin(design.source, (OWN, "uci_sms")), unseen.by_fold, unseen.by_source)
    known = ~np.isnan(raw)
    return fit_platt(raw[known], design.label[known], design.weight[known], PRIOR)


def measured(design: Design, unseen: Unseen, raw: float, seed: int) -> Figures:
    """The figures of the card."""
    return {
        "messages": {s: int((design.source == s).sum()) for s in np.unique(design.source).tolist()},
        "cross_source": {s: recalls(design, unseen.by_source, s) for s in SOURCES},
        "cross_source_at_fixed_threshold": at_fixed_threshold(design, unseen.by_source, raw),
        "by_fold": {s: recalls(design, unseen.by_fold, s) for s in SOURCES},
        "by_fold_at_fixed_threshold": at_fixed_threshold(design, unseen.by_fold, raw),
        "fbs_alone_by_fold": recalls(design, unseen.fbs_only, "fbs"),
        "fbs_by_fold_under_attack": recalls_under_attack(design, unseen.models, unseen.by_fold, BLANK, seed),
        "fbs_alone_by_fold_under_attack": recalls_under_attack(
            design, unseen.fbs_models, unseen.fbs_only, BLANK, seed
        ),
        "types_by_fold": type_figures(design, BLANK, seed),
    }


def pack(
    version: str, scam: Linear, types: Types, platt: Platt, raw: float, figures: Figures, seed: int, options: str = ""
) -> Artefact:
    """The artefact of a fitted model, read back once by the code that will use it."""
    weights, scale = quantise(scam.weights)
    type_weights, type_scale = quantise(types.weights)
    spec = msgspec.structs.replace(
        BLANK, scale=scale, latin=float(LATIN * scam.weights[0]), bias=scam.bias, slope=platt.slope, offset=platt.offset, type_scale=type_scale,
        flag_above=platt.slope * raw + platt.offset, classes=types.classes, type_bias=tuple(types.bias.tolist()),
    )  # fmt: skip
    arrays: dict[str, NDArray[Any]] = {
        "fold": letter_table(), "sound": sound_table(), "weights": weights, "type_weights": type_weights,
    }  # fmt: skip
    artefact = artefact_of("text", version, {
        "weights.npz": array_file(arrays),
        "model.json": json_file(msgspec.to_builtins(spec)),
        **descriptions("text", version, seed, figures, options),
    })  # fmt: skip
    TextModel(artefact)
    return artefact
