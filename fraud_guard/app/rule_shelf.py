"""What the lint looks at: all rules that load with their texts, and the shape of a check and of a finding."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from fraud_guard.app.rule_files import load_scam_types, read_rule_files
from fraud_guard.app.rule_lock import Lock, read_lock
from fraud_guard.errors import RuleError
from fraud_guard.rulebook.load import Place, RuleErrors, line_of, load_rule
from fraud_guard.rulebook.rule import Rule, Words


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


def read_shelf(folder: Path) -> tuple[Shelf, list[Finding]]:
    """The shelf of all rules that load, and complaints about those that do not. Raises RuleError if nothing can be read."""
    files, faults = [], []
    for path, text in read_rule_files(folder).items():
        if not path.startswith("tags/"):
            continue
        try:
            files.append(RuleFile(path, text, load_rule(path, text)))
        except RuleErrors as several:
            faults += [as_finding(e) for e in several.errors]
        except RuleError as error:
            faults.append(as_finding(error))
    return Shelf(tuple(files), load_scam_types(folder), read_lock(folder)), faults


def as_finding(error: RuleError) -> Finding:
    """A fault of the loader as a finding."""
    message = str(error).removeprefix(f"{error.file}:{error.line}: ").removesuffix(f" — {error.remedy}")
    return Finding("loads", error.file, max(error.line, 1), message, error.remedy)


def base_type(code: str) -> str:
    """The scam type of a code that may name a variant after a dot."""
    return code.partition(".")[0]
