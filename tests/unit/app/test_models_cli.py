"""`fraud-guard models`: what ships is sound, has a card, and is never overwritten."""

from __future__ import annotations

import shutil
from pathlib import Path

from typer.testing import CliRunner, Result

from fraud_guard.app.cli.main import app
from fraud_guard.shipped import shipped


def models(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["models", *arguments])


def test_what_ships_is_sound() -> None:
    """Every shipped artefact passes, and one version each of text and hosts decides."""
    done = models("validate")
    assert done.exit_code == 0, done.stdout
    assert done.stdout.count("yes") >= 2


def test_a_changed_artefact_is_found(tmp_path: Path) -> None:
    """One byte more in one file: exit code 7, and the file is named."""
    folder = tmp_path / "models"
    shutil.copytree(shipped("models"), folder)
    with next(folder.glob("hosts/*/card.md")).open("a") as card:
        card.write("!")
    done = models("validate", "--models", str(folder))
    assert done.exit_code == 7
    assert "card.md" in done.stdout


def test_cards_name_sources_and_limits() -> None:
    """The card of each shipped model cites what it learned from and says whom it fails."""
    for name, cited in (("text", "CCS '20"), ("hosts", "polkadot-js/phishing")):
        card = models("card", name)
        assert card.exit_code == 0
        assert cited in card.stdout
        assert "## Limits" in card.stdout


def test_no_version_is_overwritten(tmp_path: Path) -> None:
    """Training into a version that exists is refused before anything is read."""
    (tmp_path / "models" / "text" / "1.0").mkdir(parents=True)
    done = models(
        "train", "text", "--data", str(tmp_path), "--version", "1.0", "--models", str(tmp_path / "models")
    )
    assert done.exit_code == 2
    assert "never changes" in done.stderr


def test_training_without_data_names_the_option(tmp_path: Path) -> None:
    """No data folder is a matter of configuration."""
    done = models("train", "hosts", "--data", str(tmp_path), "--version", "1.0", "--models", str(tmp_path))
    assert done.exit_code == 3
    assert "--data" in done.stderr


def test_a_card_of_no_model_is_refused() -> None:
    """A name that is a path, or of no model, is a matter of configuration."""
    assert models("card", "../text").exit_code == 3
    assert models("card", "weather").exit_code == 3
