"""Disguises change characters, and nothing else."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datasets.wording.obfuscation import HOWS, How, _rows, obfuscate

TEXT = "【云禾银行】您的积分8860今日到期，请登录 {link} 兑换现金，加微信领取验证码"
LINKS = st.from_regex(r"https?://[a-z0-9-]{1,20}\.(example|test)(/[A-Za-z0-9_~.-]{0,12})?", fullmatch=True)
CHINESE = st.text(
    st.sampled_from("加微信领取现金转账验证码您的银行卡，。请点击退款理赔客服100 "), max_size=60
)
SEEDS = st.integers(0, 2**32 - 1)


def disguised(text: str, how: How, seed: int = 1, strength: float = 0.5) -> str:
    return obfuscate(text, np.random.default_rng(seed), how, strength)


@given(before=CHINESE, after=CHINESE, link=LINKS, how=st.sampled_from(HOWS), seed=SEEDS)
def test_links_survive_whole(before: str, after: str, link: str, how: How, seed: int) -> None:
    """A link stays as it was, and no sign or letter touches it that did not before."""
    text = f"{before}请点{link}，{after}"
    result = disguised(text, how, seed, 1.0)
    assert f"点{link}，" in result


@given(text=CHINESE, how=st.sampled_from(HOWS), seed=SEEDS, strength=st.floats(0, 1))
def test_the_length_stays_sane(text: str, how: How, seed: int, strength: float) -> None:
    """A text never shrinks and at most grows fivefold; sound and tradition keep its length."""
    result = disguised(text, how, seed, strength)
    assert len(text) <= len(result) <= 5 * len(text)
    if how in ("homophone", "traditional"):
        assert len(result) == len(text)


@given(text=CHINESE, how=st.sampled_from(HOWS), seed=SEEDS)
def test_numbers_are_left_alone(text: str, how: How, seed: int) -> None:
    """The digits of a text stay in place, but for the digits that emoji are drawn with."""
    result = re.sub("[0-9]\ufe0f\u20e3", "", disguised(text, how, seed, 1.0))
    assert re.findall(r"\d", result) == re.findall(r"\d", text)


@pytest.mark.parametrize("how", HOWS)
def test_a_disguise_disguises(how: How) -> None:
    """Each way changes the text, the same for the same seed; strength 0 changes nothing."""
    assert disguised(TEXT, how, strength=1.0) != TEXT
    assert disguised(TEXT, how) == disguised(TEXT, how)
    assert disguised(TEXT, how, strength=0.0) == TEXT
    assert disguised(TEXT, how, strength=1.0).startswith("【云禾银行】")


def test_strength_is_the_share_of_characters() -> None:
    """Half the strength disguises about half the characters."""
    text = "微信钱款转账" * 200
    changed = sum(a != b for a, b in zip(text, disguised(text, "homophone"), strict=True))
    assert 0.4 * len(text) < changed < 0.6 * len(text)


def test_a_wrong_way_is_refused() -> None:
    """An unknown way or a strength beyond 1 is an error that names the choices."""
    with pytest.raises(ValueError, match="homophone"):
        disguised(TEXT, "rot13")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="from 0 to 1"):
        disguised(TEXT, "mixed", strength=1.5)


def test_the_tables_are_big_enough_and_clean() -> None:
    """250 characters by sound, 80 by parts, 200 by tradition; nothing stands for itself."""
    sizes = {"homophones.csv": 250, "split_characters.csv": 80, "traditional.csv": 200, "emoji.csv": 50}
    for name, least in sizes.items():
        rows = _rows(name)
        assert len(rows) >= least, name
        assert all(len(char) == 1 and instead and char not in instead for char, instead in rows.items()), name
