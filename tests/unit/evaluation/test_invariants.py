"""Promises of the card that hold for every city, checked against a plain reading of the definitions."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from fraud_guard.evaluation.joining import NEVER, join
from tests.unit.evaluation.cities import DAY, MINUTE, T0, alert, alerts_of, attempt, card_of, loss, truth_of

SUBJECTS = "abc"
steps = st.lists(st.tuples(st.integers(-200, 3_000), st.integers(1, 4)), min_size=1, max_size=4).map(
    lambda found: sorted(found, key=lambda step: step[0])
)
raised = st.lists(st.tuples(st.sampled_from(SUBJECTS), steps), max_size=8)
happened = st.lists(st.tuples(st.sampled_from(SUBJECTS), st.sampled_from([30, 400, None])), max_size=6)


def lines_of(spans: list[tuple[str, int | None]]) -> list[bytes]:
    return [loss(f"e{n}", s, p) if p else attempt(f"e{n}", s) for n, (s, p) in enumerate(spans)]


def changes_of(found: list[tuple[str, list[tuple[int, int]]]]) -> list[list[bytes]]:
    return [alert(f"{n}", s, *chain) for n, (s, chain) in enumerate(found)]


@given(happened, raised)
def test_joining_is_what_the_definition_says(
    spans: list[tuple[str, int | None]], found: list[tuple[str, list[tuple[int, int]]]]
) -> None:
    """First times at each level and verdicts equal those of two plain loops."""
    truth, alerts = truth_of(*lines_of(spans)), alerts_of(*changes_of(found))
    joined = join(truth, alerts, DAY)
    verdict = {str(n): 0 for n in range(len(found))}
    for row, episode in enumerate(truth.episodes):
        limit = episode.t_point_of_no_return_ms or NEVER
        first = [NEVER] * 4
        for n, (subject, chain) in enumerate(found):
            inside = [
                (T0 + m * MINUTE, level)
                for m, level in chain
                if T0 <= T0 + m * MINUTE <= episode.t_last_ms + DAY
            ]
            if subject == episode.subject and inside:
                verdict[str(n)] = max(verdict[str(n)], 3 if episode.outcome == "loss" else 1)
                for ms, level in inside:
                    first = [min(t, ms) if level <= k and ms < limit else t for k, t in enumerate(first, 1)]
        assert joined.reached_ms[:, row].tolist() == first
    assert dict(zip(alerts.ids, joined.verdict.tolist(), strict=True)) == verdict


@given(happened, raised)
def test_figures_agree_with_each_other(
    spans: list[tuple[str, int | None]], found: list[tuple[str, list[tuple[int, int]]]]
) -> None:
    """Recall and load never fall towards milder levels, and the sorts of alerts add up to all of them."""
    card = card_of(lines_of(spans), changes_of(found))
    for name in ("recall", "alerts_per_10k_days", "false_per_1e6_tags"):
        column = [getattr(row, name).value or 0 for row in card.levels]
        assert column == sorted(column)
    assert card.counts.true + card.counts.contact + card.counts.false == card.counts.alerts
    assert card.lookalikes[-1].false[-1] == card.counts.false
    assert not card.curve or card.curve[-1].alerts_per_10k_days == card.counts.alerts
