"""Checks of what a rule is: its id and folder, its type, weight, group, expressions, version. One small class a check."""

# ruff: noqa: ARG002, D102  every check answers the one question of `Check.find`

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import PurePosixPath

from fraud_guard.app.rule_shelf import Check, RuleFile, Shelf, base_type
from fraud_guard.features.calls import IN_CALL_MAX_MS
from fraud_guard.rulebook.book import compile_event, compile_when
from fraud_guard.rulebook.load import Place
from fraud_guard.rulebook.possible import can_happen, can_hold
from fraud_guard.tags.kinds import Kind

TEST_WEIGHT = 5.7
"""A rule in test must not raise an alert alone: level 4 begins at a sum of 5.73."""
SIGN_WEIGHT = 9.9
"""A sign without an order of events must not reach level 2 alone: it begins at a sum of 9.91."""
CHAIN_WEIGHT = 12.1
"""No rule reaches level 1 alone, however many optional steps it saw: it begins at a sum of 12.11."""


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
        elif folders[0] != "any" and folders[0] not in map(base_type, file.rule.scam_types):
            yield ("scam_types",), f"the rule lies in {folders[0]} but gives it no share"


class KnownScamTypes(Check):
    """Shares are given to codes of scam_types.yaml."""

    name, recommendation = "known-scam-types", "use a code of rules/scam_types.yaml or add it there"

    def find(self, file: RuleFile, shelf: Shelf) -> Iterator[tuple[Place, str]]:
        for code in file.rule.scam_types:
            if base_type(code) not in shelf.scam_types:
                yield ("scam_types", code), f"unknown scam type {code}"


class WeightByStatus(Check):
    """A rule in test raises nothing alone, and a stable one no more than its shape can bear."""

    name, recommendation = (
        "weight-by-status",
        "lower it, or let a second rule add to it; rules/README.md says what the sums mean",
    )

    def find(self, file: RuleFile, shelf: Shelf) -> Iterator[tuple[Place, str]]:
        rule, most = file.rule, file.rule.most_weight
        if rule.status == "test" and rule.decisive:
            yield ("decisive",), "a rule in test is decisive"
        if rule.status == "test" and most > TEST_WEIGHT:
            yield ("weight",), f"a rule in test with weight {most:g}; {TEST_WEIGHT} is the most"
        elif rule.status == "stable" and rule.sequence is None and not rule.decisive and most >= SIGN_WEIGHT:
            yield (
                ("weight",),
                f"a sign without a sequence with weight {most:g}; it must stay below {SIGN_WEIGHT}",
            )
        elif rule.status == "stable" and not rule.decisive and most >= CHAIN_WEIGHT:
            yield ("weight",), f"weight {most:g} with all its bonuses; it must stay below {CHAIN_WEIGHT}"


class TimerInCall(Check):
    """A timer strikes while its call can still be seen."""

    name = "timer-in-call"
    recommendation = (
        f"choose a span below {IN_CALL_MAX_MS // 3_600_000}h: a call without an end is taken as over then"
    )

    def find(self, file: RuleFile, shelf: Shelf) -> Iterator[tuple[Place, str]]:
        timer = file.rule.timer
        if timer is not None and timer.after * 1000 >= IN_CALL_MAX_MS:
            yield ("timer", "after"), f"after {timer.after // 60}min no call is in progress any more"


class CanBeTrue(Check):
    """Conditions do not contradict themselves."""

    name, recommendation = "can-be-true", "mend the contradiction; docs/features.md gives units and values"

    def find(self, file: RuleFile, shelf: Shelf) -> Iterator[tuple[Place, str]]:
        rule = file.rule
        if rule.when is not None and not can_hold(compile_when(rule.when)):
            yield ("when",), "`when` can never be true"
        if rule.event is not None and not can_happen(compile_event(rule.event)):
            yield ("event",), "`event` can never be true"
        if rule.timer is not None and not can_happen(compile_event(rule.timer.call), (Kind.CALL_ANSWER,)):
            yield ("timer", "call"), "`call` can never be true of a call"
        for i, step in enumerate(rule.sequence.steps if rule.sequence else ()):
            if not can_happen(compile_event(step.where)):
                yield ("sequence", "steps", i), f"step {i + 1} can never be true"


class SharedGroup(Check):
    """A group binds at least two rules together."""

    name, recommendation = "shared-group", "leave `group` out, or give it to the correlated rules as well"

    def find(self, file: RuleFile, shelf: Shelf) -> Iterator[tuple[Place, str]]:
        size = Counter(f.rule.group for f in shelf.files if f.rule.status != "retired")
        if file.rule.group and file.rule.status != "retired" and size[file.rule.group] < 2:
            yield ("group",), f"group {file.rule.group} has one rule"


class RetiredWithReason(Check):
    """A retired rule says why; a rule in force does not."""

    name, recommendation = (
        "retired-with-reason",
        "give `retired_because` with `status: retired`, and only then",
    )

    def find(self, file: RuleFile, shelf: Shelf) -> Iterator[tuple[Place, str]]:
        if (file.rule.status == "retired") != bool(file.rule.retired_because.strip()):
            yield ("status",), f"status {file.rule.status}, retired_because {file.rule.retired_because!r}"


class HasReference(Check):
    """A stable rule says what it rests on."""

    name, recommendation = "has-reference", "name a case, a paper or a section in `references`"

    def find(self, file: RuleFile, shelf: Shelf) -> Iterator[tuple[Place, str]]:
        if file.rule.status == "stable" and not file.rule.references:
            yield ("references",), "a stable rule without references"


class LockedVersion(Check):
    """A changed rule has a new version."""

    name, recommendation = (
        "locked-version",
        "raise `version` if the rule was published before, then run `fraud-guard rules lint --update-lock`",
    )

    def find(self, file: RuleFile, shelf: Shelf) -> Iterator[tuple[Place, str]]:
        problem = shelf.lock.problem(file.rule)
        if problem:
            yield ("version",), problem


FORM_CHECKS: tuple[Check, ...] = (
    UniqueId(), KnownFolder(), KnownScamTypes(), WeightByStatus(), TimerInCall(), CanBeTrue(), SharedGroup(),
    RetiredWithReason(), HasReference(), LockedVersion(),
)  # fmt: skip
