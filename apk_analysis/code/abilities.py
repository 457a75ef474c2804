"""What the code is able to do, by the platform's methods that it calls and the strings that it holds."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from functools import cache

from ahocorasick_rs import BytesAhoCorasick

from apk_analysis.code.fingerprints import api_hash
from apk_analysis.code.markers import rows
from apk_analysis.code.mixing import Hashes, hash_text

_STRING = "string:"
_DIGITS = re.compile(rb"\d+")


@cache
def _hash(call: str) -> int:
    """The hash of `Lclass;->name`."""
    class_name, method = call.split("->")
    return api_hash(hash_text(class_name), hash_text(method))


@cache
def _words() -> tuple[bytes, ...]:
    return tuple({
        term.removeprefix(_STRING).encode()
        for row in rows("abilities.yaml") for choices in row["all"] for term in choices if term.startswith(_STRING)
    })  # fmt: skip


@cache
def _searcher() -> BytesAhoCorasick:
    return BytesAhoCorasick(list(_words()))


def find_abilities(apis: Hashes, strings: Iterable[bytes]) -> tuple[str, ...]:
    """Ids of the abilities (`abilities.yaml`) of code that calls these and holds these strings."""
    calls, words = set(apis.tolist()), _said(strings)
    return tuple(
        row["id"] for row in rows("abilities.yaml")
        if all(any(_met(term, calls, words) for term in choices) for choices in row["all"])
    )  # fmt: skip


def explain_ability(ability: str) -> tuple[str, str]:
    """An ability in Chinese and English."""
    return next((row["zh"], row["en"]) for row in rows("abilities.yaml") if row["id"] == ability)


def _met(term: str, calls: Collection[int], words: Collection[bytes]) -> bool:
    return term.removeprefix(_STRING).encode() in words if term.startswith(_STRING) else _hash(term) in calls


def _said(strings: Iterable[bytes]) -> set[bytes]:
    """The words that occur; one of digits counts only where no other digit stands beside it."""
    found: set[bytes] = set()
    for data in strings:
        for number, start, stop in _searcher().find_matches_as_indexes(data, overlapping=True):
            word = _words()[number]
            if not (_DIGITS.fullmatch(word) and (data[start - 1 : start].isdigit() or data[stop : stop + 1].isdigit())):
                found.add(word)
    return found
