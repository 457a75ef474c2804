"""From tag to row: classified, tokenised, minimised."""

from __future__ import annotations

from types import SimpleNamespace

import msgspec
import numpy as np
import pytest
from hypothesis import given

from fraud_guard.door.opinions import shipped_opinions
from fraud_guard.door.registry import person
from fraud_guard.door.rows import RowMaker, fingerprints
from fraud_guard.door.tokens import Tokeniser, shard_of
from fraud_guard.tags.block import SHARDS, pack_area, unpack_area
from fraud_guard.tags.kinds import Category, Flag, Kind, Lure
from fraud_guard.tags.wire import AnyWireTag
from tests.reference.harness import KEY, PEOPLE
from tests.reference.plain_door import PlainRowMaker
from tests.strategies import days

BASE = {"id": "1", "source": "a", "ts_ms": 1_790_000_000_000, "subject": "+8619900000001"}
CALL = BASE | {"channel": "call", "peer": "0085261234567", "direction": "in", "phase": "start"}
SMS = BASE | {"channel": "sms", "peer": "95588", "direction": "in"}
NET = BASE | {"channel": "net", "kind": "visit", "host": "odd.example.org"}
LURE = "【客服】您的快递丢失，可双倍理赔退款，请点击 http://t.cn/Abx 联系理赔客服"


def maker(**registry: object) -> RowMaker:
    return RowMaker(Tokeniser(KEY), {"+8619900000001": person("110101", "70-79", "独居")} | registry)


def row(tag: dict, rows: RowMaker | None = None) -> SimpleNamespace:
    block = (rows or maker()).make([msgspec.convert(tag, AnyWireTag)], [77])
    numbers = {name: block.rows[name][0].item() for name in block.rows.dtype.names if name != "token"}
    token = block.rows["token"][0].tobytes()
    return SimpleNamespace(**numbers, token=token, id=block.ids[0], source=block.sources[0], host=block.hosts[0])


def fingerprint(source: str, tag_id: str, ts_ms: int) -> int:
    return int(fingerprints([source], [tag_id], np.array([ts_ms]))[0])


def test_a_person_has_one_token_in_any_spelling():
    """+86, 0086, national and spaced spellings of a number are one subject."""
    spellings = ("+8619900000001", "008619900000001", "19900000001", "+86 199 0000 0001")
    assert len({row(CALL | {"subject": s}).token for s in spellings}) == 1
    assert row(CALL).shard == shard_of(row(CALL).token) < SHARDS


def test_another_key_gives_other_tokens():
    """Tokens of two sites cannot be joined."""
    other = RowMaker(Tokeniser(bytes(32)), {})
    assert row(CALL).token != row(CALL, other).token
    assert row(CALL).peer != row(CALL, other).peer


def test_no_number_text_or_path_leaves_the_door():
    """A row holds neither numbers, nor texts, nor paths of URLs; only hosts off the top list."""
    for tag in (CALL, SMS | {"text": LURE}, NET | {"url": "http://odd.example.org/secret?q=19900000001"}):
        shown = repr(row(tag))
        for raw in ("19900000001", "61234567", "95588", "快递", "secret"):
            assert raw not in shown


def test_the_vault_learns_new_numbers_once():
    """Originals of unseen tokens are collected for the vault, in normal form."""
    rows = maker()
    row(CALL, rows)
    assert sorted(rows.originals.values()) == ["+85261234567", "+8619900000001"]
    rows.originals.clear()
    row(CALL | {"id": "2"}, rows)
    assert rows.originals == {}


@pytest.mark.parametrize(
    ("changes", "flags"),
    [
        ({}, Flag.OVERSEAS),
        ({"peer": "17100001111"}, Flag.VIRTUAL),
        ({"peer": "110"}, Flag.SHORT_CODE | Flag.OFFICIAL),
        ({"peer": ""}, Flag.NO_PEER),
        ({"peer": "13900001111"}, 0),
        ({"peer": "13900001111", "direction": "out"}, Flag.OUTGOING),
        ({"peer": "13900001111", "labels": ["x", "crowd-marked-scam"]}, Flag.MARKED),
        ({"peer": "13900001111", "forwarded": True}, Flag.FORWARD_KNOWN | Flag.FORWARDED),
        ({"peer": "13900001111", "forwarded": False}, Flag.FORWARD_KNOWN),
        ({"peer": "13900001111", "phase": "end", "duration_s": 600}, Flag.LONG),
        ({"peer": "13900001111", "phase": "end", "duration_s": 599}, 0),
    ],
)
def test_calls_are_classified(changes, flags):
    """Peer, direction, labels, forwarding and length become flags."""
    assert row(CALL | changes).flags == flags


