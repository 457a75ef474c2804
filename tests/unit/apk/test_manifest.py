"""The manifest comes out as Android reads it, whatever was done to fool readers."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apk_analysis.errors import ApkError, LimitExceeded
from apk_analysis.evidence import Ledger
from apk_analysis.intake.archive import Archive, open_archive
from apk_analysis.manifest.axml import XmlLimits, read_xml, scan
from apk_analysis.manifest.facts import Manifest
from apk_analysis.manifest.opinions import PARSERS, Opinion, ask, installed, weigh
from apk_analysis.manifest.permissions import _table, combinations, explain
from apk_analysis.manifest.reading import read_manifest
from apk_analysis.manifest.resources import Resources
from apk_analysis.manifest.wording import NOTES
from datasets.reskin.axml import Colour, Node, Reference, replace_strings, write_xml
from tests.archives import Member, archive
from tests.resource_tables import Configured, table

LABEL, ICON, LAYER, TRUE, LOOP = 0x7F010000, 0x7F020000, 0x7F020001, 0x7F030000, 0x7F010001
TABLE = table({
    "string": [
        Configured({0: "Wallet", 1: Reference(LOOP)}),
        Configured({0: "钱包"}, b"zh", b"CN"),
        Configured({0: "錢包"}, b"zh", b"TW", script=b"Hant"),
        Configured({0: "Fil"}, b"\xad\x05"),        # three packed letters: fil
    ],
    "mipmap": [
        Configured({0: "res/icon.png", 1: "res/fore.png"}, density=160),
        Configured({0: "res/icon-big.png"}, density=640),
        Configured({0: "res/icon.xml"}, density=0xFFFE, sdk=26),
    ],
    "integer": [Configured({0: 1, 1: 0})],
})  # fmt: skip
ADAPTIVE = write_xml(Node("adaptive-icon", {}, [
    Node("background", {"drawable": Colour(0xFFAA0000)}),
    Node("foreground", {}, [Node("inset", {"drawable": Reference(LAYER)})]),
]))  # fmt: skip
NETWORK = write_xml(Node("network-security-config", {}, [
    Node("base-config", {"cleartextTrafficPermitted": False}, [
        Node("trust-anchors", {}, [Node("certificates", {"src": "user"})]),
    ]),
    Node("domain-config", {"cleartextTrafficPermitted": True}, [Node("domain", {}, [], "open.example")]),
    Node("domain-config", {}, [Node("domain", {}, [], "pinned.example"), Node("pin-set", {}, [])]),
    Node("debug-overrides", {}, []),
]))  # fmt: skip


def launcher(name: str = ".Main", kind: str = "activity", **more: object) -> Node:
    return Node(kind, {"name": name, **more}, [Node("intent-filter", {"priority": -5}, [  # type: ignore[dict-item]
        Node("action", {"name": "android.intent.action.MAIN"}),
        Node("category", {"name": "android.intent.category.LAUNCHER"}),
    ])])  # fmt: skip


def permission(name: str) -> Node:
    return Node("uses-permission", {"name": f"android.permission.{name}"})


def whole() -> Node:
    """A manifest with a little of everything."""
    return Node("manifest", {"package": "com.example.wallet", "versionCode": 7, "versionName": "1.7"}, [
        Node("uses-sdk", {"minSdkVersion": 21, "targetSdkVersion": 30}),
        permission("INTERNET"), permission("SYSTEM_ALERT_WINDOW"),
        Node("uses-permission-sdk-23", {"name": "com.example.OWN", "maxSdkVersion": 28}),
        Node("application", {
            "label": Reference(LABEL), "icon": Reference(ICON), "name": ".App", "debuggable": True,
            "networkSecurityConfig": "res/net.xml", "testOnly": Reference(TRUE), "allowBackup": False,
        }, [
            launcher(),
            Node("service", {"name": "Watch", "permission": "android.permission.BIND_ACCESSIBILITY_SERVICE"}),
            Node("provider", {"name": "com.other.Files", "authorities": "files"}),
            Node("meta-data", {"name": "CHANNEL", "value": "c-1"}),
        ]),
    ])  # fmt: skip


def app(xml: bytes, *, resources: bytes = TABLE) -> Archive:
    members = [Member(b"AndroidManifest.xml", xml), Member(b"resources.arsc", resources, method=0)]
    members += [Member(b"res/icon.xml", ADAPTIVE), Member(b"res/net.xml", NETWORK)]
    return open_archive(archive(*members))


def read(root: Node) -> Manifest:
    return read_manifest(app(write_xml(root)))


def codes(manifest: Manifest) -> set[str]:
    return {item.code for item in manifest.evidence}


@pytest.mark.parametrize("utf8", [True, False])
def test_a_manifest_is_read_whole(utf8: bool) -> None:
    """Package, versions, flags, components, permissions, labels in all languages, icon layers and trust come out."""
    manifest = read_manifest(app(write_xml(whole(), utf8=utf8)))
    assert (manifest.package, manifest.version_code, manifest.version_name) == ("com.example.wallet", 7, "1.7")
    assert (manifest.min_sdk, manifest.target_sdk, manifest.application) == (21, 30, "com.example.wallet.App")
    assert manifest.labels == {"": "Wallet", "zh-CN": "钱包", "zh-Hant-TW": "錢包", "fil": "Fil"}
    assert {file.path for file in manifest.icon.files} == {"res/icon.png", "res/icon-big.png", "res/icon.xml"}
    assert manifest.icon.adaptive and manifest.icon.background == ("#ffaa0000",)
    assert manifest.icon.foreground == ("res/fore.png",)
    assert manifest.main_activities == ("com.example.wallet.Main",) and manifest.meta_data == {"CHANNEL": "c-1"}
    assert [(one.name, one.exported) for one in manifest.components] == [
        ("com.example.wallet.Main", True), ("com.example.wallet.Watch", False), ("com.other.Files", False),
    ]  # fmt: skip
    assert manifest.components[0].filters[0].priority == -5
    flags = manifest.flags
    assert flags.debuggable and flags.test_only and not flags.backup and not flags.hidden_launcher and not flags.split
    assert [(one.name, one.level, one.since_sdk, one.max_sdk) for one in manifest.permissions][2] == ("com.example.OWN", "unknown", 23, 28)
    assert manifest.evidence == ()


def test_trust_comes_from_the_configuration() -> None:
    """Clear text by host, pins and authorities of users; without a configuration the target decides."""
    network = read(whole()).network
    assert not network.cleartext and network.user_authorities and network.configured
    assert (network.cleartext_hosts, network.pinned_hosts) == (("open.example",), ("pinned.example",))
    for target, cleartext, users in ((23, True, True), (27, True, False), (28, False, False)):
        root = Node("manifest", {"package": "a.b"}, [Node("uses-sdk", {"targetSdkVersion": target}), Node("application")])
        assert (read(root).network.cleartext, read(root).network.user_authorities) == (cleartext, users)


def test_combinations_of_scam_apps_are_found_and_near_misses_are_not() -> None:
    """Accessibility and overlay together are a takeover; either alone is not."""
    assert [one.id for one in read(whole()).combinations] == ["remote-takeover"]
    without = whole()
    without.children = [one for one in without.children if one.attributes.get("name") != "android.permission.SYSTEM_ALERT_WINDOW"]
    assert read(without).combinations == ()
    loan = combinations([f"android.permission.{name}" for name in ("READ_CONTACTS", "READ_SMS", "CAMERA")], ())
    assert [one.id for one in loan] == ["blackmail-kit"] and loan[0].found == ("READ_CONTACTS", "READ_SMS", "CAMERA")
    share = whole()
    share.children[-1].children.append(Node("service", {"name": "S", "foregroundServiceType": 0x20}))
    assert "screen-share-with-control" in {one.id for one in read(share).combinations}


def test_the_table_of_permissions_is_complete_in_both_languages() -> None:
    """Each permission and combination has a level and words in Chinese and English."""
    assert explain("android.permission.READ_SMS").zh == "读取短信（含验证码）"
    assert combinations([], ()) == ()
    rows = _table("permissions.yaml")
    assert all(level in {"normal", "dangerous", "special", "signature"} and zh and en for level, zh, en in rows.values())
    known = set(rows)
    for row in _table("combinations.yaml"):
        assert row["zh"] and row["en"] and row["weight"] > 0
        assert all(":" in name or name in known for choices in row["all"] for name in choices)


def test_a_hidden_launcher_and_a_split_are_flags() -> None:
    """An app that no icon starts stands out, whether it has no launcher or a disabled one; a split is none."""
    for component in (Node("service", {"name": "S"}), launcher(enabled=False)):
        root = Node("manifest", {"package": "a.b"}, [Node("application", {}, [component])])
        assert read(root).flags.hidden_launcher
    root.attributes["split"] = "config.zh"
    assert read(root).flags.split and not read(root).flags.hidden_launcher
    alias = Node("manifest", {"package": "a.b"}, [Node("application", {}, [launcher(kind="activity-alias", targetActivity=".Real")])])
    assert read(alias).main_activities == ("a.b.Real",)


def patched(xml: bytes, offset: int, form: str, value: int) -> bytes:
    data = bytearray(xml)
    struct.pack_into(form, data, offset, value)
    return bytes(data)


def first(xml: bytes, kind: int) -> int:
    """Where the first chunk of this kind is."""
    offset = 8
    while struct.unpack_from("<H", xml, offset)[0] != kind:
        offset += struct.unpack_from("<I", xml, offset + 4)[0]
    return offset


def with_chunk(xml: bytes, at: int, chunk: bytes) -> bytes:
    whole_xml = xml[:at] + chunk + xml[at:]
    return patched(whole_xml, 4, "<I", len(whole_xml))


XML = write_xml(whole())
POOL, START = 8, first(XML, 0x0102)
JUNK = struct.pack("<2HI", 0x0FFF, 8, 16) + b"junkjunk"
XML_TRICKS: dict[str, bytes] = {
    "magic": patched(XML, 0, "<H", 0),
    "file_size": patched(XML, 4, "<I", len(XML) + 50),
    "data_after_xml": XML + JUNK,
    "chunk_header": patched(XML, 2, "<H", 16),
    "chunk_unknown": with_chunk(XML, START, JUNK),
    "chunk_cut": XML + struct.pack("<2HI", 0x0FFF, 8, 1 << 30),
    "pool_count": patched(XML, POOL + 8, "<I", 1 << 28),
    "pool_styles": patched(XML, POOL + 12, "<I", 0xFFFF_FFFF),
    "pool_several": with_chunk(XML, START, XML[POOL : POOL + struct.unpack_from("<I", XML, POOL + 4)[0]]),
    "element_unclosed": XML[: len(XML) - 24],
    "names_disguised": replace_strings(XML, {"versionName": "\u200b", "label": "name"}),
}


@pytest.mark.parametrize("code", sorted(XML_TRICKS))
def test_each_trick_of_binary_xml_is_evidence_and_fools_nobody(code: str) -> None:
    """The manifest comes out the same, and the trick is named."""
    plain, tricked = read_manifest(app(XML)), read_manifest(app(XML_TRICKS[code]))
    assert code in codes(tricked)
    assert msgspec.structs.replace(tricked, evidence=()) == plain
    assert all(item.zh and item.en for item in tricked.evidence)


def test_attributes_of_another_size_are_read_by_their_stride() -> None:
    """An element may space its attributes out; one that states more than it has is cut."""
    root = write_xml(Node("manifest", {"package": "a.b"}))
    at = first(root, 0x0102)
    wider = bytearray(root[:at] + root[at : at + 56] + b"pad!" + root[at + 56 :])
    struct.pack_into("<I", wider, at + 4, struct.unpack_from("<I", wider, at + 4)[0] + 4)
    struct.pack_into("<H", wider, at + 26, 24)
    manifest = read_manifest(app(patched(bytes(wider), 4, "<I", len(wider))))
    assert manifest.package == "a.b" and "attribute_size" in codes(manifest)
    more = read_manifest(app(patched(root, at + 28, "<H", 500)))
    assert more.package == "a.b" and "attributes_cut" in codes(more)


@pytest.mark.parametrize(("content", "code"), [
    (b"<manifest package='a.b'/>", "text_xml"), (b"", "manifest_unreadable"), (b"\3\0\x08\0\x08\0\0\0", "manifest_unreadable"),
])  # fmt: skip
def test_what_is_no_manifest_is_said(content: bytes, code: str) -> None:
    """Plain text, nothing and an empty file are evidence, not an error."""
    manifest = read_manifest(app(content))
    assert manifest.package == "" and manifest.parser == "" and {code, "manifest_unreadable"} <= codes(manifest)


def test_no_manifest_and_no_table_are_said() -> None:
    """An archive without them gives an empty manifest with the reason; a broken table costs the texts alone."""
    assert codes(read_manifest(open_archive(archive(Member(b"x", b"y"))))) == {"manifest_missing"}
    broken = read_manifest(app(XML, resources=b"garbage that is no table"))
    assert "resources_unreadable" in codes(broken) and broken.package == "com.example.wallet" and broken.labels == {}


def test_limits_end_a_nested_or_endless_file() -> None:
    """Depth, elements and attributes are bounded before anything is built."""
    deep = Node("manifest", {"package": "a.b"})
    for _ in range(250):
        deep = Node("x", {}, [deep])
    wide = Node("manifest", {"a": "1", "b": "2"}, [Node("x") for _ in range(50)])
    for tree, limits, name in (
        (deep, XmlLimits(), "xml_depth"), (wide, XmlLimits(elements=20), "xml_elements"), (wide, XmlLimits(attributes=1), "xml_attributes"),
    ):  # fmt: skip
        for look in (scan, read_xml):
            with pytest.raises(LimitExceeded, match=name):
                look(write_xml(tree), Ledger(NOTES), limits)
    assert "manifest_unreadable" in codes(read(deep))


def test_long_strings_shared_by_many_end_within_a_budget() -> None:
    """A pool whose offsets overlap cannot be blown up by decoding."""
    count = 4_000
    body = struct.pack(f"<{count}I", *range(0, 2 * count, 2)) + b"\x30\x75" * 40_000
    pool = struct.pack("<2H6I", 1, 28, 28 + len(body), count, 0, 0, 28 + 4 * count, 0) + body
    nodes = b"".join(struct.pack("<2HI2I2I6H", 0x0102, 16, 36, 0, 0, 0xFFFFFFFF, n, 20, 20, 0, 0, 0, 0)
                     + struct.pack("<2HI2I2I", 0x0103, 16, 24, 0, 0, 0xFFFFFFFF, n) for n in range(count))  # fmt: skip
    data = XML[:8] + pool + nodes
    with pytest.raises(LimitExceeded, match="pool_bytes"):
        read_xml(data, Ledger(NOTES))


@pytest.mark.parametrize("layout", ["wide", "sparse", "short", "compact"])
def test_all_layouts_of_tables_are_read(layout: str) -> None:
    """Plain, sparse, 16-bit and compact entries give the same texts, and holes give none."""
    resources = Resources(table({"string": [Configured({1: "one", 5: "five"}, layout=layout)]}), Ledger(NOTES))
    assert [resources.texts(0x7F010000 + number) for number in range(7)] == [{}, {"": "one"}, {}, {}, {}, {"": "five"}, {}]


def test_look_ups_in_a_hostile_table_end() -> None:
    """Thousands of configurations that refer to each other cost a bounded number of look-ups, and the limit is said."""
    rows = [Configured({0: Reference(0x7F010000 + number % 3), 1: "x", 2: Reference(0x7F010000)}) for number in range(900)]
    many = table({"string": rows})
    root = Node("manifest", {"package": "a.b"}, [
        Node("application", {}, [Node("activity", {"name": Reference(LABEL + number)}) for number in range(2_000)]),
    ])  # fmt: skip
    manifest = read_manifest(app(write_xml(root), resources=many))
    assert "limit_reached" in codes(manifest) and manifest.package == "a.b"


def test_references_in_circles_end() -> None:
    """A resource that refers to itself is nothing."""
    assert Resources(TABLE, Ledger(NOTES)).texts(LOOP) == {}


def test_strings_can_be_replaced_in_place() -> None:
    """Another package in an existing file: all else stays."""
    renamed = read_manifest(app(replace_strings(XML, {"com.example.wallet": "com.example.purse"})))
    assert renamed.package == "com.example.purse" and renamed.labels == read_manifest(app(XML)).labels
    assert replace_strings(XML, {}) == XML
    assert Resources(replace_strings(TABLE, {"Wallet": "Purse"}), Ledger(NOTES)).texts(LABEL)[""] == "Purse"


def test_disagreement_is_evidence_and_a_witness_can_step_in() -> None:
    """Another package, other permissions and failures are named; where ours reads nothing the first witness counts."""
    manifest = read(whole())
    same = Opinion("a", manifest.package, tuple(sorted(one.name for one in manifest.permissions if not one.since_sdk)),
                   tuple(sorted(one.name for one in manifest.components)))  # fmt: skip
    assert weigh(manifest, [same]).evidence == ()
    other = weigh(manifest, [Opinion("a", "com.other"), Opinion("b", problem="crashed")])
    assert codes(other) == {"parsers_disagree", "parser_failed"} and other.package == manifest.package
    stepped_in = weigh(read_manifest(app(b"garbage")), [Opinion("b", problem="crashed"), same])
    assert (stepped_in.package, stepped_in.parser) == (manifest.package, "a")


@pytest.mark.parametrize("parser", PARSERS)
def test_each_witness_agrees_on_an_honest_manifest(parser: str) -> None:
    """androguard, apkInspector and apk-info read what we read; nonsense is an opinion, not an error."""
    assert installed([parser]) == (parser,), f"{parser} is of the dev group: make setup"
    manifest = read(whole())
    assert weigh(manifest, [ask(parser, XML, 120)]).evidence == ()
    assert ask(parser, b"garbage", 120).problem


def test_a_witness_that_hangs_is_ended() -> None:
    """No answer in time is an opinion."""
    assert "no answer" in ask("androguard", XML, 0.001).problem


def mutated(data: bytes, patches: list[tuple[int, int]]) -> bytes:
    changed = bytearray(data)
    for at, byte in patches:
        changed[at % len(changed)] = byte
    return bytes(changed)


PATCHES = st.lists(st.tuples(st.integers(0, 20_000), st.integers(0, 255)), min_size=1, max_size=12)


@given(PATCHES, PATCHES)
@settings(max_examples=300, deadline=None)
def test_no_damage_raises(xml: list[tuple[int, int]], resources: list[tuple[int, int]]) -> None:
    """Any bytes changed in manifest and table: a manifest comes out, and can be written as JSON."""
    manifest = read_manifest(app(mutated(XML, xml), resources=mutated(TABLE, resources)))
    json.loads(msgspec.json.encode(manifest))


@given(st.binary(max_size=300), st.sampled_from([b"", XML[:8], XML[:60], TABLE[:12], TABLE[:60]]))
@settings(max_examples=300, deadline=None)
def test_garbage_raises_our_errors_alone(garbage: bytes, head: bytes) -> None:
    """Readers of binary XML and tables raise nothing of others."""
    readers: tuple[Callable[[bytes, Ledger], object], ...] = (scan, read_xml, Resources)
    for look in readers:
        try:
            look(head + garbage, Ledger(NOTES))
        except ApkError:
            continue
