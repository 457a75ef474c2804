"""What the behaviour model is taught: whose rows are a scam, and how much each counts."""

from __future__ import annotations

import numpy as np

from fraud_guard.evaluation.truth import Episode
from fraud_guard.training.behaviour_labels import taught, taught_types
from fraud_guard.training.city_rows import CityRows

NAMES = ("calls_1h",)
NO_RETURN_MS = 120_000


def city(of: list[int], *episodes: Episode) -> CityRows:
    """A city whose rows belong to episodes by their number, -1 = to none; a row a minute."""
    size = len(of)
    ts_ms = np.arange(size, dtype=np.int64) * 60_000
    return CityRows(NAMES, np.zeros((size, 1), np.float32), ts_ms, np.array(of), np.ones(size, np.float32), episodes)


def scam(scam_type: str, outcome: str, no_return_ms: int | None = None) -> Episode:
    return Episode(scam_type, "+8619900000001", scam_type, 0, 10**9, outcome, no_return_ms)  # type: ignore[arg-type]


def test_an_ignored_attempt_is_taught_as_honest() -> None:
    """A row inside a loss or an attempt broken off is a scam row, one of an ignored attempt or of nothing is not."""
    rows = taught([city([-1, 0, 1, 2], scam("fake_loan", "loss"), scam("phishing", "aborted"), scam("fake_police", "ignored"))])
    assert rows.label.tolist() == [0, 1, 1, 0]


def test_a_row_after_the_loss_counts_less() -> None:
    """Help still counts when the money is gone, but half."""
    assert taught([city([0, 0, 0], scam("fake_loan", "loss", NO_RETURN_MS))]).weight.tolist() == [1.0, 1.0, 0.5]


def test_types_count_an_episode_once_and_a_rare_type_more() -> None:
    """Nine rows of one episode weigh as much as one row of another of its type; one episode of a rare type weighs more than one of a frequent type."""
    long, short, rare = scam("fake_loan", "loss"), scam("fake_loan", "aborted"), scam("phishing", "loss")
    rows = taught_types([city([-1, *[0] * 9, 1, 2, 3], long, short, rare, scam("fake_police", "ignored")), city([-1])])
    of = dict(zip(("long", "short", "rare"), np.split(rows.weight, [9, 10]), strict=True))
    assert len(rows.rows) == 11
    assert of["long"].sum() == of["short"].sum() < of["rare"].sum()


def test_random_traffic_alone_teaches_no_type() -> None:
    """A place without episodes adds no row."""
    assert not len(taught_types([city([-1, -1]), city([])]).rows)
