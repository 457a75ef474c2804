"""What a caller's number gives away: country, virtual operator, service code, broken caller id.

The Chinese plan comes from vendored, dated tables (`mobile_ranges.csv`, `official_numbers.csv`,
`service_codes.csv`); other countries from `phonenumberslite`. Hong Kong, Macao and Taiwan count
as overseas, as their calls reach the mainland through the international gateway.
"""

from __future__ import annotations

import re
from typing import NamedTuple

import phonenumbers

from fraud_guard.door.numbers import is_number, normalise
from fraud_guard.door.tables import load_rows, made_of_tables, table_error
from fraud_guard.tags.kinds import Flag

_OVERSEAS, _VIRTUAL, _SHORT = int(Flag.OVERSEAS), int(Flag.VIRTUAL), int(Flag.SHORT_CODE)
_OFFICIAL, _LANDLINE = int(Flag.OFFICIAL), int(Flag.LANDLINE)
_IRREGULAR, _NO_PEER = int(Flag.IRREGULAR), int(Flag.NO_PEER)

_WITHHELD = frozenset(
    ("", "-", "+", "0", "-1", "unknown", "anonymous", "private", "restricted", "withheld", "unavailable", "null",
     "none", "未知", "未知号码", "私人号码", "无主叫号码", "隐藏号码", "无号码")
)  # fmt: skip
_DIGITS_ONLY = re.compile(r"[\s+＋]*[(（]?[0-9０-９][0-9０-９\s+＋().（）．·\-‐-―－]*")
_AREA_EMERGENCY = re.compile(r"\+86(?:10|2[0-57-9]|[3-9]\d\d)1[12]\d")
_AREA_SERVICE = re.compile(r"\+86(?:10|2[0-57-9]|[3-9]\d\d)(?:1[02]\d{3}|9[56]\d{3,4})")
_RANGE_KINDS = {"mobile": 0, "data": 0, "virtual": _VIRTUAL, "satellite": _IRREGULAR}
_NO_COUNTRY = frozenset(("001", "ZZ", None))


class PeerClass(NamedTuple):
    """What is known of a peer.

    `flags`: bits of `tags.kinds.Flag` (OVERSEAS, VIRTUAL, SHORT_CODE, OFFICIAL, LANDLINE,
    IRREGULAR, NO_PEER). `country`: ISO 3166 alpha-2, "" when unknown or not a number.
    `length`: characters of the canonical number without `+`, 0 for opaque tokens.
    """

    flags: int
    country: str
    length: int


def classify(canonical_or_raw: str) -> PeerClass:
    """Class of a peer, given as `numbers.normalise` returns it or as the feed wrote it. Never raises.

    Opaque tokens get no flags: nothing can be said about them. 400/800 numbers count as SHORT_CODE.
    """
    canonical = normalise(canonical_or_raw.strip())
    if canonical.lower() in _WITHHELD:
        return PeerClass(_NO_PEER, "", 0)
    if not is_number(canonical):
        return _not_in_a_plan(canonical)
    if canonical.startswith("+86"):
        return PeerClass(_mainland(canonical), "CN", len(canonical) - 1)
    if canonical.startswith("+"):
        return _abroad(canonical)
    official = _OFFICIAL if canonical in _official_numbers() else 0
    return PeerClass(_SHORT | official, "CN", len(canonical))


def service_name(code: str) -> str:
    """Chinese name of the bank, insurer, courier, carrier or office behind a service code, else ""."""
    return _service_names().get(code, "")


def official_name(code: str) -> str:
    """Chinese name of the public office behind `code`, "" when it is not on the official list."""
    return _official_numbers().get(code, "")


def _not_in_a_plan(canonical: str) -> PeerClass:
    if not _DIGITS_ONLY.fullmatch(canonical):
        return PeerClass(0, "", 0)
    return PeerClass(_IRREGULAR, "", sum(character.isdigit() for character in canonical))


def _mainland(canonical: str) -> int:
    national = canonical[3:]
    if national[0] == "1" and len(national) in (11, 13) and not national.startswith("10"):
        return _mobile(national)
    if _AREA_EMERGENCY.fullmatch(canonical):
        return _IRREGULAR | _LANDLINE  # 110 and its like never call with an area code
    return _SHORT if _AREA_SERVICE.fullmatch(canonical) else _LANDLINE


def _mobile(national: str) -> int:
    ranges = _mobile_ranges()
    for size in (5, 4, 3):
        flags = ranges.get(national[:size])
        if flags is not None:
            return flags
    return _IRREGULAR


def _abroad(canonical: str) -> PeerClass:
    """Country and regularity by libphonenumber; satellite, premium and impossible numbers are irregular."""
    length = len(canonical) - 1
    try:
        number = phonenumbers.parse(canonical)
    except phonenumbers.NumberParseException:
        return PeerClass(_OVERSEAS | _IRREGULAR, "", length)
    region = phonenumbers.region_code_for_number(number)
    if region in _NO_COUNTRY:
        return PeerClass(_OVERSEAS | _IRREGULAR, _only_region(number.country_code or 0), length)
    premium = phonenumbers.number_type(number) == phonenumbers.PhoneNumberType.PREMIUM_RATE
    return PeerClass(_OVERSEAS | (_IRREGULAR if premium else 0), region or "", length)


def _only_region(country_code: int) -> str:
    """Country of an unallocated number whose code belongs to one country only (852 → HK), else ""."""
    regions = phonenumbers.COUNTRY_CODE_TO_REGION_CODE.get(country_code, ())
    return regions[0] if len(regions) == 1 and regions[0] not in _NO_COUNTRY else ""


def read_tables() -> None:
    """Read the tables now, not at first use. Raises ConfigurationError."""
    for make in (_mobile_ranges, _official_numbers, _service_names):
        make()


@made_of_tables
def _mobile_ranges() -> dict[str, int]:
    name = "mobile_ranges.csv"
    ranges: dict[str, int] = {}
    for number, (prefix, _, kind) in load_rows(name, ("prefix", "operator", "kind")):
        if kind not in _RANGE_KINDS or not prefix.isdigit() or not 3 <= len(prefix) <= 5:
            raise table_error(
                name, number, f"kind must be one of {', '.join(_RANGE_KINDS)}, prefix 3-5 digits"
            )
        ranges[prefix] = _RANGE_KINDS[kind]
    return ranges


@made_of_tables
def _official_numbers() -> dict[str, str]:
    return _names("official_numbers.csv", ("number", "name_zh"))


@made_of_tables
def _service_names() -> dict[str, str]:
    return _names("service_codes.csv", ("code", "name_zh", "sector")) | _official_numbers()


def _names(table: str, columns: tuple[str, ...]) -> dict[str, str]:
    names: dict[str, str] = {}
    for number, cells in load_rows(table, columns):
        if not cells[0].isdigit() or not cells[1]:
            raise table_error(table, number, "a number and its Chinese name are needed")
        if cells[0] in names:
            raise table_error(table, number, f"{cells[0]} is listed twice")
        names[cells[0]] = cells[1]
    return names
