"""Indicators are found wherever they stand and however they are hidden; what belongs to everybody is not told."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apk_analysis.indicators.facts import Indicators
from apk_analysis.indicators.hosts import is_bare_host, is_host, is_public_address, standing
from apk_analysis.indicators.keccak import keccak256
from apk_analysis.indicators.reading import find_indicators
from apk_analysis.indicators.sources import SourceLimits
from apk_analysis.indicators.wallets import wallet_kind
from apk_analysis.intake.archive import open_archive
from apk_analysis.manifest.facts import Manifest
from datasets.reskin.packing import pack

# From the documents of the currencies: the first block, BIP 173 and 350, EIP 55, Tron's documentation.
BTC, SCRIPT = "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", "3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy"
SEGWIT, TAPROOT = "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0"
ETH, TRON = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t"


def found_in(name: str, content: bytes, strings: tuple[bytes, ...] = (), manifest: Manifest | None = None) -> Indicators:
    """What is found in an APK with this member."""
    return find_indicators(open_archive(pack({name: content})), manifest or Manifest(), strings)


@pytest.mark.parametrize(("text", "kind", "value"), [
    ("https://api.evil.example:8443/v1/login?x=1", "url", "https://api.evil.example:8443/v1/login?x=1"),
    ("wss://im.evil.example/ws", "url", "wss://im.evil.example/ws"),
    ("wss://im.evil.example/ws", "domain", "im.evil.example"),
    ("http://203.0.113.7:8080/a", "ip", "203.0.113.7:8080"),
    ("198.51.100.4:9501", "ip", "198.51.100.4:9501"),
    ('"pay.evil.top"', "domain", "pay.evil.top"),
    ("https://evil-1.oss-cn-hongkong.aliyuncs.com/app.apk", "bucket", "evil-1.oss-cn-hongkong.aliyuncs.com"),
    ("mail: help@evil.example", "email", "help@evil.example"),
    ("客服 13800000000 找我", "phone", "+8613800000000"),
    ("tel:+8613900000000", "phone", "+8613900000000"),
    ("https://t.me/evil_group", "chat", "telegram:evil_group"),
    ("QQ群：123456789", "chat", "qq:123456789"),
    ("mqqwpa://im/chat?chat_type=wpa&uin=10000001", "chat", "qq:10000001"),
    ("加微信：evil_service", "chat", "wechat:evil_service"),
    ("https://wa.me/85200000000", "chat", "whatsapp:85200000000"),
    (BTC, "wallet-btc", BTC), (SCRIPT, "wallet-btc", SCRIPT), (SEGWIT, "wallet-btc", SEGWIT), (TAPROOT, "wallet-btc", TAPROOT),
    (f"pay={ETH};", "wallet-eth", ETH), (f'"{TRON}"', "wallet-tron", TRON),
])  # fmt: skip
def test_it_is_found(text: str, kind: str, value: str) -> None:
    """Each kind is found in a script, and in the strings of the code."""
    script = found_in("assets/app.js", f"var a='x';\n{text}\n".encode())
    code = found_in("a", b"", (b"\x05hello\0" + bytes([len(text) % 128]) + text.encode() + b"\0",))
    assert value in script.of(kind)
    assert value in code.of(kind)


@pytest.mark.parametrize("text", [
    "http://schemas.android.com/apk/res/android", "http://www.w3.org/2000/svg", "https://github.com/x/y/issues/1",
    "com.example.app", "AbstractList.java", "libfoo.so", "127.0.0.1", "10.0.0.8", "192.168.1.1", "version 1.2.3.4", "999.1.1.1",
    "139000000001", "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb", TRON[:-1] + "u", ETH.replace("5aA", "5Aa"), SEGWIT[:-1] + "5",
    "https://nohost", "http://%s/path", "user@localhost", "0x" + "0" * 40,
])  # fmt: skip
def test_it_is_no_indicator(text: str) -> None:
    """Standards, names of Java and files, private addresses, wrong check sums and patterns are not told."""
    assert found_in("assets/app.js", f'"{text}"'.encode()).found == ()


def test_vendors_weigh_little() -> None:
    """A host of a widely used SDK is told with next to no confidence, the app's own with much."""
    found = found_in("assets/app.js", b"https://api.evil.example/ https://sdk.open.umeng.com/")
    weights = {one.value: one.confidence for one in found.found if one.type == "domain"}
    assert weights["api.evil.example"] >= 0.8 and weights["sdk.open.umeng.com"] <= 0.1
    assert found.found[0].confidence == max(weights.values())


