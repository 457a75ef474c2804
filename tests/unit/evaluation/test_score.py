"""Promises of the card on small cities whose figures can be worked out by hand."""

from __future__ import annotations

import pytest

from fraud_guard.evaluation.card import Card
from fraud_guard.evaluation.curve import precision_at
from fraud_guard.evaluation.people import People, Person
from tests.unit.evaluation.cities import alert, attempt, card_of, lookalike, loss

DAY_MIN = 24 * 60


def values(card: Card, name: str) -> list[float | None]:
    """One figure at level <= 1 … 4."""
    return [getattr(row, name).value for row in card.levels]


def test_recall_needs_the_level_strictly_before_the_loss() -> None:
    """Each level counts from the moment it was reached; at the point of no return itself it is too late."""
    card = card_of(
        [loss("e1", "a"), loss("e2", "b"), loss("e3", "c"), loss("e4", "d")],
        [alert("1", "a", (10, 4), (20, 2)), alert("2", "b", (30, 3), (60, 1)), alert("3", "c", (61, 1))],
    )
    assert values(card, "recall") == [0, 0.25, 0.5, 0.5]
    assert values(card, "lead_min") == [None, 40, 30, 30]
    assert [row.lead_q3_min.value for row in card.levels] == [None, 40, 40, 50]
    assert card.reached == {"e1": 2, "e2": 3, "e3": 0, "e4": 0}
    assert card.levels[0].recall.n == 4


def test_an_alert_belongs_from_the_first_tag_to_a_day_after_the_last() -> None:
    """Both ends of the span are included; another subject, too early and too late are false."""
    card = card_of(
        [loss("e1", "a"), loss("e2", "b"), loss("e3", "c"), loss("e4", "d")],
        [
            alert("1", "a", (0, 3)), alert("2", "b", (70 + DAY_MIN, 3)), alert("3", "c", (71 + DAY_MIN, 3)),
            alert("4", "d", (-1, 3)), alert("5", "z", (5, 3)),
        ],
    )  # fmt: skip
    assert (card.counts.true, card.counts.false) == (2, 3)


def test_an_alert_open_before_counts_from_the_first_sign_of_the_scam() -> None:
    """Only new evidence inside the episode joins an older alert; a clock or an ending does not."""
    before = alert("1", "a", (-100, 3), (15, 3))
    clock = [*alert("2", "b", (-100, 3)), *alert("2", "b", (15, 2), seq=1, change="escalated", cause="clock")]
    card = card_of([loss("e1", "a"), loss("e2", "b")], [before, clock])
    assert (card.counts.true, card.counts.false, card.counts.opened_before) == (1, 1, 1)
    assert card.levels[2].lead_min.value == 45
    assert card.reached == {"e1": 3, "e2": 0}


def test_a_rise_by_the_clock_counts_once_the_alert_belongs() -> None:
    """What silence raised is a level like any other."""
    rise = alert("1", "a", (20, 1), seq=1, change="escalated", cause="clock")
    card = card_of([loss("e1", "a")], [[*alert("1", "a", (10, 2)), *rise]])
    assert values(card, "lead_min") == [40, 50, 50, 50]


def test_contact_is_neither_false_nor_recall() -> None:
    """Alerts of ignored and aborted attempts count as true for precision; the strict one takes aborted alone."""
    card = card_of(
        [loss("e1", "a"), attempt("e2", "b"), attempt("e3", "c", "aborted")],
        [alert("1", "a", (5, 1)), alert("2", "b", (5, 1)), alert("3", "c", (5, 2)), alert("4", "z", (5, 4))],
    )
    assert (card.counts.true, card.counts.contact, card.counts.false) == (1, 2, 1)
    assert values(card, "precision") == [1, 1, 1, 0.75]
    assert values(card, "precision_inside") == [0.5, 2 / 3, 2 / 3, 0.5]
    assert card.levels[3].recall.n == 1


def test_a_loss_without_a_point_of_no_return_is_true_but_no_recall() -> None:
    """Recall is counted only where "before" means something."""
    card = card_of([loss("e1", "a", None)], [alert("1", "a", (5, 1))])
    assert (card.counts.true, card.counts.losses, card.counts.episodes) == (1, 1, 0)
    assert values(card, "recall") == [None] * 4


