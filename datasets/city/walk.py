"""One walk through a script: which tags appear when, and when the money is gone.

Times are seconds since the story began. A walk to a loss passes the point of no return; one that
is broken off is such a walk cut short, earlier for the wary; an attempt that is ignored is the
first contact alone.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from datasets.city.cast import Cast
from datasets.city.chance import Rng, pick
from datasets.city.feeds import Fields
from datasets.city.script import END, Emit, Script, Stage

MOST_STAGES = 40
MOST_TALK_S = 7_200.0
_RING_S = (3.0, 18.0)
_CATEGORY_TOLD = 0.6


@dataclass
class Story:
    """What happened: tags with their second, stages, when it was too late, lines that were engaged."""

    tags: list[tuple[float, Fields]] = field(default_factory=list)
    stages: list[tuple[str, float]] = field(default_factory=list)
    engaged: list[tuple[float, float]] = field(default_factory=list)
    no_return_s: float | None = None
    end_s: float = 0.0

    def moved(self) -> Story:
        """The same, its seconds counted from the first tag: a call that warms up comes before the first stage."""
        begin = min([0.0, *(at for at, _ in self.tags)])
        self.tags = sorted(((at - begin, tag) for at, tag in self.tags), key=lambda pair: pair[0])
        self.stages = [(name, at - begin) for name, at in self.stages]
        self.engaged = [(a - begin, b - begin) for a, b in self.engaged]
        self.no_return_s = None if self.no_return_s is None else self.no_return_s - begin
        self.end_s = max([self.end_s - begin, *(at for at, _ in self.tags)])
        return self


@dataclass(frozen=True)
class Pace:
    """`scale` multiplies every dwell time; `slow` takes the slow medians."""

    scale: float = 1.0
    slow: bool = False


Path = list[tuple[str, float, float]]
"""(stage, begin, dwell) in s."""


def to_the_end(script: Script, cast: Cast, pace: Pace) -> Story:
    """A story that goes its whole way; of a scam: with its loss."""
    path = _path(script, cast.rng, pace)
    no_return = [begin + dwell for name, begin, dwell in path if script.stages[name].point_of_no_return]
    last = path[-1][1] + path[-1][2]
    story = _Teller(script, cast, last).told(path)
    story.no_return_s = min(no_return) if no_return else None
    return story.moved()


def broken_off(script: Script, cast: Cast, pace: Pace) -> Story:
    """A story that the person ends before the money is gone."""
    path = _path(script, cast.rng, pace)
    before = next(i for i, (name, _, _) in enumerate(path) if script.stages[name].point_of_no_return)
    wary = 0.5 + float(cast.people.awareness[cast.person])
    weights = [script.stages[name].drop_out * wary**-i for i, (name, _, _) in enumerate(path[: before + 1])]
    place = int(np.searchsorted(np.cumsum(weights), cast.rng.random() * sum(weights)))
    _, begin, dwell = path[min(place, before)]
    return _Teller(script, cast, begin + dwell * float(cast.rng.uniform(0.3, 0.9))).told(path).moved()


def ignored(script: Script, cast: Cast) -> Story:
    """A first contact that comes to nothing: a call not answered or soon ended, a text not acted on."""
    rng, teller = cast.rng, _Teller(script, cast, 86_400.0)
    if pick(rng, script.first) == "call":
        teller.brief_call(0.0)
        if rng.random() < 0.12:
            teller.brief_call(float(rng.lognormal(np.log(600), 1.0)))
    else:
        teller.text(0.0, *cast.scam_text("lure"))
        if rng.random() < 0.1:
            teller.visit(float(rng.lognormal(np.log(300), 1.2)), "site")
    return teller.told([("ignored", 0.0, 1.0)]).moved()


def _path(script: Script, rng: Rng, pace: Pace) -> Path:
    """Stages until the end, each with its dwell time."""
    path: Path = []
    name, now = pick(rng, script.begin), 0.0
    while name != END and len(path) < MOST_STAGES:
        stage = script.stages[name]
        median_s = stage.dwell.median_s(slow=pace.slow) * pace.scale
        dwell = float(rng.lognormal(np.log(median_s), stage.dwell.sigma))
        path.append((name, now, min(dwell, 4 * median_s)))
        now += path[-1][2]
        name = pick(rng, stage.next)
    return path


class _Teller:
    """Turns stages into tags up to second `stop_s`."""

    def __init__(self, script: Script, cast: Cast, stop_s: float) -> None:
        self._script, self._cast, self._stop_s = script, cast, stop_s
        self._rng, self._story = cast.rng, Story()
        self._open: dict[str, tuple[float, Emit]] = {}
        self._installed: set[str] = set()
        self._calls = 0

    def told(self, path: Path) -> Story:
        """The story of these stages."""
        story = self._story
        for name, begin, dwell in path:
            if begin > self._stop_s:
                break
            story.stages.append((name, begin))
            story.end_s = min(begin + dwell, self._stop_s)
            if name in self._script.stages:
                self._stage(self._script.stages[name], begin, dwell)
        for line in list(self._open):
            self._close(line, story.end_s)
        return story

    def _stage(self, stage: Stage, begin: float, dwell: float) -> None:
        emits = self._chosen(stage.emits)
        if stage.any_order:
            emits = [emits[i] for i in self._rng.permutation(len(emits))]
        places = np.sort(self._rng.uniform(0.04, 0.96, len(emits))).tolist()
        timed = [
            (begin + dwell * (place if e.at is None else e.at), e)
            for place, e in zip(places, emits, strict=True)
        ]
        for at, emit in sorted(timed, key=lambda pair: pair[0]):
            if at <= self._stop_s:
                self._act(at, emit)

    def _chosen(self, emits: list[Emit]) -> list[Emit]:
        """Which of the emits happen, as often as they do."""
        chosen: list[Emit] = []
        for emit in emits:
            if self._rng.random() >= emit.p:
                continue
            if emit.one_of:
                weights = {str(i): choice.w for i, choice in enumerate(emit.one_of)}
                chosen += self._chosen(emit.one_of[int(pick(self._rng, weights))].emits)
            else:
                chosen += [emit] * int(self._rng.integers(emit.n[0], emit.n[1] + 1))
        return chosen

    def _act(self, at: float, emit: Emit) -> None:
        if emit.needs_call and not self._open:
            return
        if emit.call:
            self._call(at, emit)
        elif emit.scam_sms:
            self.text(at, *self._cast.scam_text(emit.scam_sms))
        elif emit.sms:
            self.text(at, *self._cast.genuine_text(emit.sms, emit.by), out=emit.out)
        elif emit.visit:
            self.visit(at, emit.visit)
        elif emit.download:
            self._download(at, emit.download)
        else:
            self._app(at, emit)

    def _call(self, at: float, emit: Emit) -> None:
        if emit.call == "open":
            self._warm_up(at, emit)
            self._open.setdefault(emit.line, (at, emit))
        elif emit.call == "close":
            self._close(emit.line, at)
        elif emit.call == "missed":
            self._legs(at, float(self._rng.uniform(8, 40)), 0.0, emit)
        else:
            spread = emit.seconds
            talk = float(self._rng.lognormal(np.log(spread.median), spread.sigma))
            talk = min(max(talk, spread.least, 3.0), spread.most, MOST_TALK_S)
            self._legs(at, float(self._rng.uniform(*_RING_S)), talk, emit)

    def _close(self, line: str, at: float) -> None:
        """The call ends: as one call, or in the pieces that a careful gang makes of it."""
        if line not in self._open:
            return
        begin, emit = self._open.pop(line)
        ring = min(float(self._rng.uniform(*_RING_S)), max(1.0, (at - begin) / 2))
        talk = max(1.0, at - begin - ring)
        if talk < 300 or self._cast.gang is None or self._rng.random() >= self._cast.evasion.dripped:
            self._legs(begin, ring, talk, emit)
            return
        pieces = min(8, 2 + int(talk // 400))
        for piece in range(pieces):
            share = float(self._rng.uniform(0.55, 0.9)) * talk / pieces
            self._legs(begin + piece * (ring + talk) / pieces, min(ring, 6.0), share, emit)

    def _legs(self, at: float, ring: float, talk: float, emit: Emit) -> None:
        """Start, answer and end of one call."""
        self._calls += 1
        leg: Fields = {
            "channel": "call", "peer": self._cast.peer(emit.by), "direction": "out" if emit.out else "in",
            "call_id": str(self._calls),
        }  # fmt: skip
        tags = self._story.tags
        tags.append((at, {**leg, "phase": "start", **({"forwarded": True} if emit.forwarded else {})}))
        if talk:
            tags.append((at + ring, {**leg, "phase": "answer"}))
            if talk >= 45:
                self._story.engaged.append((at, at + ring + talk))
        tags.append((at + ring + talk, {**leg, "phase": "end", "duration_s": int(talk)}))

    def _warm_up(self, at: float, emit: Emit) -> None:
        if self._cast.gang and emit.by == "caller" and self._rng.random() < self._cast.evasion.warmed_up:
            before = float(self._rng.uniform(1_800, 40_000))
            self._legs(at - before, float(self._rng.uniform(*_RING_S)), float(self._rng.uniform(4, 20)), emit)

    def brief_call(self, at: float) -> None:
        """A call of the gang that nobody answers, or that is ended soon."""
        answered, talk = self._rng.random() < 0.55, float(self._rng.lognormal(np.log(14), 1.1))
        self._legs(
            at, float(self._rng.uniform(*_RING_S)), min(talk, 600.0) if answered else 0.0, Emit(call="whole")
        )

    def text(self, at: float, peer: str, text: str, *, out: bool = False) -> None:
        """A text, or its mere arrival when it is a picture."""
        tag: Fields = {"channel": "sms", "peer": peer, "direction": "out" if out else "in"}
        self._story.tags.append((at, {**tag, "text": text} if text else tag))

    def visit(self, at: float, role: str) -> None:
        """A page of the role's site."""
        host = self._cast.host(role)
        up, down = int(self._rng.integers(200, 30_000)), int(self._rng.integers(2_000, 900_000))
        self._story.tags.append(
            (at, _net("visit", host=host, url=f"http://{host}/{up:x}", bytes_up=up, bytes_down=down))
        )

    def _download(self, at: float, role: str) -> None:
        host = self._cast.host(role)
        size = int(self._rng.integers(4_000_000, 60_000_000))
        tag = _net("download", host=host, url=f"https://{host}/d/{size:x}.apk", bytes_down=size)
        self._story.tags.append((at, tag))

    def _app(self, at: float, emit: Emit) -> None:
        role = emit.install or emit.active
        if emit.install:
            self._installed.add(role)
        elif role.startswith("gang") and role not in self._installed:
            return
        package, label, category = self._cast.app(role)
        if role.startswith("gang") and self._rng.random() >= _CATEGORY_TOLD:
            category = "other" if self._rng.random() < 0.4 else ""
        tag = _net("app_install" if emit.install else "app_active", package=package, app_label=label)
        if category:
            tag["app_category"] = category
        self._story.tags.append((at, tag))


def _net(kind: str, **fields: object) -> Fields:
    return {"channel": "net", "kind": kind, **fields}
