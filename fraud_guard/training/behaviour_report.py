"""How good the behaviour model is: on cities it has not seen, at the few false alarms that count."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score, f1_score, roc_auc_score

from fraud_guard.learned.odds import logit
from fraud_guard.training.calibration import Platt
from fraud_guard.training.measures import calibration_error, recalls, share


class Labelled(Protocol):
    """What the figures need of a training set, see `behaviour.BehaviourRows`."""

    @property
    def label(self) -> NDArray[np.int64]:
        """1 = inside a scam."""

    @property
    def scam_type(self) -> NDArray[np.str_]:
        """Code, or ""."""

    @property
    def group(self) -> NDArray[np.generic]:
        """The city."""


def figures_of(data: Labelled, unseen: NDArray[np.float64], platt: Platt, raw_threshold: float) -> dict[str, Any]:
    """The figures of the card but those of types; `unseen`: raw scores (n,) by models that did not see the row's group."""
    scam, honest = unseen[data.label == 1], unseen[data.label == 0]
    share_of_scam = float(data.label.mean())
    shift = logit(share_of_scam) - logit(platt.prior)
    probability = 1 / (1 + np.exp(-(platt.log_odds(unseen) + shift)))
    return {
        "rows": {"scam": len(scam), "honest": len(honest), "groups": len(np.unique(data.group))},
        "left_out_groups": {
            **recalls(scam, honest),
            "auc": round(float(roc_auc_score(data.label, unseen)), 4),
            "average_precision": round(float(average_precision_score(data.label, unseen)), 4),
        },
        "flagged_by_type": _by_type(data, unseen > raw_threshold),
        "calibration": {
            **platt._asdict(), "raw_threshold": raw_threshold,
            "brier": round(float(np.mean((probability - data.label) ** 2)), 5),
            "expected_calibration_error": round(calibration_error(probability, data.label), 5),
        },
    }  # fmt: skip


def _by_type(data: Labelled, flagged: NDArray[np.bool_]) -> dict[str, Any]:
    codes = np.unique(data.scam_type[data.label == 1]).tolist()
    return {code or "unknown": share(flagged[(data.label == 1) & (data.scam_type == code)]) for code in codes}


def type_figures(scam_type: NDArray[np.str_], best: NDArray[np.str_]) -> dict[str, Any]:
    """How well types are told; `best`: the likeliest of each row, "" = none."""
    at = np.flatnonzero(best != "")
    if not len(at):
        return {"n": 0}
    macro = f1_score(scam_type[at], best[at], average="macro", zero_division=0)
    return {"macro_f1": round(float(macro), 4), "n": len(at)}
