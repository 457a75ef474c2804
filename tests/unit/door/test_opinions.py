"""What the models say at the door: scored once, flagged where they are sure, silent where they have nothing to read."""

from __future__ import annotations

import pytest

from fraud_guard.door.hosts import reduce_host
from fraud_guard.door.opinions import LURE_OF_TYPE, NO_OPINIONS, shipped_opinions
from fraud_guard.tags.kinds import Flag
from fraud_guard.tags.quantised import NO_SCORE

GENUINE = "您尾号1234的账户于今日支出人民币35.00元，余额8,214.10元。【工商银行】"
SCAM = "垫付做任务日结佣金，加我微信领本金返款，多垫多返，先充值后提现"


def test_a_text_is_scored_and_its_type_becomes_a_wording():
    """Scam wording weighs more than a bank's notice; the likely type of a flagged text is told as a lure."""
    genuine, scam = shipped_opinions().of_texts([GENUINE, SCAM])
    assert genuine.score < scam.score
    assert genuine.flags == genuine.lure == 0
    assert scam.lure in {0, *map(int, LURE_OF_TYPE.values())}


def test_every_type_of_the_model_is_a_wording():
    """No type that the shipped text model tells is lost at the door."""
    model = shipped_opinions().text
    assert model is not None
    assert set(model.classes) <= LURE_OF_TYPE.keys()


def test_no_text_has_no_score():
    """Absence is not innocence."""
    assert shipped_opinions().of_texts(["", GENUINE])[0].score == NO_SCORE


@pytest.mark.parametrize("host", ["www.baidu.com", "t.cn", ""])
def test_hosts_that_are_known_or_say_nothing_are_not_judged(host):
    """The top list, link shorteners and garbage have no score, so they never add evidence."""
    assert shipped_opinions().of_hosts([reduce_host(host)]) == [(NO_SCORE, 0)]


def test_a_made_up_host_weighs_more_than_a_plain_one():
    """Digits, a cheap suffix and a borrowed name tell."""
    odd, plain = shipped_opinions().of_hosts([reduce_host("icbc-vip88213.top"), reduce_host("qingshan-school.com")])
    assert odd.score > plain.score


def test_without_models_nothing_is_said():
    """A door without models works and scores nothing."""
    assert NO_OPINIONS.of_texts([SCAM])[0] == (NO_SCORE, 0, 0)
    assert NO_OPINIONS.of_hosts([reduce_host("icbc-vip88213.top")]) == [(NO_SCORE, Flag(0))]
