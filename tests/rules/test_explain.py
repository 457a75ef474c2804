"""`rules explain` and `rules bench`: every name has words, every rule a meaning, a trace tells what was true."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import datasets
from datasets.bench_mix import bench_lines
from fraud_guard.app.cli.rules import app
from fraud_guard.app.rule_bench import copies, cost_of, samples_of, slowest
from fraud_guard.app.rule_examples import tags_of
from fraud_guard.app.rule_meaning import meaning_of, say
from fraud_guard.app.rule_trace import follow, person_of, tags_of_subject
from fraud_guard.features import words
from fraud_guard.features.vector import FEATURES
from fraud_guard.rulebook.book import Book, compile_event, compile_when
from fraud_guard.rulebook.events import EVENT_SCHEMA
from fraud_guard.rulebook.rule import Rule
from tests.rules.shelf import GENERATION, RULES

DAY = Path(datasets.__file__).parent / "golden" / "day"
VICTIM = "+8619900000101"
CHINESE = re.compile(r"[\u4e00-\u9fff]")


def rule(rule_id: str) -> Rule:
    return next(r for r in RULES if r.id == rule_id)


def tags(subject: str = VICTIM) -> list[dict[str, Any]]:
    return tags_of_subject((DAY / "tags.ndjson").read_bytes().splitlines(), subject)


def test_every_name_has_words() -> None:
    """Each feature, event word, kind, app and lure that a rule may use has a Chinese and an English name."""
    assert [n for n in FEATURES if not CHINESE.search(words.feature_zh(n)) or not words.feature_en(n)] == []
    tables = {"kind": words.KINDS, "app": words.APPS, "lure_type": words.LURES}
    for name, table in tables.items():
        assert set(EVENT_SCHEMA[name].codes or ()) == set(table)
    assert set(EVENT_SCHEMA) - set(tables) == set(words.EVENTS)


@pytest.mark.parametrize(
    ("sql", "zh", "en"),
    [
        ("call_otps >= 2", "本次通话期间的验证码短信数不少于2次", "one-time codes during the call in progress: at least 2"),
        ("since_sideload_s <= 86400", "最近1天内有非商店安装包下载", "the download of an APK outside the stores within the last 1 d"),
        ("since_otp_s > 5400", "最近90分钟内没有验证码短信", "no such thing within the last 90 min: a text with a one-time code"),
        ("in_call AND (forwarded OR NOT night)", "正在通话，且（本机现设有呼叫转移，或非（夜间22时至6时））",
         "a call is in progress, and (call forwarding is set on the line now, or not (22:00–06:00, UTC+8))"),
        ("hour BETWEEN 9 AND 17", "钟点在9时与17时之间", "hour of the day, UTC+8 between 9 h and 17 h"),
        ("calls_1h - sms_1h < 1.5", "近1小时通话数 − 近1小时短信数少于1.5次", "calls started in about 1h − texts in about 1h: less than 1.5"),
    ],
)  # fmt: skip
def test_a_condition_is_told_in_both_languages(sql: str, zh: str, en: str) -> None:
    """Spans, counts, brackets and sums are told with their units."""
    assert (say(compile_when(sql), "zh"), say(compile_when(sql), "en")) == (zh, en)


def test_an_event_is_told_in_both_languages() -> None:
    """Kinds, apps and lures are named, and several values are put in brackets."""
    event = compile_event("kind = 'app_install' AND app IN ('meeting', 'remote_control') AND NOT late")
    assert say(event, "zh") == "安装应用，且（会议类应用或远程控制类应用），且非（迟到）"
    assert say(event, "en") == "an app is installed, and (a meeting app or a remote-control app), and not (late)"


@pytest.mark.parametrize("one", RULES, ids=lambda r: r.id)
def test_every_rule_has_a_meaning(one: Rule) -> None:
    """Each shipped rule is told in Chinese and English without a word of SQL, and with what it is worth alone."""
    meaning = meaning_of(one, GENERATION)
    assert not re.search(r"[A-Za-z]", re.sub(r"IP", "", "".join(meaning.zh)))
    assert not CHINESE.search("".join(meaning.en))
    assert not re.search(r"\b(AND|OR|NOT|IN|BETWEEN)\b|_", "".join(meaning.en))
    assert meaning.worth.weight == one.weight
    assert set(meaning.features) <= set(FEATURES)


def test_the_worth_of_optional_steps_is_told() -> None:
    """A sequence with a bonus says what it gives without and with its optional steps."""
    spec = {"within": "1h", "bonus": 2.0, "steps": ["otp", {"where": "lure", "optional": True}, "bank"]}
    made = Rule.model_validate(rule("code-flood").model_dump(exclude={"when", "event", "sequence", "holds", "timer"})
                               | {"holds": "2h", "weight": 6.8, "sequence": spec})  # fmt: skip
    meaning = meaning_of(made, GENERATION)
    assert (meaning.worth.weight, meaning.worth.most) == (6.8, 8.8)
    assert (meaning.worth.alone, meaning.worth.beside_model) == ((4, 3), (None, 4))
    assert any("optional, adds 2 when seen" in line for line in meaning.en)


def test_a_trace_tells_which_part_was_true() -> None:
    """A plain rule's conditions are told with the values that made them true."""
    trace = follow(rule("bank-app-on-risky-call"), GENERATION, tags())
    assert trace.refused == ()
    [hit] = [look for look in trace.looks if look.hit]
    assert [(part.text, part.true) for part in hit.parts[1:]] == [("call_risky", True), ("call_first_contact", True), ("call_banks >= 1", True)]
    assert hit.parts[1].values == "call_risky = 1"
    assert trace.alerts


