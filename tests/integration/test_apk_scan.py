"""`fraud-guard apk …` as analysts use it, on apps and skins of them that are made here."""

from __future__ import annotations

import csv
import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from datasets.reskin.base_app import AppPlan, make_members
from datasets.reskin.packing import pack_signed
from datasets.reskin.signing import make_key
from datasets.reskin.transformations import reskin
from fraud_guard.app.cli import exits
from fraud_guard.app.cli.main import app

SKINS = ("T0-resign", "T2-images", "T3-package", "T4-strings", "T5-classes", "T6-arithmetic", "T6-blocks", "T7-library", "T8-all", "T9-zip-trick")
BASES = {"scam": AppPlan(11, 24, (1, 2)), "honest": AppPlan(12, 24, (1, 2)), "stranger": AppPlan(13, 24, (1, 3))}


@pytest.fixture(scope="module")
def apks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with three base apps that share a library, and skins of one."""
    folder = tmp_path_factory.mktemp("apks")
    for name, plan in BASES.items():
        (folder / f"{name}.apk").write_bytes(pack_signed(make_members(plan), make_key(name=name)))
    for number, code in enumerate(SKINS):
        (folder / f"{code}.apk").write_bytes(reskin((folder / "scam.apk").read_bytes(), code, 500 + number).apk)
    (folder / "broken.apk").write_bytes(b"no archive at all" * 50)
    return folder


@pytest.fixture(autouse=True)
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder for the index, and none of the caller's settings."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("FG_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("FG_APK_INDEX", str(tmp_path / "index"))
    return tmp_path / "index"


def call(*arguments: object, code: int = 0) -> Result:
    """Run an `apk` command in this process; it must exit with `code`."""
    exits.out.width = exits.err.width = 200
    done = CliRunner().invoke(app, ["apk", *map(str, arguments)], env={"COLUMNS": "200", "TERM": "dumb"})
    assert done.exit_code == code, f"{done.output}\n{done.exception!r}"
    return done


def lines(done: Result) -> list[dict[str, Any]]:
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_a_card_for_people(apks: Path) -> None:
    """Verdict in both languages, name, signer and check sum; a file that is no archive is suspicious and partial."""
    text = call("scan", apks / "scam.apk", apks / "broken.apk").stdout
    assert "未见异常 benign" in text and "CN=scam" in text and "SHA-256" in text
    assert "可疑 suspicious" in text and "不完整 partial" in text


def test_reports_as_json_in_the_order_of_the_files(apks: Path) -> None:
    """One report a line, in the order asked for, also with several jobs."""
    asked = [apks / f"{name}.apk" for name in ("stranger", "broken", "scam", "honest")]
    told = lines(call("scan", "--json", "--jobs", 3, *asked))
    assert [one["file_name"] for one in told] == [path.name for path in asked]
    assert all(one["sandbox"] in {"rlimits", "seccomp", "bubblewrap"} for one in told)


def test_exit_codes_for_scripts(apks: Path, tmp_path: Path) -> None:
    """0 when all was scanned, 1 when a verdict is as bad as asked, 5 when a file cannot be read, 2 and 3 for wrong use."""
    call("scan", apks / "scam.apk", "--fail-on", "suspicious")
    call("scan", apks / "scam.apk", apks / "broken.apk", "--fail-on", "suspicious", code=1)
    call("scan", apks / "broken.apk", "--fail-on", "malicious")
    told = call("scan", "--json", tmp_path / "nothing.apk", tmp_path, apks / "scam.apk", code=5)
    assert len(lines(told)) == 1 and "nothing.apk" in told.stderr
    assert "choose one of" in call("scan", apks / "scam.apk", "--fail-on", "bad", code=2).stderr
    assert "choose one of" in call("scan", apks / "scam.apk", "--least-sandbox", "iron", code=3).stderr


def test_new_skins_are_found_and_named(apks: Path) -> None:
    """Every skin of an indexed scam app is malicious, of its family; the app's neighbours are not."""
    call("index", "add", apks / "scam.apk", "--family", "loans", "--label", "scam")
    call("index", "add", apks / "honest.apk", "--family", "shop", "--label", "good")
    told = {one["file_name"]: one for one in lines(call("scan", "--json", *(apks / f"{name}.apk" for name in (*SKINS, "stranger", "honest"))))}
    assert {name: (told[f"{name}.apk"]["verdict"], told[f"{name}.apk"]["reskin"]["family"]) for name in SKINS} == dict.fromkeys(SKINS, ("malicious", "loans"))
    assert [(told[f"{name}.apk"]["verdict"], told[f"{name}.apk"]["reskin"]) for name in ("stranger", "honest")] == [("benign", None)] * 2


