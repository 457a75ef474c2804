"""Other towns: as coherent as the calibrated one, and different."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datasets.city import simulate
from datasets.city.calibration import calibration, holding
from datasets.city.script import Emit, scenes, scripts
from datasets.city.variety import other_figures, other_scripts

VARIETIES = st.integers(1, 2**31)


def test_variety_0_is_the_calibrated_city() -> None:
    """Nothing moves."""
    assert other_figures(calibration(), 0) is calibration()
    assert tuple(other_scripts(scripts(), 0)) == scripts()


@given(VARIETIES)
def test_figures_stay_within_reason(variety: int) -> None:
    """Shares lie between 0 and 1, amounts above 0; the priors do not move."""
    there = other_figures(calibration(), variety)
    chances = (
        there.people.abroad_share, there.people.answered_share, there.feeds.silent_text_share, there.feeds.area_share,
        there.feeds.lost_share, *there.campaign_share.values(), *(agent.answered for agent in there.agents.values()),
    )  # fmt: skip
    assert all(0 <= chance <= 1 for chance in chances)
    assert min(there.volumes.calls, there.volumes.texts, there.volumes.visits, there.volumes.active, there.volumes.installs) > 0
    assert there.priors == calibration().priors
    assert there != calibration()


@given(VARIETIES)
def test_stories_keep_their_stages(variety: int) -> None:
    """Stages, where they lead and where the money goes stay; what is seen of them and how long they take does not."""
    for here, there in zip((*scripts(), *scenes()), other_scripts((*scripts(), *scenes()), variety), strict=True):
        assert here.script == there.script
        assert {n: (set(s.next), s.point_of_no_return) for n, s in here.stages.items()} == {
            n: (set(s.next), s.point_of_no_return) for n, s in there.stages.items()
        }
        assert all(0 <= emit.p <= 1 for stage in there.stages.values() for emit in every(stage.emits))
        assert all(stage.dwell.median_s(slow=slow) >= 1 for stage in there.stages.values() for slow in (False, True))


def every(emits: list[Emit]) -> list[Emit]:
    """With those of choices."""
    return [e for emit in emits for e in (emit, *(inner for choice in emit.one_of for inner in every(choice.emits)))]


def test_figures_hold_only_while_a_town_is_simulated() -> None:
    """Afterwards the calibrated ones are back, also when something failed."""
    here = calibration()
    with holding(other_figures(here, 3)):
        assert calibration() != here
    with pytest.raises(ValueError, match="no folder"), holding(other_figures(here, 3)):
        raise ValueError("no folder")
    assert calibration() is here


def test_the_same_town_has_the_same_bytes_and_another_has_others(tmp_path: Path) -> None:
    """A variety is as repeatable as a seed, and truth.ndjson names it."""
    for name, variety in (("a", 7), ("b", 7), ("c", 8)):
        simulate(200, 1, 5, tmp_path / name, variety=variety)
    a, b, c = ((tmp_path / name / "tags.ndjson").read_bytes() for name in "abc")
    assert a == b != c
    assert json.loads((tmp_path / "a" / "truth.ndjson").read_bytes().splitlines()[0])["variety"] == 7
