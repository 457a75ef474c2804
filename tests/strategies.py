"""Hypothesis strategies of days: few subjects, many scams, gaps from milliseconds to months.

A day is a list of tags (as the contract has them) in order of arrival. All numbers are invented.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st

from fraud_guard.tags.control import Control

Tag = dict[str, Any]
BASE_MS = 1_790_000_000_000
SUBJECTS = ("+8619900000001", "+8619900000002", "19900000003", "opaque-subject-4")
_S, _MIN, _H, _D = 1_000, 60_000, 3_600_000, 86_400_000
GAPS_MS = (
    0,
    0,
    1,
    500,
    3 * _S,
    20 * _S,
    3 * _MIN,
    12 * _MIN,
    50 * _MIN,
    3 * _H,
    9 * _H,
    30 * _H,
    73 * _H,
    8 * _D,
    91 * _D,
)
DELAYS_MS = (0,) * 12 + (1, 700, 30 * _S, 4 * _MIN, 11 * _MIN, 2 * _H, 23 * _H)
PEERS = (
    "0085261234567",
    "+447700900123",
    "16500001111",
    "17100001111",
    "13900001111",
    "95588",
    "110",
    "12345678901234",
    "",
)

FEW = settings(max_examples=max(settings.default.max_examples // 2, 1))
"""For properties whose every example runs a whole day several times."""

Scene = list[tuple[int, Tag]]
"""Tags with their times after the start of the scene."""


def call(
    peer: str, call_id: str | None, *, answered_s: int | None = 5, end_s: int | None = 60, **more: Any
) -> Scene:
    """The phases of a call."""
    tag = {"channel": "call", "peer": peer, "direction": "in", **more} | (
        {"call_id": call_id} if call_id else {}
    )
    scene = [(0, tag | {"phase": "start"})]
    if answered_s is not None:
        scene.append((answered_s * _S, tag | {"phase": "answer"}))
    if end_s is not None:
        scene.append(
            (end_s * _S, tag | {"phase": "end", "duration_s": max(end_s - (answered_s or end_s), 0)})
        )
    return scene


def sms(peer: str, text: str, **more: Any) -> Scene:
    return [(0, {"channel": "sms", "peer": peer, "direction": "in", "text": text, **more})]


def net(kind: str, **more: Any) -> Scene:
    return [(0, {"channel": "net", "kind": kind, **more})]


def app(kind: str, category: str) -> Scene:
    return net(kind, package=f"com.example.{category}", app_category=category)


OTP = "【工商银行】验证码{}，请勿告诉他人。"
LURE = "【客服】您的快递丢失，可双倍理赔退款，请点击 http://t.cn/Ab{} 联系理赔客服"
LOAN = "无抵押贷款秒到账，低息放款，点击 http://loan-{}.example.com/a.apk 下载"
SCENES: tuple[Scene, ...] = (
    *(call(p, f"c{i}", end_s=e) for i, p in enumerate(PEERS) for e in (None, 60, 900)),
    call(PEERS[0], "long", end_s=8_000),
    call(PEERS[0], "long", end_s=None),
    call(PEERS[1], None, end_s=None),
    call(PEERS[4], None, end_s=700),
    call(PEERS[4], "fwd", end_s=None, forwarded=True),
    call(PEERS[0], "fwd2", end_s=650, forwarded=True),
    call(PEERS[4], "unfwd", end_s=30, forwarded=False),
    call(PEERS[2], "miss", answered_s=None, end_s=20),
    call(PEERS[4], "mark", end_s=20, labels=["crowd-marked-scam"]),
    call(PEERS[0], "out", end_s=1_000, direction="out"),
    call(PEERS[0], "only-end", answered_s=None, end_s=0)[1:],
    call(PEERS[0], "late-answer")[1:2],
    [*call(PEERS[0], "busy", end_s=2_000), *((40 * _S + o, t) for o, t in call(PEERS[4], "in-between", end_s=300))],
    [*call(PEERS[3], "codes", end_s=400), *((t * _S, sms("95588", OTP.format(t * 1111))[0][1]) for t in (40, 90, 91))],
    [*call(PEERS[0], "share", end_s=None), (300 * _S, app("app_install", "meeting")[0][1]), (400 * _S, app("app_active", "bank")[0][1])],
    *(sms("95588", OTP.format(n)) for n in (123456, 654321)),
    sms("95588", "【工商银行】您尾号1234账户支出500元，余额100元"),
    *(sms("10690000111122", LURE.format(n)) for n in "xyz"),
    sms("10690000111122", LOAN.format(1)),
    sms("13900001111", "今晚一起吃饭吗"),
    sms("13900001111", "看这个", urls=["http://dwz.cn/abc"], labels=["fraud"]),
    net("visit", host="www.baidu.com"),
    net("visit", host="t.cn", url="http://t.cn/Abx"),
    net("visit", host="odd.example.org"),
    net("visit", host="bad.example.org", labels=["诈骗"]),
    net("download", host="loan.example.com", url="http://loan.example.com/a.apk"),
    net("download", host="odd.example.org", url="http://odd.example.org/a.pdf"),
    call(PEERS[4], "friend", end_s=200, direction="out"),
    call("057187654321", "stranger", end_s=400),
    [*call(PEERS[0], None, answered_s=None, end_s=0)[1:], (50 * _S, sms("95588", OTP.format(7))[0][1])],
    [(300 * _S, {"channel": "call", "peer": PEERS[0], "direction": "in", "phase": "end", "duration_s": 299})],
    [*net("visit", host="taobao-kefu.example"), *((9 * _S + o, t) for o, t in net("visit", host="203.0.113.7"))],
    net("visit", host="shop.github.io"),
    net("visit", host="icbc-vip.pages.dev"),
    sms("13900001111", "奶奶我打架把人打伤了，马上派人来取赔偿金，别告诉爸爸"),
    sms("13900001111", "好的", direction="out"),
    *(app(k, c) for k in ("app_install", "app_active") for c in ("bank", "meeting", "remote_control", "loan", "im", "invest", "dating", "game")),
)  # fmt: skip


class Step(NamedTuple):
    """One scene of a day: how long after the last one, whose, which, and how late each tag arrives."""

    gap_ms: int
    subject: int
    scene: int
    delay_ms: int


STEPS = st.builds(
    Step, st.sampled_from(GAPS_MS), st.integers(0, len(SUBJECTS) - 1), st.integers(0, len(SCENES) - 1),
    st.sampled_from(DELAYS_MS),
)  # fmt: skip


@st.composite
def days(draw: st.DrawFn, *, most: int = 25, subjects: int = 4, on_time: bool = False) -> list[Tag]:
    """A day in order of arrival: with late tags (unless `on_time`), repeats and reused ids."""
    steps = draw(st.lists(STEPS, min_size=1, max_size=most))
    tags = play(
        [s._replace(subject=s.subject % subjects, delay_ms=0 if on_time else s.delay_ms) for s in steps]
    )
    for of, gap_ms, same in draw(
        st.lists(st.tuples(st.integers(0, 99), st.sampled_from(GAPS_MS[:12]), st.booleans()), max_size=3)
    ):
        _repeat(tags, of % len(tags), gap_ms, same_time=same)
    return tags


def long_day(seed: int, scenes: int, *, subjects: int = 4) -> list[Tag]:
    """A longer day from a seed: what `days` gives, without the cost of drawing each part."""
    chance = random.Random(seed)
    gaps = GAPS_MS[: chance.choice((8, 10, 12, len(GAPS_MS)))]
    pool = [chance.randrange(len(SCENES)) for _ in range(chance.randint(3, len(SCENES)))]
    delays = (0,) if chance.random() < 0.3 else DELAYS_MS
    steps = [
        Step(chance.choice(gaps), chance.randrange(subjects), chance.choice(pool), chance.choice(delays))
        for _ in range(scenes)
    ]
    tags = play(steps)
    for _ in range(chance.randrange(scenes // 4 + 1)):
        _repeat(tags, chance.randrange(len(tags)), chance.choice(gaps), same_time=chance.random() < 0.6)
    return tags


def play(steps: Sequence[Step]) -> list[Tag]:
    """The tags of the steps in order of arrival. Ids are unique; within a scene the last tag is the late one."""
    at_ms, arrivals = BASE_MS, []
    for n, step in enumerate(steps):
        at_ms += step.gap_ms
        scene = SCENES[step.scene]
        for i, (offset_ms, fields) in enumerate(scene):
            ts_ms = at_ms + offset_ms
            tag = {
                "v": 1,
                "id": f"{n}-{i}",
                "source": f"feed-{step.scene % 2}",
                "ts_ms": ts_ms,
                "subject": subject_name(step.subject),
                **fields,
            }
            arrivals.append((ts_ms + (step.delay_ms if i == len(scene) - 1 else 0), len(arrivals), tag))
    return [tag for _, _, tag in sorted(arrivals, key=lambda a: a[:2])]


def subject_name(n: int) -> str:
    """The n-th subject; beyond the first four all are alike."""
    return SUBJECTS[n] if n < len(SUBJECTS) else f"+8619900{n:06d}"


def arrive_again(tags: Sequence[Tag], after_ms: int) -> list[Tag]:
    """Every tag doubled: the copy arrives `after_ms` later, with the same time and id."""
    high_ms, arrivals = 0, []
    for n, tag in enumerate(tags):
        high_ms = max(high_ms, tag["ts_ms"])
        arrivals += [(high_ms, n, tag), (high_ms + after_ms, n, tag)]
    return [tag for _, _, tag in sorted(arrivals, key=lambda a: a[:2])]


def _repeat(tags: list[Tag], of: int, gap_ms: int, *, same_time: bool) -> None:
    """Send a tag once more, later in the order; with another time it is a reuse of its id."""
    tag = dict(tags[of])
    arrival_ms = tag["ts_ms"] + gap_ms
    if not same_time:
        tag["ts_ms"] = arrival_ms
    at = next((i for i in range(of + 1, len(tags)) if tags[i]["ts_ms"] > arrival_ms), len(tags))
    tags.insert(at, tag)


@st.composite
def cuts_of(draw: st.DrawFn, n: int) -> list[int]:
    """Where to cut `n` rows into blocks."""
    return draw(st.lists(st.integers(0, max(n - 1, 0)), max_size=8))


@st.composite
def controls_of(draw: st.DrawFn, rows: np.ndarray, *, most: int = 4) -> dict[int, Control]:
    """Closures and releases of the subjects of `rows`, by the index of the row that follows."""
    drawn = st.tuples(
        st.integers(1, max(len(rows) - 1, 1)), st.integers(0, len(rows) - 1), st.integers(0, 3),
        st.sampled_from(("closure", "closure", "release")), st.sampled_from((0, -5 * _S, _MIN)),
        st.sampled_from(("true_scam", "false_alarm")),
    )  # fmt: skip
    controls = {}
    for at, whose, n, kind, skew_ms, truth in draw(st.lists(drawn, max_size=most)):
        ts_ms = int(rows["watermark_ms"][at - 1]) + skew_ms
        controls[at] = Control(
            kind, rows["token"][whose].tobytes(), ts_ms, n=n, truth=truth, body=f'{{"at": {at}}}'
        )
    return controls
