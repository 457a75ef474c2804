"""Lint of the rules folder: what a rule must keep beyond being readable. One small class a check.

Faults that stop a rule from loading are told first, by the same loader that the product uses. Checks look
at one rule at a time and know the whole shelf; each finding names file, line and what to do.
"""

# ruff: noqa: ARG002, D102  every check answers the one question of `Check.find`

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from fraud_guard.app.rule_examples import tags_of
from fraud_guard.app.rule_files import load_scam_types, read_rule_files
from fraud_guard.app.rule_lock import LOCK, Lock, LockUpdate, read_lock, update_lock
from fraud_guard.door.hosts import is_store, reduce_host
from fraud_guard.errors import RuleError
from fraud_guard.rulebook.load import Place, RuleErrors, line_of, load_rule
from fraud_guard.rulebook.rule import Rule, Words
from fraud_guard.tags.kinds import Flag

_CHINESE = re.compile(r"[\u4e00-\u9fff]")
_ACCUSATION = re.compile(r"嫌疑|骗子|罪犯|犯罪|\bsuspect|\bcriminal|\bfraudster|\bscammer", re.IGNORECASE)
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
TEST_WEIGHT = 5.7
"""A rule in test must not raise an alert alone: level 4 begins at a sum of 5.73."""


class Finding(NamedTuple):
    """One complaint. `line` is 1-based."""

    check: str
    file: str
    line: int
    message: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.message} — {self.remedy} [{self.check}]"


class RuleFile(NamedTuple):
    """A rule with the text it was read from."""

    path: str
    text: str
    rule: Rule


class Shelf(NamedTuple):
    """Everything that checks may look at: all rules that load, names of scam types, the version lock."""

    files: tuple[RuleFile, ...]
    scam_types: Mapping[str, Words]
    lock: Lock


class Check(ABC):
    """One thing to check; `name` is its id, `recommendation` what to do about it."""

    name: str
    recommendation: str

    @abstractmethod
    def find(self, file: RuleFile, shelf: Shelf) -> Iterator[tuple[Place, str]]:
        """Complaints about one rule: where in its YAML, and what is wrong."""

    def findings(self, shelf: Shelf) -> Iterator[Finding]:
        """Complaints about all rules."""
        for file in shelf.files:
            for place, message in self.find(file, shelf):
                yield Finding(self.name, file.path, line_of(file.text, place), message, self.recommendation)


class UniqueId(Check):
    """Ids are unique across folders."""

    name, recommendation = "unique-id", "rename one of the rules"

    def find(self, file: RuleFile, shelf: Shelf) -> Iterator[tuple[Place, str]]:
        others = [f.path for f in shelf.files if f.rule.id == file.rule.id and f.path != file.path]
        if others:
            yield ("id",), f"id {file.rule.id} is also used by {others[0]}"


class KnownFolder(Check):
    """A rule lies in the folder of its scam type, or in `any`."""

    name, recommendation = "known-folder", "move it to tags/<scam type>/ or tags/any/"

    def find(self, file: RuleFile, shelf: Shelf) -> Iterator[tuple[Place, str]]:
        folders = PurePosixPath(file.path).parts[1:-1]
        if len(folders) != 1 or folders[0] not in {"any", *shelf.scam_types}:
            yield (), f"{'/'.join(folders) or 'tags'} is no scam type"
        elif folders[0] != "any" and folders[0] not in map(_base, file.rule.scam_types):
            yield ("scam_types",), f"the rule lies in {folders[0]} but gives it no share"


class KnownScamTypes(Check):
    """Shares are given to codes of scam_types.yaml."""

    name, recommendation = "known-scam-types", "use a code of rules/scam_types.yaml or add it there"

    def find(self, file: RuleFile, shelf: Shelf) -> Iterator[tuple[Place, str]]:
        for code in file.rule.scam_types:
            if _base(code) not in shelf.scam_types:
                yield ("scam_types", code), f"unknown scam type {code}"


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

    name, recommendation = "short-summary", f"say it in {LONGEST_SUMMARY} characters; details belong to the runbook"

    def find(self, file: RuleFile, shelf: Shelf) -> Iterator[tuple[Place, str]]:
        if len(file.rule.summary.zh) > LONGEST_SUMMARY:
            yield ("summary", "zh"), f"summary.zh has {len(file.rule.summary.zh)} characters"


class NoAccusation(Check):
    """A reason tells what was seen and accuses nobody."""

    name, recommendation = "no-accusation", "tell what was seen; the person is likely targeted, nobody is judged"

    def find(self, file: RuleFile, shelf: Shelf) -> Iterator[tuple[Place, str]]:
        for key in ("title", "summary"):
            for language in ("zh", "en"):
                found = _ACCUSATION.search(getattr(getattr(file.rule, key), language))
                if found:
                    yield (key, language), f"{key}.{language} says `{found[0]}`"


