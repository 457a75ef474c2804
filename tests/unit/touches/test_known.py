"""What a partition knows of verdicts: what holds, what is hunted for, whom a hunt meets."""

from __future__ import annotations

from typing import Any

import numpy as np

from fraud_guard.tags.block import ROW
from fraud_guard.tags.kinds import Kind
from fraud_guard.touches.known import Found, Known
from fraud_guard.touches.notice import VALID_MS, Mark, Notice

SHA = "ab" * 32
T_MS = 1_790_000_000_000
ANN, BOB = b"a" * 16, b"b" * 16


def notice(*keys: int, sha256: str = SHA, finding: Any = "malicious", ts_ms: int = T_MS, confidence: float = 0.9) -> Notice:
    return Notice(sha256, ts_ms, finding, tuple(Mark(k, "host", confidence) for k in keys))


def of_peers(*peers: int) -> np.ndarray:
    rows = np.zeros(len(peers), ROW)
    rows["peer"], rows["kind"] = peers, Kind.VISIT
    return rows


def known(*notices: Notice) -> Known:
    one = Known()
    for position, some in enumerate(notices):
        one.hear(some, position)
    return one


def hunts(one: Known) -> dict[str, tuple[int, ...]]:
    return {sha256: hunt.keys for sha256, hunt in one.hunts.items()}


def test_a_verdict_opens_a_hunt_for_its_marks() -> None:
    """Whoever touched one of them earlier is looked for."""
    assert hunts(known(notice(1, 2))) == {SHA: (1, 2)}


def test_the_same_verdict_again_is_nothing() -> None:
    """Announced twice, because a worker died over it, it opens no second hunt."""
    one = known(notice(1))
    one.close(Found(SHA, 0, 0))
    one.dirty = False
    assert one.hear(notice(1), 9) == ""
    assert (hunts(one), one.dirty) == ({}, False)


def test_a_changed_verdict_hunts_for_what_is_new() -> None:
    """New marks alone, unless the verdict has become heavier: then all."""
    one = known(notice(1, 2))
    one.close(Found(SHA, 0, 0))
    one.hear(notice(1, 2, 3), 1)
    assert hunts(one) == {SHA: (3,)}
    assert hunts(known(notice(1, finding="suspicious"), notice(1))) == {SHA: (1,)}


def test_a_benign_verdict_takes_back_what_was_said() -> None:
    """Nothing is touched any more, and the evidence to remove is named; of an app nobody spoke of there is nothing to say."""
    one = known(notice(1))
    assert one.hear(notice(1, finding="benign"), 1) == notice(1).id
    assert one.touching(of_peers(1)) is None
    assert one.hunts == {}
    assert Known().hear(notice(1, finding="benign"), 1) == ""


def test_a_hunt_meets_everybody_once() -> None:
    """Also when it is told twice, and nobody after its close; another hunt is another one."""
    one = known(notice(1))
    found = Found(SHA, 0, 1)
    assert [one.meet(found, t) for t in (ANN, BOB, ANN)] == [True, True, False]
    assert not one.meet(Found(SHA, 7, 1), b"c" * 16)
    one.close(Found(SHA, 7, 0))
    assert one.is_open(found)
    one.close(Found(SHA, 0, 0))
    assert not one.meet(found, b"c" * 16)


def test_of_two_words_on_a_key_the_stronger_counts() -> None:
    """Whichever came first."""
    a, b = notice(1, sha256="0" * 64, finding="suspicious"), notice(1, sha256="1" * 64)
    for one in (known(a, b), known(b, a)):
        bad = one.bad(1, T_MS)
        assert bad is not None
        assert bad.notice == b


def test_a_verdict_grows_old() -> None:
    """Later touches are no evidence; a new verdict clears the old one away."""
    one = known(notice(1))
    assert one.bad(1, T_MS + VALID_MS - 1)
    assert one.bad(1, T_MS + VALID_MS) is None
    one.hear(notice(2, sha256="9" * 64, ts_ms=T_MS + VALID_MS), 1)
    assert list(one.notices) == ["9" * 64]


def test_touching_finds_exactly_the_marks() -> None:
    """Rows with one of the keys, the smallest and the largest too, and no others."""
    one = known(notice(5, 9, 2**64 - 1))
    rows = of_peers(0, 4, 5, 6, 9, 10, 2**64 - 1)
    assert one.touching(rows).tolist() == [False, False, True, False, True, False, True]
    assert one.touching(rows[:2]) is None
    assert Known().touching(rows) is None


def test_a_file_is_met_by_its_download() -> None:
    """By the hash of the file, which no other kind of row has there; of file and host the surer word counts."""
    one = known(notice(5), notice(7, sha256="c" * 64, confidence=1.0))
    rows = of_peers(5, 5, 1)
    rows["call"], rows["kind"] = 7, [Kind.DOWNLOAD, Kind.CALL_START, Kind.CALL_START]
    assert one.touching(rows).tolist() == [True, True, False]
    assert [one.met(row, T_MS).mark.key for row in rows[:2]] == [7, 5]
    assert one.met(rows[2], T_MS) is None


def test_it_comes_back_from_a_checkpoint() -> None:
    """Verdicts, open hunts, and whom they met."""
    one, again = known(notice(1, 2)), Known()
    one.meet(Found(SHA, 0, 1), ANN)
    again.restore(one.packed())
    assert (again.notices, again.hunts, again.dirty) == (one.notices, one.hunts, False)
    assert not again.meet(Found(SHA, 0, 1), ANN)
    assert again.bad(2, T_MS) == one.bad(2, T_MS)


def test_a_body_comes_back() -> None:
    """What a control says of a find is read as it was written."""
    found = Found(SHA, -1, 2**64 - 1)
    assert Found.read(found.text()) == found
