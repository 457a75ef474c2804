"""From simulated cities to a behaviour model: the command of `docs/models.md`, on two small cities and some random traffic."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from datasets.teaching_cities import EVASIVE, LESSONS, NOISE, VARIED, write, write_noise
from fraud_guard.app.cli.main import app
from fraud_guard.features.vector import FEATURES
from fraud_guard.learned.active import check_artefact
from fraud_guard.training import behaviour
from fraud_guard.training.behaviour_labels import direction
from fraud_guard.training.city_rows import feature_names

JUDGED_FROM = 401


@pytest.fixture(scope="module")
def cities(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cities")
    write(folder, (VARIED[0], EVASIVE[0]), people=500, days=2)
    write_noise(folder, (NOISE[0]._replace(people=400, days=1),))
    return folder


def train(data: Path, models: Path, *more: str) -> Result:
    arguments = ("--data", str(data), "--version", "0.1", "--models", str(models), *more)
    return CliRunner().invoke(app, ["models", "train", "behaviour", *arguments])


def test_small_cities_make_a_sound_model(cities: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The artefact passes its check, speaks of this release's features and tells its figures of cities left out."""
    monkeypatch.setattr(behaviour, "TREES", 15)
    done = train(cities, tmp_path, "--door-text", "0.9")
    assert done.exit_code == 0, done.output
    artefact = check_artefact(tmp_path / "behaviour" / "0.1")
    assert json.loads(artefact.text("features.json"))["features"] == list(feature_names())
    figures = json.loads(artefact.text("metrics.json"))
    assert figures["rows"]["groups"] == 3
    assert figures["rows"]["scam"] > 50
    assert "--version 0.1 --seed 7 --door-text 0.9" in artefact.text("card.md")


def test_one_city_is_not_enough(tmp_path: Path) -> None:
    """Without a city to leave out nothing is trained, and the words say where to read on."""
    done = train(tmp_path, tmp_path)
    assert done.exit_code == 3
    assert "docs/models.md" in done.output


def test_a_text_model_that_there_is_not_is_refused(cities: Path, tmp_path: Path) -> None:
    """The door of the cities cannot hold a version that does not exist; the words name it."""
    done = train(cities, tmp_path, "--door-text", "7.7")
    assert done.exit_code != 0
    assert "7.7" in done.output


def test_random_traffic_holds_no_scam(cities: Path) -> None:
    """Nobody is cheated in it, so all its rows are taught as honest."""
    truth = (cities / "noise-1" / "truth.ndjson").read_text("utf-8").splitlines()
    assert [json.loads(line)["kind"] for line in truth] == ["city"]


def test_cities_to_learn_from_are_not_those_to_judge_by() -> None:
    """No seed is used twice, and all lie below those that figures are told of."""
    seeds = [lesson.seed for lesson in (*LESSONS, *NOISE)]
    assert len(set(seeds)) == len(seeds)
    assert max(seeds) < JUDGED_FROM


def test_the_model_knows_nobody() -> None:
    """Age, household, area and earlier alerts are no input, so no group of people is judged by what it is."""
    told = feature_names()
    assert not {name for name in told if name.startswith(("age", "lives", "victim", "alerts"))}
    assert set(told) < set(FEATURES)


@pytest.mark.parametrize(
    ("feature", "may"), [("text_score_24h", 1), ("since_scam_text_s", -1), ("lures_24h", 1), ("calls_1h", 0), ("since_otp_s", 0)]
)
def test_meaning_cannot_turn_round(feature: str, may: int) -> None:
    """More of a sign never lowers a score and less of it never raises one; ordinary life is free."""
    assert direction(feature) == may
