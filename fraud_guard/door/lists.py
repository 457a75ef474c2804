"""Lists: tables of the door that change with the world, and may be put in the place of the shipped ones while it works.

What is folded and how letters resemble one another is no list: models have learned it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import ExitStack

from fraud_guard.door import hosts, lexicon, lookalikes, peers, tables
from fraud_guard.errors import ConfigurationError

FIXED = frozenset(("confusables.csv", "traditional.csv"))
_HOSTS = ("hosting_suffixes.txt", "shorteners.txt", "top_hosts.txt")
_LABEL = r"[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?"
_HOST = re.compile(rf"(?:!|\*\.)?(?:{_LABEL}\.)*{_LABEL}")


def list_names() -> list[str]:
    """The lists that there are."""
    return [name for name in tables.names() if name not in FIXED]


def use_lists(texts: Mapping[str, str]) -> None:
    """Put these lists in force, all or, when one of them is no good, none; lists that are not among them are the shipped ones.

    Raises ConfigurationError with file, line and what is wrong. Not safe for threads.
    """
    before = tables.replaced()
    if texts == before:
        return
    _check_names(texts)
    with ExitStack() as undo:
        undo.callback(tables.replace, before)
        tables.replace(texts)
        for name in texts:
            _check_entries(name)
        for module in (hosts, lookalikes, lexicon, peers):
            module.read_tables()
        undo.pop_all()


def _check_names(texts: Mapping[str, str]) -> None:
    known = list_names()
    for name in texts:
        if name not in known:
            raise ConfigurationError(f"{name}: no list of this release; take it away, the lists are {', '.join(known)}")


def _check_entries(name: str) -> None:
    lines = tables.load_lines(name)
    if len(lines) <= name.endswith(".csv"):
        raise tables.table_error(name, 1, "no entries; leave the file out to have the shipped list")
    for number, text in lines if name in _HOSTS else ():
        if not _HOST.fullmatch(text):
            raise tables.table_error(name, number, f"{text!r} is no host name; write it in small letters, without http:// and path")
