"""Ordinary life in the demo city: calls, texts and network tags of people nobody is cheating.

Fields come without `id`, `source`, `subject` and `ts_ms`; a call comes as its steps, each
with the seconds since its start.
"""

from __future__ import annotations

import numpy as np

from datasets.episodes import Fields, Step, fill, sms
from datasets.hosts import STORE_HOSTS, TOP_HOSTS, tail_host
from datasets.numbers import (
    SERVICE_CODES,
    contact_number,
    hotline_number,
    landline_number,
    overseas_number,
    sms_port,
    virtual_number,
)
from datasets.texts import BANK_CODE_TEXTS, CHAT_ENDINGS, CHAT_MIDDLES, CHAT_OPENINGS, NOTICE_TEXTS

CONTACTS_PER_PERSON = 12
APPS = (
    ("cn.example.weiyu", "微语", "im"), ("cn.example.youxuan", "优选商城", "shopping"),
    ("cn.example.kuailan", "快览浏览器", "browser"), ("cn.example.xiaochu", "欢乐消除", "game"),
    ("cn.example.metro", "江湾地铁", "other"), ("cn.example.bank.yunhe", "云禾银行", "bank"),
)  # fmt: skip
APP_CDF = (0.40, 0.62, 0.80, 0.93, 0.98, 1.0)
_STRANGERS = (
    (0.10, landline_number), (0.06, lambda n: SERVICE_CODES[n % len(SERVICE_CODES)]), (0.02, hotline_number),
    (0.01, virtual_number), (0.001, overseas_number),
)  # fmt: skip


class OrdinaryLife:
    """Draws what person number `person` does next."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng

    def call(self, person: int) -> list[Step]:
        """Start, perhaps an answer, and end of one call; `call_id` is for the caller to add."""
        leg: Fields = {"channel": "call", "peer": self._peer(person), "direction": self._direction(0.4)}
        ring_s = float(self._rng.uniform(3, 20))
        start: Step = (0.0, {**leg, "phase": "start", "forwarded": False})
        if self._rng.random() < 0.28:
            return [start, (ring_s, {**leg, "phase": "end", "duration_s": 0})]
        talk_s = float(min(self._rng.lognormal(3.6, 1.1), 900.0))
        end: Step = (ring_s + talk_s, {**leg, "phase": "end", "duration_s": int(talk_s)})
        return [start, (ring_s, {**leg, "phase": "answer"}), end]

    def text(self, person: int) -> Fields:
        """A notice (39 %), a genuine bank code (1 %) or a chat with a contact."""
        kind = self._rng.random()
        if kind < 0.01:
            return sms("95588", fill(self._one_of(BANK_CODE_TEXTS), self._rng))
        if kind < 0.40:
            return sms(sms_port(self._below(200)), fill(self._one_of(NOTICE_TEXTS), self._rng))
        chat = "".join(self._one_of(part) for part in (CHAT_OPENINGS, CHAT_MIDDLES, CHAT_ENDINGS))
        return {**sms(self._contact(person), chat), "direction": self._direction(0.5)}

    def net(self) -> Fields:
        """A visit (85 %), an app in use (13 %), or an app from a store: download or installation."""
        kind = self._rng.random()
        if kind < 0.85:
            return self._visit()
        package, label, category = APPS[int(np.searchsorted(APP_CDF[:-1], self._rng.random(), "right"))]
        if kind < 0.99:
            app: Fields = {"package": package, "app_label": label, "app_category": category}
            return {"channel": "net", "kind": "app_active" if kind < 0.98 else "app_install", **app}
        host = self._one_of(STORE_HOSTS)
        return {"channel": "net", "kind": "download", "host": host, "url": f"https://{host}/{package}.apk"}

    def _visit(self) -> Fields:
        if self._rng.random() < 0.9:
            host = TOP_HOSTS[int(len(TOP_HOSTS) ** self._rng.random()) - 1]
        else:
            host = tail_host(self._below(3_000))
        up, down = self._below(20_000), self._below(900_000)
        url = f"https://{host}/p/{self._below(10_000)}"
        return {
            "channel": "net",
            "kind": "visit",
            "host": host,
            "url": url,
            "bytes_up": up,
            "bytes_down": down,
        }

    def _peer(self, person: int) -> str:
        draw = self._rng.random()
        for share, make in _STRANGERS:
            if draw < share:
                return make(self._below(2_000))
            draw -= share
        return self._contact(person)

    def _contact(self, person: int) -> str:
        return contact_number(person * CONTACTS_PER_PERSON + self._below(CONTACTS_PER_PERSON))

    def _direction(self, share_out: float) -> str:
        return "out" if self._rng.random() < share_out else "in"

    def _below(self, limit: int) -> int:
        return int(self._rng.integers(limit))

    def _one_of(self, choices: tuple[str, ...]) -> str:
        return choices[self._below(len(choices))]
