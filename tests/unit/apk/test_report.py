"""Reports: whole, in two languages, the same each time, and harmless however hostile the sample's strings are."""

from __future__ import annotations

import base64
import csv
import io
import json
from pathlib import Path

import matplotlib as mpl
import msgspec
import pytest
import stix2
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from typer.testing import CliRunner

from apk_analysis.errors import FontMissing, UnreadableMember
from apk_analysis.evidence import Evidence
from apk_analysis.manifest.facts import Combination, Permission
from apk_analysis.report import wording
from apk_analysis.report.cleaning import cell, defanged, shown
from apk_analysis.report.facts import (
    CertificateFact,
    CodeFact,
    Finding,
    Impersonation,
    IndicatorFact,
    ManifestFact,
    ModuleMatch,
    Report,
    Reskin,
    SignatureFact,
    Stage,
)
from apk_analysis.report.fonts import Font, find_font
from apk_analysis.report.html import to_html
from apk_analysis.report.icons import icon_of, icon_png
from apk_analysis.report.indicator_table import to_csv
from apk_analysis.report.json_text import from_json, to_json
from apk_analysis.report.misp import to_misp
from apk_analysis.report.pdf import to_pdf
from apk_analysis.report.picture import to_picture
from apk_analysis.report.stix import to_stix
from apk_analysis.yara_scan.facts import Hit
from fraud_guard.app.cli.main import app

# No font with Chinese comes with Python; this one is enough to see that the writers go through.
LATIN = Font(Path(mpl.get_data_path()) / "fonts/ttf/DejaVuSans.ttf")
HOSTILE = "</td><script>alert(1)</script>\u202egpj.exe\u200b\x00{{7*7}}'\"\\"
SHA = "ab" * 32


def png(size: int = 64, colour: str = "#0b5394") -> str:
    file = io.BytesIO()
    Image.new("RGB", (size, size), colour).save(file, "PNG")
    return base64.b64encode(file.getvalue()).decode()


def full(text: str = "云会议", **changes: object) -> Report:
    """A report with something in every field; `text` stands wherever a sample may choose it."""
    made = Report(
        SHA, 3_456_789, "malicious", 93.4, ts_ms=1_790_000_000_000, file_name=text, scam_type="fake_police",
        reasons_zh=("拦截反诈专线",), reasons_en=("blocks the hotline",), limits_hit=("methods",), sandbox="seccomp",
        findings=(Finding("f", "capability", 2.2, 0.8, "共享屏幕", "shares the screen", "yara", (text,)),),
        reskin=Reskin("云会议", "cd" * 32, 0.834, 412, 344, 24, 19, 0.97, text, text, png(colour="#b3261e"),
                      ("label", "icon"), ("hosts",), (ModuleMatch(text, text, 120, 118), ModuleMatch("e", "e", 0, 0)), "换壳", "a new skin"),
        impersonates=Impersonation(text, ("label",), 0.9, "冒充", "wears it"),
        indicators=(
            IndicatorFact("url", f"http://a.example/{text}", 0.9, (text,)), IndicatorFact("domain", "im.a.example", 0.8),
            IndicatorFact("ip", "203.0.113.7:8080", 0.8), IndicatorFact("ip", "2001:db8::1", 0.8), IndicatorFact("phone", "+8619900000001", 0.6),
            IndicatorFact("wallet-tron", text, 0.7), IndicatorFact("email", "a@b.example", 0.5), IndicatorFact("domain", "weak.example", 0.1),
        ),
        stages=(Stage("intake", "ok", 12.0), Stage("code", "partial", 880.0, text), Stage("appearance", "failed", 1.0)),
        engine_versions={"fraud_guard": "0.1", "rules": "a1b2"},
        manifest=ManifestFact(text, 12, text, 21, 30, text, {"": text}, png(), (Permission(text, "unknown", "未知", "unknown"),),
                              (Combination("c", 1.0, "组合", "together", (text,)),), {"activity": 4}, (text,), "own"),
        signatures=SignatureFact(True, True, {"v2": True}, (CertificateFact("ef" * 32, "01" * 32, text, text, "2026", "2051", "RSA 2048"),),
                                 (CertificateFact("aa" * 32),), (text,)),
        code=CodeFact(5000, 4100, ("uni-app",), {"uni-app": text}, ("Bangcle",), ("Agora",), ("screen",), shell_only=True),
        yara=(Hit("hotline-96110-blocked", 1, "capability", text, "拦截", "blocks", 4.0, 0.9, "", (12, 40), ("$a", "$b")),),
        evidence=(Evidence("crc_differs", "校验值不符", "differs", (text,), 3),),
    )  # fmt: skip
    return msgspec.structs.replace(made, **changes)


