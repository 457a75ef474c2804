"""Every script of the city can be walked at any pace, and a wrong one is refused with its remedy."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datasets.city import START_MS, walk
from datasets.city.calibration import calibration
from datasets.city.cast import Cast
from datasets.city.chance import stream
from datasets.city.evasion import HARD, PLAIN, Evasion
from datasets.city.gangs import Gang
from datasets.city.nights import DAY_S, Nights
from datasets.city.people import People, populate
from datasets.city.plan import Plan, Setting
from datasets.city.script import Script, load_script, scenes, scripts
from datasets.city.story import Pace
from datasets.wording.templates import scam_types

WALKS = 25
SCRIPT = """
script: short
scam_type: phishing
begin: {text: 1}
stages:
  text: {dwell: {median: 5min}, emits: [{scam_sms: lure}], next: {money: 1}}
  money: {dwell: {median: 5min}, point_of_no_return: true}
"""


@pytest.fixture(scope="module")
def people() -> People:
    """Five hundred of them."""
    return populate(3, 500)


def cast(people: People, script: Script, n: int, *, innocent: bool = False, evasion: Evasion = PLAIN) -> Cast:
    """The parts of the n-th walk."""
    gang = None if innocent else Gang(3, 1, script.scam_type, drift=False)
    return Cast(
        stream(3, script.script, n),
        people,
        n * 7 % people.size,
        0,
        script.numbers,
        gang,
        (1,),
        evasion,
        36_000.0,
    )


def test_there_is_a_script_for_every_type() -> None:
    """At least 18 scripts for at least 16 types; every type has one, a share and texts; one is held out."""
    types = {script.scam_type for script in scripts()}
    assert len(scripts()) >= 18
    assert len(types) >= 16
    assert types == set(calibration().type_mix) == set(scam_types())
    assert sum(script.novel for script in scripts()) == 1


@pytest.mark.parametrize("script", scripts(), ids=lambda script: script.script)
def test_a_script_runs_at_half_and_at_double_pace(people: People, script: Script) -> None:
    """A walk to the end shows something and passes the point of no return; dwell times scale."""
    medians = []
    for scale in (0.5, 1.0, 2.0):
        stories = [walk.to_the_end(script, cast(people, script, n), Pace(scale)) for n in range(WALKS)]
        assert all(story.no_return_s is not None and story.no_return_s > 0 for story in stories)
        assert all(0 <= at <= story.end_s for story in stories for at, _ in story.tags)
        assert sum(bool(story.tags) for story in stories) >= 0.9 * WALKS
        medians.append(float(np.median([story.no_return_s or 0.0 for story in stories])))
    assert medians[0] < medians[1] < medians[2]


@pytest.mark.parametrize("script", scripts(), ids=lambda script: script.script)
def test_a_script_differs_inside(people: People, script: Script) -> None:
    """Two victims hardly ever see the same things in the same order."""
    seen = [walk.to_the_end(script, cast(people, script, n, evasion=HARD), Pace()) for n in range(WALKS)]
    shapes = {tuple((tag["channel"], tag.get("kind", tag.get("phase"))) for _, tag in s.tags) for s in seen}
    assert len(shapes) > 0.5 * WALKS


@pytest.mark.parametrize("script", scripts(), ids=lambda script: script.script)
def test_an_attempt_may_come_to_nothing(people: People, script: Script) -> None:
    """Broken off, a story has no point of no return; ignored, it is a contact or two."""
    for n in range(WALKS):
        assert walk.broken_off(script, cast(people, script, n), Pace()).no_return_s is None
        assert 1 <= len(walk.ignored(script, cast(people, script, n)).tags) <= 6


@pytest.mark.parametrize("scene", scenes(), ids=lambda scene: scene.script)
def test_a_scene_is_innocent(people: People, scene: Script) -> None:
    """Nothing of a gang is in a scene, and it never ends in a loss."""
    for n in range(5):
        story = walk.to_the_end(scene, cast(people, scene, n, innocent=True), Pace())
        assert story.no_return_s is None
        assert all(tag.get("host", "").find("203.0.113") < 0 for _, tag in story.tags)


def test_scams_have_innocent_counterparts() -> None:
    """Whatever kind of thing a scam shows, some scene shows too."""

    def shown(some: tuple[Script, ...]) -> set[str]:
        emits = [e for script in some for stage in script.stages.values() for e in stage.emits]
        emits += [e for emit in emits for choice in emit.one_of for e in choice.emits]
        apps = {
            f"{e.install and 'install'}{e.active and 'active'} {(e.install or e.active).partition(':')[2]}"
            for e in emits
        }
        return apps | {e.sms for e in emits} | {f"call {e.call} {e.forwarded}" for e in emits}

    assert shown(scripts()) - shown(scenes()) == set()


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("next: {money: 1}", "next: {mony: 1}", "leads to mony"),
        ("begin: {text: 1}", "begin: {start: 1}", "begins with start"),
        (", point_of_no_return: true", "", "no point_of_no_return"),
        ("scam_type: phishing", "scam_type: fishing", "unknown scam_type fishing"),
        ("{scam_sms: lure}", "{scam_sms: lure, visit: site}", "exactly one of"),
        ("5min}, emits", "soon}, emits", "'soon' is no span"),
        ("script: short", "scripts: short", "unknown field"),
    ],
)
def test_a_wrong_script_is_refused(tmp_path: Path, old: str, new: str, complaint: str) -> None:
    """Names that do not exist, spans that are none and ways without a loss are named with a remedy."""
    file = tmp_path / "short.yaml"
    file.write_text(SCRIPT)
    assert load_script(file).script == "short"
    file.write_text(SCRIPT.replace(old, new))
    with pytest.raises(ValueError, match=complaint):
        load_script(file)


def test_slow_scams_take_weeks() -> None:
    """With slow scams, pig-butchering and investment take a week to ten, and hardly anything happens at night."""
    plan = Plan(populate(1, 2_000), Setting(1, START_MS, 90, slow=True))
    told = plan.slow_episodes()
    rows = [msgspec.json.decode(t.truth) for t in told]
    leads = [
        (row["t_point_of_no_return_ms"] - row["t_first_ms"]) / 86_400_000
        for row in rows
        if row["outcome"] == "loss" and row["scam_type"] in ("pig_butchering", "fake_investment")
    ]
    assert len(leads) > 20
    assert 14 < np.median(leads) < 60
    hours = [(ms + 8 * 3_600_000) // 3_600_000 % 24 for t in told for ms, _ in t.lines]
    assert sum(3 <= hour < 6 for hour in hours) < 0.01 * len(hours)


@given(st.floats(0, DAY_S - 1), st.floats(0, 30 * DAY_S), st.integers(0, 50))
def test_nobody_is_woken(clock_s: float, at: float, seed: int) -> None:
    """A time is only ever put off, by less than a night and a morning, and then lies in no later night."""
    nights = Nights.of(stream(seed, "nights"), clock_s)
    later = nights.awake(at)
    assert at <= later < at + 10 * 3_600
    hour_s = (clock_s + later) % DAY_S
    first_night = clock_s + later < nights.rise_s
    assert first_night or not nights.bed_s <= hour_s < nights.rise_s - 1e-3
