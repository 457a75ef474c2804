"""Promises of the dead-letter table on SQLite."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from fraud_guard import failpoints
from fraud_guard.adapters.sql.deadletters import SqlDeadLetters
from fraud_guard.adapters.sql.truth import SqlTruth
from fraud_guard.ports import DeadLetter
from tests.histories import DESK


def letter(id: str, reason: str = "not_json", at_ms: int = 1_000) -> DeadLetter:
    return DeadLetter(id, reason, "line 3", "tags.sms", f"tags.sms-0-{id}", at_ms, b"\x01sealed")


@pytest.fixture
def letters(tmp_path: Path) -> Iterator[SqlDeadLetters]:
    opened = SqlDeadLetters.open(tmp_path / "truth.db")
    yield opened
    opened.close()


def test_letters_are_found_newest_first(letters: SqlDeadLetters) -> None:
    """Letters come back whole, newest first, by reason where asked, as many as asked."""
    old, new, other = letter("a"), letter("b", at_ms=2_000), letter("c", "nul", 3_000)
    letters.add([old, other, new])
    letters.add([])
    assert letters.find() == [other, new, old]
    assert letters.find("not_json") == [new, old]
    assert letters.find(limit=1) == [other]
    assert letters.get("b") == new


def test_the_first_letter_of_an_id_stays(letters: SqlDeadLetters) -> None:
    """The same record refused again, as after a crash, is one letter."""
    letters.add([letter("a"), letter("a", "nul")])
    letters.add([letter("a", "nul"), letter("b")])
    assert letters.get("a").reason == "not_json"
    assert letters.counts() == {"not_json": 2}


def test_an_unknown_letter(letters: SqlDeadLetters) -> None:
    """An unknown id is an error that says how to find the known ones."""
    with pytest.raises(LookupError, match="deadletters list"):
        letters.get("x")


def test_replayed_letters_are_not_counted(letters: SqlDeadLetters) -> None:
    """A letter sent through the door again stays readable, but is no longer counted as open."""
    letters.add([letter("a"), letter("b"), letter("c", "nul")])
    letters.mark_replayed(["a", "c"], 9_000)
    assert letters.counts() == {"not_json": 1}
    assert letters.get("a").replayed_ms == 9_000


def test_letters_are_stored_all_or_none(letters: SqlDeadLetters, monkeypatch: pytest.MonkeyPatch) -> None:
    """When storing breaks off, no letter of the call is there."""

    def broken(_: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("fraud_guard.adapters.sql.deadletters.failpoint", broken)
    with pytest.raises(KeyboardInterrupt):
        letters.add([letter("a"), letter("b")])
    monkeypatch.setattr("fraud_guard.adapters.sql.deadletters.failpoint", failpoints.failpoint)
    assert letters.find() == []


def test_letters_live_beside_truth(letters: SqlDeadLetters, tmp_path: Path) -> None:
    """Truth and dead letters share one file, opened twice."""
    letters.add([letter("a")])
    truth = SqlTruth.open(tmp_path / "truth.db", DESK)
    truth.take_epoch("tags-0")
    assert letters.get("a")
    truth.close()
