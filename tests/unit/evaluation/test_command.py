"""Promises of `fraud-guard evaluate`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from fraud_guard.app.cli import exits
from fraud_guard.app.cli.evaluate import evaluate
from tests.unit.evaluation.cities import CITY, alert, attempt, line, lookalike, loss

app = typer.Typer()
app.command()(evaluate)
PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A folder with a small run: three losses, an attempt, a look-alike."""
    truth = [
        line(**CITY),
        *(loss(f"e{n}", f"1990000010{n}") for n in range(3)),
        attempt("x", "+8619900000105"),
        lookalike("courier", "+8619900000106"),
    ]
    alerts = [
        alert("1", "+8619900000100", (5, 4), (9, 1)),
        alert("2", "+8619900000105", (5, 4)),
        alert("3", "+8619900000106", (5, 3)),
    ]
    (tmp_path / "truth.ndjson").write_bytes(b"".join(truth))
    (tmp_path / "alerts.ndjson").write_bytes(b"".join(change for changes in alerts for change in changes))
    people = [f"1990000010{n},32998100{n % 2},75+,alone" for n in range(8)]
    (tmp_path / "subjects.csv").write_text("\n".join(["subject,area,age_band,household", *people]), "utf-8")
    return tmp_path


def run(folder: Path, *options: str, alerts: str = "alerts.ndjson", truth: str = "truth.ndjson") -> Result:
    words = ["--alerts", str(folder / alerts), "--truth", str(folder / truth), *options]
    exits.out.width = exits.err.width = 160  # consoles take their width when they are made
    return CliRunner().invoke(app, words, env={"COLUMNS": "160"})


def test_the_tables_name_levels_and_types_in_chinese(files: Path) -> None:
    """An officer finds levels, types and groups under their Chinese names, and the picture below them."""
    result = run(files, "--subjects", str(files / "subjects.csv"))
    assert result.exit_code == 0, result.output
    for words in (
        "评分卡",
        "1 红 red",
        "冒充公检法及政府机关",
        "33.3% n=3",
        "courier",
        "年龄段",
        "75+",
        "样本不足",
    ):
        assert words in result.stdout
    assert "recall before the point of no return / alerts per 10,000 people a day" in result.stdout


def test_subjects_may_be_spelled_as_the_feed_spells_them(files: Path) -> None:
    """Truth and people with national numbers meet alerts with +86."""
    card = json.loads(run(files, "--json", "-", "--subjects", str(files / "subjects.csv")).stdout)
    assert card["levels"][0]["recall"]["value"] == pytest.approx(1 / 3)
    assert [row["people"] for row in card["fairness"][1]["rows"]] == [4, 4]


def test_the_card_goes_to_a_file_and_comes_back(files: Path) -> None:
    """`--json` holds the whole card with its version, names no subject, and `--compare` reads it."""
    where = files / "card.json"
    assert run(files, "--json", str(where)).exit_code == 0
    assert json.loads(where.read_text("utf-8"))["v"] == 1
    assert "199000001" not in where.read_text("utf-8")
    compared = run(files, "--compare", str(where))
    assert compared.exit_code == 0
    assert "+0 −0 配对 paired" in compared.stdout


def test_the_picture_is_a_png(files: Path) -> None:
    """`--picture` draws a file; twice the same run, twice the same bytes."""
    first, second = files / "1.png", files / "2.png"
    assert [run(files, "--picture", str(path)).exit_code for path in (first, second)] == [0, 0]
    assert first.read_bytes().startswith(PNG)
    assert first.read_bytes() == second.read_bytes()


def test_a_quiet_run_has_a_card_and_a_picture(files: Path) -> None:
    """No episode and no alert: figures that cannot be told are dashes, exit 0."""
    (files / "quiet.ndjson").write_bytes(line(**CITY))
    (files / "none.ndjson").write_bytes(b"")
    result = run(files, "--picture", str(files / "q.png"), alerts="none.ndjson", truth="quiet.ndjson")
    assert (result.exit_code, result.exception) == (0, None)
    assert "—" in result.stdout
    assert (files / "q.png").read_bytes().startswith(PNG)


@pytest.mark.parametrize(
    ("options", "names", "words"),
    [
        ([], {"alerts": "truth.ndjson"}, "truth.ndjson:1: Object missing required field"),
        ([], {"truth": "alerts.ndjson"}, "alerts.ndjson:1: Object missing required field `kind`"),
        ([], {"truth": "nowhere"}, "nowhere: No such file or directory — give the path of a readable file"),
        (["--compare", "alerts.ndjson"], {}, "alerts.ndjson:1: "),
        (["--subjects", "truth.ndjson"], {}, "truth.ndjson:1: no column subject"),
        (["--json", "nowhere/card.json"], {}, "name a file in a folder that can be written"),
    ],
)
def test_what_cannot_be_read_or_written_is_told(
    files: Path, monkeypatch: pytest.MonkeyPatch, options: list[str], names: dict[str, str], words: str
) -> None:
    """Exit 3 and a sentence with file, line and remedy."""
    monkeypatch.chdir(files)
    result = run(Path(), *options, **names)
    assert result.exit_code == 3
    assert words in result.stderr
