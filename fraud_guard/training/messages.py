"""Labelled messages from every source, cleaned so that the source does not show.

Placeholders of a source (`DIGIT`, `<NUM>`, …) would teach the source and not the crime: numbers and
names go, as the folding drops digits anyway, and a placeholder of a link becomes a plausible link.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Collection, Iterable, Iterator
from importlib.resources import files
from typing import NamedTuple
from zlib import crc32

import numpy as np

from datasets.wording.fill import fill_many
from datasets.wording.templates import benign, scam, scam_types
from fraud_guard.training.data_folder import DataFolder, Json

OWN = "own"
PHRASES = "phrases"
FOLDS = 5
FILLED_EACH = 6
"""How many times each hand-written template is filled."""
STRUNG_EACH = 60
"""How many texts are strung together from the phrases of each scam type."""
ALWAYS_TRAINED = -1
"""Fold of what is never evaluated on."""
ALL_GENERATIONS = (1, 2, 3)

TAF_TYPES = {
    "投资诈骗": "fake_investment", "客服诈骗": "fake_customer_service", "彩票诈骗": "prize_winning",
    "银行诈骗": "bank_impersonation", "钓鱼诈骗": "phishing", "身份盗窃": "identity_theft",
    "邮件诈骗": "parcel_customs", "绑架诈骗": "virtual_kidnapping",
}  # fmt: skip

_PLACEHOLDER = re.compile(
    r"DIGIT|CELLPHONE|PHONE|HOTLINE|WECHAT|QQ|NAME|PLACE|BANK|URL[a-z0-9]*|<[#A-Z0-9]+>|XX+"
)
_LINK = "t.example"
_LINKS = tuple(f"https://{_LINK}/a{i}" for i in range(8))
_FRAUD, _BENIGN = 1, 0


class Message(NamedTuple):
    """One labelled text. `scam_type`: "" = benign or not known. Near-duplicates share a `fold` (0–4)."""

    text: str
    source: str
    label: int
    scam_type: str
    fold: int


def third_party(data: DataFolder) -> list[Message]:
    """The messages of all files whose models may be shipped."""
    return [*_fbs(data.rows("text/fbs")), *_nus(data.rows("text/nus_zh")), *_taf(data.rows("text/taf")),
            *_uci(data.rows("text/uci_sms"))]  # fmt: skip


def own_wording(seed: int, generations: Collection[int] = ALL_GENERATIONS) -> list[Message]:
    """The hand-written texts of `datasets.wording`, each filled several times; a template keeps its fold.

    Scam texts of other `generations` are left out: they stand for wording that comes after training.
    """
    rng = np.random.default_rng(seed)
    lures = (t for code in scam_types() for t in scam(code) if t.generation in generations)
    return [
        Message(text, OWN, int(bool(t.scam_type)), t.scam_type, fold_of(t.id))
        for t in [*benign(), *lures]
        for text in dict.fromkeys(fill_many(t, rng, FILLED_EACH, _LINKS))
    ]


def strung_phrases(seed: int) -> list[Message]:
    """Wording of each scam type made of a few of its typical phrases (`tables/type_phrases.csv`)."""
    rng = np.random.default_rng(seed)
    return [
        Message(
            "".join(rng.choice(phrases, rng.integers(2, 7), replace=False)), PHRASES, 1, code, ALWAYS_TRAINED
        )
        for code, phrases in type_phrases().items()
        for _ in range(STRUNG_EACH)
    ]


def type_phrases() -> dict[str, list[str]]:
    """Scam type → its typical phrases."""
    text = (files("fraud_guard.training") / "tables" / "type_phrases.csv").read_text("utf-8")
    phrases: dict[str, list[str]] = {}
    for row in csv.DictReader(line for line in text.splitlines() if not line.startswith("#")):
        phrases.setdefault(row["scam_type"], []).extend(row["phrases"].split("|"))
    return phrases


def fold_of(name: str) -> int:
    """The fold of a group of near-duplicates, from its name."""
    return crc32(name.encode("utf-8")) % FOLDS


def cleaned(text: str) -> str:
    """`text` without the placeholders of its source; a link stays a link."""
    return _PLACEHOLDER.sub(lambda found: f" {_LINK} " if found[0].startswith("URL") else "", text)


def _fbs(rows: Iterable[Json]) -> Iterator[Message]:
    for row in rows:
        group, label = row["group"], row["label"]
        if group == "IL" or label == "AD:Loan":
            continue
        scam_type = "phishing" if "Phishing" in label else ""
        yield Message(
            cleaned(row["text"].replace(" ", "")), "fbs", int(group == "FR"), scam_type, row["fold"]
        )


def _nus(rows: Iterable[Json]) -> Iterator[Message]:
    for row in rows:
        yield Message(cleaned(row["text"]), "nus_zh", _BENIGN, "", row["fold"])


def _taf(rows: Iterable[Json]) -> Iterator[Message]:
    """The caller's first words, and all that the caller says within the first six turns."""
    for row in rows:
        said = [cleaned(text) for speaker, text in row["turns"][:6] if speaker == "left"]
        scam_type = TAF_TYPES[row["type"]] if row["fraud"] else ""
        for text in dict.fromkeys((said[0], "".join(said))) if said else ():
            yield Message(text, "taf", int(row["fraud"]), scam_type, row["fold"])


def _uci(rows: Iterable[Json]) -> Iterator[Message]:
    for row in rows:
        label = _FRAUD if row["label"] == "spam" else _BENIGN
        yield Message(cleaned(row["text"]), "uci_sms", label, "", row["fold"])
