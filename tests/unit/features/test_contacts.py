"""Whom a subject knows: first contacts and new hosts."""

from __future__ import annotations

import numpy as np
import pytest

from fraud_guard.tags.kinds import Flag, Kind
from tests.records import One, row

START, ANSWER, END = Kind.CALL_START, Kind.CALL_ANSWER, Kind.CALL_END
KNOWN_FOR_SURE = 16
"""Peers and hosts that a sketch certainly still holds."""


def peer(n: int) -> int:
    """A number whose bits are spread as those of a hash."""
    return int(np.random.default_rng(n).integers(1, 1 << 63))


def call(n: int, at_s: float, kind: int = START, **more: int) -> np.ndarray:
    return row(kind, at_s, peer=peer(n), call=n * 1000 + int(at_s // 100), **more)


def text(n: int, at_s: float = 0, **more: int) -> np.ndarray:
    return row(Kind.SMS, at_s, peer=peer(n), **more)


def first_contacts(*rows: np.ndarray) -> list[bool]:
    One(*rows)
    return [bool(one["flags"][0] & Flag.FIRST_CONTACT) for one in rows]


def test_a_peer_is_known_after_two_contacts():
    """The first two contacts are those of a stranger, the third is not; another stranger still is one."""
    assert first_contacts(text(1), text(1, 9), text(1, 20), text(2, 30)) == [True, True, False, True]


def test_all_phases_of_a_call_are_one_contact():
    """Start, answer and end of a call say the same, and count once."""
    phases = [call(1, 0), call(1, 5, ANSWER), call(1, 60, END), call(1, 200), call(1, 300)]
    assert first_contacts(*phases) == [True, True, True, True, False]


@pytest.mark.parametrize(("seconds", "stranger"), [(59, True), (60, False)])
def test_who_was_called_and_talked_to_is_known(seconds, stranger):
    """One outgoing call of a minute makes somebody known; an incoming one does not."""
    for out, expected in ((Flag.OUTGOING, stranger), (0, True)):
        rows = [call(1, 0, END, flags=out, value=seconds), text(1, 200)]
        assert first_contacts(*rows)[1] == expected


def test_a_withheld_number_is_nobody():
    """Withheld and missing numbers are neither known nor strangers."""
    assert first_contacts(text(1, flags=Flag.NO_PEER), row(Kind.SMS, 5)) == [False, False]


def test_a_call_from_a_stranger_is_told_as_such():
    """While the call is up, the vector says that the caller is not known; and afterwards that the last one was not."""
    one = One(call(1, 0), call(1, 5, ANSWER))
    assert one.feature("call_first_contact") == 1
    one.take([call(1, 99, END)])
    assert (one.feature("call_first_contact"), one.feature("last_call_first_contact")) == (0, 1)
    known = One(*(text(2, t) for t in range(3)), call(2, 10), call(2, 20, ANSWER))
    assert known.feature("call_first_contact") == 0


def test_who_is_met_again_and_again_is_never_forgotten():
    """However many others come, a peer met between them stays known."""
    one = One(text(1), text(1, 1), text(1, 2))
    for n in range(2, 400):
        mine = text(1, n * 10)
        one.take([text(n, n * 10 - 1), text(n, n * 10 - 1), mine])
        assert not mine["flags"][0] & Flag.FIRST_CONTACT


def test_strangers_pass_for_known_seldom():
    """Of a thousand strangers at most one in eight is taken for somebody known, though many are known."""
    one = One(*(text(n, n) for n in range(KNOWN_FOR_SURE) for _ in range(3)))
    strangers = [text(n, n) for n in range(5_000, 6_000)]
    one.take(strangers)
    assert np.mean([bool(s["flags"][0] & Flag.FIRST_CONTACT) for s in strangers]) > 7 / 8


def test_a_host_is_new_once():
    """The first visit to a host outside the top list says so, also a download; top hosts are never new."""
    rows = [row(Kind.VISIT, peer=peer(1)), row(Kind.DOWNLOAD, 5, peer=peer(1)), row(Kind.DOWNLOAD, 6, peer=peer(2)),
            row(Kind.VISIT, 7, flags=Flag.TOP_HOST)]  # fmt: skip
    one = One(*rows)
    assert [bool(r["flags"][0] & Flag.NEW_HOST) for r in rows] == [True, False, True, False]
    assert one.feature("new_hosts_30d") == pytest.approx(2, abs=0.01)
    assert one.feature("since_new_host_s") == 1
