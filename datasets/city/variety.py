"""Other towns: the figures, scripts and scenes of the calibrated city, moved at random.

A model that has seen one town takes its habits for the truth. Each `variety` above 0 is a town of its own: another amount
of calls and texts, other feeds, other callers and mixes of types, other gaits and omissions of the gangs; 0 is the
calibrated city. How far things move is an assumption.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import numpy as np
from msgspec.structs import replace

from datasets.city.calibration import Agent, Calibration, Feeds, Folk, Spread, Volumes
from datasets.city.chance import Rng, stream
from datasets.city.script import Choice, Dwell, Emit, Script, Stage, seconds

_LEFT_OUT = 0.08
"""Share of the uncertain things of a stage that this town's gangs never do."""
_NOT_CERTAIN = 0.25
"""Share of the certain ones that are left out now and then here."""


def other_figures(figures: Calibration, variety: int) -> Calibration:
    """The figures of town `variety`."""
    if not variety:
        return figures
    rng = stream(variety, "town")
    return replace(
        figures,
        people=_folk(rng, figures.people), volumes=_volumes(rng, figures.volumes), feeds=_feeds(rng, figures.feeds),
        text_senders=_shares(rng, figures.text_senders, 0.5), text_kinds=_shares(rng, figures.text_kinds, 0.6),
        agents={name: _agent(rng, agent) for name, agent in figures.agents.items()},
        type_mix=_shares(rng, figures.type_mix, 0.6), campaigns=_near(rng, figures.campaigns, 0.4),
        campaign_share={name: _chance(rng, p, 0.5) for name, p in figures.campaign_share.items()},
        number_life_days=int(rng.integers(1, 5)), numbers_per_gang=int(rng.integers(2, 7)), domain_life_days=int(rng.integers(1, 7)),
    )  # fmt: skip


def other_scripts(scripts: Iterable[Script], variety: int) -> Iterator[Script]:
    """How the scripts or scenes go in town `variety`: the same stages in the same order."""
    for script in scripts:
        yield _script(stream(variety, f"script {script.script}"), script) if variety else script


def _near(rng: Rng, value: float, sigma: float, most: float = np.inf) -> float:
    return float(min(value * np.exp(rng.normal(0.0, sigma)), most))


def _chance(rng: Rng, p: float, sigma: float) -> float:
    """A chance moved on the scale of log-odds; 0 and 1 stay."""
    return float(1 / (1 + (1 - p) / p * np.exp(rng.normal(0.0, sigma)))) if 0 < p < 1 else p


def _shares(rng: Rng, shares: Mapping[str, float], sigma: float) -> dict[str, float]:
    return {name: _near(rng, share, sigma) for name, share in shares.items()}


def _spread(rng: Rng, spread: Spread, sigma: float) -> Spread:
    return replace(spread, median=_near(rng, spread.median, sigma))


def _folk(rng: Rng, folk: Folk) -> Folk:
    return replace(
        folk, night_share=_chance(rng, folk.night_share, 0.5), commuter_share=_chance(rng, folk.commuter_share, 0.5),
        abroad_share=_chance(rng, folk.abroad_share, 0.6), chattiness_sigma=_near(rng, folk.chattiness_sigma, 0.2),
        contacts=_spread(rng, folk.contacts, 0.4), talk_s=_spread(rng, folk.talk_s, 0.3),
        answered_share=_chance(rng, folk.answered_share, 0.4),
    )  # fmt: skip


def _volumes(rng: Rng, volumes: Volumes) -> Volumes:
    busy = _near(rng, 1.0, 0.5)
    return Volumes(
        calls=_near(rng, volumes.calls * busy, 0.3), texts=_near(rng, volumes.texts * busy, 0.3), visits=_near(rng, volumes.visits * busy, 0.4),
        active=_near(rng, volumes.active * busy, 0.4), installs=_near(rng, volumes.installs * busy, 0.6),
    )  # fmt: skip


def _feeds(rng: Rng, feeds: Feeds) -> Feeds:
    return replace(
        feeds, telecom=_shares(rng, feeds.telecom, 0.8), net=_shares(rng, feeds.net, 0.8),
        silent_text_share=_near(rng, feeds.silent_text_share, 0.8, 0.5), area_share=float(rng.uniform(0.3, 1.0)),
        lost_share=_near(rng, feeds.lost_share, 0.8, 0.15), late_share=_near(rng, feeds.late_share, 0.8, 0.1),
    )  # fmt: skip


def _agent(rng: Rng, agent: Agent) -> Agent:
    return replace(
        agent, rate=_near(rng, agent.rate, 0.6), agents=_near(rng, agent.agents, 0.4), answered=_chance(rng, agent.answered, 0.4),
        talk_median_s=_near(rng, agent.talk_median_s, 0.3), numbers=_shares(rng, agent.numbers, 0.5),
    )  # fmt: skip


def _script(rng: Rng, script: Script) -> Script:
    return replace(
        script, rate=_near(rng, script.rate, 0.7), numbers=_shares(rng, script.numbers, 0.7), first=_shares(rng, script.first, 0.5),
        stages={name: _stage(rng, stage) for name, stage in script.stages.items()},
    )  # fmt: skip


def _stage(rng: Rng, stage: Stage) -> Stage:
    return replace(
        stage,
        dwell=_dwell(rng, stage.dwell),
        emits=[_emit(rng, emit) for emit in stage.emits],
        next=_shares(rng, stage.next, 0.4),
    )


def _dwell(rng: Rng, dwell: Dwell) -> Dwell:
    by = _near(rng, 1.0, 0.5)
    return replace(dwell, median=_times(dwell.median, by), slow=_times(dwell.slow, by) if dwell.slow else "")


def _times(span: str, by: float) -> str:
    return f"{max(1.0, seconds(span) * by):.0f}s"


def _emit(rng: Rng, emit: Emit) -> Emit:
    if emit.p < 1:
        p = 0.0 if rng.random() < _LEFT_OUT else _chance(rng, emit.p, 0.8)
    else:
        p = float(rng.uniform(0.7, 1.0)) if rng.random() < _NOT_CERTAIN else 1.0
    choices = [
        Choice(_near(rng, choice.w, 0.5), [_emit(rng, inner) for inner in choice.emits])
        for choice in emit.one_of
    ]
    return replace(emit, p=p, one_of=choices, seconds=_spread(rng, emit.seconds, 0.4))
