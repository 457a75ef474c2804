"""How good the text model is: on wording and sources it has not seen, at low false-positive rates."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import f1_score

from datasets.wording.obfuscation import How
from fraud_guard.learned.text_model import TextSpec
from fraud_guard.training import measures
from fraud_guard.training.data_folder import DataFolder
from fraud_guard.training.linear import Linear
from fraud_guard.training.measures import share, threshold_at
from fraud_guard.training.messages import ALL_GENERATIONS, FOLDS, OWN, TAF_TYPES, cleaned, own_wording
from fraud_guard.training.text_design import Design, disguised, scam_rows, text_rows
from fraud_guard.training.text_fit import fit_scam, fit_types, typed

ATTACKS: tuple[How, ...] = ("homophone", "radical", "symbols", "traditional", "emoji", "mixed")
SOURCES = ("fbs", "taf", "uci_sms", OWN)
"""Sources with scam and benign texts."""
BENIGN_TOO = (*SOURCES, "nus_zh")
"""Sources with benign texts; nus_zh has no others."""

Figures = dict[str, Any]


class Unseen(NamedTuple):
    """Raw scores of every row by models that did not see it.

    `by_fold`: the row's fold was left out (unseen wording of known sources). `by_source`: its whole
    source was left out. `fbs_only`: fake-base-station texts by fold, trained on nothing else (else NaN).
    `models`, `fbs_models`: what scored each fold of `by_fold` and of `fbs_only`.
    """

    by_fold: NDArray[np.float64]
    by_source: NDArray[np.float64]
    fbs_only: NDArray[np.float64]
    models: tuple[Linear, ...]
    fbs_models: tuple[Linear, ...]


def score_unseen(design: Design, seed: int) -> Unseen:
    """Fit once a fold and once a source, leaving it out."""
    by_fold, by_source, alone = (np.full(len(design.label), np.nan) for _ in range(3))
    models, fbs_models = [], []
    for fold in range(FOLDS):
        here, fbs = design.fold == fold, design.source == "fbs"
        models.append(fit_scam(design, ~here, seed))
        fbs_models.append(fit_scam(design, ~here & fbs, seed, seen=~here))
        by_fold[here] = models[-1].log_odds(design.rows[here])
        alone[here & fbs] = fbs_models[-1].log_odds(design.rows[here & fbs])
    for source in BENIGN_TOO:
        here = design.source == source
        by_source[here] = fit_scam(design, ~here, seed).log_odds(design.rows[here])
    return Unseen(by_fold, by_source, alone, tuple(models), tuple(fbs_models))


def recalls(design: Design, scores: NDArray[np.float64], source: str) -> Figures:
    """Recall of the scam texts of `source` at low false-positive rates on its own benign texts."""
    here = (design.source == source) & ~np.isnan(scores)
    scam, honest = scores[here & (design.label == 1)], scores[here & (design.label == 0)]
    return measures.recalls(scam, honest)


def recalls_under_attack(
    design: Design, models: Sequence[Linear], plain: NDArray[np.float64], spec: TextSpec, seed: int
) -> Figures:
    """Recall of disguised fake-base-station fraud by `models` (one a fold), at the thresholds of the
    `plain` texts.
    """
    here = design.source == "fbs"
    scam, honest = here & (design.label == 1), plain[here & (design.label == 0)]
    figures: Figures = {}
    for way in ATTACKS:
        texts = disguised([design.messages[i].text for i in np.flatnonzero(scam)], seed, (way,))
        rows, fold = scam_rows(texts, spec), design.fold[scam]
        scores = np.concatenate([models[k].log_odds(rows[fold == k]) for k in range(FOLDS)])
        figures[way] = measures.recalls(scores, honest)
    return figures


def at_fixed_threshold(design: Design, scores: NDArray[np.float64], raw_threshold: float) -> Figures:
    """Recall and false-positive rate of every source at one threshold."""
    flagged = scores > raw_threshold
    return {
        source: {
            "recall": share(flagged[(design.source == source) & (design.label == 1)]),
            "false_positive_rate": share(flagged[(design.source == source) & (design.label == 0)]),
        }
        for source in BENIGN_TOO
    }


def raw_threshold(design: Design, scores: NDArray[np.float64], rate: float) -> float:
    """The raw score that no source's benign texts exceed more often than `rate`."""
    return max(
        threshold_at(scores[(design.source == source) & (design.label == 0)], rate) for source in BENIGN_TOO
    )


def type_figures(design: Design, spec: TextSpec, seed: int) -> Figures:
    """Macro-F1 of the type, by fold: of the dialogues and of own wording among all types, and of the
    dialogues among their own eight.
    """
    best, of_eight = (np.full(len(design.label), "", dtype="<U32") for _ in range(2))
    for fold in range(FOLDS):
        here = np.flatnonzero((design.fold == fold) & typed(design))
        types = fit_types(design, design.fold != fold, spec, seed)
        rows = text_rows([design.messages[i].text for i in here], spec, spec.type_bits)
        best[here], of_eight[here] = types.best(rows), types.best(rows, frozenset(TAF_TYPES.values()))
    return {
        **{source: _f1(design, best, source) for source in ("taf", OWN)},
        "taf_among_its_eight": _f1(design, of_eight, "taf"),
    }


def _f1(design: Design, best: NDArray[np.str_], source: str) -> Figures:
    at = np.flatnonzero((design.source == source) & typed(design))
    truth = np.array([design.messages[i].scam_type for i in at])
    names = np.unique(truth)
    each = f1_score(truth, best[at], labels=names, average=None, zero_division=0)
    by_type = {name: round(float(value), 3) for name, value in zip(names.tolist(), each, strict=True)}
    return {"macro_f1": round(float(np.mean(each)), 4), "n": len(at), "by_type": by_type}


def elsewhere(
    model: Linear, spec: TextSpec, raw: float, data: DataFolder, seed: int, generations: Collection[int]
) -> Figures:
    """Texts of no training source at the fixed threshold: English messages, own wording left out."""
    ham, smishing = _mendeley(data)
    missing = set(ALL_GENERATIONS) - set(generations)
    later = [m.text for m in own_wording(seed, missing) if m.label]
    texts = {"mendeley_ham": ham, "mendeley_smishing": smishing, "own_other_generations": later}
    return {name: share(model.log_odds(scam_rows(x, spec)) > raw) for name, x in texts.items() if x}


def _mendeley(data: DataFolder) -> tuple[list[str], list[str]]:
    rows: list[Mapping[str, Any]] = [r for r in data.rows("text/mendeley_smish") if not r["in_both"]]
    by_label = {
        label: [cleaned(r["text"]) for r in rows if r["label"] == label] for label in ("ham", "smishing")
    }
    return by_label["ham"], by_label["smishing"]
