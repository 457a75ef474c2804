"""Which version of each model decides: `active.json` beside the artefacts, changed by a person only."""

from __future__ import annotations

from pathlib import Path

import msgspec

from fraud_guard.errors import ConfigurationError, IntegrityError
from fraud_guard.learned.artefact import Artefact, read_artefact
from fraud_guard.shipped import shipped

ACTIVE = "active.json"


def active_version(name: str, models: Path | None = None) -> str:
    """The version of model `name` (`text`, `hosts`, …) that decides; "" when none does.

    `models`: the folder of models, default the shipped one. Raises IntegrityError when the list of
    active versions cannot be read.
    """
    path = (models or shipped("models")) / ACTIVE
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[str, str]).get(name, "")
    except FileNotFoundError:
        return ""
    except msgspec.DecodeError as error:
        raise IntegrityError(f"{path}: {error}") from error


def active_artefact(name: str, models: Path | None = None) -> Artefact:
    """The checked artefact of model `name` that decides. Raises ConfigurationError when none does."""
    folder = models or shipped("models")
    version = active_version(name, folder)
    if not version or "/" in version or version.startswith("."):
        raise ConfigurationError(f"no {name} model decides: {folder / ACTIVE} names no version of it")
    return read_artefact(folder / name / version)
