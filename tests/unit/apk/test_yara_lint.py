"""The lint of the YARA rules: each thing that it must refuse is refused, with a place and a remedy."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from apk_analysis.yara_scan.lint import lint_rules, publish_rules
from apk_analysis.yara_scan.patterns import rules_in
from fraud_guard.app import apk_rules
from fraud_guard.app.cli.main import app

FOLDER = Path(__file__).parents[3] / "rules" / "apk"
RULE = """rule probe : family
{
    meta:
        id = "probe"
        version = 1
        title_zh = "测试"
        title_en = "a test"
        weight = "1"
        confidence = "0.5"
        reference = "none"
        scam_type = "phishing"
    strings:
        $s = "needle in hay"   // a comment
    condition:
        $s
}
"""
EXAMPLES = "probe:\n  hit: {strings: [needle in hay]}\n  miss: {strings: [needle]}\n"


def shelf(folder: Path, rule: str = RULE, examples: str = EXAMPLES) -> Path:
    (folder / "assets").mkdir(exist_ok=True)
    (folder / "assets/x.yar").write_text(rule, "utf-8")
    (folder / "assets/x.examples.yaml").write_text(examples, "utf-8")
    return folder


def complaints(folder: Path) -> set[str]:
    return {one.check for one in lint_rules(folder, {"phishing"})}


def test_the_shipped_rules_have_no_finding() -> None:
    """Our own rules are clean, locked, and (where yara-x is installed) taken by both engines."""
    assert lint_rules(FOLDER) == []


def test_a_clean_rule_has_no_finding_once_it_is_published(tmp_path: Path) -> None:
    """A new rule is asked to be published; then nothing is left to say."""
    assert complaints(shelf(tmp_path)) == {"version"}
    assert publish_rules(tmp_path) == (("probe",), (), ())
    assert complaints(tmp_path) == set()


@pytest.mark.parametrize(
    ("old", "new", "check"),
    [
        ('"needle in hay"', '"nee"', "slow"),
        ('"needle in hay"', "/needle [a-z]+ hay/", "slow"),
        ('"needle in hay"', "/needle [a-z]{2,} hay/", "slow"),
        ('"needle in hay"', "{ 6E 65 ?? 64 6C ?? 65 }", "slow"),
        ('"needle in hay"', "{ 6E 65 65 64 [4-] 6C 65 65 64 }", "slow"),
        ("        $s\n}", "        #s > 3\n}", "refused"),
        ("        $s\n}", "        for any of them : ( $ )\n}", "refused"),
        ("rule probe", 'import "math"\nrule probe', "refused"),
        ("rule probe", "global rule probe", "refused"),
        ('"测试"', '"test"', "words"),
        ('        scam_type = "phishing"\n', "", "words"),
        ('"phishing"', '"fishing"', "words"),
        ('        reference = "none"\n', "", "loads"),
        ('weight = "1"', 'weight = "much"', "loads"),
        ("rule probe : family", "rule probe", "loads"),
    ],
)
def test_a_fault_is_found(tmp_path: Path, old: str, new: str, check: str) -> None:
    """Slow patterns, what engines read differently, missing words and types are each found."""
    assert old in RULE
    assert check in complaints(shelf(tmp_path, RULE.replace(old, new)))


def test_a_rule_without_examples_and_examples_without_a_rule_are_found(tmp_path: Path) -> None:
    """Each rule has examples, and each example a rule and features that exist."""
    found = [one.message for one in lint_rules(shelf(tmp_path, examples=EXAMPLES.replace("probe", "prob")))]
    assert any("probe has no examples" in message for message in found)
    assert any("examples of prob," in message for message in found)
    odd = EXAMPLES.replace("[needle]}", "[needle], features: {has_wings: true}}")
    assert any("has_wings" in one.message for one in lint_rules(shelf(tmp_path, examples=odd)))


def test_a_change_needs_a_new_version(tmp_path: Path) -> None:
    """A published rule that says something else must have a new version; comments and layout may change."""
    publish_rules(shelf(tmp_path))
    shelf(tmp_path, RULE.replace("// a comment", "/* another */").replace("    strings:", "  strings:"))
    assert complaints(tmp_path) == set()
    shelf(tmp_path, RULE.replace("needle in", "needles in"))
    assert complaints(tmp_path) == {"version"}
    assert publish_rules(tmp_path)[2] == ("probe was changed but kept version 1",)
    shelf(tmp_path, RULE.replace("needle in", "needles in").replace("version = 1", "version = 2"))
    assert publish_rules(tmp_path) == ((), ("probe",), ())
    assert complaints(tmp_path) == set()


def test_a_published_rule_does_not_disappear(tmp_path: Path) -> None:
    """The lint goes on asking for a rule that is gone."""
    publish_rules(shelf(tmp_path))
    shelf(tmp_path, RULE.replace("probe", "other"), EXAMPLES.replace("probe", "other"))
    assert any("probe is gone" in one.message for one in lint_rules(tmp_path))


def test_a_folder_without_rules_is_a_finding_with_a_remedy(tmp_path: Path) -> None:
    """An empty folder is told, not passed."""
    assert [one.remedy for one in lint_rules(tmp_path)] == ["point to the folder `rules/apk`"]


def test_the_commands_look_after_the_yara_rules(tmp_path: Path) -> None:
    """`rules test` runs their examples beside those of the tag rules, and the lint of a rules folder names their files."""
    done = CliRunner().invoke(app, ["rules", "test", "hotline-96110-blocked"])
    assert done.exit_code == 0, done.output
    assert "1 YARA rules, 2 examples: 2 as expected" in done.stderr
    shutil.copytree(FOLDER.parent, tmp_path / "rules")
    rule = tmp_path / "rules/apk/words/hotlines.yar"
    rule.write_text(rule.read_text("utf-8").replace('weight = "4.0"', 'weight = "5.0"'), "utf-8")
    (finding,) = apk_rules.lint(tmp_path / "rules")
    assert (finding.file, finding.check, finding.line) == ("apk/words/hotlines.yar", "apk-version", 3)
    assert apk_rules.publish(tmp_path / "rules").refused == ("hotline-96110-blocked was changed but kept version 1",)


def test_patterns_are_seen_through_comments_and_slashes() -> None:
    """A comment in a string and a string in a comment do not lead the reader astray."""
    text = 'rule a { strings: $u = "http://x.example/y" /* $v = "no" */ $r = /ab\\/cd{1,3}/i condition: $u or $r }'
    (rule,) = rules_in(text)
    assert [(one.name, one.kind, one.body) for one in rule.patterns] == [
        ("$u", "text", '"http://x.example/y"'), ("$r", "regex", "/ab\\/cd{1,3}/i"),
    ]  # fmt: skip


def test_the_lint_of_a_copy_with_a_broken_file_names_it(tmp_path: Path) -> None:
    """One broken file among many is named with its line, and the others are still looked at."""
    shutil.copytree(FOLDER, tmp_path / "apk")
    broken = tmp_path / "apk/dex/sms.yar"
    broken.write_text(broken.read_text("utf-8").replace("condition:", "condition", 1), "utf-8")
    found = lint_rules(tmp_path / "apk")
    assert any(one.check == "loads" and one.file == "dex/sms.yar" and one.line > 1 for one in found)
