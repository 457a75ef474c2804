"""Lint of the YARA rules: what a rule must keep beyond compiling. Every complaint names file, line and what to do.

A rule is refused that could be slow, that another engine (yara-x) would read differently, that says too little about
itself, that has no examples, or that was changed without a new version.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from apk_analysis.errors import RuleFault
from apk_analysis.yara_scan.book import compile_file, facts_of, read_sources
from apk_analysis.yara_scan.examples import read_examples
from apk_analysis.yara_scan.externals import EXTERNALS
from apk_analysis.yara_scan.facts import RuleFacts
from apk_analysis.yara_scan.lock import LOCK, Locked, read_lock, refusal, write_lock
from apk_analysis.yara_scan.patterns import Pattern, RuleText, bare_code, rules_in

SHORTEST_BYTES = 4
"""Shorter patterns are in every file; and YARA looks for four bytes at once."""
_UNBOUNDED = re.compile(r"(?<!\\)(?:[*+]|\{\d*,\})")
_IN_CLASS = re.compile(r"\[(?:[^\]\\]|\\.)*\]")
_REFUSED = (
    (re.compile(r"\bimport\b"), "modules differ between engines", "use features (externals) or patterns"),
    (re.compile(r"\binclude\b"), "a rule may not read other files", "write the rule out"),
    (re.compile(r"\bglobal\s+(?:private\s+)?rule\b"), "a global rule silences all others", "remove `global`"),
    (re.compile(r"#\w+"), "counting holds every match in memory", "ask for several patterns instead"),
    (re.compile(r"\bfor\b"), "a loop may run long on a hostile file", "write the condition out"),
)  # fmt: skip


class Complaint(NamedTuple):
    """One complaint. `line` is 1-based, 0 = the whole file."""

    check: str
    file: str
    line: int
    message: str
    remedy: str


class _Ruled(NamedTuple):
    facts: RuleFacts
    text: RuleText


def lint_rules(folder: Path, scam_types: Collection[str] = ()) -> list[Complaint]:
    """All complaints about a folder `rules/apk`, sorted; empty when all is well. `scam_types`: the codes that exist; () = any."""
    try:
        sources = read_sources(folder)
        ruled, found = _read(sources)
        found += _without_examples(ruled, folder)
        found += _versions(ruled, read_lock(folder))
    except RuleFault as fault:
        return [_complaint(fault)]
    for one in ruled:
        found += _of_rule(one, scam_types)
    for name, text in sources.items():
        found += [*_refused(name, text), *_in_yara_x(name, text)]
    found += [Complaint("name", path.relative_to(folder).as_posix(), 0, "rule files end in .yar", "rename it; it is passed over")
              for path in folder.rglob("*.yara")]  # fmt: skip
    return sorted(set(found))


def publish_rules(folder: Path) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """Write versions to the lock: ids that are new, ids that are raised, and why it was refused; then nothing is written.

    Raises RuleFault when there is no rule, or the lock is damaged.
    """
    ruled, faults = _read(read_sources(folder))
    known = read_lock(folder)
    now = {one.facts.id: Locked(one.facts.version, one.text.digest) for one in ruled}
    refused = [f"{fault.file}:{fault.line}: {fault.message}" for fault in faults]
    refused += [why for rule_id, lock in now.items() if (why := refusal(rule_id, lock, known.get(rule_id)))]
    return ((), (), tuple(refused)) if refused else (*write_lock(folder, now), ())


def _read(sources: Mapping[str, str]) -> tuple[list[_Ruled], list[Complaint]]:
    """Every rule that compiles and says what it must, and complaints about the others."""
    ruled: dict[str, _Ruled] = {}
    faults: list[Complaint] = []
    for name, text in sources.items():
        try:
            compiled = list(compile_file(name, text))
        except RuleFault as fault:
            faults.append(_complaint(fault))
            continue
        texts = {one.identifier: one for one in rules_in(text)}
        for rule in compiled:
            try:
                facts = facts_of(rule, name, text)
            except RuleFault as fault:
                faults.append(_complaint(fault))
                continue
            if facts.id in ruled:
                faults.append(Complaint("unique", name, texts[rule.identifier].line,
                                        f"{facts.id} stands in {ruled[facts.id].facts.file}, too", "give it another id"))  # fmt: skip
            ruled[facts.id] = _Ruled(facts, texts[rule.identifier])
    return list(ruled.values()), faults


def _of_rule(one: _Ruled, scam_types: Collection[str]) -> Iterator[Complaint]:
    facts, text = one
    for pattern in text.patterns:
        for message, remedy in _of_pattern(pattern):
            yield Complaint("slow", facts.file, pattern.line, f"{facts.id} {pattern.name}: {message}", remedy)
    if not re.search(r"[\u4e00-\u9fff]", facts.zh):
        yield Complaint("words", facts.file, text.line, f"title_zh of {facts.id} is not Chinese", "officers read it")
    if facts.kind == "family" and not facts.scam_type:
        yield Complaint("words", facts.file, text.line, f"the family {facts.id} has no scam_type", "name one of scam_types.yaml")
    if facts.scam_type and scam_types and facts.scam_type not in scam_types:
        yield Complaint("words", facts.file, text.line, f"scam_type {facts.scam_type!r} of {facts.id} does not exist",
                        "name one of scam_types.yaml")  # fmt: skip


def _of_pattern(pattern: Pattern) -> Iterator[tuple[str, str]]:
    if pattern.kind == "regex" and _UNBOUNDED.search(_IN_CLASS.sub("x", pattern.body)):
        yield "a repetition without an upper bound", "write {1,60} for + and {0,60} for *"
    if pattern.kind == "hex" and re.search(r"\[\d*-\]", pattern.body):
        yield "a jump without an upper bound", "write [0-60]"
    if pattern.kind != "regex" and pattern.fixed_bytes < SHORTEST_BYTES:
        yield f"only {pattern.fixed_bytes} bytes", f"at least {SHORTEST_BYTES} that must be there in a row"


def _refused(name: str, text: str) -> Iterator[Complaint]:
    bare = bare_code(text)
    for pattern, message, remedy in _REFUSED:
        for found in pattern.finditer(bare):
            yield Complaint("refused", name, bare.count("\n", 0, found.start()) + 1, message, remedy)


def _without_examples(ruled: list[_Ruled], folder: Path) -> Iterator[Complaint]:
    examples = read_examples(folder)
    ids = {one.facts.id for one in ruled}
    for facts, text in ruled:
        if facts.id not in examples:
            yield Complaint("examples", facts.file, text.line, f"{facts.id} has no examples",
                            f"add a hit and a miss to {Path(facts.file).stem}.examples.yaml")  # fmt: skip
    for rule_id, both in examples.items():
        if rule_id not in ids:
            yield Complaint("examples", "", 0, f"examples of {rule_id}, which does not exist or load", "remove or rename them")
        for name in {*both.hit.features, *both.miss.features} - EXTERNALS.keys():
            yield Complaint("examples", "", 0, f"{rule_id}: no feature is named {name!r}", "names stand in docs/apk_rules.md")


def _versions(ruled: list[_Ruled], known: Mapping[str, Locked]) -> Iterator[Complaint]:
    for facts, text in ruled:
        now = Locked(facts.version, text.digest)
        why = refusal(facts.id, now, known.get(facts.id))
        if why:
            yield Complaint("version", facts.file, text.line, why, "raise `version`")
        elif known.get(facts.id) != now:
            yield Complaint("version", facts.file, text.line, f"{facts.id} is not in {LOCK} as it is", "run `rules lint --update-lock`")
    for rule_id in known.keys() - {one.facts.id for one in ruled}:
        yield Complaint("version", LOCK, 1, f"the published rule {rule_id} is gone or does not load",
                        "bring it back, with weight 0 if it is no longer wanted")  # fmt: skip


def _in_yara_x(name: str, text: str) -> Iterator[Complaint]:
    """What yara-x, where it is installed, has against a file; its remarks count as faults."""
    if not find_spec("yara_x"):     # a check of developers, never needed at work
        return
    yara_x = import_module("yara_x")
    compiler = yara_x.Compiler(error_on_slow_pattern=True)
    compiler.enable_includes(False)
    for external, default in EXTERNALS.items():
        compiler.define_global(external, default)
    try:
        compiler.add_source(text, origin=name)
    except yara_x.CompileError as error:
        yield Complaint("yara-x", name, 0, str(error).splitlines()[0], "write it so that both engines take it")
    for warning in compiler.warnings():
        yield Complaint("yara-x", name, 0, str(warning["title"]), "write it so that both engines take it")


def _complaint(fault: RuleFault) -> Complaint:
    return Complaint("loads", fault.file, fault.line, fault.message, fault.remedy)
