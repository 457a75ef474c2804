"""YARA on members: every rule hits its own and misses its near one, limits hold, and what cannot be scanned is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from apk_analysis.errors import RuleFault
from apk_analysis.intake.archive import open_archive
from apk_analysis.intake.limits import Limits
from apk_analysis.yara_scan.book import RuleBook, compile_rules, load_rules
from apk_analysis.yara_scan.examples import Example, read_examples, run_examples, scan_example
from apk_analysis.yara_scan.externals import EXTERNALS
from apk_analysis.yara_scan.facts import ScanLimits, YaraScan
from apk_analysis.yara_scan.scan import WINDOW_BYTES, scan_members
from tests.archives import Member, archive

FOLDER = Path(__file__).parents[3] / "rules" / "apk"
RULE = """
rule {name} : capability
{{
    meta:
        id = "{name}"
        version = 1
        title_zh = "测试"
        title_en = "a test"
        weight = "1"
        confidence = "0.5"
        reference = "none"
    strings:
        $s = "{text}"
    condition:
        {condition}
}}
"""
# What honest apps of the same trades say; no family rule may be true of any of them.
HONEST = {
    "anti-fraud education": (
        "公检法不会要求转账到安全账户", "凡是要求配合调查、涉嫌洗钱、出示逮捕令的都是诈骗", "谨防导师带单、内幕消息、稳赚不赔",
        "民族资产解冻类诈骗", "注销校园贷、征信修复都是骗局", "刷单返利先垫付", "百万保障是骗局", "96110",
    ),
    "bank": ("交易密码", "卡片有效期", "信用卡额度", "身份证正面", "预留手机号", "短信验证码", "征信异常", "百万保障", "关闭免密支付"),
    "lender": ("立即借款", "放款中", "放款失败", "账户已冻结", "保险费", "银行卡号错误"),
    "broker": ("大宗交易", "新股申购", "银证转入", "中签缴款", "配资有风险"),
    "airline": ("航班取消", "改签补偿", "退改签", "延误险理赔", "短信验证码"),
    "scores": ("让球", "大小球", "滚球", "串关", "赔率"),
    "meeting": ("会议室", "屏幕共享", "会议号", "Landroid/media/projection/MediaProjection;", "createVirtualDisplay"),
    "game": ("炸金花", "抢庄牛牛", "账号交易", "卖家保证金", "游戏账号", "信誉分"),
    "updater": ("系统升级中", "请勿关闭手机", "正在更新系统"),
}  # fmt: skip
RIGHTS = {name: True for name, default in EXTERNALS.items() if default is False and name.startswith("has_")}


@pytest.fixture(scope="module")
def book() -> RuleBook:
    return load_rules(FOLDER)


def one_rule(text: str, room: str = "assets", condition: str = "$s", name: str = "probe") -> RuleBook:
    return compile_rules({f"{room}/x.yar": RULE.format(name=name, text=text, condition=condition)})


def scanned(data: bytes, rules: RuleBook, limits: ScanLimits | None = None, **features: bool | int | str) -> YaraScan:
    return scan_members(open_archive(data), rules, dict(EXTERNALS) | features, limits)


def test_every_rule_hits_its_own_and_misses_its_near_one(book: RuleBook) -> None:
    """Each rule has a hit and a miss, and both come out."""
    examples = read_examples(FOLDER)
    assert {one.id for one in book.facts.values()} == examples.keys()
    assert [one for one in run_examples(book, examples) if not one.ok] == []


def test_there_are_families_capabilities_and_evasions(book: RuleBook) -> None:
    """The shelf covers all three kinds with at least sixty rules in all."""
    kinds = [one.kind for one in book.facts.values()]
    assert len(kinds) >= 60
    assert min(kinds.count(kind) for kind in ("family", "capability", "evasion")) >= 20


@pytest.mark.parametrize("trade", HONEST)
def test_no_family_is_seen_in_an_honest_app(book: RuleBook, trade: str) -> None:
    """Words of honest apps, even with every permission, are of no scam family."""
    families = {one.id for one in book.facts.values() if one.kind == "family"}
    seen = scan_example(book, "words", Example(strings=HONEST[trade], features=RIGHTS | {"permission_count": 60}))
    assert families.intersection(seen) == set()


def test_a_hit_names_member_offset_and_pattern(book: RuleBook) -> None:
    """A hit says which rule in which version, in which member, where and by which of its patterns."""
    rules = one_rule("needle in hay")
    hit = scanned(archive(Member(b"assets/hay.bin", b"\0\0\0needle in hay")), rules).hits[0]
    assert (hit.rule, hit.version, hit.member, hit.offsets, hit.strings) == ("probe", 1, "assets/hay.bin", (3,), ("$s",))


def test_the_folder_says_what_is_scanned() -> None:
    """A rule for code is not tried on an asset, and code is known by its first bytes, not by its name."""
    rules = one_rule("needle in hay", room="dex")
    assert scanned(archive(Member(b"assets/a", b"\0needle in hay")), rules).hits == ()
    assert len(scanned(archive(Member(b"assets/a.png", b"dex\n035\0needle in hay")), rules).hits) == 1


def test_both_of_two_members_with_one_name_are_scanned() -> None:
    """A second entry of the same name, which Android never runs but a loader may read, is scanned, too."""
    data = archive(Member(b"assets/a", b"\0nothing"), Member(b"assets/a", b"\0needle in hay"))
    assert len(scanned(data, one_rule("needle in hay")).hits) == 1


def test_labels_in_utf16_are_found_by_rules_in_utf8() -> None:
    """Chinese words in a UTF-16 string pool are found by a rule that is written in UTF-8."""
    content = b"\x02\0\x0c\0" + bytes(28) + "请转入安全账户".encode("utf-16-le")
    assert len(scanned(archive(Member(b"resources.arsc", content)), one_rule("安全账户", room="resources")).hits) == 1


def test_features_decide_with_the_bytes() -> None:
    """A rule may ask for a feature; without it the same bytes are no hit."""
    data, rules = archive(Member(b"a", b"\0needle in hay")), one_rule("needle in hay", condition="$s and has_sms")
    assert scanned(data, rules).hits == ()
    assert len(scanned(data, rules, has_sms=True).hits) == 1


def test_a_large_member_is_scanned_as_far_as_the_limit_and_told() -> None:
    """What lies beyond the limit is not scanned, and the report says so."""
    data = archive(Member(b"a", b"\0" * 4000 + b"needle in hay"))
    scan = scanned(data, one_rule("needle in hay"), ScanLimits(member_bytes=1000))
    assert (scan.hits, scan.limits_hit) == ((), ("yara_bytes",))
    assert [one.code for one in scan.evidence] == ["yara_cut"]


@pytest.mark.parametrize("at", [WINDOW_BYTES - 3, WINDOW_BYTES + 5, 2 * WINDOW_BYTES])
def test_a_large_member_is_scanned_to_its_end(at: int) -> None:
    """What stands across or beyond a window is found once, with its offset in the member."""
    content = bytes(at) + b"needle in hay" + bytes(9)
    hits = scanned(archive(Member(b"a", content, method=0)), one_rule("needle in hay")).hits
    assert [one.offsets for one in hits] == [(at,)]


def test_all_members_together_are_bounded() -> None:
    """After `total_bytes` no more members are tried."""
    data = archive(*(Member(b"m%d" % i, b"\0" * 600) for i in range(9)))
    scan = scanned(data, one_rule("needle in hay"), ScanLimits(total_bytes=1000))
    assert scan.scanned_bytes <= 1000
    assert "yara_bytes" in scan.limits_hit


def test_a_member_that_cannot_be_read_is_evidence() -> None:
    """A bomb is not scanned, its neighbours are, and the limit that stopped it is named."""
    bomb = Member(b"bomb", b"\0" * 3_000_000)
    small = Limits(entry_bytes=1_000_000)
    opened = open_archive(archive(bomb, Member(b"a", b"\0needle in hay")), small)
    scan = scan_members(opened, one_rule("needle in hay"), EXTERNALS)
    assert len(scan.hits) == 1
    assert scan.limits_hit == ("entry_bytes",)
    assert [one.code for one in scan.evidence] == ["yara_unread"]


def test_a_flood_of_matches_is_evidence_and_ends() -> None:
    """Two million matches of one pattern neither raise nor fill the memory; the flood is told."""
    data = archive(Member(b"a", b"\0" + b"needle" * 1_100_000))
    scan = scanned(data, one_rule("needle", condition="any of them"))
    assert len(scan.hits) <= 1
    assert "yara_flooded" in {one.code for one in scan.evidence}


def test_hits_of_one_rule_are_told_a_few_times_only() -> None:
    """A rule that is true of a thousand members is told of the first few."""
    data = archive(*(Member(b"m%d" % i, b"\0needle in hay") for i in range(50)))
    assert len(scanned(data, one_rule("needle in hay")).hits) == ScanLimits().hits_per_rule


@pytest.mark.parametrize(
    ("sources", "says"),
    [
        ({}, ""),
        ({"dex/x.yar": "rule a { condition: tru }"}, r"dex/x\.yar:1: .*tru"),
        ({"cellar/x.yar": RULE.format(name="a", text="abcdef", condition="$s")}, r"cellar/x\.yar.* move it to one of dex"),
        ({"dex/x.yar": 'rule a : capability { meta: id = "a" condition: true }'}, r"a has no version, title_zh"),
        ({"dex/x.yar": 'include "/etc/passwd"\nrule a { condition: true }'}, r"dex/x\.yar:1"),
        ({"dex/x.yar": "rule a { strings: $a = /a.*b/ condition: $a }"}, r"dex/x\.yar:1"),
    ],
)
def test_a_rule_that_cannot_be_used_is_named(sources: dict[str, str], says: str) -> None:
    """A fault names file, line and remedy; an empty set of rules compiles to none."""
    if not says:
        assert compile_rules(sources).rooms == {}
        return
    with pytest.raises(RuleFault, match=says):
        compile_rules(sources)


def test_one_id_stands_once() -> None:
    """The same id in two files is refused, naming both."""
    text = RULE.format(name="a", text="abcdef", condition="$s")
    with pytest.raises(RuleFault, match=r"text/y\.yar:2: a stands in dex/x\.yar"):
        compile_rules({"dex/x.yar": text, "text/y.yar": text})
