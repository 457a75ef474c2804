"""The closed set of slots and how a column of values is drawn for each.

Lists stand in `tables/slots.csv`; the rest are numbers in a fixed format. Phone numbers follow the
synthetic numbering plan; chat accounts have forms that the real services do not allow (QQ with a
leading 0, WeChat ids with a leading digit), so nobody owns them. `{link}` has no values here:
links come from the caller.
"""

from __future__ import annotations

import csv
from collections.abc import Callable
from functools import lru_cache
from itertools import product
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from datasets.numbers import CONTACT_BASE, virtual_number

SLOTS: dict[str, str] = {
    "name": "a person's full name",
    "surname": "a surname",
    "bank": "a bank",
    "amount": "yuan without unit, 100 to 60,000, some with cents",
    "price": "yuan without unit, 3 to 500, some with cents",
    "wan": "tens of thousands of yuan, 1 to 80",
    "n": "a small number, 2 to 9",
    "code": "six digits",
    "time": "hour and minute of the day, 14:30",
    "date": "month and day, 3月18日",
    "courier": "a courier",
    "shop": "a shop",
    "goods": "an article of trade",
    "link": "a link; given by the caller",
    "phone": "a mobile number of the synthetic plan; of a virtual operator in scam texts",
    "qq": "a QQ number that cannot exist",
    "wechat": "a WeChat id that cannot exist",
    "app": "a chat, meeting or trading app",
    "org": "a company",
    "order_no": "twelve digits",
    "tail4": "four digits",
    "street": "a part of the town, without 街道 or 派出所",
    "school": "a school",
    "hospital": "a hospital",
    "game": "an online game",
    "platform": "an online platform",
}

Column = list[str]
Draw = Callable[[np.random.Generator, int], Column]

_TABLE = Path(__file__).parent / "tables" / "slots.csv"
_POOL_SIZE = 4_096
_NUMBERS = {  # slot: (lowest, highest + 1, format)
    "n": (2, 10, "%d"),
    "wan": (1, 81, "%d"),
    "code": (0, 1_000_000, "%06d"),
    "tail4": (0, 10_000, "%04d"),
    "order_no": (10**11, 10**12, "%d"),
    "qq": (10**7, 10**9, "0%09d"),
}


def draw(slot: str, rng: np.random.Generator, n: int, *, scam: bool = False) -> Column:
    """`n` values of `slot`; `KeyError` for an unknown one and for `link`."""
    if slot == "phone":
        return _scam_phones(rng, n) if scam else _phones(rng, n)
    if slot in _NUMBERS:
        low, high, form = _NUMBERS[slot]
        return [form % number for number in rng.integers(low, high, n).tolist()]
    pool = _pools()[slot]
    drawn: Column = pool[rng.integers(0, len(pool), n)].tolist()
    return drawn


def _phones(rng: np.random.Generator, n: int) -> Column:
    return [str(CONTACT_BASE + number) for number in rng.integers(0, 10**7, n).tolist()]


def _scam_phones(rng: np.random.Generator, n: int) -> Column:
    return [virtual_number(number) for number in rng.integers(0, 70_000, n).tolist()]


@lru_cache(maxsize=1)
def _pools() -> dict[str, NDArray[np.object_]]:
    """Every slot that is drawn from a list; the same lists on every machine."""
    lists = _listed()
    given = lists.pop("given")
    lists["name"] = [surname + name for surname, name in product(lists["surname"], given)]
    lists["amount"] = _amounts(100, 60_000)
    lists["price"] = _amounts(3, 500)
    lists["wechat"] = _wechat_ids()
    lists["time"] = [f"{hour}:{minute:02d}" for hour, minute in product(range(7, 23), range(0, 60, 5))]
    lists["date"] = [f"{month}月{day}日" for month, day in product(range(1, 13), range(1, 29))]
    return {slot: np.array(values, dtype=object) for slot, values in lists.items()}


def _listed() -> dict[str, Column]:
    with _TABLE.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(line for line in file if not line.startswith("#"))
        return {row["slot"]: row["values"].split("|") for row in rows}


def _wechat_ids() -> Column:
    """A digit, two to four letters, three to five digits; real ids begin with a letter."""
    rng = np.random.Generator(np.random.PCG64(20_260_113))
    return [
        str(rng.integers(1, 10))
        + "".join(rng.choice(list("abcdefghijkmnpqrstuvwxyz"), rng.integers(2, 5)))
        + str(rng.integers(100, 100_000))
        for _ in range(_POOL_SIZE // 4)
    ]


def _amounts(lowest: int, highest: int) -> Column:
    """Log-uniform amounts as people meet them: a third round, a third whole, a third with cents."""
    rng = np.random.Generator(np.random.PCG64(20_260_112))
    yuan = np.exp(rng.uniform(np.log(lowest), np.log(highest), _POOL_SIZE)).tolist()
    round_to = 100 if lowest >= 100 else 10
    forms: tuple[Callable[[float], str], ...] = (
        lambda value: str(max(round(value / round_to) * round_to, round_to)),
        lambda value: str(round(value)),
        lambda value: f"{value:.2f}",
    )
    return [forms[i % 3](value) for i, value in enumerate(yuan)]
