"""Checks of what a rule says: both languages, short reasons, nobody accused, made-up examples. One small class a check."""

# ruff: noqa: ARG002, D102  every check answers the one question of `Check.find`

from __future__ import annotations

import re
from collections.abc import Iterator

from fraud_guard.app.rule_examples import tags_of
from fraud_guard.app.rule_shelf import Check, RuleFile, Shelf
from fraud_guard.door.hosts import is_store, reduce_host
from fraud_guard.rulebook.load import Place
from fraud_guard.rulebook.rule import Words
from fraud_guard.tags.kinds import Flag

_CHINESE = re.compile(r"[\u4e00-\u9fff]")
_ACCUSATION = re.compile(
    r"""嫌疑|嫌犯|骗子|骗徒|诈骗犯|诈骗分子|诈骗团伙|不法分子|罪犯|犯罪|作案|凶手
      | \b(suspect|criminal|fraudster|scammer|swindler|con\s?(man|artist)|crook|culprit|perpetrator|offender|guilty)""",
    re.IGNORECASE | re.VERBOSE,
)
_SYNTHETIC_PEER = re.compile(
    r"""(\+86)?199[01]\d{7}                         # people and their contacts
      | 1(70[045]|650|670|710|620)000\d{4}          # virtual operators
      | 00447700900\d{3} | 00120255501\d{2} | 0085253000\d{3} | 0085512000\d{3} | 0063917000\d{4} | 0065980000\d{2}
      | 05108000\d{4} | 400000\d{4} | 1069\d{4}0000 | \d{3,6}
      | 0{2,4}110 | 0000 | 1234567 | 019900 | 55555555""",
    re.VERBOSE,
)
LONGEST_SUMMARY = 40
"""Characters of a Chinese summary that still fit a station's screen and a text message."""


class BothLanguages(Check):
    """Chinese texts are Chinese, English texts are not."""

    name, recommendation = "both-languages", "write zh for officers and en as its twin"

    def find(self, file: RuleFile, shelf: Shelf) -> Iterator[tuple[Place, str]]:
        for key in ("title", "summary", "runbook"):
            words: Words = getattr(file.rule, key)
            if not _CHINESE.search(words.zh):
                yield (key, "zh"), f"{key}.zh holds no Chinese"
            if _CHINESE.search(words.en):
                yield (key, "en"), f"{key}.en holds Chinese"


class ShortSummary(Check):
    """The reason an officer reads is short."""

    name, recommendation = (
        "short-summary",
        f"say it in {LONGEST_SUMMARY} characters; details belong to the runbook",
    )

    def find(self, file: RuleFile, shelf: Shelf) -> Iterator[tuple[Place, str]]:
        if len(file.rule.summary.zh) > LONGEST_SUMMARY:
            yield ("summary", "zh"), f"summary.zh has {len(file.rule.summary.zh)} characters"


class NoAccusation(Check):
    """A reason tells what was seen and accuses nobody."""

    name, recommendation = (
        "no-accusation",
        "tell what was seen; the person is likely targeted, nobody is judged",
    )

    def find(self, file: RuleFile, shelf: Shelf) -> Iterator[tuple[Place, str]]:
        for key in ("title", "summary"):
            for language in ("zh", "en"):
                found = _ACCUSATION.search(getattr(getattr(file.rule, key), language))
                if found:
                    yield (key, language), f"{key}.{language} says `{found[0]}`"


class SyntheticExamples(Check):
    """Examples hold made-up numbers and reserved hosts only."""

    name = "synthetic-examples"
    recommendation = "use numbers of the plan in docs/writing_rules.md and hosts below .example"

    def find(self, file: RuleFile, shelf: Shelf) -> Iterator[tuple[Place, str]]:
        for i, example in enumerate(file.rule.examples):
            for tag in tags_of(example):
                for key in ("peer", "subject"):
                    if key in tag and not _SYNTHETIC_PEER.fullmatch(str(tag[key])):
                        yield ("examples", i), f"{key} {tag[key]} of `{example.name}` may be somebody's"
                if "host" in tag and not _is_nobodys(str(tag["host"])):
                    yield ("examples", i), f"host {tag['host']} of `{example.name}` may be somebody's"


WORDING_CHECKS: tuple[Check, ...] = (BothLanguages(), ShortSummary(), NoAccusation(), SyntheticExamples())


def _is_nobodys(host: str) -> bool:
    shared = reduce_host(host).flags & (Flag.SHORT_LINK | Flag.TOP_HOST)
    return host.endswith((".example", ".test", ".invalid")) or bool(shared) or is_store(host)
