"""The report of a backtest: what is new and gone, and who was right by what is known."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from fraud_guard.app.backtest.labels import CityLabels, ClosureLabels
from fraud_guard.app.backtest.report import AlertRow, alert_rows, compare
from fraud_guard.dispatch.order import Order
from fraud_guard.escalation.alert import Alert, AlertChange
from fraud_guard.evaluation.truth import City, Episode, Truth
from fraud_guard.feedback.closure import Closure, ClosureOutcome, Contact
from fraud_guard.feedback.closure import Truth as Answer

HOUR_MS = 3_600_000
ANNA, BERTA = "aa" * 16, "bb" * 16


def row(alert_id: str, subject: str = ANNA, raised_ms: int = 0, last_ms: int = 10, level: int = 3) -> AlertRow:
    return AlertRow(alert_id, subject, raised_ms, last_ms, level, "loan", (), None)


def change(alert_id: str, ts_ms: int, subject: str = ANNA, seq: int = 0, kind: str = "raised", level: int = 3) -> AlertChange:
    return AlertChange(
        alert_id=alert_id, seq=seq, change=kind, ts_ms=ts_ms, subject=subject, level=level, probability=0.5, scam_type="loan",
        scam_type_probabilities={"loan": 1.0}, evidence=(), station_id="", area="", cause="score",
    )  # fmt: skip


def closed(token: str, opened_ms: int, closed_ms: int, answer: Answer) -> tuple[Closure, Order, Alert]:
    alert = Alert("x", token, 1, "closed", 1, opened_ms, closed_ms, 3, None, None, 0.5, {"loan": 1.0}, (), "", "")
    closure = Closure(order_id="o", ts_ms=closed_ms, truth=answer, contact=Contact.PHONE_VERIFIED, outcome=ClosureOutcome.NO_ACTION)
    order = Order(order_id="o", alert_id="x", level=3, station_id="s", attempt=1, issued_ms=opened_ms, state="closed", script_zh="")
    return closure, order, alert


def test_alerts_at_the_same_time_are_the_same() -> None:
    """An alert that overlaps one of the same person is on both sides whatever its id; the others are new or gone."""
    found = compare([row("a", raised_ms=5), row("b", BERTA)], [row("c", level=4), row("d", raised_ms=90, last_ms=99)])
    assert ([a.alert_id for a in found.new], [a.alert_id for a in found.gone]) == (["b"], ["d"])
    assert (found.same, found.graver, found.milder, found.earlier, found.later) == (1, 1, 0, 0, 1)


ROWS = st.lists(st.tuples(st.sampled_from([ANNA, BERTA]), st.integers(0, 50), st.integers(0, 9), st.integers(1, 4)), max_size=12).map(
    lambda found: [row(f"{n}", s, t, t + d, level) for n, (s, t, d, level) in enumerate(found)]
)


@given(ROWS, ROWS)
def test_nothing_is_left_over(now: list[AlertRow], before: list[AlertRow]) -> None:
    """New + same are all alerts of now, and turned round new and gone change places."""
    found, turned = compare(now, before), compare(before, now)
    assert len(found.new) + found.same == len(now)
    assert (found.new, found.gone) == (turned.gone, turned.new)
    assert found.graver + found.milder <= found.same


@given(ROWS)
def test_the_same_rules_change_nothing(now: list[AlertRow]) -> None:
    """Compared with itself nothing is new and nothing is gone."""
    found = compare(now, now)
    assert (found.new, found.gone) == ((), ())


def test_an_alert_is_what_it_became() -> None:
    """Its level is the gravest that it reached, its time from raise to end."""
    (found,) = alert_rows([change("a", 1), change("a", 2, seq=1, kind="escalated", level=1), change("a", 9, seq=2, kind="expired")], {"a": True})
    assert (found.level, found.raised_ms, found.last_ms, found.right) == (1, 1, 9, True)


def test_closures_judge_alerts_of_their_time() -> None:
    """A closure judges the alerts of its person between the opening and the report; nobody else's and no other time's."""
    labels = ClosureLabels([closed(ANNA, 100, 200, Answer.CONTACTED), closed(BERTA, 100, 200, Answer.LEGIT), closed(ANNA, 500, 600, Answer.CANNOT_TELL)])
    changes = [change("a", 150), change("b", 150, BERTA), change("c", 300), change("d", 550)]
    assert labels.judge(changes).right == {"a": True, "b": False}


def test_a_city_judges_every_alert() -> None:
    """With the truth of a city an alert inside an episode is right, any other one wrong, and recall counts the losses of the days."""
    loss = Episode("e", ANNA, "loan", HOUR_MS, 2 * HOUR_MS, "loss", 2 * HOUR_MS)
    early = Episode("f", BERTA, "loan", -HOUR_MS, 0, "loss", 0)
    labels = CityLabels(Truth(City(people=2, days=1), (loss, early)), 0, 24 * HOUR_MS)
    judged = labels.judge([change("a", HOUR_MS + 1), change("b", 60 * HOUR_MS, BERTA)])
    assert judged.right == {"a": True, "b": False}
    assert [(figure.value, figure.n) for figure in judged.recall] == [(0.0, 1), (0.0, 1), (1.0, 1), (1.0, 1)]