def test_a_trace_tells_the_steps_seen_so_far() -> None:
    """Before a sequence is complete the missing steps are told; at the hit all are true."""
    trace = follow(rule("call-meeting-app-code"), GENERATION, tags())
    assert [part.true for part in trace.looks[0].parts] == [True, False, False]
    assert not trace.looks[0].hit
    assert all(part.true for look in trace.looks if look.hit for part in look.parts)
    assert sum(look.hit for look in trace.looks) > 0


def test_the_examples_of_every_rule_can_be_traced() -> None:
    """For a hit the trace ends in a hit all of whose conditions were true."""
    for one in RULES:
        example = next(e for e in one.examples if e.expect == "hit")
        if example.until is None:
            hits = [look for look in follow(one, GENERATION, tags_of(example), example.person).looks if look.hit]
            mandatory = [s.optional for s in one.sequence.steps] if one.sequence else []
            assert all(part.true or mandatory[i] for look in hits for i, part in enumerate(look.parts)), one.id


def test_a_subject_is_found_however_it_is_written() -> None:
    """Numbers are compared as the door normalises them; other lines are passed over."""
    lines = [b"no json 0101", json.dumps({"subject": "19900000101", "n": 1}).encode(), json.dumps({"subject": "x"}).encode()]
    assert tags_of_subject(lines, VICTIM) == [{"subject": "19900000101", "n": 1}]
    assert person_of(DAY / "subjects.csv", "19900000101").keys() == {"area", "age_band", "household"}
    assert person_of(DAY / "subjects.csv", "nobody") == {}


def test_explain_prints_meaning_features_and_examples() -> None:
    """The command shows both languages, units, the group, and the examples' outcome."""
    done = CliRunner().invoke(app, ["explain", "bank-app-on-risky-call"])
    assert done.exit_code == 0
    assert all(words in done.stdout for words in ("可疑通话中打开银行应用", "Bank app while a risky call is up", "0/1", "alone", "hit"))


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["explain", "bank-app-on-risky"], 1),
        (["explain", "code-flood", "--subject", VICTIM], 2),
        (["explain", "code-flood", "--tags", str(DAY / "tags.ndjson"), "--subject", "+8619900009999"], 1),
        (["explain", "code-flood", "--tags", str(DAY / "nowhere"), "--subject", VICTIM], 3),
        (["explain", "code-flood", "--tags", str(DAY / "tags.ndjson"), "--subject", VICTIM], 0),
    ],
)
def test_explain_says_what_is_wrong(arguments: list[str], code: int) -> None:
    """An unknown rule or subject is "no", half a question is a usage error, a missing file is configuration."""
    assert CliRunner().invoke(app, arguments).exit_code == code


def test_a_copied_shelf_shares_no_number() -> None:
    """Copies have ids of their own and other numbers, and still compile."""
    shelf = copies(RULES, 2 * len(RULES) + 1)
    assert len({r.id for r in shelf}) == len(shelf)
    assert shelf[: len(RULES)] == RULES
    assert not {r.when for r in RULES if r.when and re.search(r"\d", r.when)} & {r.when for r in shelf[len(RULES) :]}
    Book(shelf)


def test_costs_are_measured_on_what_the_book_was_asked() -> None:
    """Samples hold rows, features and rings of every block; costs and the slowest rules come from them."""
    samples = samples_of(bench_lines(2_000, 7, 50), GENERATION)
    assert sum(len(s.rows) for s in samples) > 0
    assert all(len(column) == len(s.rows) for s in samples for column in s.features.values())
    assert cost_of(RULES[:5], samples).rules == 5
    assert len(slowest(RULES[:5], samples, 3)) == 3