class WeightByStatus(Check):
    """A rule in test raises nothing alone."""

    name, recommendation = "weight-by-status", f"keep it at {TEST_WEIGHT} or below and not decisive until it is stable"

    def find(self, file: RuleFile, shelf: Shelf) -> Iterator[tuple[Place, str]]:
        rule = file.rule
        if rule.status == "test" and (rule.weight > TEST_WEIGHT or rule.decisive):
            yield ("weight",), f"status test with weight {rule.weight:g}{' and decisive' if rule.decisive else ''}"


class SharedGroup(Check):
    """A group binds at least two rules together."""

    name, recommendation = "shared-group", "leave `group` out, or give it to the correlated rules as well"

    def find(self, file: RuleFile, shelf: Shelf) -> Iterator[tuple[Place, str]]:
        size = Counter(f.rule.group for f in shelf.files if f.rule.status != "retired")
        if file.rule.group and file.rule.status != "retired" and size[file.rule.group] < 2:
            yield ("group",), f"group {file.rule.group} has one rule"


class RetiredWithReason(Check):
    """A retired rule says why; a rule in force does not."""

    name, recommendation = "retired-with-reason", "give `retired_because` with `status: retired`, and only then"

    def find(self, file: RuleFile, shelf: Shelf) -> Iterator[tuple[Place, str]]:
        if (file.rule.status == "retired") != bool(file.rule.retired_because.strip()):
            yield ("status",), f"status {file.rule.status}, retired_because {file.rule.retired_because!r}"


class HasReference(Check):
    """A stable rule says what it rests on."""

    name, recommendation = "has-reference", "name a case, a paper or a section in `references`"

    def find(self, file: RuleFile, shelf: Shelf) -> Iterator[tuple[Place, str]]:
        if file.rule.status == "stable" and not file.rule.references:
            yield ("references",), "a stable rule without references"


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


class LockedVersion(Check):
    """A changed rule has a new version."""

    name, recommendation = "locked-version", "raise `version` if the rule was published before, then run `fraud-guard rules lint --update-lock`"

    def find(self, file: RuleFile, shelf: Shelf) -> Iterator[tuple[Place, str]]:
        problem = shelf.lock.problem(file.rule)
        if problem:
            yield ("version",), problem


CHECKS: tuple[Check, ...] = (
    UniqueId(), KnownFolder(), KnownScamTypes(), BothLanguages(), ShortSummary(), NoAccusation(), WeightByStatus(),
    SharedGroup(), RetiredWithReason(), HasReference(), SyntheticExamples(), LockedVersion(),
)  # fmt: skip


def lint(folder: Path, checks: Sequence[Check] = CHECKS) -> list[Finding]:
    """Every complaint about a rules folder, sorted by file and line; empty when all is well."""
    try:
        shelf, findings = read_shelf(folder)
    except RuleError as error:
        return [_as_finding(error)]
    for check in checks:
        findings += check.findings(shelf)
    findings += _gone(shelf)
    return sorted(set(findings), key=lambda f: (f.file, f.line, f.check, f.message))


def read_shelf(folder: Path) -> tuple[Shelf, list[Finding]]:
    """The shelf of all rules that load, and complaints about those that do not. Raises RuleError if nothing can be read."""
    files, faults = [], []
    for path, text in read_rule_files(folder).items():
        if not path.startswith("tags/"):
            continue
        try:
            files.append(RuleFile(path, text, load_rule(path, text)))
        except RuleErrors as several:
            faults += [_as_finding(e) for e in several.errors]
        except RuleError as error:
            faults.append(_as_finding(error))
    return Shelf(tuple(files), load_scam_types(folder), read_lock(folder)), faults


def publish(folder: Path) -> LockUpdate:
    """Write the rules' versions to the lock, unless a rule does not load or was changed without a new version."""
    shelf, faults = read_shelf(folder)
    if faults:
        return LockUpdate((), (), tuple(map(str, faults)))
    return update_lock(folder, [f.rule for f in shelf.files])


def _as_finding(error: RuleError) -> Finding:
    message = str(error).removeprefix(f"{error.file}:{error.line}: ").removesuffix(f" — {error.remedy}")
    return Finding("loads", error.file, max(error.line, 1), message, error.remedy)


def _gone(shelf: Shelf) -> Iterator[Finding]:
    for rule_id in sorted(set(shelf.lock.entries) - {f.rule.id for f in shelf.files}):
        yield Finding("published-stays", LOCK, 1, f"the published rule {rule_id} is gone or does not load",
                      "bring it back with `status: retired` and `retired_because`")  # fmt: skip


def _base(code: str) -> str:
    return code.partition(".")[0]


def _is_nobodys(host: str) -> bool:
    shared = reduce_host(host).flags & (Flag.SHORT_LINK | Flag.TOP_HOST)
    return host.endswith((".example", ".test", ".invalid")) or bool(shared) or is_store(host)
