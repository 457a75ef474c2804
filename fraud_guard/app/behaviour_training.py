"""The behaviour model from a folder of simulated cities: each read by a process of its own, then one fit."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from fraud_guard.adapters.reference_tables import read_subjects
from fraud_guard.app.rule_files import load_generation
from fraud_guard.door.opinions import Opinions, shipped_opinions
from fraud_guard.errors import ConfigurationError
from fraud_guard.learned.active import load_artefact
from fraud_guard.learned.artefact import Artefact
from fraud_guard.learned.text_model import TextModel
from fraud_guard.shipped import shipped
from fraud_guard.training.behaviour import train_behaviour
from fraud_guard.training.behaviour_labels import direction, taught, taught_types
from fraud_guard.training.city_rows import CityRows, city_rows, feature_names

KNOWING = 3
"""Types are learned from every third city as it is behind the door that decides."""


def train_on_cities(
    data: Path, version: str, seed: int, door_text: str, tell: Callable[[str], None]
) -> Artefact:
    """The behaviour model of the cities below `data`, each as `simulate` writes it.

    `door_text`: another version of the text model at the door of the cities than the one that decides. One that knows
    their wording is surer there than it will ever be again, and the model would learn to trust it too far. What type a
    scam is, in contrast, mostly texts tell; types are learned behind both doors. Raises ConfigurationError when there
    are fewer than two cities, or a file is missing or wrong.
    """
    folders = sorted(path.parent for path in data.glob("*/tags.ndjson"))
    if len(folders) < 2:
        raise ConfigurationError(
            f"{data}: holds {len(folders)} cities, and two are needed; see docs/models.md"
        )
    opinions_of(door_text)
    work = [(folder, seed + i, door_text) for i, folder in enumerate(folders)]
    if door_text:
        work += [(folder, number, "") for folder, number, _ in work[::KNOWING]]
    with ProcessPoolExecutor(min(len(folders), os.cpu_count() or 1)) as pool:
        read: list[CityRows] = []
        for (folder, _, _), city in zip(work, pool.map(rows_of, *zip(*work, strict=True)), strict=True):
            read.append(city)
            tell(f"{folder.name}: {len(city.rows):,} rows, {len(city.episodes):,} episodes")
    cities, typed = read[: len(folders)], read[: len(folders)]
    if door_text:
        typed[::KNOWING] = read[len(folders) :]
    rows, names = taught(cities), feature_names()
    return train_behaviour(
        rows.rows, rows.names, rows.label, rows.scam_type, rows.group, seed, version=version, weight=rows.weight,
        monotone={name: direction(name) for name in names}, type_rows=taught_types(typed),
        options=f" --door-text {door_text}" if door_text else "", tell=tell,
    )  # fmt: skip


def rows_of(folder: Path, seed: int, door_text: str) -> CityRows:
    """The rows of one city under the shipped rules."""
    registry, generation = read_subjects(folder / "subjects.csv"), load_generation(shipped("rules"))[0]
    return city_rows(folder, registry, generation, opinions_of(door_text), feature_names(), seed)


def opinions_of(door_text: str) -> Opinions:
    """The models at the door, with version `door_text` of the text model if given. Raises ConfigurationError when there is none."""
    opinions = shipped_opinions()
    return opinions._replace(text=TextModel(load_artefact("text", door_text))) if door_text else opinions
