"""Names of apps are compared as people see and say them, whatever characters they are written with."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apk_analysis.brands.names import alike, normalised, sound

ALPHABETS = st.sampled_from("中國国銀银行乾坤隆干髮后後裏里微信支付宝寶ABКОІїёοΑ１0l｜|!ıɑ é\u0301\u200b\u202e 🏦ﬁＷ①Ⅳſßİ")
NAMES = st.text(st.one_of(ALPHABETS, st.characters()), max_size=12)


@given(NAMES)
def test_a_normalised_name_stays_as_it_is(name: str) -> None:
    """Normalising twice is normalising once."""
    once = normalised(name)
    assert normalised(once) == once


@given(NAMES)
def test_only_letters_and_digits_are_left(name: str) -> None:
    """No space, mark, emoji or invisible character tells two names apart."""
    assert all(one.isalnum() for one in normalised(name))


@pytest.mark.parametrize(
    "written",
    ["支付宝", "支付寶", "支 付 宝", "支\u200b付\u202e宝", "【支付宝】", "支付宝！", "支付宝🏦"],
)
def test_spellings_of_one_name(written: str) -> None:
    """Traditional characters, spaces, brackets, emoji and invisible characters change nothing."""
    assert normalised(written) == "支付宝"


@pytest.mark.parametrize("written", ["PayPal", "РауРаl", "ＰａｙＰａｌ", "PayPa|", "PayPa1", "P\u0430yPal", "p\u0430ypal", "Pàypal", "РAYPAL"])
def test_letters_that_look_alike(written: str) -> None:
    """Cyrillic, full-width and accented letters, bars and ones count as what they look like."""
    assert normalised(written) .isascii()
    assert alike(normalised(written), "paypal") >= 0.85


@pytest.mark.parametrize("written", ["ёtoro", "Їmessage", "Іmessage"])
def test_accented_letters_of_other_scripts(written: str) -> None:
    """A Cyrillic letter with a mark, small or capital, counts as the Latin one that it looks like."""
    assert normalised(written).isascii()


def test_how_close_names_are() -> None:
    """Equal, of the same sound, a letter apart, in pinyin, one inside of the other: in this order; short names must be equal."""
    pairs = [("国家反诈中心", "国家反诈中心"), ("国家反诈中新", "国家反诈中心"), ("paypel", "paypal"), ("zhifubaoa", "支付宝啊"), ("国家反诈中心官方版", "国家反诈中心")]
    close = [alike(*one) for one in pairs]
    assert close[0] == 1.0 and close[1] == 0.9 and close[2] == 0.85 and close[3] == 0.8 and close[4] == 0.6
    assert alike("银行", "很行") == 0.0 and alike("", "支付宝") == 0.0


@given(st.text("支付宝银行国家反诈中心abc", max_size=8), st.text("支付宝银行国家反诈中心abc", max_size=8))
def test_closeness_is_a_share(a: str, b: str) -> None:
    """0 to 1, and 1 for equal names alone."""
    close = alike(a, b)
    assert 0.0 <= close <= 1.0
    assert (close == 1.0) == (a == b != "")


def test_the_sound_of_a_name() -> None:
    """Pinyin where there are Chinese characters, nothing where there are none."""
    assert sound("银行") == "yinhang" and sound("bank") == ""