def test_the_index_is_asked(apks: Path) -> None:
    """Relatives with family, relation and differences, for people and as JSON; a stranger has none."""
    call("index", "add", apks / "scam.apk", "--family", "loans", "--label", "scam")
    found = lines(call("index", "query", "--json", apks / "T8-all.apk", apks / "stranger.apk", apks / "broken.apk"))
    match = found[0]["matches"][0]
    assert (match["family"], match["relation"], match["label"]) == ("loans", "reskin", "scam")
    assert match["probability"] >= 0.8 and "certificate" in match["differs"] and match["zh"] and match["en"]
    assert found[1]["matches"] == [] == found[2]["matches"] and found[2]["sha256"] == ""
    text = call("index", "query", apks / "T5-classes.apk", apks / "stranger.apk").stdout
    assert "loans" in text and "reskin" in text and "stranger.apk: 未见同源" in text


def test_two_apps_are_compared(apks: Path) -> None:
    """Without an index: a skin is of the same code, a stranger is not, and a file with nothing in it is refused."""
    assert lines(call("similar", "--json", apks / "scam.apk", apks / "T6-blocks.apk"))[0]["relation"] == "same_code"
    assert lines(call("similar", "--json", apks / "scam.apk", apks / "stranger.apk"))[0]["relation"] == "unrelated"
    assert "methods identical" in call("similar", apks / "scam.apk", apks / "T2-images.apk").stdout
    assert "nothing to compare by" in call("similar", apks / "scam.apk", apks / "broken.apk", code=2).stderr


def test_families_are_listed_split_and_joined(apks: Path) -> None:
    """A skin joins its family; an analyst takes it out and puts it back."""
    call("index", "add", apks / "scam.apk", "--family", "loans", "--label", "scam")
    sha = call("index", "add", apks / "T2-images.apk").stdout.split()
    assert sha[1] == "loans" and "loans" in call("families").stdout
    assert "1 apps moved" in call("families", "split", sha[0].upper(), "--into", "police").stderr
    assert call("index", "add", apks / "T2-images.apk").stdout.split() == [sha[0], "police"]
    assert "1 apps moved" in call("families", "join", "police", "--into", "loans").stderr
    assert "police" not in call("families").stdout


def test_apps_are_forgotten_merged_and_compacted(apks: Path, tmp_path: Path) -> None:
    """What is deleted is no longer found; a merged index brings it back; compacting changes no answer."""
    other = tmp_path / "other"
    call("index", "add", apks / "scam.apk", "--family", "loans", "--label", "scam", "--index", other)
    sha = call("index", "add", apks / "scam.apk", "--family", "mine", "--label", "scam").stdout.split()[0]
    assert "1 of 1 deleted" in call("index", "delete", sha).stderr
    assert "0 of 1 deleted" in call("index", "delete", sha, code=1).stderr
    assert "1 apps taken over" in call("index", "merge", other).stderr
    assert "1 apps" in call("index", "compact").stderr
    assert lines(call("index", "query", "--json", apks / "T0-resign.apk"))[0]["matches"][0]["family"] == "loans"


def test_what_cannot_be_indexed_is_told(apks: Path) -> None:
    """A file without anything to compare by is named and not added, exit 5; a wrong label is wrong use; without an index it is said how to begin one."""
    assert "begin one with" in call("index", "query", apks / "scam.apk", code=1).stderr
    told = call("index", "add", apks / "broken.apk", apks / "scam.apk", "--family", "f", code=5)
    assert "broken.apk: nothing to compare by" in told.stderr and len(told.stdout.splitlines()) == 1
    assert "choose good or scam" in call("index", "add", apks / "scam.apk", "--label", "bad", code=2).stderr


