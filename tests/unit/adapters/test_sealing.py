"""Promises of keys and sealing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fraud_guard.adapters.sealing import Keys, Sealer
from fraud_guard.errors import IntegrityError

KEYS = Keys.from_site_key("0123456789abcdef0123456789abcdef")
SEALER = Sealer(KEYS.vault)


def test_keys_follow_from_the_site_key() -> None:
    """The same secret gives the same keys on every machine, one a purpose, and another secret gives others."""
    again, other = Keys.from_site_key("0123456789abcdef0123456789abcdef"), Keys.from_site_key("another")
    every = [KEYS.token, KEYS.vault, KEYS.deadletter, KEYS.log]
    assert again == KEYS
    assert {len(k) for k in every} == {32}
    assert len({*every, other.token, other.vault, other.deadletter, other.log}) == 8
    assert KEYS.token.hex() == "250a4bab78ccc0359284d7da8fca5529003045ea6f0707f53260665334d52696"


def test_keys_do_not_show_themselves() -> None:
    """Printing the keys, as in a log or traceback, shows none."""
    assert repr(KEYS) == "Keys(…)"
    assert KEYS.token.hex() not in str(KEYS)


@given(st.binary(max_size=300), st.none() | st.binary(max_size=20))
def test_what_was_sealed_can_be_unsealed(plain: bytes, aad: bytes | None) -> None:
    """Unsealing gives the plain bytes back; sealing twice never gives the same bytes."""
    sealed = SEALER.seal(plain, aad)
    assert SEALER.unseal(sealed, aad) == plain
    assert sealed != SEALER.seal(plain, aad)
    assert len(sealed) == len(plain) + 29


@given(st.binary(max_size=300), st.binary(max_size=300))
def test_sealing_repeatably_tells_only_what_is_equal(one: bytes, other: bytes) -> None:
    """The same bytes give the same bytes, with a nonce of their own, and open as any other seal."""
    sealed = SEALER.seal_repeatably(one)
    assert SEALER.unseal(sealed) == one
    assert sealed == SEALER.seal_repeatably(one)
    assert (sealed[1:13] == SEALER.seal_repeatably(other)[1:13]) == (one == other)


@given(st.binary(max_size=40), st.integers(0, 68), st.integers(1, 255))
def test_a_changed_byte_is_noticed(plain: bytes, at: int, flip: int) -> None:
    """Any changed byte, the version too, makes it unreadable."""
    sealed = bytearray(SEALER.seal(plain))
    sealed[at % len(sealed)] ^= flip
    with pytest.raises(IntegrityError):
        SEALER.unseal(bytes(sealed))


@pytest.mark.parametrize("length", [0, 1, 13, 28])
def test_a_cut_text_is_noticed(length: int) -> None:
    """Sealed bytes that are too short raise the same error."""
    with pytest.raises(IntegrityError, match="cut short"):
        SEALER.unseal(SEALER.seal(b"x")[:length])


def test_another_key_or_place_does_not_open() -> None:
    """Only the same key and the same place open it."""
    sealed = SEALER.seal(b"x", b"here")
    for sealer, aad in ((SEALER, b"there"), (SEALER, None), (Sealer(KEYS.log), b"here")):
        with pytest.raises(IntegrityError, match="does not open"):
            sealer.unseal(sealed, aad)


def test_a_short_key_is_refused() -> None:
    """A sealing key has 32 bytes."""
    with pytest.raises(ValueError, match="32 bytes"):
        Sealer(b"short")
