"""Which version of each model decides: `active.json` beside the artefacts, changed by a person only."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import msgspec

from fraud_guard.errors import ConfigurationError, IntegrityError
from fraud_guard.learned.artefact import SUMS, Artefact, read_artefact
from fraud_guard.learned.behaviour_model import BehaviourModel
from fraud_guard.learned.host_model import HostModel
from fraud_guard.learned.text_model import TextModel
from fraud_guard.shipped import shipped

ACTIVE = "active.json"
KINDS: dict[str, Callable[[Artefact], object]] = {
    "text": TextModel, "hosts": HostModel, "behaviour": BehaviourModel,
}  # fmt: skip
"""What reads the artefacts of each model."""
_PLAIN = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")


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


def load_artefact(name: str, version: str = "", models: Path | None = None) -> Artefact:
    """The checked artefact of model `name`: `version`, or the one that decides.

    Raises ConfigurationError when there is none, IntegrityError when its files are not what they were.
    """
    folder = models or shipped("models")
    chosen = version or active_version(name, folder)
    if not chosen:
        raise ConfigurationError(f"no {name} model decides: {folder / ACTIVE} names no version of it")
    if not _PLAIN.fullmatch(name) or not _PLAIN.fullmatch(chosen):
        raise ConfigurationError(f"{name}/{chosen}: not the name and version of a model")
    return read_artefact(folder / name / chosen)


def versions(models: Path) -> list[tuple[str, str]]:
    """Name and version of every artefact below `models`, sorted."""
    return sorted((sums.parent.parent.name, sums.parent.name) for sums in models.glob(f"*/*/{SUMS}"))


def check_artefact(folder: Path) -> Artefact:
    """The artefact in `folder`, read by the code that will use it. Raises like `load_artefact`."""
    artefact = read_artefact(folder)
    if artefact.name not in KINDS:
        raise ConfigurationError(
            f"{folder}: no model is called {artefact.name}; there are {', '.join(KINDS)}"
        )
    KINDS[artefact.name](artefact)
    return artefact