def test_a_folder_is_watched(apks: Path, tmp_path: Path) -> None:
    """Each file that has come whole gets a report; hidden ones, folders and those that still grow do not."""
    inbox = tmp_path / "inbox"
    (inbox / "folder").mkdir(parents=True)
    for name in ("old.apk", ".hidden.apk", "growing.apk"):
        (inbox / name).write_bytes((apks / "scam.apk").read_bytes())
    os.utime(inbox / "old.apk", (1_000_000_000, 1_000_000_000))
    os.utime(inbox / ".hidden.apk", (1_000_000_000, 1_000_000_000))
    os.utime(inbox / "growing.apk", (4_000_000_000, 4_000_000_000))
    assert [one["file_name"] for one in lines(call("watch", inbox, "--once", "--json"))] == ["old.apk"]
    assert "is no folder" in call("watch", apks / "scam.apk", "--once", code=3).stderr


def pairs(folder: Path, *rows: tuple[object, ...]) -> Path:
    path = folder / "pairs.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("a", "b", "repackaged", "transformation"), *rows])
    return path


def test_pairs_are_evaluated(apks: Path, tmp_path: Path) -> None:
    """Recall and false alarms by transformation, beside baselines; a file that cannot be read is counted, and stops nothing."""
    table = pairs(tmp_path, *((apks / "scam.apk", apks / f"{name}.apk", 1, name) for name in SKINS[:4]), (apks / "scam.apk", apks / "honest.apk", 0, "unrelated"),
                  (apks / "scam.apk", apks / "broken.apk", 1, "broken"), (apks / "honest.apk", apks / "stranger.apk", "?", ""))  # fmt: skip
    told = lines(call("evaluate", table, "--json"))[0]
    rows = {one["transformation"]: one for one in told["rows"]}
    assert [rows[name]["called"]["value"] for name in SKINS[:4]] == [1.0] * 4
    assert rows["unrelated"]["called"]["value"] == 0.0 and rows["broken"]["unread"] == 1
    assert [(one["label"], one["called"]["n"]) for one in told["total"]] == [("repackaged", 5), ("other", 1), ("ambiguous", 1)]
    assert "resources" in rows["unrelated"]["baselines"]
    text = call("evaluate", table, "--no-baselines").stdout
    assert "T0-resign" in text and "resources" not in text


def test_a_wrong_table_of_pairs_names_line_and_remedy(apks: Path, tmp_path: Path) -> None:
    """Missing columns, missing files and a table that is no text are told with what to do."""
    assert "relative to the folder" in call("evaluate", pairs(tmp_path, (apks / "scam.apk", "gone.apk", 1, "")), code=3).stderr
    (tmp_path / "pairs.csv").write_text("x,y\n", encoding="utf-8")
    assert "no column a, b, repackaged" in call("evaluate", tmp_path / "pairs.csv", code=3).stderr
    (tmp_path / "pairs.csv").write_bytes(b"\xff\xfe\xfa")
    assert "give a CSV file" in call("evaluate", tmp_path / "pairs.csv", code=3).stderr
    (tmp_path / "pairs.csv").write_text(f"a,b,repackaged\n{apks / 'scam.apk'}\n", encoding="utf-8")
    assert "pairs.csv:2: too few fields" in call("evaluate", tmp_path / "pairs.csv", code=3).stderr


def test_a_genuine_app_teaches_the_brands_and_its_skin_is_told(apks: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`apk brand` writes package, certificate and icon of a genuine app; the same app under another key then wears the brand."""
    rules = tmp_path / "rules"
    shutil.copytree(Path(__file__).parents[2] / "rules" / "apk", rules / "apk")
    monkeypatch.setenv("FG_RULES_DIR", str(rules))
    call("brand", apks / "honest.apk", "--brand", "示例支付")
    genuine, forged = (rules / "apk" / "brands.csv").read_text("utf-8").splitlines()[-1], tmp_path / "forged.apk"
    assert genuine.startswith("示例支付,") and ".png" in genuine
    forged.write_bytes(reskin((apks / "honest.apk").read_bytes(), "T0-resign", 77).apk)
    first, second = lines(call("scan", "--json", apks / "honest.apk", forged))
    assert first["verdict"] == "benign" and not first["impersonates"]
    assert second["impersonates"]["brand"] == "示例支付" and set(second["impersonates"]["by"]) >= {"package", "icon"}


def test_what_cannot_be_trusted_teaches_no_brand(apks: Path) -> None:
    """A file that is called bad is refused with the way to insist, and one that nobody signed is refused for good."""
    assert "--sure" in call("brand", apks / "broken.apk", "--brand", "示例支付", code=3).stderr
    assert "no signature" in call("brand", apks / "broken.apk", "--brand", "示例支付", "--sure", code=3).stderr