def test_one_alert_in_two_episodes_counts_once_and_as_the_gravest() -> None:
    """An alert that saw an attempt and then the loss is one true alert, and one in each of the two episodes."""
    card = card_of([attempt("e1", "a"), loss("e2", "a")], [alert("1", "a", (5, 2)), alert("2", "a", (20, 3))])
    assert (card.counts.true, card.counts.contact) == (2, 0)
    assert (card.alerts_per_episode.value, card.alerts_per_episode.n) == (2, 2)


def test_rates_are_per_exposure() -> None:
    """Alerts per 10,000 people a day, false ones per 10⁶ tags and person-days."""
    alerts = [alert(str(n), f"s{n}", (5, 4 if n else 1)) for n in range(4)]
    card = card_of([], alerts, people=20_000, days=2, tags=500_000)
    assert values(card, "alerts_per_10k_days") == [0.25, 0.25, 0.25, 1]
    assert values(card, "false_per_1e6_tags") == [2, 2, 2, 8]
    assert values(card, "false_per_1e6_person_days") == [25, 25, 25, 100]


def test_the_budget_takes_the_most_probable_alerts() -> None:
    """40 high and 1,600 in all a day per 2.18 M people, at least one; and as many as were issued."""
    sure, weak = alert("1", "a", (5, 1)), [alert(f"f{n}", f"s{n}", (5, 4)) for n in range(20)]
    card = card_of([loss("e1", "a")], [*weak, sure], people=21_800)
    assert [(row.what, row.budget, row.taken, row.precision.value) for row in card.budget] == [
        ("high", 1, 1, 1), ("all", 16, 16, 1 / 16), ("issued", None, 21, 1 / 21),
    ]  # fmt: skip
    assert card.budget[0].least_probability == 0.95


def test_the_type_is_the_last_one_named_in_time() -> None:
    """A type named after the loss comes too late; a variant counts as its type."""
    late = [
        *alert("1", "a", (5, 3), scam_type="fake_loan"),
        *alert("1", "a", (65, 1), scam_type="fake_police", seq=1),
    ]
    only_late = alert("2", "b", (65, 1), scam_type="fake_police")
    card = card_of(
        [loss("e1", "a"), loss("e2", "b"), attempt("e3", "c", scam_type="fake_loan.student")],
        [
            late,
            only_late,
            alert("3", "c", (5, 4), scam_type="fake_loan"),
            alert("4", "z", (5, 4), scam_type="phishing"),
        ],
    )
    assert (card.typing.accuracy.value, card.typing.accuracy.n) == (2 / 3, 3)
    assert card.typing.macro_f1.value == pytest.approx((2 / 3 + 2 / 3) / 2)
    assert card.typing.accuracy_inside.value == 0.5
    assert [(row.key, row.true, row.said, row.right) for row in card.typing.rows] == [
        ("fake_police", 2, 1, 1), ("fake_loan", 1, 2, 1),
    ]  # fmt: skip


def test_slow_scams_have_their_own_row() -> None:
    """All, slow and fast episodes side by side."""
    card = card_of([loss("e1", "a", slow=True), loss("e2", "b"), loss("e3", "c")], [alert("1", "a", (5, 3))])
    assert [(row.key, row.episodes, row.recall[2].value) for row in card.paces] == [
        ("all", 3, 1 / 3), ("slow", 1, 1), ("fast", 2, 0),
    ]  # fmt: skip


def test_calibration_sets_what_was_said_against_what_was_true() -> None:
    """The last state of an alert counts, by its level."""
    card = card_of(
        [loss("e1", "a")], [alert("1", "a", (5, 4), (6, 1)), alert("2", "z", (5, 3)), alert("3", "y", (5, 3))]
    )
    rows = {row.key: (row.n, row.expected, row.observed) for row in card.calibration.levels}
    assert rows == {"1": (1, 0.95, 1), "2": (0, 0, 0), "3": (2, 0.6, 0), "4": (0, 0, 0)}
    assert card.calibration.ece.value == pytest.approx((0.05 + 0.6) / 3)
    assert card.calibration.brier == pytest.approx((0.05**2 + 2 * 0.3**2) / 3)


def test_false_alerts_are_laid_to_the_lookalike_begun_last() -> None:
    """Of several innocent reasons the nearest explains the alert; true alerts need none."""
    spans = [("courier", "a", 0, 600), ("meeting", "a", 15, 30), ("courier", "b"), ("courier", "c")]
    card = card_of(
        [loss("e1", "c"), *(lookalike(*span) for span in spans)],
        [alert("1", "a", (20, 2)), alert("2", "b", (5, 4)), alert("3", "c", (5, 1)), alert("4", "z", (5, 4))],
    )
    assert [(row.key, row.spans, row.alerted.value, row.false) for row in card.lookalikes] == [
        ("courier", 3, 1 / 3, (0, 0, 0, 1)), ("meeting", 1, 1, (0, 1, 1, 1)), ("", 0, None, (0, 0, 0, 1)),
    ]  # fmt: skip


