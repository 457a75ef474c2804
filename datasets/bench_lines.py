"""JSON lines of the bench mix: columns of draws in, one line a tag out.

Lines are written from templates, not by a JSON encoder; nothing that is put in needs
escaping. Two telecom feeds write numbers differently (with and without +86), the network
feed is a third source. 70 % of the people have a known area.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

import numpy as np
from numpy.typing import NDArray

from datasets.bench_legs import Legs, delays_ms
from datasets.hosts import STORE_HOSTS, TOP_HOSTS, tail_host, zipf_cdf
from datasets.numbers import SERVICE_CODES, sms_port, subject_number
from datasets.texts import BANK_CODE_TEXTS, CHAT_ENDINGS, CHAT_MIDDLES, CHAT_OPENINGS, NOTICE_TEXTS

TEMPLATE_SHARE = 0.4
TOP_SHARE = 0.6
TAIL_HOSTS = 40_000
AREAS = tuple(f"320281{town:03d}" for town in (*range(1, 10), *range(100, 113)))
TEMPLATES = BANK_CODE_TEXTS + NOTICE_TEXTS
SENDERS = tuple(f'"peer":"{peer}"' for peer in (*SERVICE_CODES, *(sms_port(n) for n in range(200))))
DIRECTIONS = ("in", "out")
PHASES = ("start", "answer", "end")
APPS = (
    ("im", "微语", "cn.example.weiyu"), ("shopping", "优选商城", "cn.example.youxuan"),
    ("bank", "云禾银行", "cn.example.bank.yunhe"), ("browser", "快览浏览器", "cn.example.kuailan"),
    ("game", "欢乐消除", "cn.example.xiaochu"), ("meeting", "同窗会议", "cn.example.tongchuang"),
    ("im", "邻里圈", "cn.example.linli"), ("shopping", "鲜果时光", "cn.example.xianguo"),
    ("other", "江湾地铁", "cn.example.metro"), ("other", "天气通", "cn.example.weather"),
)  # fmt: skip
APP_SHARES = (0.30, 0.16, 0.06, 0.12, 0.14, 0.02, 0.08, 0.04, 0.04, 0.04)
KIND_SHARES = (0.84, 0.02, 0.01, 0.13)
"""Of network tags: visit, download, app_install, app_active."""

Lines = tuple[NDArray[np.int64], list[str]]


class LineWriter:
    """Writes lines with running ids; methods return (arrival ms, lines), unsorted."""

    def __init__(self, rng: np.random.Generator, subjects: int, start_ms: int, peers: list[str]) -> None:
        self._rng, self._start_ms = rng, start_ms
        self._ids = count()
        people = [subject_number(n) for n in range(subjects)]
        areas = [f',"area":"{AREAS[n * 7 % len(AREAS)]}"' if n % 10 < 7 else "" for n in range(subjects)]
        self._telecom = [
            f'"source":"telecom-a","subject":"+86{p}"{a}'
            if n % 2
            else f'"source":"telecom-b","subject":"{p}"{a}'
            for n, (p, a) in enumerate(zip(people, areas, strict=True))
        ]
        self._net = [f'"source":"net-a","subject":"{p}"{a}' for p, a in zip(people, areas, strict=True)]
        self._peers = [f'"peer":"{peer}"' for peer in peers]
        self._hosts = list(TOP_HOSTS) + [tail_host(n) for n in range(TAIL_HOSTS)]
        self._top_cdf, self._tail_cdf = zipf_cdf(len(TOP_HOSTS)), zipf_cdf(TAIL_HOSTS, 0.9)

    def episode_fields(self) -> list[str]:
        """Source, subject and area of every person, for the episodes."""
        return self._telecom

    def calls(self, legs: Legs) -> Lines:
        """Legs of ordinary calls."""
        subjects, peers = self._telecom, self._peers
        columns = (
            legs[name].tolist() for name in ("call", "phase", "subject", "peer", "outgoing", "duration_s")
        )
        ts_ms = (legs["ts_ms"] + self._start_ms).tolist()
        lines = [
            f'{{"id":"c{call:09d}-{phase}","channel":"call",{subjects[who]},{peers[peer]}'
            f',"direction":"{DIRECTIONS[out]}","phase":"{PHASES[phase]}","call_id":"c{call:09d}"'
            f'{_ending(phase, duration_s, call)},"ts_ms":{ts}}}'
            for call, phase, who, peer, out, duration_s, ts in zip(*columns, ts_ms, strict=True)
        ]
        return legs["arrival_ms"], lines

    def texts(self, arrival_ms: NDArray[np.int64]) -> Lines:
        """Texts: 40 % repeat a template of a service, 60 % are chat that is hardly ever the same."""
        repeats = round(len(arrival_ms) * TEMPLATE_SHARE)
        ts_ms = self._dated(arrival_ms)
        lines = self._notices(ts_ms[:repeats]) + self._chats(ts_ms[repeats:])
        return arrival_ms, lines

    def nets(self, arrival_ms: NDArray[np.int64]) -> Lines:
        """Visits, downloads and app events."""
        ts_ms, cuts = self._dated(arrival_ms), np.cumsum(KIND_SHARES)[:-1] * len(arrival_ms)
        visits, downloads, installs, actives = np.split(ts_ms, cuts.astype(np.int64))
        lines = self._visits(visits) + self._downloads(downloads)
        lines += self._apps(installs, "app_install") + self._apps(actives, "app_active")
        return arrival_ms, lines

    def _dated(self, arrival_ms: NDArray[np.int64]) -> NDArray[np.int64]:
        return arrival_ms + self._start_ms - delays_ms(self._rng, len(arrival_ms))

    def _drawn(self, size: int, *below: int) -> Iterator[list[int]]:
        return (self._rng.integers(0, limit, size).tolist() for limit in below)

    def _notices(self, ts_ms: NDArray[np.int64]) -> list[str]:
        size = len(ts_ms)
        who, sender, template = self._drawn(size, len(self._telecom), len(SENDERS), len(TEMPLATES))
        code, tail, day = self._drawn(size, 900_000, 9_000, 27)
        return [
            f'{{"id":"s{i:010d}","channel":"sms",{self._telecom[w]},{SENDERS[s]},"direction":"in","ts_ms":{ts},"text":"'
            f'{TEMPLATES[t].format(code=c + 100_000, tail=x + 1_000, n=d + 2, yuan=f"{x}.{d + 10}")}"}}'
            for i, w, s, t, c, x, d, ts in zip(
                self._ids, who, sender, template, code, tail, day, ts_ms.tolist(), strict=False
            )
        ]

    def _chats(self, ts_ms: NDArray[np.int64]) -> list[str]:
        size = len(ts_ms)
        who, peer, out = self._drawn(size, len(self._telecom), len(self._peers), 2)
        a, b, c, d, e = self._drawn(
            size, *(len(p) for p in (CHAT_OPENINGS, CHAT_MIDDLES, CHAT_OPENINGS, CHAT_MIDDLES, CHAT_ENDINGS))
        )
        return [
            f'{{"id":"s{i:010d}","channel":"sms",{self._telecom[w]},{self._peers[p]}'
            f',"direction":"{DIRECTIONS[o]}","ts_ms":{ts},"text":"{CHAT_OPENINGS[j]}{CHAT_MIDDLES[k]}'
            f'。{CHAT_OPENINGS[m]}{CHAT_MIDDLES[n]}{CHAT_ENDINGS[q]}"}}'
            for i, w, p, o, j, k, m, n, q, ts in zip(
                self._ids, who, peer, out, a, b, c, d, e, ts_ms.tolist(), strict=False
            )
        ]

    def _visits(self, ts_ms: NDArray[np.int64]) -> list[str]:
        size = len(ts_ms)
        who, page, up, down = self._drawn(size, len(self._net), 100_000, 20_000, 900_000)
        hosts = self._hosts
        return [
            f'{{"id":"n{i:010d}","channel":"net",{self._net[w]},"kind":"visit","host":"{hosts[h]}","url":"https://{hosts[h]}/p/{p}"'
            f',"bytes_up":{u},"bytes_down":{x},"ts_ms":{ts}}}'
            for i, w, h, p, u, x, ts in zip(
                self._ids, who, self._host_ranks(size), page, up, down, ts_ms.tolist(), strict=False
            )
        ]

    def _downloads(self, ts_ms: NDArray[np.int64]) -> list[str]:
        size = len(ts_ms)
        who, page, kind, store = self._drawn(size, len(self._net), 100_000, 20, len(STORE_HOSTS))
        lines = []
        columns = zip(self._ids, who, self._host_ranks(size), page, kind, store, ts_ms.tolist(), strict=False)
        for i, w, h, p, k, s, ts in columns:
            package = k < 6
            host = STORE_HOSTS[s] if 0 < k < 6 else self._hosts[h]
            lines.append(
                f'{{"id":"n{i:010d}","channel":"net",{self._net[w]},"kind":"download","host":"{host}"'
                f',"url":"https://{host}/f/{p}.{"apk" if package else "pdf"}","ts_ms":{ts}}}'
            )
        return lines

    def _apps(self, ts_ms: NDArray[np.int64], kind: str) -> list[str]:
        (who,) = self._drawn(len(ts_ms), len(self._net))
        apps = np.searchsorted(np.cumsum(APP_SHARES)[:-1], self._rng.random(len(ts_ms)), "right").tolist()
        return [
            f'{{"id":"n{i:010d}","channel":"net",{self._net[w]},"kind":"{kind}","package":"{APPS[a][2]}"'
            f',"app_label":"{APPS[a][1]}","app_category":"{APPS[a][0]}","ts_ms":{ts}}}'
            for i, w, a, ts in zip(self._ids, who, apps, ts_ms.tolist(), strict=False)
        ]

    def _host_ranks(self, size: int) -> list[int]:
        """Indices into the hosts: 60 % household names, the rest the long tail, both by Zipf."""
        top, draw = self._rng.random(size) < TOP_SHARE, self._rng.random(size)
        head = np.searchsorted(self._top_cdf[:-1], draw, "right")
        tail = len(TOP_HOSTS) + np.searchsorted(self._tail_cdf[:-1], draw, "right")
        ranks: list[int] = np.where(top, head, tail).tolist()
        return ranks


def _ending(phase: int, duration_s: int, call: int) -> str:
    """What only an end, or the start of every third call, says."""
    if phase == 2:
        return f',"duration_s":{duration_s}'
    if phase == 0 and call % 3 == 0:
        return ',"forwarded":true' if call % 999 == 0 else ',"forwarded":false'
    return ""
