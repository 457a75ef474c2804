"""Scripts of scam episodes: which tags one victim leaves, in what order and how far apart.

Paces follow published cases (minutes for fake customer service, hours for brushing);
`pace` < 1 compresses the gaps between the steps. A step is the seconds since the start
of the episode and the fields of its tag without `id`, `source`, `subject` and `ts_ms`.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from datasets.hosts import SHORT_LINK_HOSTS, tail_host
from datasets.numbers import contact_number, overseas_number, virtual_number
from datasets.texts import BANK_CODE_TEXTS, LURE_TEXTS

Fields = dict[str, object]
Step = tuple[float, Fields]
Script = Callable[[np.random.Generator, str, float], list[Step]]


def fake_customer_service(rng: np.random.Generator, episode_id: str, pace: float) -> list[Step]:
    """Long call → meeting app while the call is up → three bank codes → bank app → hang-up."""
    caller = overseas_number(_draw(rng, 5_000)) if rng.random() < 0.5 else virtual_number(_draw(rng, 50_000))
    steps = _call(episode_id, caller, 0.0, 8.0 * pace)
    steps.append((400.0 * pace, _install("cn.example.meet.share", "银联会议", "meeting")))
    steps += [(t * pace, _bank_code(rng)) for t in (560.0, 640.0, 700.0)]
    steps.append((740.0 * pace, _active("cn.example.bank.yunhe", "云禾银行", "bank")))
    return [*steps, _hang_up(episode_id, caller, 1_500.0 * pace, 1_492.0 * pace)]


def fake_police(rng: np.random.Generator, episode_id: str, pace: float) -> list[Step]:
    """Call from abroad for more than half an hour, forwarding set on the line, chat app from a link."""
    caller = overseas_number(_draw(rng, 5_000))
    steps = _call(episode_id, caller, 0.0, 10.0 * pace)
    steps += [
        (300.0 * pace, _visit(tail_host(_draw(rng, 9_000)), "/case/2026")),
        (420.0 * pace, _download(tail_host(_draw(rng, 9_000)), "/anxin.apk")),
        (480.0 * pace, _install("cn.example.anxin.chat", "安信密聊", "im")),
    ]
    second = _leg("second", episode_id, contact_number(9_200_000 + _draw(rng, 1_000)), "start")
    steps += [
        (900.0 * pace, {**second, "forwarded": True}),
        (930.0 * pace, {**second, "phase": "end", "duration_s": 0, "forwarded": True}),
    ]
    return [*steps, _hang_up(episode_id, caller, 2_200.0 * pace, 2_190.0 * pace)]


def brushing_rebate(rng: np.random.Generator, _episode_id: str, pace: float) -> list[Step]:
    """Lure text with a short link → side-loaded APK → unknown app → visits of the task site."""
    site, link = tail_host(_draw(rng, 9_000)), _short_link(rng)
    steps: list[Step] = [(0.0, _lure(rng, "brushing_rebate", short=link, site=site))]
    shortener, _, code = link.partition("/")
    steps += [
        (200.0 * pace, _visit(shortener, f"/{code}")),
        (230.0 * pace, _download(site, "/task/renwu.apk")),
        (290.0 * pace, _install("cn.example.task.group", "众享任务", "")),
    ]
    steps += [(t * pace, _visit(site, "/order")) for t in (600.0, 1_500.0)]
    return steps


def fake_loan(rng: np.random.Generator, episode_id: str, pace: float) -> list[Step]:
    """Lure text → side-loaded APK → loan app → codes → call of the 'agent'."""
    site, caller = tail_host(_draw(rng, 9_000)), virtual_number(_draw(rng, 50_000))
    steps: list[Step] = [
        (0.0, _lure(rng, "fake_loan", short=_short_link(rng), site=site)),
        (300.0 * pace, _download(site, "/d/huimindai.apk")),
        (360.0 * pace, _install("cn.example.loan.huimin", "惠民贷", "loan")),
    ]
    steps += [(t * pace, _bank_code(rng)) for t in (700.0, 760.0)]
    steps += _call(episode_id, caller, 900.0 * pace, 906.0 * pace)
    return [*steps, _hang_up(episode_id, caller, 1_300.0 * pace, 394.0 * pace)]


def long_overseas_call(rng: np.random.Generator, episode_id: str, pace: float) -> list[Step]:
    """A call from abroad that stays on the line past a quarter of an hour."""
    caller = overseas_number(_draw(rng, 5_000))
    return [
        *_call(episode_id, caller, 0.0, 9.0 * pace),
        _hang_up(episode_id, caller, 1_260.0 * pace, 1_251.0 * pace),
    ]


def failed_call(rng: np.random.Generator, episode_id: str, pace: float) -> list[Step]:
    """A call from abroad that the person ends after 20 s."""
    caller = overseas_number(_draw(rng, 5_000))
    return [*_call(episode_id, caller, 0.0, 6.0 * pace), _hang_up(episode_id, caller, 26.0 * pace, 20.0)]


def failed_lure(rng: np.random.Generator, _episode_id: str, _pace: float) -> list[Step]:
    """A lure text that nobody answers."""
    scam_type = list(LURE_TEXTS)[_draw(rng, len(LURE_TEXTS))]
    return [(0.0, _lure(rng, scam_type, short=_short_link(rng), site=tail_host(_draw(rng, 9_000))))]


SCRIPTS: tuple[Script, ...] = (
    fake_customer_service, fake_police, brushing_rebate, fake_loan, long_overseas_call, failed_call,
    failed_lure,
)  # fmt: skip


def _draw(rng: np.random.Generator, below: int) -> int:
    return int(rng.integers(below))


def _leg(leg: str, episode_id: str, caller: str, phase: str) -> Fields:
    call_id = f"{episode_id}-{leg}"
    return {"channel": "call", "peer": caller, "direction": "in", "phase": phase, "call_id": call_id}


def _call(episode_id: str, caller: str, start_s: float, answer_s: float) -> list[Step]:
    return [
        (start_s, _leg("first", episode_id, caller, "start")),
        (answer_s, _leg("first", episode_id, caller, "answer")),
    ]


def _hang_up(episode_id: str, caller: str, end_s: float, duration_s: float) -> Step:
    return (end_s, {**_leg("first", episode_id, caller, "end"), "duration_s": round(duration_s)})


def _bank_code(rng: np.random.Generator) -> Fields:
    return sms("95588", fill(BANK_CODE_TEXTS[_draw(rng, len(BANK_CODE_TEXTS))], rng))


def _lure(rng: np.random.Generator, scam_type: str, *, short: str, site: str) -> Fields:
    texts = LURE_TEXTS[scam_type]
    text = texts[_draw(rng, len(texts))].format(short=short, site=site)
    return sms(contact_number(9_000_000 + _draw(rng, 100_000)), text)


def _short_link(rng: np.random.Generator) -> str:
    return f"{SHORT_LINK_HOSTS[_draw(rng, len(SHORT_LINK_HOSTS))]}/A{_draw(rng, 36**5):x}"


def sms(peer: str, text: str) -> Fields:
    """An incoming text."""
    return {"channel": "sms", "peer": peer, "direction": "in", "text": text}


def fill(template: str, rng: np.random.Generator) -> str:
    """A message template with its numbers drawn."""
    code, tail, n = rng.integers((100_000, 1_000, 2), (999_999, 9_999, 29)).tolist()
    return template.format(code=code, tail=tail, n=n, yuan=f"{tail / 10:.2f}")


def _visit(host: str, path: str) -> Fields:
    return {"channel": "net", "kind": "visit", "host": host, "url": f"http://{host}{path}"}


def _download(host: str, path: str) -> Fields:
    return {"channel": "net", "kind": "download", "host": host, "url": f"http://{host}{path}"}


def _install(package: str, label: str, category: str) -> Fields:
    tag: Fields = {"channel": "net", "kind": "app_install", "package": package, "app_label": label}
    return {**tag, "app_category": category} if category else tag


def _active(package: str, label: str, category: str) -> Fields:
    return {**_install(package, label, category), "kind": "app_active"}
