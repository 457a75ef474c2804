"""Training of the behaviour model: whole cities left out, repeatable, calibrated, readable again."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from fraud_guard.errors import ConfigurationError, IntegrityError
from fraud_guard.learned.artefact import Artefact
from fraud_guard.learned.behaviour_model import BehaviourModel
from fraud_guard.training.behaviour import train_behaviour
from fraud_guard.training.packaging import artefact_of, write_artefact

NAMES = ("calls_10m", "transfer_after_call", "texts_24h", "noise")


def city_rows(n: int = 3_000) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Rows, labels, types and cities: calls and a transfer tell the scam, texts tell its type."""
    rng = np.random.default_rng(11)
    rows = rng.standard_normal((n, len(NAMES))).astype(np.float32)
    label = (rng.random(n) < 1 / (1 + np.exp(3 - 2 * rows[:, 0] - 2 * (rows[:, 1] > 1)))).astype(np.int64)
    types = np.where(label == 1, np.where(rows[:, 2] > 0, "fake_police", "fake_loan"), "")
    return rows, label, types, rng.integers(0, 6, n)


ROWS, LABEL, TYPES, CITY = city_rows()


@pytest.fixture(scope="module")
def artefact() -> Artefact:
    return train_behaviour(ROWS, NAMES, LABEL, TYPES, CITY, 5, monotone={"calls_10m": 1})


def test_the_model_finds_what_was_planted(artefact: Artefact) -> None:
    """Log-odds rank the scam rows first, types follow their feature, reasons name the planted ones."""
    model = BehaviourModel(artefact)
    odds = model.log_odds(ROWS)
    assert odds[LABEL == 1].mean() > odds[LABEL == 0].mean() + 1
    types = model.types(ROWS[LABEL == 1])
    assert np.abs(types.sum(axis=1) - 1).max() < 1e-9
    assert (np.array(model.classes)[types.argmax(axis=1)] == TYPES[LABEL == 1]).mean() > 0.95
    strongest = model.reasons(ROWS[np.argsort(-odds)[:3]], 2)
    assert {reason.feature for row in strongest for reason in row} <= {"calls_10m", "transfer_after_call"}


def test_figures_come_from_cities_left_out(artefact: Artefact) -> None:
    """Recall, calibration and type scores of unseen cities stand in metrics.json and on the card."""
    figures = json.loads(artefact.text("metrics.json"))
    assert figures["rows"]["groups"] == 6
    assert 0.7 < figures["left_out_groups"]["auc"] < 1
    assert figures["calibration"]["expected_calibration_error"] < 0.05
    assert figures["types"]["macro_f1"] > 0.9
    assert "left out groups" in artefact.text("card.md")


def test_training_is_repeatable(artefact: Artefact) -> None:
    """The same rows and seed give the same bytes."""
    again = train_behaviour(ROWS, NAMES, LABEL, TYPES, CITY, 5, monotone={"calls_10m": 1})
    assert again.files == artefact.files


def test_a_monotone_feature_never_lowers_the_score(artefact: Artefact) -> None:
    """More of a feature that may only raise the score never lowers it."""
    model, more = BehaviourModel(artefact), ROWS[:300].copy()
    more[:, 0] += 1
    assert (model.log_odds(more) >= model.log_odds(ROWS[:300])).all()


def test_columns_are_found_by_name(artefact: Artefact) -> None:
    """A wider vector in another order gives the same columns; a missing one is named."""
    model = BehaviourModel(artefact)
    assert model.columns_of(("noise", "other", *NAMES[:3])).tolist() == [2, 3, 4, 0]
    with pytest.raises(ConfigurationError, match="noise"):
        model.columns_of(NAMES[:3])


def test_rows_that_cannot_be_learned_from_are_refused() -> None:
    """One city, one label or a value that is not finite is a matter of configuration."""
    for rows, label, city in ((ROWS, LABEL, CITY * 0), (ROWS, LABEL * 0, CITY), (ROWS * np.nan, LABEL, CITY)):
        with pytest.raises(ConfigurationError):
            train_behaviour(rows, NAMES, label, TYPES, city, 5)


def test_an_artefact_is_written_once(artefact: Artefact, tmp_path: Path) -> None:
    """The folder reads back as it was, and a version that exists is never overwritten."""
    folder = write_artefact(tmp_path, artefact)
    assert (
        BehaviourModel.load(folder).log_odds(ROWS[:9]).tolist()
        == BehaviourModel(artefact).log_odds(ROWS[:9]).tolist()
    )
    with pytest.raises(ConfigurationError, match="never changes"):
        write_artefact(tmp_path, artefact)


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("features.json", '"noise"', '"quiet"'),
        ("features.json", '"format": 1', '"format": 2'),
        ("features.json", "fake_loan", "Fake Loan"),
        ("model.txt", "feature_names=calls_10m", "feature_names=calls_11m"),
        ("types.txt", "num_class=2", "num_class=3"),
        ("model.txt", "end of trees", ""),
    ],
)
def test_parts_that_do_not_belong_together_are_refused(
    artefact: Artefact, file: str, old: str, new: str
) -> None:
    """Sums that are right do not help a document and trees that contradict each other."""
    files = dict(artefact.files)
    assert old in artefact.text(file)
    files[file] = artefact.text(file).replace(old, new, 1).encode()
    with pytest.raises(IntegrityError):
        BehaviourModel(artefact_of("behaviour", "1.0", files))


def test_sums_are_checked_before_anything_is_read(artefact: Artefact, tmp_path: Path) -> None:
    """A changed file under the old sums is refused by name."""
    folder = write_artefact(tmp_path, artefact)
    (folder / "model.txt").write_text(
        artefact.text("model.txt").replace("end of trees", "end of lies"), "utf-8"
    )
    with pytest.raises(IntegrityError, match=r"model\.txt"):
        BehaviourModel.load(folder)
