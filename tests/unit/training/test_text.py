"""Training of the text model on a handful of texts: what is fitted is what ships, and sources do not show."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import numpy as np
import pytest

from datasets.wording.templates import scam_types
from fraud_guard.errors import ConfigurationError, IntegrityError
from fraud_guard.learned.text_model import TextModel
from fraud_guard.training.calibration import Platt
from fraud_guard.training.data_folder import DataFolder
from fraud_guard.training.letter_tables import letter_table, sound_table
from fraud_guard.training.messages import OWN, cleaned, own_wording, strung_phrases, third_party
from fraud_guard.training.text import BLANK, pack
from fraud_guard.training.text_design import Design, design_of
from fraud_guard.training.text_fit import fit_scam, fit_types

CHOSEN = [
    m for m in own_wording(3)[::16] if m.scam_type in {"", "fake_police", "brushing_rebate", "fake_loan"}
]
FBS = {"id": 1, "fold": 2}
ROWS = {
    "fbs": [
        {**FBS, "label": "FR:Phishing(Bank)", "group": "FR", "text": "您的 账户 DIGIT 已 冻结 请 登录 URL"},
        {**FBS, "label": "AD:Retail", "group": "AD", "text": "春装 上新 CELLPHONE"},
        {**FBS, "label": "AD:Loan", "group": "AD", "text": "无抵押 贷款"},
        {**FBS, "label": "IL:Gambling", "group": "IL", "text": "赌"},
    ],
    "nus_zh": [{"id": 1, "label": "ham", "fold": 0, "text": "晚上吃什么 <#>"}],
    "taf": [
        {"id": 1, "fraud": 1, "type": "银行诈骗", "fold": 1, "turns": [["left", "您好"], ["right", "哪位"], ["left", "银行"]]},
        {"id": 2, "fraud": 0, "type": "外卖", "fold": 1, "turns": [["right", "喂"]]},
    ],
    "uci_sms": [{"id": 1, "label": "spam", "fold": 4, "in_both": True, "text": "WIN <CNMOBILE> now"}],
}  # fmt: skip


@pytest.fixture(scope="module")
def design() -> Design:
    return design_of(CHOSEN, BLANK, 3)


@pytest.fixture
def data(tmp_path: Path) -> DataFolder:
    (tmp_path / "text").mkdir()
    for name, rows in ROWS.items():
        with gzip.open(tmp_path / "text" / f"{name}.jsonl.gz", "wt", encoding="utf-8") as file:
            file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    return DataFolder(tmp_path)


def test_what_ships_is_what_was_fitted(design: Design) -> None:
    """The packed integers give the scores of the fit, to a thousandth, and find the planted types."""
    everything = np.ones(len(CHOSEN), np.bool_)
    scam, types = fit_scam(design, everything, 3), fit_types(design, everything, BLANK, 3)
    model = TextModel(pack("1.0", scam, types, Platt(0.5, -1.0, 0.1), 0.0, {"n": 1}, 3))
    scores = model.score([m.text for m in CHOSEN], types_above=-np.inf)
    assert np.abs(scores.log_odds - (0.5 * scam.log_odds(design.rows) - 1)).max() < 1e-2
    assert ((scores.log_odds > -1) == (design.label == 1)).mean() > 0.95
    told = np.array(model.classes)[scores.types.argmax(axis=1)]
    named = design.label == 1
    assert (told[named] == [m.scam_type for m in CHOSEN if m.label]).mean() > 0.95


def test_packing_is_repeatable(design: Design) -> None:
    """The same fit gives the same bytes."""
    everything = np.ones(len(CHOSEN), np.bool_)
    first, again = (
        pack(
            "1.0",
            fit_scam(design, everything, 3),
            fit_types(design, everything, BLANK, 3),
            Platt(1, 0, 0.1),
            0.0,
            {},
            3,
        )
        for _ in range(2)
    )
    assert first.files == again.files


def test_sources_are_read_as_agreed(data: DataFolder) -> None:
    """Adverts are benign, unlawful and loan adverts are left out, callers alone speak, placeholders go."""
    found = {(m.source, m.text.strip(), m.label, m.scam_type) for m in third_party(data)}
    assert found == {
        ("fbs", "您的账户已冻结请登录 t.example", 1, "phishing"), ("fbs", "春装上新", 0, ""), ("nus_zh", "晚上吃什么", 0, ""),
        ("taf", "您好", 1, "bank_impersonation"), ("taf", "您好银行", 1, "bank_impersonation"), ("uci_sms", "WIN  now", 1, ""),
    }  # fmt: skip


def test_data_that_are_not_there_or_torn_are_told(tmp_path: Path) -> None:
    """No file: configuration, with the option to set; a torn one: integrity, with its name."""
    with pytest.raises(ConfigurationError, match="--data"):
        DataFolder(tmp_path).rows("text/fbs")
    (tmp_path / "torn.jsonl.gz").write_bytes(gzip.compress(b'{"a": 1}\n')[:-4])
    with pytest.raises(IntegrityError, match="torn"):
        DataFolder(tmp_path).rows("torn")


def test_own_wording_keeps_a_template_in_one_fold() -> None:
    """All fillings of a template share a fold, every type has texts, later generations can be left out."""
    messages = own_wording(3)
    assert {m.scam_type for m in messages} == {"", *scam_types()}
    assert {m.source for m in messages} == {OWN}
    assert len(own_wording(3, {1})) < len(messages)
    assert {m.scam_type for m in strung_phrases(3)} <= set(scam_types())


def test_placeholders_do_not_show_the_source() -> None:
    """Placeholders of numbers and names go, those of links become a link."""
    assert cleaned("余额DIGIT元 <NUM> URLa1") == "余额元   t.example "


def test_letters_and_sounds_fold_what_reads_the_same() -> None:
    """Digits, blanks and signs are no letters; variants share a class; homophones share a sound."""
    letters, sounds = letter_table(), sound_table()
    assert [letters[ord(c)] for c in "0 ·☆，"] == [0] * 5
    assert letters[ord("單")] == letters[ord("单")]
    assert letters[ord("Ａ")] == letters[ord("a")]
    assert sounds[ord("刷")] == sounds[ord("唰")] != sounds[ord("单")]
