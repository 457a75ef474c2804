"""Spellings of phone numbers; all numbers here are invented or public service codes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fraud_guard.door.numbers import is_number, normalise

MOBILES = st.from_regex(r"1990000[0-9]{4}", fullmatch=True)
LANDLINES = st.tuples(
    st.sampled_from(("10", "21", "510", "755", "891")), st.from_regex(r"8000[0-9]{4}", fullmatch=True)
)
ABROAD = st.from_regex(r"(8525300|1202555|447700900|95970000)[0-9]{4}", fullmatch=True)
SEPARATORS = st.sampled_from(("", " ", "-", "  ", "\u3000", ".", "－"))


def full_width(text: str) -> str:
    return text.translate({ord("0") + n: "０１２３４５６７８９"[n] for n in range(10)} | {ord("+"): "＋"})


@pytest.mark.parametrize(
    ("raw", "canonical"),
    [
        ("19900001234", "+8619900001234"),
        ("+86 199 0000 1234", "+8619900001234"),
        ("(0510) 8000-1234", "+8651080001234"),
        ("+86 (0)510 80001234", "+8651080001234"),
        ("010-80001234", "+861080001234"),
        ("0085253001234", "+85253001234"),
        ("+852 5300 1234", "+85253001234"),
        ("95588", "95588"),
        ("955 88", "95588"),
        ("110", "110"),
        ("10086", "10086"),
        ("96110", "96110"),
        ("10690001234", "10690001234"),
        ("+8610690001234", "10690001234"),
        ("8610690001234", "10690001234"),
        ("400-000-1234", "4000001234"),
        ("+86 800 000 1234", "8000001234"),
        ("021-95588", "+862195588"),
    ],
)
def test_known_spellings(raw: str, canonical: str) -> None:
    """Each documented spelling has the documented canonical form."""
    assert normalise(raw) == canonical


@given(MOBILES, SEPARATORS)
def test_all_spellings_of_a_mobile_agree(mobile: str, gap: str) -> None:
    """National, trunk, +86, 86, 0086, spaced and full-width spellings are one number."""
    spaced = gap.join((mobile[:3], mobile[3:7], mobile[7:]))
    spellings = {
        mobile,
        spaced,
        f"0{mobile}",
        f"+86{spaced}",
        f"86{mobile}",
        f"0086{gap}{mobile}",
        f"+0086{mobile}",
    }
    assert {normalise(s) for s in spellings | set(map(full_width, spellings))} == {f"+86{mobile}"}


@given(LANDLINES, SEPARATORS)
def test_all_spellings_of_a_landline_agree(landline: tuple[str, str], gap: str) -> None:
    """Trunk zero, parentheses, dashes and country code do not change a landline."""
    area, local = landline
    spellings = {f"0{area}{gap}{local}", f"(0{area}){gap}{local}", f"+86{area}{gap}{local}", f"0086{area}{local}",
                 f"86{area}{local}", f"+86(0){area}{local}", f"（0{area}）{local}"}  # fmt: skip
    assert {normalise(s) for s in spellings | set(map(full_width, spellings))} == {f"+86{area}{local}"}


@given(ABROAD, SEPARATORS)
def test_all_spellings_of_a_foreign_number_agree(digits: str, gap: str) -> None:
    """`00` and `+` are the same prefix."""
    split = f"{digits[:3]}{gap}{digits[3:]}"
    assert {normalise(s) for s in (f"+{split}", f"00{split}", f"+00{digits}")} == {f"+{digits}"}


@given(st.one_of(st.text(), st.text(alphabet="0123456789+- ().０１９＋（", max_size=24), MOBILES, ABROAD))
def test_idempotent(raw: str) -> None:
    """Normalising twice changes nothing, whatever came in, and never raises."""
    once = normalise(raw)
    assert normalise(once) == once


@given(st.one_of(st.uuids().map(str), st.from_regex(r"user-[0-9a-f]{1,32}", fullmatch=True),
                 st.from_regex(r"[A-Za-z_:/#][0-9]{3,20}", fullmatch=True)))  # fmt: skip
def test_opaque_tokens_are_never_touched(token: str) -> None:
    """Tokens with any letter or sign that numbers lack come back as they came and are no numbers."""
    if not token.replace("-", "").isdigit():
        assert normalise(token) == token
        assert not is_number(normalise(token))


@pytest.mark.parametrize(
    "raw", ["+86110", "+8696110", "008695588", "+86 95588", "8695588", "0000", "1234567", ""]
)
def test_service_numbers_behind_a_country_code_stay_suspect(raw: str) -> None:
    """+86 110 is how a spoofed call looks: it must not turn into the trusted short code."""
    assert normalise(raw) == raw
    assert not is_number(raw)


@given(
    st.one_of(
        MOBILES, ABROAD.map(lambda digits: f"+{digits}"), st.sampled_from(("95588", "4000001234", "110"))
    )
)
def test_canonical_numbers_are_numbers(raw: str) -> None:
    """What was read as a number says so."""
    assert is_number(normalise(raw))
