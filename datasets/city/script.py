"""The language of `scripts/` and `scenes/`: semi-Markov stages and what each shows to the feeds.

A script is one way a gang works, a scene an innocent look-alike; both are a graph of stages. A
stage lasts a lognormal `dwell`, emits tags in order, and leads to the next stage by chance.
`datasets/city/README.md` tells every key. Everything is checked on loading: unknown keys, stages
that do not exist, a way to the end that never passes the point of no return.
"""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path
from typing import Literal

import msgspec

from datasets.city.calibration import FOLDER, Spread, calibration, read

END = "end"
Hours = Literal["any", "office", "day", "evening", "night"]
_UNITS = {"s": 1.0, "min": 60.0, "h": 3_600.0, "d": 86_400.0}
_SPAN = re.compile(r"(\d+(?:\.\d+)?)(s|min|h|d)")

HOUR_SHARES: dict[str, list[float]] = {
    "any": [0.2, 0.1, 0, 0, 0, 0, 0.2, 0.6, 1.5, 2, 2, 1.8, 1.2, 1.3, 1.8, 1.8, 1.6, 1.3, 1.2, 1.6, 1.8, 1.6, 1, 0.5],
    "office": [0, 0, 0, 0, 0, 0, 0, 0, 0.6, 2, 2.2, 1.6, 0.6, 1, 2, 2, 1.6, 0.8, 0.2, 0, 0, 0, 0, 0],
    "day": [0, 0, 0, 0, 0, 0, 0, 0.4, 1, 2, 2, 1.8, 1.2, 1.4, 1.8, 1.8, 1.6, 1.2, 1, 1.2, 1, 0.5, 0, 0],
    "evening": [0.4, 0.1, 0, 0, 0, 0, 0, 0, 0.2, 0.3, 0.4, 0.5, 0.7, 0.5, 0.4, 0.4, 0.5, 0.8, 1.2, 2, 2.4, 2.2, 1.6, 0.8],
    "night": [2, 1.6, 0.8, 0.3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0.2, 0.5, 1, 2, 2.6, 2.6],
}  # fmt: skip
"""Weight of each hour, local time, for the beginning of an episode (assumption)."""


