"""Figures and calibration: hand-computed, and honest about small samples."""

from __future__ import annotations

import numpy as np
import pytest

from fraud_guard.training.calibration import fit_platt
from fraud_guard.training.measures import calibration_error, recall_at, share, threshold_at, wilson


def test_a_threshold_lets_at_most_its_share_pass() -> None:
    """Of 1,000 different negatives exactly 10 exceed the threshold of 1 %; of ten, none does."""
    scores = np.arange(1_000.0)
    assert (scores > threshold_at(scores, 0.01)).sum() == 10
    assert (scores[:10] > threshold_at(scores[:10], 0.001)).sum() == 0


def test_recall_names_its_numbers() -> None:
    """Recall at a rate says how many positives and negatives stand behind it."""
    found = recall_at(np.array([5.0, 1.0]), np.arange(3.0), 0.0)
    assert (found["value"], found["n"], found["negatives"]) == (0.5, 2, 3)


def test_intervals_hold_at_the_ends() -> None:
    """Nothing found of nothing is unknown; all of ten found is not certainty."""
    assert wilson(0, 0) == (0.0, 1.0)
    low, high = wilson(10, 10)
    assert 0.69 < low < 0.73
    assert high == pytest.approx(1.0)
    assert share([])["value"] is None


def test_calibration_restores_planted_odds() -> None:
    """Scores that are twice too steep and shifted come back as log-odds at the stated prior."""
    rng = np.random.default_rng(2)
    odds = rng.normal(0, 2, 40_000)
    label = (rng.random(len(odds)) < 1 / (1 + np.exp(-odds))).astype(np.int64)
    platt = fit_platt(2 * odds + 1, label, np.ones(len(odds)), float(label.mean()))
    assert platt.slope == pytest.approx(0.5, abs=0.02)
    assert np.abs(platt.log_odds(2 * odds + 1) - odds).max() < 0.3
    assert calibration_error(1 / (1 + np.exp(-odds)), label) < 0.01
