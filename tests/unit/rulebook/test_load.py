"""Loading: every fault of a file is told with its line, and all at once."""

from __future__ import annotations

import pytest

from fraud_guard.errors import RuleError
from fraud_guard.fusion.policy import FusionPolicy
from fraud_guard.rulebook.load import RuleErrors, load_model, load_rule, load_rules

RULE = """\
id: made-up
version: 1
status: stable
title: {zh: 标题, en: title}
summary: {zh: 摘要, en: summary}
scam_types: {phishing: 1.0}
weight: 2.0
holds: 2h
event: kind = 'sms' AND otp
when: call_otps >= 2
known_false_alarms: [many]
runbook: {zh: 处置, en: what to do}
examples:
  - {name: a, expect: hit, tags: [{channel: sms}]}
  - {name: b, expect: miss, tags: [{channel: sms}]}
"""
PATH = "tags/any/made-up.yaml"


def faults(text: str, path: str = PATH) -> list[tuple[int, str]]:
    """(line, message) of every complaint about one file."""
    with pytest.raises(RuleError) as caught:
        load_rule(path, text)
    errors = caught.value.errors if isinstance(caught.value, RuleErrors) else [caught.value]
    assert all(error.file == path and error.remedy for error in errors)
    return [(error.line, str(error)) for error in errors]


def test_a_sound_rule_loads() -> None:
    """Spans become seconds; what is left out gets its default."""
    rule = load_rule(PATH, RULE)
    assert (rule.holds, rule.group, rule.level_floor, rule.decisive) == (7_200, "", 4, False)


@pytest.mark.parametrize(
    ("old", "new", "line", "says"),
    [
        ("weight: 2.0", "weight: -2.0", 7, "weight"),
        ("weight: 2.0", "weight: .nan", 7, "weight"),
        ("holds: 2h", "holds: 2 hours", 8, "not a span"),
        ("holds: 2h", "holds: 91d", 8, "holds"),
        ("status: stable", "status: final", 3, "status"),
        ("scam_types: {phishing: 1.0}", "scam_types: {phishing: 0.9}", 1, "add up to 1"),
        ("scam_types: {phishing: 1.0}", "scam_types: {phishing: 1.5}", 6, "scam_types.phishing"),
        ("summary: {zh: 摘要, en: summary}", "summary: {zh: 摘要}", 5, "summary.en"),
        ("event: kind = 'sms' AND otp", "event: kind = 'sms' AND opt", 9, "unknown name `opt`"),
        ("when: call_otps >= 2", "when: call_otp >= 2", 10, "unknown name `call_otp`"),
        ("when: call_otps >= 2", "when: otp", 10, "unknown name `otp`"),
        ("when: call_otps >= 2", "wenn: call_otps >= 2", 10, "wenn"),
        ("{name: b, expect: miss", "{name: b, expect: mist", 15, "examples.1.expect"),
        ("{name: b, expect: miss", "{name: b, expect: hit", 1, "at least one hit and one near-miss"),
        ("weight: 2.0", "weight: 2.0\nlevel_floor: 2", 1, "go together"),
        ("weight: 2.0", "weight: 2.0\nweight: 3.0", 8, "stands twice"),
        ("event: kind = 'sms' AND otp", "event: [", 11, "not YAML"),
        ("event: kind = 'sms' AND otp\n", "", 1, "a plain rule needs `event`"),
        ("when: call_otps >= 2\n", "", 1, "needs `when` or `sequence`"),
    ],
)
def test_a_fault_is_told_with_its_line(old: str, new: str, line: int, says: str) -> None:
    """The complaint names the line of the key at fault."""
    assert old in RULE
    [(got_line, message)] = faults(RULE.replace(old, new))
    assert says in message
    assert got_line == line


def test_the_faulty_step_of_a_sequence_is_told() -> None:
    """Of several steps the complaint names the one that is wrong."""
    steps = "sequence:\n  within: 2h\n  steps:\n    - otp\n    - otpp\n"
    [(line, message)] = faults(RULE.replace("event: kind = 'sms' AND otp\n", steps))
    assert (line, "otpp" in message) == (13, True)


