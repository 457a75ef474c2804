"""The text model that ships, on texts that no training set holds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fraud_guard.errors import ConfigurationError, IntegrityError
from fraud_guard.learned.active import load_artefact
from fraud_guard.learned.text_model import TextModel
from fraud_guard.shipped import shipped
from fraud_guard.training.packaging import artefact_of

MODEL = TextModel(load_artefact("text"))
HONEST = (
    "【招商银行】您尾号3321的账户于3月8日14:22支出人民币56.00元，余额1,203.55元。",
    "您的验证码是482913，5分钟内有效，请勿泄露给任何人。",
    "【顺丰速运】您的快件已到达花园小区丰巢柜，取件码8-2-3017，请及时取件。",
    "妈，我到学校了，放心吧，周末回家",
    "请各位家长明天上午八点前提交体检表，谢谢配合。",
    "【江阴市公安局】警方提醒：凡是要求转账到安全账户的都是诈骗，请勿相信，如有疑问请拨打96110。",
    "【国家反诈中心】近期冒充客服退款诈骗高发，切勿共享屏幕，不要向陌生账户转账。",
    "老板，发票已经开好了，明天寄给您",
    "今晚一起吃火锅不？我订了七点的位子",
    "【12306】您已购买3月5日G7001次列车02车08A号，请凭证件进站。",
    "Hi, are we still on for lunch tomorrow?",
    "Your parcel will arrive on Tuesday between 9 and 12.",
)
SCAMS = {
    "您好，我是市公安局民警，您名下银行卡涉嫌洗钱案，请立即将资金转入安全账户配合调查": "fake_police",
    "兼职刷单，日赚300-500元，先垫付后返佣，加QQ群了解": "brushing_rebate",
    "【工商银行】您的账户已被冻结，请立即登录 icbc-jf.example 完成认证，否则将停用": "phishing",
    "恭喜您被抽中为幸运用户，获得苹果手机一部，请缴纳个人所得税后领取": "prize_winning",
    "您在平台的贷款额度已批，需先交解冻费3000元才能放款": "fake_loan",
    "宝贝，这个投资平台是我叔叔内部消息，跟着我操作稳赚不赔，先充一万试试": "pig_butchering",
    "您的征信存在不良记录，需配合注销校园贷账户，否则影响征信，请将额度转入指定账户": "fake_credit_record",
    "京东客服：您误开通了百万保障，每月扣费，请下载会议软件共享屏幕关闭": "fake_customer_service",
}


def test_scams_stand_above_honest_texts() -> None:
    """No honest text, Chinese or English, is flagged; every scam stands above all honest Chinese texts."""
    scam, honest = MODEL.scores(list(SCAMS)), MODEL.scores(HONEST)
    assert honest.max() < MODEL.spec.flag_above
    assert honest[:10].max() < scam.min()
    assert np.median(scam) > -0.5


def test_the_type_of_a_scam_is_told() -> None:
    """Of texts about each type, nearly all are named right, and probabilities add up."""
    types = MODEL.score(list(SCAMS), types_above=-np.inf).types
    told = [MODEL.classes[i] for i in types.argmax(axis=1)]
    assert sum(a == b for a, b in zip(told, SCAMS.values(), strict=True)) >= len(SCAMS) - 1
    assert np.abs(types.sum(axis=1) - 1).max() < 1e-9


def test_types_are_codes_of_the_rules() -> None:
    """Every class stands in rules/scam_types.yaml."""
    codes = {
        line.split(":")[0] for line in (shipped("rules") / "scam_types.yaml").read_text("utf-8").splitlines()
    }
    assert set(MODEL.classes) <= codes


@pytest.mark.parametrize(
    "disguise",
    [
        "·".join,
        lambda text: text.replace("", "\u200b"),
        lambda text: text.replace("单", "單").replace("转", "轉").replace("账", "賬").replace("号", "號"),
        lambda text: "".join(chr(ord(c) + 0xFEE0) if c.isascii() and c.isalnum() else c for c in text),
    ],
)
def test_filling_and_variants_change_nothing(disguise: object) -> None:
    """Signs or invisible blanks between characters, traditional forms and full width leave the score as it is."""
    text = "兼职刷单，日结工资，请转账到此号，加QQ群了解"
    assert MODEL.scores([disguise(text)])[0] == MODEL.scores([text])[0]


@given(st.lists(st.text(max_size=40), max_size=5))
def test_any_text_has_a_score_of_its_own(texts: list[str]) -> None:
    """Whatever the characters, scores are finite and the same alone and in a chunk."""
    together = MODEL.scores([*texts, *HONEST[:2]])
    assert np.isfinite(together).all()
    assert together.tolist() == [float(MODEL.scores([text])[0]) for text in [*texts, *HONEST[:2]]]


def test_no_text_is_no_evidence() -> None:
    """Empty and digits-only texts score below every threshold; no texts give no scores."""
    assert (MODEL.scores(["", "12345 67"]) < MODEL.spec.flag_above).all()
    assert MODEL.scores([]).shape == (0,)


def test_types_are_asked_for_flagged_texts_alone() -> None:
    """By default a text below the flag has a row of zeros for its types."""
    scores = MODEL.score([HONEST[0], next(iter(SCAMS))])
    assert scores.types[0].sum() == 0
    assert scores.types[1].sum() == pytest.approx(1)


@pytest.mark.parametrize(
    ("old", "new"),
    [(b'"bits": 18', b'"bits": 17'), (b'"kind": "text"', b'"kind": "hosts"'), (b"fake_loan", b"x")],
)
def test_a_document_that_does_not_fit_is_refused(old: bytes, new: bytes) -> None:
    """Other sizes, kinds or codes than the arrays have: IntegrityError."""
    files = dict(MODEL.artefact.files)
    assert old in files["model.json"]
    files["model.json"] = files["model.json"].replace(old, new)
    with pytest.raises(IntegrityError):
        TextModel(artefact_of("text", "1.0", files))


def test_no_active_version_names_the_list(tmp_path: object) -> None:
    """A folder in which no model decides says where to name one."""
    with pytest.raises(ConfigurationError, match=r"active\.json"):
        load_artefact("text", models=tmp_path)
