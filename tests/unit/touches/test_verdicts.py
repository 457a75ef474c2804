"""From verdicts to notices: which of an app's indicators tell it, and what half the town touches."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from fraud_guard.door.tokens import Tokeniser
from fraud_guard.tags.verdict import decode_verdict
from fraud_guard.touches.notice import Mark, Notice
from fraud_guard.touches.verdicts import MOST_MARKS, PACKAGE_CONFIDENCE, notice_of

HASH = Tokeniser(bytes(range(32))).hash64
NOW_MS = 1_790_000_000_000


def of(*indicators: tuple[str, str, float], **more: Any) -> Notice:
    listed = [{"type": t, "value": v, "confidence": c} for t, v, c in indicators]
    line = {"sha256": "AB" * 32, "verdict": "malicious", "indicators": listed} | more
    return notice_of(decode_verdict(msgspec.json.encode(line)), HASH, NOW_MS)


def marks(notice: Notice) -> tuple[Mark, ...]:
    """Without that of the file itself."""
    return tuple(m for m in notice.marks if m.thing != "file")


def keys(notice: Notice) -> set[int]:
    return {m.key for m in notice.marks}


@pytest.mark.parametrize("value", ["api.rebate-club.example", "https://API.Rebate-Club.example:8443/a?b=c", "wss://api.rebate-club.example."])
def test_a_host_in_any_spelling(value: str) -> None:
    """It is the one that the door writes into rows."""
    assert marks(of(("url", value, 0.9))) == (Mark(HASH("api.rebate-club.example"), "host", 0.9),)


@pytest.mark.parametrize(("kind", "value"), [
    ("domain", "www.baidu.com"), ("url", "https://t.cn/abc"), ("url", "not a host at all"), ("phone", "13900001111"), ("email", "a@b.example"),
    ("package", ""), ("package", "名字"),
])  # fmt: skip
def test_what_tells_nothing_is_no_mark(kind: str, value: str) -> None:
    """Hosts of everybody, shorteners, garbage, and kinds of indicator that no row carries."""
    assert marks(of((kind, value, 1.0))) == ()


def test_an_unsure_indicator_is_no_mark() -> None:
    """What is rather a library's than the app's stays out; of two words on a host the surer counts."""
    assert marks(of(("domain", "cdn.example", 0.2))) == ()
    assert [m.confidence for m in marks(of(("domain", "c2.example", 0.4), ("url", "http://c2.example/x", 0.9)))] == [0.9]


def test_a_package_alone_is_never_sure() -> None:
    """A fraud may borrow the package name of a genuine app."""
    for notice in (of(("package", "com.example.rebate", 1.0)), of(manifest={"package": "com.example.rebate"})):
        assert marks(notice) == (Mark(HASH("com.example.rebate"), "app", PACKAGE_CONFIDENCE),)


def test_marks_are_bounded() -> None:
    """Of too many hosts the surest stay."""
    notice = of(*(("domain", f"h{i}.example", 0.4 + i / 10_000) for i in range(MOST_MARKS + 100)))
    assert len(notice.marks) == MOST_MARKS
    assert HASH("h0.example") not in keys(notice)


def test_the_file_itself_is_a_mark() -> None:
    """By its hash, as a download tells it."""
    assert Mark(HASH("ab" * 32), "file", 1.0) in of().marks


def test_benign_and_withdrawn_have_no_marks() -> None:
    """They only take back."""
    for more in ({"verdict": "benign"}, {"withdrawn": True}):
        notice = of(("domain", "c2.example", 0.9), **more)
        assert (notice.finding, notice.marks) == ("benign", ())


def test_names_from_outside_are_made_harmless() -> None:
    """Control and direction characters go, and the length is bounded."""
    notice = of(reskin={"family": "a\u202eb\n\x00c" + "x" * 100}, impersonates={"brand": "工商 银行"})
    assert (notice.family, notice.brand) == (("abc" + "x" * 100)[:64], "工商 银行")


def test_time_and_hash_in_one_form() -> None:
    """A verdict without a time is of the time it came; hashes are lower case."""
    assert (of().ts_ms, of(ts_ms=NOW_MS - 5).ts_ms, of().sha256) == (NOW_MS, NOW_MS - 5, "ab" * 32)
