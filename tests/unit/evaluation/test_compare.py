"""Promises of comparing two cards."""

from __future__ import annotations

import msgspec
import pytest

from fraud_guard.errors import ConfigurationError
from fraud_guard.evaluation.card import Card
from fraud_guard.evaluation.compare import Difference, compare, read_card
from tests.unit.evaluation.cities import alert, card_of, loss

TRUTH = [loss(f"e{n}", f"s{n}") for n in range(40)]


def seen(places: range, **city: object) -> Card:
    """The card of a run that saw these episodes at level 3."""
    return card_of(TRUTH, [alert(str(n), f"s{n}", (5, 3)) for n in places], **city)


def recall(now: Card, before: Card) -> Difference:
    return next(d for d in compare(now, before) if d.key == "recall level<=3")


def test_the_same_run_differs_in_nothing() -> None:
    """A card against itself: every difference is 0 and none is marked."""
    differences = compare(seen(range(20)), seen(range(20)))
    assert all(d.change.value in {0, None} and not d.surely for d in differences)


def test_the_same_city_is_paired() -> None:
    """Episodes seen by both runs say nothing; the others give a narrower interval than two samples would."""
    found = recall(seen(range(12, 40)), seen(range(12, 30)))
    assert (found.paired, found.gained, found.lost, found.change.value) == (True, 10, 0, 0.25)
    assert found.surely
    apart = recall(seen(range(12, 40)), seen(range(12, 30), seed=2))
    assert not apart.paired
    assert apart.change.value == pytest.approx(0.25)
    assert apart.change.low < found.change.low


def test_a_card_is_read_back_as_written() -> None:
    """JSON and back gives the same card."""
    card = seen(range(5))
    assert read_card(msgspec.json.encode(card), "card.json") == card


@pytest.mark.parametrize(
    "text", [b"", b"{}", b"\xff", msgspec.json.encode(msgspec.structs.replace(seen(range(1)), v=2))]
)
def test_another_file_is_refused(text: bytes) -> None:
    """What is no card of this version is told with its remedy."""
    with pytest.raises(ConfigurationError, match=r"card\.json:1: .* — give a card that `evaluate --json`"):
        read_card(text, "card.json")
