"""The hand-written texts: enough of them, well formed, and nobody real in them."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import yaml

from datasets.wording.fill import fill_many, filled
from datasets.wording.slots import SLOTS, draw
from datasets.wording.templates import Template, WordingError, benign, load, scam, scam_types

ROOT = Path(__file__).parents[3]
LINKS = ("http://a.example/x", "https://b.test/")
SCAM = tuple(template for code in scam_types() for template in scam(code))
ALL = benign() + SCAM
REAL_NAMES = (
    "工商银行|建设银行|农业银行|中国银行|招商银行|交通银行|邮储|浦发|民生银行|平安银行|平安保险|中信银行|兴业银行|光大银行|银联|云闪付"
    "|支付宝|花呗|借呗|白条|淘宝|天猫|京东|拼多多|抖音|快手|小红书|美团|饿了么|唯品会|得物|闲鱼|腾讯|阿里"
    "|字节|百度|滴滴|携程|顺丰|圆通|中通|申通|韵达|菜鸟|极兔|中国移动|中国联通|中国电信|王者荣耀|和平精英|原神"
    "|蛋仔|迷你世界|钉钉|飞书|陌陌|探探|世纪佳缘|珍爱|茅台|华为|苹果公司|小米|国寿|人保|太平洋"
)
HEAD = "kind: k\nsender: bank\ntemplates:\n"


def one(template: Template, seed: int = 1) -> str:
    return fill_many(template, np.random.default_rng(seed), 1, LINKS)[0]


def test_there_is_enough_to_confuse_a_text_rule() -> None:
    """At least 330 texts of services and 120 between people, of 20 kinds and more."""
    kinds = Counter(template.kind for template in benign())
    chat = sum(count for kind, count in kinds.items() if kind.startswith("chat"))
    assert chat >= 120 and kinds.total() - chat >= 330 and len(kinds) >= 20


def test_every_scam_type_has_texts() -> None:
    """Each code of the taxonomy but `unknown` has 20 texts or more, 10 of today's wording and some later."""
    codes = set(yaml.safe_load((ROOT / "rules" / "scam_types.yaml").read_text("utf-8"))) - {"unknown"}
    assert set(scam_types()) == codes
    for code in codes:
        generations = Counter(template.generation for template in scam(code))
        assert generations.total() >= 20 and generations[1] >= 10 and generations[2] and generations[3], code


def test_scam_texts_cover_the_course_of_a_scam() -> None:
    """Each scam type has texts of two stages or more, and each stage occurs."""
    assert all(len({template.stage for template in scam(code)}) >= 2 for code in scam_types())
    stages = {template.stage for template in SCAM}
    assert stages == {"lure", "trust", "group", "instruction", "payment", "threat", "unfreeze", "recovery"}


def test_ids_and_texts_are_unique() -> None:
    """No id and no text occurs twice, not even once as benign and once as scam."""
    assert len({template.id for template in ALL}) == len(ALL)
    assert len({template.text for template in ALL}) == len(ALL)


def test_texts_have_the_length_of_messages() -> None:
    """Filled or not, a text has 6 to 400 characters, and neither side owns the long ones."""
    assert all(6 <= len(text) <= 400 for template in ALL for text in (template.text, one(template)))
    assert sum(len(one(template)) > 100 for template in benign()) >= 5
    assert sum(len(one(template)) > 100 for template in SCAM) >= 5


def test_hard_negatives_speak_of_what_scams_speak_of() -> None:
    """Codes, links, transfers, screen sharing, refunds, loans occur in ten genuine texts each."""
    for word in (
        "验证码",
        "转账|转给|转到",
        "退款|退费|退回|退还",
        "贷",
        "共享",
        "{link}",
        "兼职|日结",
        "冻",
    ):
        hits = sum(bool(re.search(word, template.text)) for template in benign())
        assert hits >= (5 if word == "兼职|日结" else 9), word


