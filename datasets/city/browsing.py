"""Ordinary network tags: visits, apps in use, apps from stores.

A person has a few favourite small sites and the same apps every day, so that a new host or a new
app is something; now and then anybody meets a short link, a free-hosting page or a bare address.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from datasets.city.calibration import calibration
from datasets.city.chance import Floats, Ints, Rng, below, mixed, picks, stream
from datasets.city.feeds import NAMES_ONLY, NO_DETAILS, NO_NET, Heads, Lines, Shares, kept
from datasets.city.hours import Activity, Block
from datasets.city.people import NET, WORKS, People
from datasets.hosts import SHORT_LINK_HOSTS, STORE_HOSTS, TOP_HOSTS, tail_host, zipf_cdf

DETAILED = NET.index("net-a")
TAIL = 20_000
FAVOURITES = 24
_TOP_SHARE, _FAVOURITE_SHARE = 0.72, 0.22
FREE_HOSTING = ("pages.dev", "github.io", "vercel.app", "netlify.app", "gitee.io", "wezhan.cn")


class App(NamedTuple):
    """An app of the stores."""

    package: str
    label: str
    category: str


_NAMES = {
    "im": ("微语", "邻里圈", "聊得来", "家常话"), "shopping": ("优选商城", "鲜果时光", "惠购", "巷口便利"),
    "browser": ("快览浏览器", "轻舟浏览器"), "game": ("欢乐消除", "山海棋局", "星港物语", "跑跑乐园"),
    "bank": ("云禾银行", "江湾农商行", "长澜银行", "南禾银行"), "meeting": ("同窗会议", "云厅会议"),
    "remote_control": ("远程帮手", "一手控"), "loan": ("禾易借", "澜信分期"), "invest": ("禾富证券", "澜海基金", "稳盈理财"),
    "dating": ("遇见", "同城缘"), "other": ("江湾地铁", "天气通", "萤火视频", "晨读", "运动圈", "菜谱大全", "车生活", "校园通"),
}  # fmt: skip
CATALOGUE = tuple(
    App(f"cn.example.{category}.a{n}", label, category)
    for category, labels in _NAMES.items()
    for n, label in enumerate(labels)
)
"""Every app that can be had from a store."""
_APPEAL = {
    "bank": 0.4, "meeting": 0.4, "invest": 0.3, "loan": 0.25, "dating": 0.25, "remote_control": 0.06, "browser": 0.5,
}  # fmt: skip
OF_CATEGORY = {c: [i for i, app in enumerate(CATALOGUE) if app.category == c] for c in _NAMES}
_SLOTS = (
    ("im", 1.0, "im"), ("shopping", 0.9, "other"), ("browser", 0.8, "other"), ("game", 0.5, "other"),
    ("bank", 0.86, "other"), ("meeting", 0.0, "other"), ("invest", 0.14, "other"), ("loan", 0.07, "other"),
    ("dating", 0.05, "other"), ("remote_control", 0.012, "other"),
)  # fmt: skip
_SLOT_SHARES = (0.34, 0.14, 0.12, 0.12, 0.08, 0.06, 0.05, 0.03, 0.04, 0.02)


@lru_cache(maxsize=1)
def hosts() -> tuple[list[str], Floats, Floats]:
    """(all ordinary hosts, Zipf of the household names, Zipf of the tail)."""
    tail = [_tail(n) for n in range(TAIL)]
    return [*TOP_HOSTS, *tail], zipf_cdf(len(TOP_HOSTS)), zipf_cdf(TAIL, 0.8)


def _tail(n: int) -> str:
    """The n-th host of the tail: most have their own name, 4 % sit on free hosting, few are bare addresses."""
    kind = mixed(n, 77).item() % 1_000
    if kind < 40:
        return f"blog-{mixed(n, 78).item() % 36**5:x}.{FREE_HOSTING[n % len(FREE_HOSTING)]}"
    if kind < 46:
        return f"192.0.2.{n % 254 + 1}"
    return SHORT_LINK_HOSTS[n % 4] if kind < 60 else tail_host(n)


def favourite(person: Ints, slot: Ints) -> Ints:
    """Tail index of a person's favourite sites."""
    return below(mixed(person, slot, 21), TAIL)


