"""The lint finds what it is for, and says where and what to do."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from fraud_guard.app.rule_files import load_scam_types, read_rule_files
from fraud_guard.app.rule_lint import CHECKS, lint, publish
from fraud_guard.app.rule_lock import LOCK, digest, read_lock
from fraud_guard.errors import RuleError
from fraud_guard.generation import content_id
from fraud_guard.rulebook.load import load_rule
from tests.rules.shelf import FOLDER, RULES

RULE = "tags/any/code-flood.yaml"
Edit = Callable[[str, str], None]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return shutil.copytree(FOLDER, tmp_path / "rules")


@pytest.fixture
def edit(folder: Path) -> Edit:
    def replace(old: str, new: str) -> None:
        text = (folder / RULE).read_text("utf-8")
        assert old in text
        (folder / RULE).write_text(text.replace(old, new), "utf-8")

    return replace


def test_shipped_rules_are_clean() -> None:
    """`rules lint` has nothing to say about what we ship."""
    assert lint(FOLDER) == []


def test_every_check_recommends_something() -> None:
    """Check names are unique and each tells what to do."""
    assert len({check.name for check in CHECKS}) == len(CHECKS)
    assert all(check.recommendation and check.__doc__ for check in CHECKS)


@pytest.mark.parametrize(
    ("check", "old", "new", "key"),
    [
        ("known-scam-types", "identity_theft: 0.2", "identity_thieft: 0.2", "scam_types"),
        ("both-languages", "zh: 短时间内大量验证码", "zh: many codes", "zh"),
        ("both-languages", "en: A flood of one-time codes", "en: 大量 codes", "en"),
        ("short-summary", "zh: 约一小时内收到八条以上验证码", "zh: " + "约一小时内收到八条以上验证码" * 3, "zh"),
        ("no-accusation", "en: A flood of one-time codes", "en: codes of a suspect", "en"),
        ("weight-by-status", "status: stable\n", "status: test\ndecisive: true\nlevel_floor: 2\n", "decisive"),
        ("weight-by-status", "weight: 3.2", "weight: 10.0", "weight"),
        ("can-be-true", "when: otps_1h >= 7.5", "when: otps_1h >= 7.5 AND otps_1h < 7", "when"),
        ("can-be-true", "event: kind = 'sms' AND otp", "event: kind = 'sms' AND call", "event"),
        ("can-be-true", "event: kind = 'sms' AND otp", "timer: {after: 15min, call: kind = 'sms'}", "timer"),
        ("timer-in-call", "event: kind = 'sms' AND otp", "timer: {after: 4h, call: risky}", "timer"),
        ("can-be-true", "event: kind = 'sms' AND otp", "sequence:\n  within: 1h\n  steps:\n    - otp\n    - {where: otp AND NOT otp}", "- {where: otp AND"),
        ("no-accusation", "zh: 约一小时内收到八条以上验证码", "zh: 骗子一小时内发来八条验证码", "zh"),
        ("no-accusation", "zh: 短时间内大量验证码", "zh: 诈骗犯发送大量验证码", "zh"),
        ("shared-group", "group: flood", "group: alone", "group"),
        ("retired-with-reason", "status: stable", "status: retired", "status"),
        ("has-reference", 'references: ["domain.md, fake_loan: codes from real lenders"]', "references: []", "references"),
        ("synthetic-examples", 'peer: "106900120000"', 'peer: "+8613911112222"', "  - name"),
        ("locked-version", "weight: 3.2", "weight: 3.3", "version"),
        ("locked-version", "version: 1", "version: 2", "version"),
        ("loads", "when: otps_1h >= 7.5", "when: otps_2h >= 7.5", "when"),
        ("loads", "id: code-flood", "id: code-floods", "id"),
    ],
)
def test_a_fault_is_found_where_it_is(
    folder: Path, edit: Edit, check: str, old: str, new: str, key: str
) -> None:
    """Each planted fault is found by its check, in the file and on the line of its key."""
    edit(old, new)
    lines = (folder / RULE).read_text("utf-8").splitlines()
    found = [f for f in lint(folder) if f.check == check and f.file == RULE]
    assert found
    assert lines[found[0].line - 1].strip().startswith(key.strip())
    assert found[0].remedy
    assert str(found[0]).startswith(f"{RULE}:{found[0].line}: ")


def test_a_second_rule_of_the_same_id_is_found(folder: Path) -> None:
    """Ids are unique across folders."""
    shutil.copy(folder / RULE, folder / "tags/phishing/code-flood.yaml")
    assert {f.file for f in lint(folder) if f.check == "unique-id"} == {RULE, "tags/phishing/code-flood.yaml"}


def test_an_unknown_folder_is_found(folder: Path) -> None:
    """A rule in a folder that is no scam type is misplaced."""
    (folder / "tags/strange").mkdir()
    (folder / RULE).rename(folder / "tags/strange/code-flood.yaml")
    assert [f.check for f in lint(folder)] == ["known-folder"]


def test_a_rule_in_the_folder_of_a_type_it_ignores_is_found(folder: Path) -> None:
    """A rule that lies with a scam type gives that type a share."""
    (folder / RULE).rename(folder / "tags/fake_police/code-flood.yaml")
    assert [f.check for f in lint(folder)] == ["known-folder"]


def test_a_deleted_rule_is_missed(folder: Path) -> None:
    """A published rule cannot disappear; it is retired."""
    (folder / RULE).unlink()
    found = [f for f in lint(folder) if f.check == "published-stays"]
    assert [f.file for f in found] == [LOCK]
    assert "retired" in found[0].remedy


def test_a_damaged_lock_is_a_finding(folder: Path) -> None:
    """The lint reports a lock that cannot be read instead of failing."""
    (folder / LOCK).write_text('{"x": 1}', "utf-8")
    assert [(f.check, f.file) for f in lint(folder)] == [("loads", LOCK)]


def test_publishing_refuses_a_changed_rule_of_the_same_version(folder: Path, edit: Edit) -> None:
    """`--update-lock` writes nothing while a changed rule keeps its version."""
    before = (folder / LOCK).read_bytes()
    edit("weight: 3.2", "weight: 3.3")
    assert publish(folder).refused == ("code-flood was changed but kept version 1",)
    assert (folder / LOCK).read_bytes() == before


def test_publishing_refuses_an_older_version(folder: Path, edit: Edit) -> None:
    """A version never goes back."""
    edit("version: 1", "version: 3")
    assert publish(folder).raised == ("code-flood",)
    edit("version: 3", "version: 2")
    assert publish(folder).refused == ("version 2 is older than the published 3",)


def test_publishing_takes_a_raised_version(folder: Path, edit: Edit) -> None:
    """With a new version the change is published and the lint is silent again."""
    edit("weight: 3.2", "weight: 3.3")
    edit("version: 1", "version: 2")
    assert publish(folder).raised == ("code-flood",)
    assert lint(folder) == []
    assert read_lock(folder).entries["code-flood"].version == 2


def test_publishing_refuses_what_does_not_load(folder: Path, edit: Edit) -> None:
    """No lock is written over rules with faults."""
    edit("weight: 3.2", "weight: -1")
    assert len(publish(folder).refused) == 1


def test_layout_and_examples_do_not_count_as_a_change(edit: Edit, folder: Path) -> None:
    """Comments, order of keys, and examples keep the digest."""
    before = {rule.id: digest(rule) for rule in RULES}
    edit("weight: 3.2\ngroup: flood", "# judged in spring\ngroup: flood\nweight: 3.20")
    edit("name: nine codes over a day", "name: nine codes in eighteen hours")
    assert digest(load_rule(RULE, (folder / RULE).read_text("utf-8"))) == before["code-flood"]


def test_files_for_people_do_not_change_a_generation(folder: Path) -> None:
    """README, lock and names of scam types are no part of what decides."""
    before = content_id(read_rule_files(folder))
    for name in ("README.md", LOCK, "scam_types.yaml"):
        (folder / name).write_text("changed", "utf-8")
    assert content_id(read_rule_files(folder)) == before


def test_a_yml_file_is_not_passed_over(folder: Path) -> None:
    """A rule with the wrong ending is an error, not silence."""
    (folder / RULE).rename((folder / RULE).with_suffix(".yml"))
    with pytest.raises(RuleError, match=r"code-flood\.yml.*rename"):
        read_rule_files(folder)


def test_a_text_that_is_no_utf8_names_its_line(folder: Path) -> None:
    """The error says file and line of the first bad byte."""
    (folder / RULE).write_bytes("id: code-flood\ntitle: 验证码".encode("gb18030"))
    with pytest.raises(RuleError) as error:
        read_rule_files(folder)
    assert (error.value.file, error.value.line) == (RULE, 2)


def test_a_folder_without_rules_is_an_error(tmp_path: Path) -> None:
    """A wrong path is told as such."""
    with pytest.raises(RuleError, match="no folder"):
        read_rule_files(tmp_path)
    assert [f.check for f in lint(tmp_path)] == ["loads"]


def test_scam_types_have_names_in_both_languages() -> None:
    """Every code of the table is snake case and named in Chinese and English."""
    types = load_scam_types(FOLDER)
    assert len(types) == 24
    assert all(code.replace("_", "").isalpha() and not words.zh.isascii() for code, words in types.items())
