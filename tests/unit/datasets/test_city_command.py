"""Promises of `fraud-guard simulate`."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from datasets.bench_mix import write_bench_mix
from datasets.city import START_MS
from fraud_guard.app.cli.main import app


def run(*words: str | Path) -> Result:
    """The command with these words."""
    return CliRunner().invoke(app, [str(word) for word in words], env={"COLUMNS": "200"})


def test_a_city_can_be_replayed_and_judged(tmp_path: Path) -> None:
    """Replay takes every line of a fresh city, without a dead letter, and evaluate reads its truth."""
    city, alerts = tmp_path / "city", tmp_path / "alerts.ndjson"
    made = run("simulate", "--people", "800", "--days", "1", "--seed", "3", "--out", city)
    assert made.exit_code == 0, made.stderr
    assert made.stdout == ""
    assert "2 loss" in made.stderr
    tables = ("--subjects", city / "subjects.csv", "--stations", city / "stations.csv")
    replayed = run("replay", city / "tags.ndjson", *tables, "--alerts", alerts)
    assert replayed.exit_code == 0, replayed.stderr
    assert " + 0 dead letters" in replayed.stderr
    truth = ("--truth", city / "truth.ndjson", "--subjects", city / "subjects.csv")
    assert run("evaluate", "--alerts", alerts, *truth).exit_code == 0


def test_bench_is_the_mix_of_the_contract(tmp_path: Path) -> None:
    """`--bench` writes the bench mix, 40 tags a person and day, and nothing else."""
    assert (
        run(
            "simulate",
            "--people",
            "50",
            "--days",
            "2",
            "--seed",
            "3",
            "--out",
            tmp_path / "a",
            "--bench",
            "-q",
        ).exit_code
        == 0
    )
    write_bench_mix(tmp_path / "same.ndjson", 4_000, 3, 50, START_MS, 4_000 / (2 * 86_400))
    assert (tmp_path / "a" / "tags.ndjson").read_bytes() == (tmp_path / "same.ndjson").read_bytes()
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["tags.ndjson"]


@pytest.mark.parametrize(
    ("options", "code", "told"),
    [
        (("--start", "yesterday"), 2, "write it like 2026-03-16"),
        (("--start", "1999-01-01"), 2, "use 2001 to 2089"),
        (("--out", "/dev/null/city"), 3, "you may write"),
    ],
)
def test_what_cannot_be_done_is_told(tmp_path: Path, options: tuple[str, ...], code: int, told: str) -> None:
    """A wrong date is a usage error, a folder that cannot be written a wrong configuration; both name the remedy."""
    result = run("simulate", "--people", "50", "--days", "1", "--out", tmp_path, *options)
    assert result.exit_code == code
    assert told in " ".join(result.stderr.split())


def test_a_summary_can_be_had_quietly(tmp_path: Path) -> None:
    """`--quiet` says nothing; the files are there."""
    result = run("simulate", "--people", "50", "--days", "1", "--out", tmp_path, "--quiet")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "")
    assert {p.name for p in tmp_path.iterdir()} == {
        "tags.ndjson",
        "truth.ndjson",
        "subjects.csv",
        "stations.csv",
    }