def test_base64_hides_nothing() -> None:
    """A URL in base64 is found, with more confidence, and the hiding is evidence."""
    word = base64.b64encode(b"https://hidden.evil.example/a")
    found = found_in("assets/app.js", b'var k="' + word + b'"')
    one = next(one for one in found.found if one.value == "hidden.evil.example")
    assert one.confidence == 0.95 and one.where == ("assets/app.js (base64)",)
    assert [item.code for item in found.evidence] == ["hidden_base64"]


@pytest.mark.parametrize("key", [1, 0x2A, 0x5A, 0x7F, 0xAA, 0xFF])
def test_xor_hides_nothing(key: int) -> None:
    """A URL under one byte of XOR is found, in assets and in native code."""
    masked = bytes(byte ^ key for byte in b"https://masked.evil.example/a\0")
    for name in ("assets/data.bin", "lib/arm64-v8a/libx.so"):
        found = found_in(name, b"\x7fELF" + b"\0" * 40 + masked + b"\0" * 40)
        assert "masked.evil.example" in found.of("domain")


def test_wide_strings_are_read() -> None:
    """Strings of two bytes a letter, as manifests and resource tables have them, are read."""
    found = found_in("resources.arsc", "\x15https://wide.evil.example/a\0".encode("utf-16-le"))
    assert "wide.evil.example" in found.of("domain")


def test_keys_of_vendors_are_told() -> None:
    """The keys that the manifest hands to push, chat and statistics SDKs are indicators: they name the customer."""
    found = found_in("a", b"", manifest=Manifest(meta_data={"JPUSH_APPKEY": "0123456789abcdef01234567", "other": "x"}))
    assert found.of("app-key") == ("jpush:0123456789abcdef01234567",)


def test_limits_give_a_part() -> None:
    """A limit leaves what was found before it standing, and is named."""
    hosts = b"\n".join(b"https://h%d.evil.example/" % number for number in range(100))
    archive = open_archive(pack({"assets/a.js": hosts}))
    few = find_indicators(archive, Manifest(), (), SourceLimits(found=10))
    short = find_indicators(archive, Manifest(), (), SourceLimits(member_bytes=500))
    assert len(few.found) == 10 and few.limits_hit == short.limits_hit == ("indicators",)
    assert 0 < len(short.found) < 40


@settings(max_examples=80, deadline=None)
@given(st.lists(st.sampled_from([b"http://", b"a.", b"1.", b"@", b"://", b"aHR0cDov", b"t.me/", b"QQ", b"13800000000", b"\0", b"\xff", b"0x", b"T", b"%", b"/"]), max_size=200))
def test_no_text_stops_the_search(parts: list[bytes]) -> None:
    """Whatever stands in a member, the search ends and its values are text."""
    found = found_in("assets/a.js", b"".join(parts))
    assert all(one.value.isprintable() for one in found.found)


def test_addresses_are_told_from_words() -> None:
    """Check sums decide; Keccak agrees with its published values."""
    assert keccak256(b"").hex() == "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"
    assert keccak256(b"a" * 200) != keccak256(b"a" * 201)
    assert [wallet_kind(word) for word in (BTC, TRON, ETH.lower(), "1" * 34, "T" * 34, "bc1" + "q" * 39)] == [
        "wallet-btc", "wallet-tron", "wallet-eth", "", "", "",
    ]  # fmt: skip


def test_hosts_are_told_from_names() -> None:
    """A host has a suffix that exists; a bare one is no name of Java."""
    assert is_host("a.com.cn") and not is_host("a.kotlinx") and not is_host("a..com") and not is_host("-a.com")
    assert is_bare_host("pay.abc.vip") and not is_bare_host("com.abc.vip") and not is_bare_host("com.cn")
    assert is_public_address("8.8.8.8") and not is_public_address("10.1.1.1") and not is_public_address("1.2.3")
    assert (standing("a.w3.org"), standing("x.umeng.com"), standing("evil.example")) == ("dropped", "vendor", "")
