"""Keyword tags on hand-written scam texts and genuine notices (`scam_texts.csv`, `genuine_texts.csv`)."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fraud_guard.door.lexicon import read_text
from fraud_guard.tags.kinds import Flag, Lure


def cases(name: str) -> list[tuple[str, str]]:
    with (Path(__file__).parent / name).open(encoding="utf-8", newline="") as file:
        return [(row[0], row[1]) for row in list(csv.reader(file, strict=True))[1:]]


SCAMS = cases("scam_texts.csv")
GENUINE = cases("genuine_texts.csv")


def test_lures_are_found() -> None:
    """At least 90 % of the scam texts carry the lure of their own type."""
    assert len(SCAMS) >= 60
    missed = [text for lure, text in SCAMS if not read_text(text).lures & Lure[lure]]
    assert len(missed) <= 0.1 * len(SCAMS), missed


def test_genuine_notices_are_no_lures() -> None:
    """At most 3 % of bank, courier, school, police and private texts are flagged."""
    assert len(GENUINE) >= 60
    flagged = [text for _, text in GENUINE if read_text(text).flags & Flag.LURE]
    assert len(flagged) <= 0.03 * len(GENUINE), flagged


@pytest.mark.parametrize(("otp", "text"), GENUINE)
def test_one_time_codes(otp: str, text: str) -> None:
    """A text with a one-time code is told from one that only speaks of codes or has other digits."""
    assert bool(read_text(text).flags & Flag.OTP) is (otp == "1")


@pytest.mark.parametrize(
    "text",
    ["诚招刷单员，佣金日结", "诚招刷·单员，佣·金日 结", "誠招刷單員，傭金日結", "诚招刷\u200b单员，佣\u2060金日结",
     "诚.招.刷.单.员.佣.金.日.结", "诚招刷😀单员佣😀金日结", "诚招【刷】单员，佣【】金日结"],
)  # fmt: skip
def test_disguises_do_not_help(text: str) -> None:
    """Fillings, traditional characters, invisible characters, emoji and brackets change no lure."""
    assert read_text(text).lures & Lure.BRUSHING


def test_flags_go_with_their_fields() -> None:
    """LURE says that there are lures, LINK that there are URLs."""
    marks = read_text("贷款秒到账，无抵押，点 http://dk.example.test/a?b=1。")
    assert marks.flags & Flag.LURE
    assert marks.flags & Flag.LINK
    assert marks.lures == Lure.LOAN
    assert marks.urls == ("http://dk.example.test/a?b=1",)


@pytest.mark.parametrize(
    ("text", "urls"),
    [
        ("看 t.cn/A1b2，回T退订", ("t.cn/A1b2",)),
        ("登录www.icbk.example.test进行升级", ("www.icbk.example.test",)),
        ("登录icbk。com领取", ("icbk.com",)),
        ("登录ｗｗｗ．ｉｃｂｋ．ｃｏｍ领取", ("www.icbk.com",)),
        ("余额1,250.00元，3.14", ()),
        ("联系a@mail.example.test", ()),
        ("(http://a.example.test/x).", ("http://a.example.test/x",)),
        ("http://203.0.113.9:8080/x.apk", ("http://203.0.113.9:8080/x.apk",)),
    ],
)
def test_urls(text: str, urls: tuple[str, ...]) -> None:
    """URLs with and without scheme are found beside Chinese text; amounts and mail addresses are none."""
    assert read_text(text).urls == urls


def test_bank_texts() -> None:
    """Texts of a bank or about a payment are told from others."""
    assert read_text("【招商银行】您尾号1234的账户支出25.00元").flags & Flag.BANK
    assert read_text("Your debit card ending 1234 was used").flags & Flag.BANK
    assert not read_text("明天下午两点开会").flags & Flag.BANK


@given(
    st.integers(0, 10**9),
    st.sampled_from(("甲银行", "乙银行", "某某")),
    st.sampled_from(("a", "b7")),
    st.sampled_from((" ", "，", "")),
)
def test_template_hash_sees_through_variables(amount: int, name: str, link: str, gap: str) -> None:
    """Digits, names in brackets, URLs and punctuation do not change the template; words do."""
    text = f"【{name}】您有{amount}元额度{gap}待领取 http://{link}.example.test/{amount}"
    assert read_text(text).template_hash == read_text("您有元额度待领取").template_hash
    assert read_text(text).template_hash != read_text("您有元积分待领取").template_hash


def test_template_hash_is_stable() -> None:
    """The hash is the same on every machine and in every run; stored blocks rely on it."""
    assert read_text("您的快递已到").template_hash == read_text("您 的【快递】快递已到！").template_hash
    assert read_text("12345 !!").template_hash == 0
    assert read_text("您的快递已到").template_hash == 13757459516378093757


@given(st.text())
def test_any_text_is_read(text: str) -> None:
    """Nothing raises; the hash has 64 bits; flags agree with lures and URLs."""
    marks = read_text(text)
    assert 0 <= marks.template_hash < 1 << 64
    assert bool(marks.flags & Flag.LURE) == bool(marks.lures)
    assert bool(marks.flags & Flag.LINK) == bool(marks.urls)