def test_a_report_survives_json() -> None:
    """What is written is read back equal, on one line."""
    assert from_json(to_json(full(HOSTILE))) == full(HOSTILE)
    assert b"\n" not in to_json(full("a\nb"))


def test_what_is_no_report_is_refused_in_words() -> None:
    """Text that is no report raises the package's own error and names the field."""
    with pytest.raises(UnreadableMember, match="verdict"):
        from_json('{"sha256": "a", "size": 1, "risk": 0, "verdict": "harmless"}')


def test_a_report_tells_whether_it_is_partial() -> None:
    """A failed stage or a limit makes a report partial; skipped stages do not."""
    assert full().partial
    assert not Report(SHA, 1, "benign", 0.0, stages=(Stage("reskin", "skipped"),)).partial


def test_the_page_is_chinese_first_and_loads_nothing() -> None:
    """Chinese words with their English twins; no script, no address to load, no form."""
    page = to_html(full())
    assert 'lang="zh-CN"' in page
    assert page.index("恶意") < page.index("malicious</span>")
    assert "<script" not in page
    assert "http://" not in page
    assert "https://" not in page
    assert "default-src 'none'" in page


def test_hostile_strings_do_nothing_on_the_page() -> None:
    """Markup is escaped, direction marks are gone, templates are not evaluated, addresses are defanged."""
    page = to_html(full(HOSTILE))
    assert "<script" not in page
    assert "\u202e" not in page
    assert "\x00" not in page
    assert "{{7*7}}" in page
    assert "hxxp[://]a[.]example" in page


@given(st.text(max_size=40))
@settings(max_examples=25, deadline=None)
def test_any_string_gives_the_same_tags(text: str) -> None:
    """No string of a sample adds or removes an element of the page."""
    assert to_html(full(text or "x")).count("<") == to_html(full("x")).count("<")


def test_an_empty_report_has_a_page_a_bundle_an_event_and_a_table() -> None:
    """A report of which nothing was read can still be written in every form."""
    empty = Report(SHA, 0, "suspicious", 50.0)
    assert to_html(empty)
    assert to_pdf(empty, LATIN).startswith(b"%PDF")
    assert stix2.parse(to_stix(empty)).objects
    assert json.loads(to_misp(empty))["Event"]["Attribute"]
    assert to_csv(empty)
    assert to_picture(empty, LATIN) == b""


def test_a_pdf_embeds_its_font_and_is_the_same_each_time() -> None:
    """The document carries its font, takes hostile strings, and is byte-identical for the same report."""
    document = to_pdf(full(HOSTILE), LATIN)
    assert document.startswith(b"%PDF")
    assert b"FontFile2" in document
    assert document == to_pdf(full(HOSTILE), LATIN)


def test_a_pdf_holds_chinese_where_a_font_is_installed() -> None:
    """With an installed Chinese font the document is made with it."""
    try:
        font = find_font()
    except FontMissing:
        pytest.skip("no font with Chinese is installed")
    assert to_pdf(full(), font).startswith(b"%PDF")


def test_a_missing_font_names_a_package(tmp_path: Path) -> None:
    """Without a font the error says where was looked and what to install; a named one that is not there is told."""
    with pytest.raises(FontMissing, match=r"fonts-wqy-microhei"):
        find_font(places=[tmp_path])
    with pytest.raises(FontMissing, match=r"no-such\.ttf"):
        find_font(tmp_path / "no-such.ttf")


def test_the_best_font_is_chosen_whatever_its_folder(tmp_path: Path) -> None:
    """Of several the preferred one is taken, and of a collection the one for simplified Chinese."""
    for name in ("a/wqy-microhei.ttc", "b/NotoSansCJK-Regular.ttc"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).touch()
    assert find_font(places=[tmp_path]) == Font(tmp_path / "b/NotoSansCJK-Regular.ttc", 2)


def test_a_bundle_is_valid_and_the_same_each_time() -> None:
    """STIX 2.1 that its own library takes, with deterministic ids and escaped patterns."""
    text = to_stix(full("it's \\ here"))
    bundle = stix2.parse(text)
    patterns = [one.pattern for one in bundle.objects if one.type == "indicator"]
    assert text == to_stix(full("it's \\ here"))
    assert f"[file:hashes.'SHA-256' = '{SHA}']" in patterns
    assert "[ipv4-addr:value = '203.0.113.7']" in patterns
    assert "[ipv6-addr:value = '2001:db8::1']" in patterns
    assert r"[url:value = 'http://a.example/it\'s \\ here']" in patterns
    assert not any("weak" in pattern for pattern in patterns)