SEQUENCE = RULE.replace("event: kind = 'sms' AND otp\n", "sequence:\n  within: 2h\n  steps:\n    - otp\n    - {where: lure, optional: true}\n    - bank\n")


def test_a_step_is_a_condition_or_says_more() -> None:
    """A step written with `where` may be optional and have a limit; a plain one is mandatory without."""
    sequence = load_rule(PATH, SEQUENCE.replace("- bank", "- {where: bank, within: 5min}")).sequence
    assert sequence is not None
    assert [(s.where, s.optional, s.within) for s in sequence.steps] == [("otp", False, None), ("lure", True, None), ("bank", False, 300)]


@pytest.mark.parametrize(
    ("old", "new", "line", "says"),
    [
        ("- bank", "- {where: bank, optional: true}", 9, "two steps that are not optional"),
        ("- bank", "- otp\n    - {where: bank, optional: true}", 9, "the last step cannot be optional"),
        ("- otp", "- {where: otp, within: 5min}", 9, "counts from the mandatory step before it"),
        ("- bank", "- {where: bank, within: 3h}", 9, "longer than that of the sequence"),
        ("  steps:\n    - otp\n    - {where: lure, optional: true}", "  bonus: 1\n  steps:\n    - otp", 9, "`bonus` is given for optional steps"),
        ("within: 2h", "within: 2h\n  bonus: 11", 1, "more than 12"),
        ("where: lure", "where: lurre", 13, "unknown name `lurre`"),
        ("optional: true", "optionel: true", 13, "optionel"),
    ],
)
def test_a_faulty_sequence_is_told_with_its_line(old: str, new: str, line: int, says: str) -> None:
    """What optional steps, limits and bonuses must keep is told where it is broken."""
    assert old in SEQUENCE
    [(got_line, message)] = faults(SEQUENCE.replace(old, new))
    assert says in message
    assert got_line == line


def test_all_faults_are_told_at_once() -> None:
    """Faults of several expressions of several files come in one error."""
    bad = RULE.replace("otp\n", "otpp\n").replace("call_otps", "call_otp")
    with pytest.raises(RuleErrors) as caught:
        load_rules({"tags/any/made-up.yaml": bad, "tags/any/other.yaml": RULE, "tags/any/third.yaml": "a: ["})
    assert [(e.file.rpartition("/")[2], e.line) for e in caught.value.errors] == [
        ("made-up.yaml", 9), ("made-up.yaml", 10), ("other.yaml", 1), ("third.yaml", 1),
    ]  # fmt: skip


def test_a_complaint_reads_as_a_sentence() -> None:
    """Place, message and remedy stand once each."""
    [(_, message)] = faults(RULE.replace("call_otps", "call_otp"))
    assert message == f"{PATH}:10: unknown name `call_otp` — did you mean call_otps or last_call_otps or call_no_peer?"


def test_the_same_id_twice_names_both_files() -> None:
    """The second file is at fault and the first is named."""
    with pytest.raises(RuleErrors, match=r"tags/b/made-up.yaml:1: rule id made-up is used twice, first in tags/a/made-up.yaml"):
        load_rules({"tags/a/made-up.yaml": RULE, "tags/b/made-up.yaml": RULE})


@pytest.mark.parametrize("text", ["", "- 1", "42", "~", "? [a, b]\n: 1"])
def test_a_file_that_is_no_mapping_is_refused(text: str) -> None:
    """An empty file, a list or a number is a complaint, not a crash."""
    assert faults(text)


def test_a_policy_is_checked_the_same_way() -> None:
    """Policy files get lines and remedies as rules do."""
    with pytest.raises(RuleErrors, match=r"policy/fusion.yaml:2: prior_probability"):
        load_model("policy/fusion.yaml", "version: 1\nprior_probability: 0.9\n", FusionPolicy)