class Dwell(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How long a stage lasts: lognormal; `slow` is the median in runs with slow scams."""

    median: str
    sigma: float = 0.6
    slow: str = ""
    assumption: bool = True
    source: str = ""

    def median_s(self, *, slow: bool) -> float:
        """The median in seconds."""
        return seconds(self.slow if slow and self.slow else self.median)


class Emit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One tag, call or choice that a stage may show. Exactly one of the first eight keys is given."""

    call: Literal["", "open", "close", "whole", "missed"] = ""
    scam_sms: str = ""
    sms: str = ""
    visit: str = ""
    download: str = ""
    install: str = ""
    active: str = ""
    one_of: list[Choice] = msgspec.field(default_factory=list)
    p: float = 1.0
    n: tuple[int, int] = (1, 1)
    at: float | None = None
    by: str = msgspec.field(default="caller", name="from")
    line: str = "main"
    seconds: Spread = Spread(60.0, 0.8, 5.0, 7_200.0)
    out: bool = False
    forwarded: bool = False
    needs_call: bool = False

    def actions(self) -> list[str]:
        """Which of the keys that say what happens are given."""
        return [k for k in _ACTIONS if getattr(self, k)]


_ACTIONS = ("call", "scam_sms", "sms", "visit", "download", "install", "active", "one_of")


class Choice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One of several things, with its weight."""

    w: float
    emits: list[Emit]


class Stage(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A stage of a script: how long, what it shows, how many give up here, what comes next."""

    dwell: Dwell
    emits: list[Emit] = msgspec.field(default_factory=list)
    next: dict[str, float] = msgspec.field(default_factory=lambda: {END: 1.0})
    drop_out: float = 0.2
    any_order: bool = False
    point_of_no_return: bool = False


class Script(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a gang works, or (with `what` instead of `scam_type`) how an innocent scene goes.

    `target`: factors by `age`, `household`, `work`. `numbers`: what the gang calls from.
    `first`: how attempts that are ignored look. `rate`: scenes a day and 10,000 people.
    """

    script: str
    begin: dict[str, float]
    stages: dict[str, Stage]
    scam_type: str = ""
    what: str = ""
    variant: str = ""
    sources: list[str] = msgspec.field(default_factory=list)
    weight: float = 1.0
    rate: float = 0.0
    novel: bool = False
    hours: Hours = "any"
    target: dict[str, dict[str, float]] = msgspec.field(default_factory=dict)
    past_victims: float = 0.0
    numbers: dict[str, float] = msgspec.field(default_factory=lambda: {"virtual": 0.5, "mobile": 0.5})
    first: dict[str, float] = msgspec.field(default_factory=lambda: {"call": 1.0})
    loss_cny: Spread = Spread(20_000.0, 1.1)

    @property
    def slow(self) -> bool:
        """Whether some stage takes days in runs with slow scams."""
        return any(stage.dwell.slow for stage in self.stages.values())


def seconds(span: str) -> float:
    """`90s`, `15min`, `2h`, `7d` in seconds. Raises ValueError."""
    match = _SPAN.fullmatch(span)
    if not match:
        raise ValueError(f"{span!r} is no span; write 90s, 15min, 2h or 7d")
    return float(match[1]) * _UNITS[match[2]]


@lru_cache(maxsize=1)
def scripts() -> tuple[Script, ...]:
    """Every scam script, by file name. Raises ValueError naming file and remedy."""
    files = sorted((FOLDER / "scripts").glob("*.yaml"))
    return tuple(_checked(read(file, Script), file) for file in files)


@lru_cache(maxsize=1)
def scenes() -> tuple[Script, ...]:
    """Every innocent scene, by file name and place."""
    files = sorted((FOLDER / "scenes").glob("*.yaml"))
    return tuple(_checked(scene, file) for file in files for scene in read(file, list[Script]))


def _checked(script: Script, file: Path) -> Script:
    def refuse(what: str, remedy: str) -> None:
        raise ValueError(f"{file.name} [{script.script}]: {what} — {remedy}")

    if bool(script.scam_type) == bool(script.what):
        refuse("needs either scam_type or what", "a scam has a type, an innocent scene says what it is")
    if script.scam_type and script.scam_type not in calibration().type_mix:
        refuse(f"unknown scam_type {script.scam_type}", "use a code of type_mix in calibration.yaml")
    for name, stage in script.stages.items():
        if unknown := [to for to in stage.next if to != END and to not in script.stages]:
            refuse(f"stage {name} leads to {unknown[0]}", f"stages are {', '.join(script.stages)}")
        for emit in _all_emits(stage.emits):
            if len(emit.actions()) != 1:
                refuse(
                    f"an emit of {name} has {emit.actions()}", f"give exactly one of {', '.join(_ACTIONS)}"
                )
        seconds(stage.dwell.median), seconds(stage.dwell.slow or "1s")
    if unknown := [to for to in script.begin if to not in script.stages]:
        refuse(f"begins with {unknown[0]}", f"stages are {', '.join(script.stages)}")
    if script.scam_type and _can_end_without_loss(script):
        refuse("a way to the end has no point_of_no_return", "mark a stage that every way passes")
    return script


def _all_emits(emits: list[Emit]) -> list[Emit]:
    inner = [e for emit in emits for choice in emit.one_of for e in _all_emits(choice.emits)]
    return [*emits, *inner]


def _can_end_without_loss(script: Script) -> bool:
    todo, seen = list(script.begin), set[str]()
    while todo:
        name = todo.pop()
        if name in seen or script.stages[name].point_of_no_return:
            continue
        seen.add(name)
        following = script.stages[name].next or {END: 1.0}
        if END in following:
            return True
        todo += following
    return False