@pytest.mark.parametrize("code", scam_types())
def test_scam_texts_name_nobody_real(code: str) -> None:
    """No phone number, account or name of a real bank, shop or app stands in a scam text."""
    for template in scam(code):
        assert set(re.findall(r"\d{5,}", template.text)) <= {"96110", "98000"}, template.id
        assert not re.search(REAL_NAMES, template.text), template.id
        assert "http" not in template.text and not re.search(r"\w\.(com|cn|net)", template.text), template.id


def test_real_names_stay_out_of_the_slots() -> None:
    """No value drawn for a slot is a real bank, shop, app or game."""
    rng = np.random.default_rng(0)
    for slot in set(SLOTS) - {"link", "name", "surname"}:
        assert not re.search(REAL_NAMES, "|".join(draw(slot, rng, 3_000, scam=True))), slot


def test_phone_numbers_follow_the_synthetic_plan() -> None:
    """People have numbers of the contacts' block, scammers those of virtual operators."""
    rng = np.random.default_rng(0)
    assert all(re.fullmatch(r"1991\d{7}", number) for number in draw("phone", rng, 500))
    assert all(re.fullmatch(r"1[67]\d\d000\d{4}", number) for number in draw("phone", rng, 500, scam=True))


def test_every_template_can_be_filled() -> None:
    """No brace is left in any text, and a link comes from the caller's pool."""
    for template in ALL:
        text = one(template)
        assert "{" not in text and "}" not in text
        assert template.link == any(link in text for link in LINKS)


def test_filling_is_deterministic_and_varies() -> None:
    """The same seed gives the same texts; codes differ from text to text."""
    template = next(t for t in benign() if t.id == "bank_code/login")
    first, again = (fill_many(template, np.random.default_rng(5), 200) for _ in range(2))
    assert first == again and len(set(first)) > 190


def test_given_values_are_used_everywhere() -> None:
    """`filled` puts one value into each place of its slot and says which values are missing."""
    template = load_text("{bank}的卡，{bank}客服 100% {n}")
    assert filled(template, {"bank": "云禾银行", "n": "3"}) == "云禾银行的卡，云禾银行客服 100% 3"
    assert one(template).count("银行") in (0, 2)
    with pytest.raises(ValueError, match="no value for n"):
        filled(template, {"bank": "云禾银行"})


def test_a_link_is_never_invented() -> None:
    """A template with a link refuses to be filled without links."""
    with pytest.raises(ValueError, match="needs links"):
        fill_many(next(t for t in SCAM if t.link), np.random.default_rng(0), 1)


def load_text(text: str) -> Template:
    return Template("x/y", text, "bank", "", 1, False, "", ("bank", "n"), "k")


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (HEAD + '- {id: a, text: "余额{yuan}元"}', r"\[a\]: unknown slot \{yuan\} — the slots are name"),
        (
            HEAD + '- {id: a, text: "您好", stage: lure}',
            r"\[a\]: stage is 'lure' — scam entries name a stage",
        ),
        (HEAD + '- {id: a, text: "您好", generation: 4}', r"\[a\]: Invalid enum value 4"),
        (HEAD + '- {id: a, txt: "您好"}', r"\[a\]: Object .*txt.* — fields are id, text"),
        (HEAD + '- {text: "您好"}', r"\[entry 1\]: Object missing required field `id`"),
        (HEAD + '- {id: a, text: "您好"}\n- {id: b, text: "您好"}', r"\[b\]: repeats f/a — reword"),
        ("sender: bank\ntemplates: []", r"needs either kind or scam_type — give exactly one"),
        ('kind: "k', r"not YAML"),
    ],
)
def test_a_wrong_file_is_named_with_its_remedy(tmp_path: Path, body: str, says: str) -> None:
    """An error of the loader names file, entry and what to do."""
    (tmp_path / "f.yaml").write_text(body, "utf-8")
    with pytest.raises(WordingError, match=r"f\.yaml.*" + says):
        load(tmp_path)