def test_a_benign_report_accuses_nobody() -> None:
    """Of a benign sample neither indicators nor marks for detection leave the house."""
    clear = full(verdict="benign")
    assert {one.type for one in stix2.parse(to_stix(clear)).objects} == {"identity", "file", "malware-analysis"}
    assert not any(one["to_ids"] for one in json.loads(to_misp(clear))["Event"]["Attribute"])


def test_an_event_has_types_and_uuids_and_is_not_published() -> None:
    """MISP attributes have types it knows and stable ids; publishing is left to a person."""
    event = json.loads(to_misp(full()))["Event"]
    assert event["published"] is False
    assert ("ip-dst|port", "203.0.113.7|8080") in {(one["type"], one["value"]) for one in event["Attribute"]}
    assert to_misp(full()) == to_misp(full())
    assert len({one["uuid"] for one in event["Attribute"]}) == len(event["Attribute"])


def test_no_cell_is_a_formula() -> None:
    """Values that a spreadsheet would compute are quoted; commas and quotes stay in their cell."""
    report = full(indicators=tuple(IndicatorFact("chat", v, 0.5) for v in ("=1+1", "@x", "-2", "+8619900000001", 'a,"b"', "\t=1")))
    rows = list(csv.DictReader(io.StringIO(to_csv(report).decode("utf-8-sig"))))
    assert [row["value"] for row in rows if row["type"] == "chat"] == ["'=1+1", "'@x", "'-2", "'+8619900000001", 'a,"b"', "'=1"]


@given(st.text(max_size=60))
def test_cleaned_text_has_one_line_and_nothing_unseen(text: str) -> None:
    """No control, direction or zero-width character is left, and a defanged address has no bare dot."""
    assert shown(text).isprintable()
    assert not cell(text).startswith(("=", "+", "-", "@"))
    assert "." not in defanged(text).replace("[.]", "")


def test_a_picture_shows_both_apps() -> None:
    """The picture is a PNG of fixed width whose height grows with the modules; hostile names do not break it."""
    few, many = (
        Image.open(io.BytesIO(to_picture(full(HOSTILE, reskin=msgspec.structs.replace(full().reskin, modules=modules)), LATIN)))
        for modules in ((), (ModuleMatch(HOSTILE, "b" * 500, 3, 9),) * 50)
    )
    assert few.width == many.width == 1200
    assert few.height < many.height < 1200


@pytest.mark.parametrize("text", ["", "no base64!", base64.b64encode(b"GIF89a" + bytes(40)).decode(), png(600), "A" * 3_000_000])
def test_what_is_no_small_png_is_no_icon(text: str) -> None:
    """An icon of a report from elsewhere is looked at again: other formats and large ones are left out."""
    assert icon_of(text) is None
    assert icon_png(text) == b""


def test_every_word_of_a_report_has_two_languages() -> None:
    """Each key has a Chinese and an English word."""
    assert [key for key, (zh, en) in wording.WORDS.items() if not zh or not en or zh == en] == []


def test_the_command_writes_what_is_asked(tmp_path: Path) -> None:
    """`apk report` picks a report of several by its SHA-256 and writes each form; without a form it is a wrong call."""
    other = msgspec.structs.replace(full(), sha256="cd" * 32)
    source = tmp_path / "reports.ndjson"
    source.write_bytes(to_json(full()) + b"\n" + to_json(other) + b"\n")
    forms = {name: tmp_path / f"out.{name}" for name in ("html", "stix", "misp", "csv", "pdf", "picture")}
    asked = [word for name, path in forms.items() for word in (f"--{name}", str(path))]
    done = CliRunner().invoke(app, ["apk", "report", str(source), "--sha256", "CD", "--font", str(LATIN.path), *asked])
    assert done.exit_code == 0, done.output
    assert all(path.stat().st_size for path in forms.values())
    assert CliRunner().invoke(app, ["apk", "report", str(source), "--csv", "-"]).exit_code == 1
    assert CliRunner().invoke(app, ["apk", "report", str(source)]).exit_code == 2
    assert CliRunner().invoke(app, ["apk", "report", str(tmp_path / "none"), "--csv", "-"]).exit_code == 3
