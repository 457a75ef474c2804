"""The synthetic numbering plan: every phone number of every data set here comes from this room.

People are `1990000xxxx`–`1990050xxxx`, their ordinary contacts `1991xxxxxxx`, landlines
`0510-8000xxxx`; virtual-operator callers use `…00000xxxx` blocks of 162/165/167/170/171;
numbers abroad are the drama ranges of the UK (+44 7700 900xxx) and the US (+1 202 555 01xx)
and `…0000xxx` blocks elsewhere. The blocks were chosen to be recognisable, not taken from any list;
service codes (955xx, 96110, 10086 …) are public. Nothing here was observed.
"""

from __future__ import annotations

SUBJECT_BASE = 19_900_000_000
CONTACT_BASE = 19_910_000_000

SERVICE_CODES = (
    "95588", "95533", "95599", "95566", "95559", "95555", "95568", "95577", "95595", "95528",
    "95558", "95561", "95508", "95338", "95554", "95546", "11183", "95311", "95518", "95519",
    "10086", "10010", "10000", "10099", "12306", "12345", "12333", "12329", "12348", "95598",
)  # fmt: skip
"""Banks, couriers, insurers, carriers and public services that everybody hears from."""

_VIRTUAL_PREFIXES = ("1700", "1704", "1705", "1650", "1670", "1710", "1620")
_OVERSEAS_PREFIXES = ("00447700900", "00120255501", "0085253000", "0085512000", "0063917000", "0065980000")
_OVERSEAS_DIGITS = (3, 2, 3, 3, 4, 2)
_IRREGULAR = ("0000", "00110", "1234567", "+8611096110", "019900", "00861", "55555555", "0020")


def subject_number(n: int) -> str:
    """The n-th protected person, national writing; 0 ≤ n < 10⁷."""
    return str(SUBJECT_BASE + n)


def contact_number(n: int) -> str:
    """The n-th ordinary mobile number a person talks to; 0 ≤ n < 10⁷."""
    return str(CONTACT_BASE + n)


def landline_number(n: int) -> str:
    """The n-th landline of the county; 0 ≤ n < 10⁴."""
    return f"05108000{n % 10_000:04d}"


def sms_port(n: int) -> str:
    """The n-th 106 port that companies send texts from."""
    return f"1069{n % 10_000:04d}0000"


def hotline_number(n: int) -> str:
    """The n-th 400 number."""
    return f"400000{n % 10_000:04d}"


def virtual_number(n: int) -> str:
    """The n-th number of a virtual operator."""
    return f"{_VIRTUAL_PREFIXES[n % len(_VIRTUAL_PREFIXES)]}000{n // len(_VIRTUAL_PREFIXES) % 10_000:04d}"


def overseas_number(n: int) -> str:
    """The n-th number abroad, as signalled with 00."""
    country, rest = n % len(_OVERSEAS_PREFIXES), n // len(_OVERSEAS_PREFIXES)
    digits = _OVERSEAS_DIGITS[country]
    return f"{_OVERSEAS_PREFIXES[country]}{rest % 10**digits:0{digits}d}"


def irregular_number(n: int) -> str:
    """The n-th broken or spoofed caller id: no number of any plan."""
    return _IRREGULAR[n % len(_IRREGULAR)]


def peer_pool(size: int) -> list[str]:
    """`size` peers: 60 % mobiles, 10 % landlines, 15 % service codes and ports; the other 15 % unusual.

    The unusual ones are 7 % virtual operators, 5 % 400 numbers, 2 % abroad, 1 % broken caller ids.
    """
    shares = (
        (60, contact_number), (10, landline_number), (8, sms_port), (7, _service_code),
        (7, virtual_number), (5, hotline_number), (2, overseas_number), (1, irregular_number),
    )  # fmt: skip
    return [make(n) for share, make in shares for n in range(size * share // 100)]


def _service_code(n: int) -> str:
    return SERVICE_CODES[n % len(SERVICE_CODES)]