def town(false_in_north: int, false_in_south: int) -> Card:
    """Two towns of 1,000 people with so many false alerts, and a hamlet."""
    people: People = {
        f"{where}{n}": Person("75+", where) for where in ("north", "south") for n in range(1_000)
    }
    people |= {f"h{n}": Person("75+", "hamlet") for n in range(10)}
    raised = [
        alert(f"{w}{n}", f"{w}{n}", (5, 3))
        for w, many in (("north", false_in_north), ("south", false_in_south))
        for n in range(many)
    ]
    return card_of([loss("e1", "h1")], [*raised, alert("t", "h1", (5, 1))], people, people=2_010)


@pytest.mark.parametrize(
    ("north", "south", "verdict"),
    [(20, 24, "pass"), (20, 40, "undecided"), (20, 120, "fail"), (2, 3, "too few")],
)
def test_the_gate_on_the_false_alarm_ratio(north: int, south: int, verdict: str) -> None:
    """Above 1.5 it fails only if chance can hardly be the cause; small groups are left out."""
    by_age, by_area = town(north, south).fairness
    assert (by_age.by, by_age.verdict) == ("age_band", "too few")
    assert (by_area.by, by_area.verdict) == ("area", verdict)
    assert "hamlet" in by_area.left_out
    if verdict != "too few":
        assert (by_area.ratio.value, by_area.highest, by_area.lowest) == (
            pytest.approx(south / north),
            "south",
            "north",
        )


def test_groups_have_their_own_recall_and_rates() -> None:
    """Rates are over the people of the group."""
    rows = {row.key: row for row in town(20, 40).fairness[1].rows}
    assert rows["hamlet"].episodes.recall[2].value == 1
    assert rows["hamlet"].alerts_per_10k_days.value == pytest.approx(1_000)
    assert rows["north"].false_per_10k_days.value == pytest.approx(200)


def test_the_curve_falls_with_the_threshold() -> None:
    """Issuing less lowers load and recall together, and the last point is the run itself."""
    card = card_of(
        [loss("e1", "a"), loss("e2", "b")],
        [alert("1", "a", (5, 1)), alert("2", "b", (5, 3)), alert("3", "z", (5, 4))],
    )
    assert [(p.threshold, p.alerts_per_10k_days, p.recall, p.precision) for p in card.curve] == [
        (0.95, 1, 0.5, 1), (0.3, 2, 1, 1), (0.05, 3, 1, pytest.approx(2 / 3)),
    ]  # fmt: skip


def test_precision_at_other_base_rates() -> None:
    """As published: at 1 : 10,000 and recall .785 a false rate of 1 % leaves 0.8 %, of 10⁻⁵ leaves 89 %."""
    assert precision_at(1e-4, 0.785, 1e-2) == pytest.approx(0.008, abs=3e-4)
    assert precision_at(1e-4, 0.785, 1e-5) == pytest.approx(0.89, abs=3e-3)
    assert precision_at(1e-4, 0.0, 0.0) is None
    card = card_of([loss("e1", "a")], [alert("1", "a", (5, 1)), alert("2", "z", (5, 1))])
    (row,) = (row for row in card.at_priors if row.level == 1)
    assert [figure.value for figure in row.precision] == sorted(
        (figure.value for figure in row.precision), reverse=True
    )
    assert row.precision[1].value == pytest.approx(0.5, abs=1e-3)


def test_a_quiet_city_gives_a_card() -> None:
    """Without episodes, alerts or both, what cannot be told is left open and nothing fails."""
    nothing = card_of([], [])
    assert values(nothing, "recall") == values(nothing, "precision") == [None] * 4
    assert values(nothing, "false_per_1e6_tags") == [0] * 4
    assert (nothing.curve, nothing.reached, nothing.types) == ((), {}, ())
    quiet = card_of([lookalike("courier", "a")], [alert("1", "a", (5, 4))], tags=None)
    assert (
        quiet.counts.false,
        quiet.levels[3].precision.value,
        quiet.levels[3].false_per_1e6_tags.value,
    ) == (1, 0, None)
    missed = card_of([loss("e1", "a")], [])
    assert values(missed, "recall") == [0] * 4