@pytest.mark.parametrize(
    ("changes", "flags", "host"),
    [
        ({"text": "【工商银行】验证码123456，请勿告诉他人。"}, Flag.OTP | Flag.BANK, None),
        ({"text": "今晚一起吃饭吗"}, 0, None),
        ({"text": LURE}, Flag.LURE | Flag.LINK | Flag.SHORT_LINK, "t.cn"),
        ({"urls": ["http://odd.example.org/x"]}, Flag.LINK, "odd.example.org"),
        ({"text": "看 http://odd.example.org/x", "urls": []}, Flag.LINK, "odd.example.org"),
        ({"urls": ["https://www.baidu.com/s"]}, Flag.LINK, None),
    ],
)
def test_texts_are_read_and_left_behind(changes, flags, host):
    """Codes, lures and links of a text become flags; the host of the first link stays if it is not on the top list."""
    got = row(SMS | {"peer": "13900001111"} | changes)
    assert (got.flags, got.host) == (flags, host)


def test_a_lure_names_its_type_and_is_quoted():
    """The lowest lure is the category; the text itself goes to the quotes, with subject and fingerprint."""
    rows = maker()
    got = row(SMS | {"text": LURE}, rows)
    assert got.lures & Lure.CUSTOMER_SERVICE or got.lures & Lure.PARCEL
    assert 1 << (got.category - 1) == got.lures & -got.lures
    assert rows.quotes == [(got.token, got.fingerprint, LURE)]


@pytest.mark.parametrize(
    ("changes", "flags", "kept"),
    [
        ({}, 0, True),
        ({"host": "www.baidu.com"}, Flag.TOP_HOST, False),
        ({"host": "t.cn"}, Flag.SHORT_LINK, True),
        ({"kind": "download", "url": "http://odd.example.org/a.apk"}, Flag.APK | Flag.SIDELOADED, True),
        ({"kind": "download", "url": "http://odd.example.org/a.pdf"}, 0, True),
    ],
)
def test_hosts_are_reduced(changes, flags, kept):
    """A host on the top list is counted and not kept; an APK from elsewhere is side-loaded."""
    got = row(NET | changes)
    assert got.flags == flags
    assert (got.host is not None, got.peer != 0) == (kept, kept)


@pytest.mark.parametrize(
    ("changes", "category"),
    [
        ({"app_category": "bank"}, Category.BANK),
        ({"app_category": " Bank "}, Category.BANK),
        ({"app_category": "??", "package": "com.tencent.wemeet.app"}, Category.MEETING),
        ({"app_label": "向日葵远程控制"}, Category.REMOTE_CONTROL),
        ({"package": "com.example.thing"}, Category.OTHER),
    ],
)
def test_apps_get_a_category(changes, category):
    """The feed's category counts, else what package or label give away."""
    got = row(NET | {"kind": "app_install", "package": None} | changes)
    assert (got.kind, got.category) == (Kind.APP_INSTALL, category)


def test_the_registry_fills_in_the_person():
    """Age, household and area come from the subjects table; an area in the tag is newer and wins."""
    assert (row(CALL).age, row(CALL).household, unpack_area(row(CALL).area)) == (70, 1, "110101")
    assert unpack_area(row(CALL | {"area": "440305001"}).area) == "440305001"
    stranger = row(CALL | {"subject": "opaque"})
    assert (stranger.age, stranger.household, stranger.area) == (0, 0, 0)


@pytest.mark.parametrize("code", ["", "110101", "010101", "110101001", "110101001001"])
def test_areas_are_packed_without_loss(code):
    """A code of any allowed length, leading zeros too, survives."""
    assert unpack_area(pack_area(code)) == code


def test_a_fingerprint_knows_name_and_time():
    """48 bits are of source and id, the rest tells another time; the two names are kept apart."""
    one = fingerprint("a", "1", 1_790_000_000_000)
    assert one >> 16 == fingerprint("a", "1", 1_790_000_000_999) >> 16
    assert one != fingerprint("a", "1", 1_790_000_060_000)
    assert fingerprint("ab", "c", 0) >> 16 != fingerprint("a", "bc", 0) >> 16


def test_calls_are_joined_by_a_keyed_id():
    """The call id becomes a hash; without one it is 0."""
    assert row(CALL).call == 0
    assert row(CALL | {"call_id": "x"}).call == row(CALL | {"call_id": "x", "phase": "end"}).call != 0


@given(days())
def test_columns_equal_one_tag_at_a_time(tags):
    """Rows, strings, originals and quotes of a whole chunk are those of its tags one by one."""
    wire = [msgspec.convert(tag, AnyWireTag) for tag in tags]
    opinions = shipped_opinions()
    columns, plain = RowMaker(Tokeniser(KEY), PEOPLE, opinions), PlainRowMaker(Tokeniser(KEY), PEOPLE, opinions)
    block, drafts = columns.make(wire, range(len(wire))), [plain.make(tag, i) for i, tag in enumerate(wire)]
    for name in block.rows.dtype.names:
        if name == "token":
            assert [t.tobytes() for t in block.rows["token"]] == [d.token for d in drafts]
        elif drafts and name in drafts[0]._fields:
            assert block.rows[name].tolist() == [getattr(d, name) for d in drafts], name
    assert [(i, s, h) for i, s, h in zip(block.ids, block.sources, block.hosts, strict=True)] == [
        (d.id, d.source, d.host) for d in drafts
    ]
    assert columns.originals == plain.originals
    assert sorted(columns.quotes) == sorted(plain.quotes)
