"""Training of the host model on small lists: repeatable, by half-years, readable again."""

from __future__ import annotations

import gzip
import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from fraud_guard.errors import ConfigurationError
from fraud_guard.learned.artefact import Artefact
from fraud_guard.learned.host_model import HostModel
from fraud_guard.training.data_folder import DataFolder
from fraud_guard.training.host_names import as_name, brand_table, free_hosting_suffixes
from fraud_guard.training.hosts import HALVES, train_hosts


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> DataFolder:
    folder, rng = tmp_path_factory.mktemp("data"), np.random.default_rng(4)
    words = ["".join(rng.choice(list("abcdefghiklmnoprstu"), 6)) for _ in range(300)]
    listed = [
        {"host": f"{w}-airdrop{i % 90}.xyz", "half": ("2021H2", *HALVES)[i % 6]} for i, w in enumerate(words)
    ]
    benign = [{"host": f"{w}{v}.com", "fold": i % 5} for i, (w, v) in enumerate(pairwise(words))]
    (folder / "hosts").mkdir()
    for name, rows in (("scam_domains", listed), ("benign_domains", benign)):
        with gzip.open(folder / "hosts" / f"{name}.jsonl.gz", "wt", encoding="utf-8") as file:
            file.writelines(json.dumps(row) + "\n" for row in rows)
    return DataFolder(folder)


@pytest.fixture(scope="module")
def artefact(data: DataFolder) -> Artefact:
    return train_hosts(data, "1.0", 2, lambda words: None, HALVES[-1:])


def test_what_was_planted_is_found(artefact: Artefact) -> None:
    """New names of the planted kind score far above new benign ones, in metrics and in use."""
    figures = json.loads(artefact.text("metrics.json"))
    assert figures["next_half_years_recall_at_fpr_0.1_percent"]["2024H1"]["value"] > 0.9
    odds = HostModel(artefact).score([as_name("kolmerta-airdrop7.xyz"), as_name("kolmertapasu.com")]).log_odds
    assert odds[0] > odds[1] + 3


def test_training_is_repeatable(artefact: Artefact, data: DataFolder) -> None:
    """The same lists and seed give the same bytes."""
    assert train_hosts(data, "1.0", 2, lambda words: None, HALVES[-1:]).files == artefact.files


def test_lists_that_are_not_there_are_told(tmp_path: Path) -> None:
    """Without its lists the training stops and names the option."""
    with pytest.raises(ConfigurationError, match="--data"):
        train_hosts(DataFolder(tmp_path), "1.0", 2, lambda words: None, HALVES[-1:])


def test_brands_and_hosting_are_well_formed() -> None:
    """Brands are one plain word with the domains that are theirs; hosting suffixes are suffixes."""
    assert all(brand.isascii() and brand.isalnum() and brand == brand.lower() for brand in brand_table())
    assert all("." in domain for domains in brand_table().values() for domain in domains)
    assert {"github.io", "pages.dev"} <= set(free_hosting_suffixes())
