"""A small behaviour model that is sure of itself, trained in a moment: for tests of what the second voice does."""

from __future__ import annotations

from functools import cache
from unittest.mock import patch

import numpy as np
import yaml

from fraud_guard.generation import ESCALATION, FUSION
from fraud_guard.learned.artefact import Artefact
from fraud_guard.training import behaviour
from fraud_guard.training.packaging import with_sums
from tests.reference.books import Book, book_of, shipped_files, synthetic_rules

NAMES = ("calls_10m", "in_call", "risky_calls_1h", "since_otp_s", "sms_1h")


@cache
def small_artefact() -> Artefact:
    """Calls and codes tell; texts tell the type."""
    rng = np.random.default_rng(3)
    rows = rng.exponential(1.0, (4_000, len(NAMES))).astype(np.float32)
    rows[:, 1], rows[:, 3] = rng.random(4_000) < 0.3, rng.exponential(600, 4_000)
    label = (rows[:, 0] + rows[:, 2] + 2 * (rows[:, 3] < 120) > 3).astype(np.int64)
    types = np.where(label == 1, np.where(rows[:, 4] > 0.7, "fake_loan", "fake_police"), "")
    with patch.object(behaviour, "TREES", 120):
        return behaviour.train_behaviour(rows, NAMES, label, types, rng.integers(0, 4, 4_000), 5)


def files_of(artefact: Artefact) -> dict[str, str]:
    """The texts of a generation that hold this model."""
    texts = {file: content.decode() for file, content in with_sums(artefact.files).items()}
    return {f"{artefact.name}/{artefact.version}/{file}": text for file, text in texts.items()}


@cache
def two_voices() -> Book:
    """The synthetic rules and the small model, with a prior so high that little is enough for an alert."""
    fusion = {
        "version": 1, "prior_probability": 0.004, "type_prior": {"loan": 1.3},
        "mixings": [{}, {"rules": 0.5, "behaviour": 0.8}],
    }  # fmt: skip
    return book_of(synthetic_rules() | files_of(small_artefact()) | {FUSION: yaml.safe_dump(fusion), ESCALATION: shipped_files()[ESCALATION]})
