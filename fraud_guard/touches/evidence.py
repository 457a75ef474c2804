"""A touch as evidence. One family is one voice, however many of its APKs and hosts somebody met."""

from __future__ import annotations

from fraud_guard.fusion.evidence import Evidence
from fraud_guard.touches.known import Bad
from fraud_guard.touches.policy import TouchPolicy

LOWEST_LEVEL = 4
_ZH = {"app": "安装或使用过经检测的涉诈应用", "file": "下载过经检测的涉诈应用安装包", "host": "访问过涉诈应用使用的网址"}
_EN = {"app": "installed or used an app that was found to be fraudulent", "file": "downloaded an app that was found to be fraudulent", "host": "visited a host that a fraudulent app talks to"}
_MAYBE_ZH, _MAYBE_EN = "（检测为可疑）", " (the app is suspicious, not proven)"


def evidence_of(bad: Bad, positions: tuple[int, ...], ts_ms: int, policy: TouchPolicy) -> Evidence:
    """What the touch of something bad says at `ts_ms`; `positions` are the tags that touched it."""
    notice, mark = bad
    thing = policy.of(mark.thing)
    sure = notice.finding == "malicious" and mark.confidence >= policy.sure
    return Evidence(
        kind="indicator" if mark.thing == "host" else "apk", id=notice.id, version=policy.version,
        weight=round(thing.weight * notice.weight * mark.confidence, 4), group=f"apk/{notice.family or notice.sha256}",
        scam_types=(), ts_ms=ts_ms, until_ms=ts_ms + policy.holds_s * 1000,
        level_floor=thing.level if sure else LOWEST_LEVEL, positions=positions,
        summary_zh=_ZH[mark.thing] + _who(notice.family, notice.brand, "（家族：{}）", "（假冒：{}）") + ("" if sure else _MAYBE_ZH),
        summary_en=_EN[mark.thing] + _who(notice.family, notice.brand, " (family {})", " (posing as {})") + ("" if sure else _MAYBE_EN),
    )  # fmt: skip


def _who(family: str, brand: str, of_family: str, of_brand: str) -> str:
    return (of_family.format(family) if family else "") + (of_brand.format(brand) if brand else "")
