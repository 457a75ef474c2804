"""Phone numbers as feeds write them → one canonical spelling.

Canonical forms: `+<E.164>` for dialable numbers (`+8613800000000`, `+862112345678`,
`+85251234567`), bare digits for service numbers (`95588`, `96110`, `1069…`) and for 400/800
numbers. Everything else, opaque tokens above all, is returned exactly as it came.

The Chinese plan is written down here and not asked of `phonenumberslite`: 9.0 does not know
service numbers (95588, 96110, 106… SMS ports) as numbers at all, accepts satellite (1349, 1740)
as ordinary mobiles, and costs 20 µs a number. It knows the other countries; see `peers`.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import phonenumbers

_NUMBER_CHARS = re.compile(r"[\s+＋]*[(（]?[0-9０-９][0-9０-９\s+＋().（）．·\-‐-―－]*")
_FILLERS = dict.fromkeys(map(ord, " \t\u00a0\u3000\u2009\u202f()（）.．·-‐‑‒–—―－\r\n\v\f"))
_ASCII = {**_FILLERS, ord("＋"): "+", **{ord("０") + digit: str(digit) for digit in range(10)}}

_MOBILE = r"1[3-9]\d{9}|14[01468]\d{10}"
_LANDLINE = r"(?:10|2[0-57-9])[2-8]\d{7}|[3-9]\d{2}[2-8]\d{6,7}"
_AREA_SERVICE = r"(?:10|2[0-57-9]|[3-9]\d{2})(?:1[12]\d|1[02]\d{3}|9[56]\d{3,4})"
_SMS_PORT = r"106\d{5,17}"
_TOLL = r"[48]00\d{7}"
_SERVICE = r"1[12]\d|1[0-2]\d{3,4}|100\d{4,5}|1010\d{4}|9[56]\d{3,6}"

_PLAIN_MOBILE = re.compile(_MOBILE, re.ASCII)
_PREFIXED_CHINA = re.compile(r"(?:\+|00|\+00)86(\d+)|86(\d{10,})", re.ASCII)
_NATIONAL = re.compile(rf"0?({_MOBILE})|0({_LANDLINE}|{_AREA_SERVICE})", re.ASCII)
_AFTER_86 = re.compile(rf"0?({_MOBILE}|{_LANDLINE}|{_AREA_SERVICE})", re.ASCII)
_BARE = re.compile(rf"{_SMS_PORT}|{_TOLL}|{_SERVICE}", re.ASCII)
_PORT_OR_TOLL = re.compile(rf"{_SMS_PORT}|{_TOLL}", re.ASCII)
_ABROAD = re.compile(r"(?:\+|00|\+00)([1-9]\d{6,14})", re.ASCII)
_CANONICAL = re.compile(
    rf"\+86(?:{_MOBILE}|{_LANDLINE}|{_AREA_SERVICE})|\+(?!86)[1-9]\d{{6,14}}|{_BARE.pattern}", re.ASCII
)


def normalise(raw: str) -> str:
    """Canonical spelling of `raw`; what is no number of any plan comes back unchanged.

    Only strings of digits, `+`, blanks, dashes, dots and parentheses (full width too) are
    looked at, so opaque tokens are never touched. Idempotent. Never raises.
    """
    if len(raw) == 11 and _PLAIN_MOBILE.fullmatch(raw):  # by far the most frequent spelling
        return f"+86{raw}"
    if len(raw) == 14 and raw.startswith("+86") and _PLAIN_MOBILE.fullmatch(raw, 3):
        return raw
    if not _NUMBER_CHARS.fullmatch(raw):
        return raw
    compact = raw.translate(_ASCII)
    for read in _READERS:
        if canonical := read(compact):
            return canonical
    return raw


def is_number(canonical: str) -> bool:
    """Whether `canonical` (from `normalise`) is a number and not an opaque token."""
    return _CANONICAL.fullmatch(canonical) is not None


def _bare(compact: str) -> str:
    return compact if _BARE.fullmatch(compact) else ""


def _national(compact: str) -> str:
    match = _NATIONAL.fullmatch(compact)
    return f"+86{match[1] or match[2]}" if match else ""


def _prefixed_china(compact: str) -> str:
    """`+86…`, `0086…`, `86…`.

    A service number behind +86 stays as it is: nobody can call from +86 110 or +86 95588, so
    that spelling is the mark of a spoofed call and must not become the trusted `110`.
    SMS ports and 400 numbers are shown with +86 by ordinary handsets.
    """
    match = _PREFIXED_CHINA.fullmatch(compact)
    rest = (match[1] or match[2]) if match else ""
    if _PORT_OR_TOLL.fullmatch(rest):
        return rest
    national = _AFTER_86.fullmatch(rest)
    return f"+86{national[1]}" if national else ""


def _abroad(compact: str) -> str:
    match = _ABROAD.fullmatch(compact)
    if not match or match[1].startswith("86") or not _has_country_code(match[1]):
        return ""
    return f"+{match[1]}"


def _has_country_code(digits: str) -> bool:
    return any(int(digits[:size]) in phonenumbers.COUNTRY_CODE_TO_REGION_CODE for size in (1, 2, 3))


_READERS: tuple[Callable[[str], str], ...] = (_bare, _national, _prefixed_china, _abroad)
