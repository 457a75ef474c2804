"""The rule book: all rules of `rules/apk/`, compiled once, one bundle a room, with what each rule says about itself."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple, get_args

import yara

from apk_analysis.errors import RuleFault
from apk_analysis.yara_scan.externals import EXTERNALS
from apk_analysis.yara_scan.facts import Kind, RuleFacts
from apk_analysis.yara_scan.rooms import ROOMS

KINDS: tuple[Kind, ...] = get_args(Kind)
_LINE = re.compile(r"line (\d+): (.*)", re.DOTALL)
_WANTED = ("id", "version", "title_zh", "title_en", "weight", "confidence", "reference")
# Bytes of a match that are copied with it: none. A hostile member may hold a million matches.
yara.set_config(max_match_data=0)


class RuleBook(NamedTuple):
    """Compiled rules by room, and their facts by YARA identifier. Made in the parent, used in every child."""

    rooms: Mapping[str, yara.Rules]
    facts: Mapping[str, RuleFacts]


def load_rules(folder: Path) -> RuleBook:
    """The book of a folder `rules/apk`. Raises RuleFault naming file, line and remedy of the first fault."""
    return compile_rules(read_sources(folder))


def read_sources(folder: Path) -> dict[str, str]:
    """Texts of `<room>/*.yar` by path below the folder, sorted. Raises RuleFault when there is none, or a room that is not known."""
    names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.yar"))
    if not names:
        raise RuleFault("no rule is here", file=str(folder), remedy="point to the folder `rules/apk`")
    return {name: _text(folder / name, name) for name in names}


def compile_rules(sources: Mapping[str, str]) -> RuleBook:
    """The book of texts by path (`dex/x.yar`). Raises RuleFault."""
    by_room: dict[str, dict[str, str]] = {}
    for name, text in sources.items():
        by_room.setdefault(_room(name), {})[name] = text
    facts: dict[str, RuleFacts] = {}
    for name, text in sources.items():
        for rule in compile_file(name, text):
            one = facts_of(rule, name, text)
            if rule.identifier in facts:
                raise RuleFault(f"{one.id} stands in {facts[rule.identifier].file}, too", file=name,
                                line=line_of_rule(text, rule.identifier), remedy="give one of them another id")  # fmt: skip
            facts[rule.identifier] = one
    rooms = {room: _compiled(texts) for room, texts in by_room.items()}
    return RuleBook(MappingProxyType(rooms), MappingProxyType(facts))


def compile_file(name: str, text: str) -> yara.Rules:
    """The rules of one file. Raises RuleFault: what YARA only warns of (slow patterns) is a fault, too."""
    try:
        return yara.compile(source=text, externals=dict(EXTERNALS), includes=False, error_on_warning=True)
    except yara.WarningError as warning:
        raise _fault(name, str(warning.args[0][0]), "make the pattern longer or bounded") from None
    except yara.Error as error:
        raise _fault(name, str(error), "correct the rule; names of features stand in docs/apk_rules.md") from None


def facts_of(rule: yara.Rule, name: str, text: str) -> RuleFacts:
    """What a rule says about itself. Raises RuleFault when something is missing or not what it should be."""
    meta, line = rule.meta, line_of_rule(text, rule.identifier)
    missing = [key for key in _WANTED if meta.get(key) in {None, ""}]
    if missing:
        raise RuleFault(f"{rule.identifier} has no {', '.join(missing)}", file=name, line=line, remedy="add it to `meta`")
    if meta["id"] != rule.identifier.replace("_", "-"):
        raise RuleFault(f"id {meta['id']!r} of {rule.identifier}", file=name, line=line,
                        remedy="the id is the rule's name with `-` for `_`")  # fmt: skip
    kinds = [kind for kind in KINDS if kind in rule.tags]
    if len(kinds) != 1:
        raise RuleFault(f"{rule.identifier} is of no one kind", file=name, line=line,
                        remedy=f"write one of {', '.join(KINDS)} behind its name")  # fmt: skip
    weight, confidence = (_number(meta[key], key, name, line) for key in ("weight", "confidence"))
    return RuleFacts(
        str(meta["id"]), int(meta["version"]), kinds[0], _room(name), name, str(meta["title_zh"]), str(meta["title_en"]),
        weight, confidence, str(meta["reference"]), str(meta.get("scam_type", "")),
    )  # fmt: skip


def line_of_rule(text: str, identifier: str) -> int:
    """The line (1-based) where a rule begins; 0 when it is not found."""
    found = re.search(rf"^\s*(?:private\s+|global\s+)*rule\s+{re.escape(identifier)}\b", text, re.MULTILINE)
    return text.count("\n", 0, found.end()) + 1 if found else 0


def _compiled(texts: dict[str, str]) -> yara.Rules:
    return yara.compile(sources=texts, externals=dict(EXTERNALS), includes=False)


def _number(value: object, key: str, name: str, line: int) -> float:
    try:
        number = float(str(value))
    except ValueError:
        number = -1.0
    if not 0 <= number <= (1 if key == "confidence" else 10):
        raise RuleFault(f"{key} {value!r}", file=name, line=line,
                        remedy='write a number in quotes: weight "0" to "10", confidence "0" to "1"')  # fmt: skip
    return number


def _fault(name: str, words: str, remedy: str) -> RuleFault:
    found = _LINE.search(words)
    return RuleFault(found[2] if found else words, file=name, line=int(found[1]) if found else 0, remedy=remedy)


def _room(name: str) -> str:
    room = name.partition("/")[0]
    if "/" not in name or room not in ROOMS:
        raise RuleFault("the folder says what a rule is tried on", file=name, remedy=f"move it to one of {', '.join(ROOMS)}")
    return room


def _text(path: Path, name: str) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise RuleFault(f"cannot be read: {error}", file=name, remedy="save it as UTF-8, readable") from None