class Browsing:
    """Network tags of the people that have a network feed."""

    def __init__(self, people: People, seed: int) -> None:
        self._people = people
        self._activity = Activity((people.net != NO_NET).astype(float), people.rhythm)
        with_apps = ~np.isin(people.net, (NO_NET, NAMES_ONLY))
        self._app_activity = Activity(with_apps.astype(float), people.rhythm)
        self.apps = _portfolios(people, stream(seed, "apps"))

    def lines(self, rng: Rng, heads: Heads, block: Block, shares: Shares) -> Lines:
        """Visits, apps in use and installations of `block`."""
        volumes = calibration().volumes
        parts = [
            self._visits(rng, heads, block, volumes.visits),
            self._active(rng, heads, block, volumes.active),
            self._installs(rng, heads, block, volumes.installs),
        ]
        ts_ms = np.concatenate([times for times, _ in parts])
        return ts_ms + shares.delays_ms(rng, len(ts_ms)), [line for _, lines in parts for line in lines]

    def _visits(self, rng: Rng, heads: Heads, block: Block, rate: float) -> Lines:
        person, ts_ms = self._drawn(rng, self._activity, block, rate)
        size, names = len(person), hosts()[0]
        host = self._hosts(rng, person)
        up, down = rng.integers(200, 20_000, size), rng.integers(1_000, 900_000, size)
        plain = self._people.net[person] != DETAILED
        columns = [c.tolist() for c in (person, host, up, down, ts_ms)]
        head = heads.net
        urls = [
            "" if p else f',"url":"https://{names[h]}/p/{u}"'
            for p, h, u in zip(plain.tolist(), columns[1], columns[2], strict=True)
        ]
        lines = [
            f'{{"id":"v{block.number}-{i}","channel":"net",{head[w]},"kind":"visit","host":"{names[h]}"{url}'
            f',"bytes_up":{u},"bytes_down":{d},"ts_ms":{ts}}}'
            for i, (w, h, u, d, ts, url) in enumerate(zip(*columns, urls, strict=True))
        ]
        return ts_ms, lines

    def _hosts(self, rng: Rng, person: Ints) -> Ints:
        _, top_cdf, tail_cdf = hosts()
        size, draw = len(person), rng.random(len(person))
        kind = rng.random(size)
        top = np.searchsorted(top_cdf[:-1], draw, "right")
        own = favourite(person, (FAVOURITES * draw**2).astype(np.int64))
        new = np.searchsorted(tail_cdf[:-1], draw, "right")
        tail = len(TOP_HOSTS) + np.where(kind < _TOP_SHARE + _FAVOURITE_SHARE, own, new)
        return np.where(kind < _TOP_SHARE, top, tail)

    def _active(self, rng: Rng, heads: Heads, block: Block, rate: float) -> Lines:
        person, ts_ms = self._drawn(rng, self._app_activity, block, rate)
        app = self.apps[person, picks(rng, _SLOT_SHARES, len(person))]
        return ts_ms, self._app_lines("a", "app_active", heads, block, person, app, ts_ms)

    def _installs(self, rng: Rng, heads: Heads, block: Block, rate: float) -> Lines:
        """An app from a store: its download, and the installation a little later."""
        person, ts_ms = self._drawn(rng, self._app_activity, block, rate)
        app = picks(rng, [_APPEAL.get(a.category, 1.0) for a in CATALOGUE], len(person))
        columns = (c.tolist() for c in (person, app, rng.integers(0, 4, len(person)), ts_ms))
        downloads = [
            f'{{"id":"d{block.number}-{i}","channel":"net",{heads.net[w]},"kind":"download","host":"{STORE_HOSTS[s]}"'
            f',"ts_ms":{ts}}}'
            for i, (w, _, s, ts) in enumerate(zip(*columns, strict=True))
        ]
        later = ts_ms + rng.integers(20_000, 200_000, len(person))
        installs = self._app_lines("i", "app_install", heads, block, person, app, later)
        return np.concatenate([ts_ms, later]), downloads + installs

    def _app_lines(
        self, mark: str, kind: str, heads: Heads, block: Block, person: Ints, app: Ints, ts_ms: Ints
    ) -> list[str]:
        full = [
            f'"package":"{a.package}","app_label":"{a.label}","app_category":"{a.category}"'
            for a in CATALOGUE
        ]
        bare = [f'"package":"{a.package}","app_label":"{a.label}"' for a in CATALOGUE]
        words, head = full + bare, heads.net
        place = app + len(full) * (self._people.net[person] == NO_DETAILS)
        return [
            f'{{"id":"{mark}{block.number}-{i}","channel":"net",{head[w]},"kind":"{kind}",{words[a]},"ts_ms":{ts}}}'
            for i, (w, a, ts) in enumerate(zip(person.tolist(), place.tolist(), ts_ms.tolist(), strict=True))
        ]

    @staticmethod
    def _drawn(rng: Rng, activity: Activity, block: Block, rate: float) -> tuple[Ints, Ints]:
        person, ts_ms = activity.draw(rng, block, rate)
        some = kept(rng, len(person))
        return person[some], ts_ms[some]


def _portfolios(people: People, rng: Rng) -> Ints:
    """The apps each person uses, a column a slot of `_SLOTS`."""
    apps = np.empty((people.size, len(_SLOTS)), np.int64)
    office = np.isin(people.work, [WORKS.index(name) for name in ("office", "finance", "student")])
    for slot, (category, share, instead) in enumerate(_SLOTS):
        owns = rng.random(people.size) < np.where(office & (category == "meeting"), 0.6, share)
        some = np.array(OF_CATEGORY[category])[rng.integers(0, len(OF_CATEGORY[category]), people.size)]
        others = np.array(OF_CATEGORY[instead])[rng.integers(0, len(OF_CATEGORY[instead]), people.size)]
        apps[:, slot] = np.where(owns, some, others)
    return apps
