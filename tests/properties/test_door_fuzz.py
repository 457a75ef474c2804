"""Whatever arrives: every line is a row or a refusal with a known reason, and nothing breaks."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fraud_guard.door.arrival import FileArrival
from fraud_guard.door.door import Door
from fraud_guard.door.opinions import shipped_opinions
from fraud_guard.door.tokens import Tokeniser
from fraud_guard.tags.block import Block, decode_record, encode_block
from fraud_guard.tags.reasons import REMEDY, Reason
from tests.reference.harness import KEY, PEOPLE
from tests.strategies import BASE_MS, long_day

LINES = 100_000
SUBJECT_DIGITS = "19900000"
ODD_TEXTS = (
    "\u0000", "\ud800", "\udfff\ud800", "\u202e\u200b", "𠀀" * 9, "\u0301" * 40, "１９９", "-", "+", "+86", "0086", "()", " ",
    "\x1b[0m", "%00", "..", "http://", "http://[::1", "//", "xn--", "xn--a.cn", "a." * 120, "🎣.com", "1e9", "0x7f.1", "\n", "\r",
    "验证码", "验证码1234", "[" * 50, "】【", "http://a.b@c/d?e#f", "NaN", "null",
)  # fmt: skip


def special_lines(good: bytes) -> Iterator[bytes]:
    """Lines that break parsers."""
    yield b'{"a":' * 5_000 + b"1" + b"}" * 5_000
    yield b"[" * 30_000
    yield good[:-1] + b',"x":' + b"[" * 900 + b"]" * 900 + b"}"
    yield b"x" * 10_000_000
    yield good[:-1] + b',"pad":"' + b"y" * 70_000 + b'"}'
    yield good.replace(b'"subject":"', b'"subject":"\\u0000')
    yield good.replace(b'"subject":"', b'"subject":"\\ud800')
    yield good.replace(b'"subject":"', b'"subject":"\xff')
    yield good.replace(b'"subject":"', b'"subject":"\x00')
    yield good.replace(b'"v":1', b'"v":2')
    for time in (
        b"NaN",
        b"Infinity",
        b"-1",
        b"1790000000",
        b"1e999",
        b"9" * 400,
        b"9" * 5_000,
        b'"1790000000000"',
        b"1.79e12",
        b"null",
    ):
        yield good.replace(str(BASE_MS).encode(), time)
    yield from (
        b"",
        b" ",
        b"null",
        b"[]",
        b"{}",
        b'"x"',
        b"\xef\xbb\xbf" + good,
        good + good,
        good + b"\x00",
        good.upper(),
    )


def fuzzed(seed: int, count: int) -> list[bytes]:
    """`count` lines: mutated bytes, odd values, specials, random bytes, and good ones between them."""
    chance = random.Random(seed)
    tags = [
        t | {"ts_ms": BASE_MS + n * 3_000}
        for n, t in enumerate(t for s in range(12) for t in long_day(s, 60))
    ]
    good = [json.dumps(t, ensure_ascii=False, separators=(",", ":")).encode() for t in tags]
    first = next(g for g in good if str(BASE_MS).encode() in g)
    lines = list(special_lines(first))
    while len(lines) < count:
        kind, at = chance.random(), chance.randrange(len(good))
        if kind < 0.15:
            lines.append(good[at])
        elif kind < 0.20:
            lines.append(chance.randbytes(chance.randrange(200)))
        elif kind < 0.45:
            lines.append(_odd_value(chance, tags[at]))
        else:
            lines.append(_bent(chance, good[at]))
    chance.shuffle(lines)
    return lines


def _odd_value(chance: random.Random, tag: dict[str, object]) -> bytes:
    name = chance.choice(list(tag))
    odd = chance.choice(
        (
            chance.choice(ODD_TEXTS),
            chance.randrange(-(2**70), 2**70),
            None,
            chance.random(),
            [chance.choice(ODD_TEXTS)],
        )
    )
    return json.dumps(tag | {name: odd}, ensure_ascii=chance.random() < 0.5).encode("utf-8", "surrogatepass")


def _bent(chance: random.Random, line: bytes) -> bytes:
    bent = bytearray(line)
    for _ in range(chance.choice((1, 1, 1, 2, 5))):
        i = chance.randrange(len(bent))
        j = i + chance.randrange(12)
        match chance.randrange(4):
            case 0:
                bent[i] = chance.randrange(256)
            case 1:
                bent[i : i + 1] = b""
            case 2:
                bent[i:i] = bytes(bent[i:j])
            case _:
                bent[i:j] = chance.choice(
                    (b'"', b"\\u00", b"\\", b"{", b"\xf0\x9f", b"0", b"-", b",", b"\x00")
                )
        if not bent:
            break
    return bytes(bent)


def through_the_door(lines: list[bytes]) -> tuple[Door, list[int], Counter[str]]:
    """The inlets of accepted tags and the reasons of refusals; blocks are written to bytes and read again."""
    door = Door(Tokeniser(KEY), FileArrival(), registry=PEOPLE, opinions=shipped_opinions(), reorder_ms=60_000)
    accepted: list[int] = []

    def log(waiting: Block) -> None:
        for some in waiting.cut():
            block = door.block(some)
            stored = decode_record(encode_block(block.rows, block.ids, block.sources, block.hosts), 3)
            assert (stored.rows["inlet"] == block.rows["inlet"]).all()
            accepted.extend(block.rows["inlet"].tolist())

    for start in range(0, len(lines), 1_000):
        some = lines[start : start + 1_000]
        log(door.take(some, range(start, start + len(some))))
    log(door.flush())
    return door, accepted, Counter(r.reason for r in door.refused)


def test_a_hundred_thousand_fuzzed_lines_are_conserved():
    """Of 100,000 fuzzed lines each is exactly one row or one refusal; every reason has a remedy; nothing is quoted."""
    lines = fuzzed(20_260_101, LINES)
    door, accepted, reasons = through_the_door(lines)
    inlets = np.sort(np.array(accepted + [r.inlet for r in door.refused]))
    assert (inlets == np.arange(LINES)).all()
    assert {Reason(reason) for reason in reasons} <= set(REMEDY)
    assert all(SUBJECT_DIGITS not in r.detail for r in door.refused)
    assert len(accepted) > LINES // 5
    seen = {Reason.NOT_UTF8, Reason.NOT_JSON, Reason.NUL, Reason.SURROGATE, Reason.TOO_LONG, Reason.WRONG_TYPE,
            Reason.MISSING_FIELD, Reason.BAD_VALUE, Reason.ABSURD_TIME, Reason.UNKNOWN_VERSION}  # fmt: skip
    assert seen <= set(reasons)


@settings(max_examples=settings.default.max_examples * 3)
@given(
    st.lists(st.one_of(st.binary(max_size=300), st.text(max_size=100).map(lambda t: t.encode())), max_size=10)
)
def test_arbitrary_bytes_are_refused_one_by_one(lines):
    """Bytes that are no tag are refused, each for itself, in order."""
    door, accepted, _ = through_the_door(lines)
    assert accepted == []
    assert [r.inlet for r in door.refused] == list(range(len(lines)))


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"\xff{", Reason.NOT_UTF8),
        (b"{", Reason.NOT_JSON),
        (b"[" * 60_000, Reason.NOT_JSON),
        (b'{"channel":"call","x":NaN}', Reason.NOT_JSON),
        (b"x" * 70_000, Reason.TOO_LONG),
        (b"[1]", Reason.WRONG_TYPE),
        (b'{"channel":"fax"}', Reason.BAD_VALUE),
        (b"{}", Reason.MISSING_FIELD),
    ],
)
def test_reasons_say_what_is_wrong(line, reason):
    """Typical damage gets the reason that tells the feed what to mend."""
    door, _, reasons = through_the_door([line])
    assert list(reasons) == [reason]
    assert len(door.refused) == 1
