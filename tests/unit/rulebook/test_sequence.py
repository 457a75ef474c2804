"""Sequences: the fast matching finds exactly what trying all combinations finds."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from fraud_guard.rulebook.rule import SequenceSpec
from fraud_guard.rulebook.sequence import Shape, best_chain, match_newest
from fraud_guard.tags.kinds import Kind
from tests.reference.chains import best_chain as plain_chain
from tests.reference.record import Event

WORDS = ("otp", "lure", "bank", "link")
S = 1_000


class Ring(NamedTuple):
    """A ring in which event i fulfils the words (flags) `flags[i]`, and a sequence over it."""

    times_s: list[int]
    flags: list[int]
    spec: SequenceSpec

    @property
    def events(self) -> list[Event]:
        return [
            Event(t * S, Kind.SMS, 0, f << 12, 0, i)
            for i, (t, f) in enumerate(zip(self.times_s, self.flags, strict=True))
        ]

    @property
    def words(self) -> list[int]:
        """For each step the bit of its word in `flags`."""
        return [(1, 4, 2, 8)[WORDS.index(step.where)] for step in self.spec.steps]

    @property
    def fits(self) -> list[list[int]]:
        return [[i for i, f in enumerate(self.flags) if f & word] for word in self.words]

    @property
    def shape(self) -> Shape:
        spans_ms = tuple((s.within or self.spec.within) * S for s in self.spec.steps)
        return Shape(self.spec.within * S, tuple(s.optional for s in self.spec.steps), spans_ms)


@st.composite
def specs(draw: st.DrawFn, most: int = 5) -> SequenceSpec:
    """Sequences of 2 to `most` steps over the words, with optional steps and limits of their own."""
    within = draw(st.integers(1, 20))
    steps: list[dict[str, object]] = []
    for where in draw(st.lists(st.sampled_from(WORDS), min_size=2, max_size=most)):
        mandatory_before = any(not s["optional"] for s in steps)
        limit = draw(st.none() | st.integers(1, within)) if mandatory_before else None
        steps.append(
            {"where": where, "optional": draw(st.booleans()), "within": f"{limit}s" if limit else None}
        )
    steps[-1]["optional"] = False
    if sum(not s["optional"] for s in steps) < 2:
        steps[0] |= {"optional": False, "within": None}
    return SequenceSpec.model_validate({"within": f"{within}s", "steps": steps})


@st.composite
def rings(draw: st.DrawFn) -> Ring:
    size = draw(st.integers(1, 8))
    times_s = sorted(draw(st.lists(st.integers(0, 20), min_size=size, max_size=size)))
    return Ring(times_s, draw(st.lists(st.integers(0, 15), min_size=size, max_size=size)), draw(specs()))


def matched(several: list[Ring], width: int = 10) -> list[bool]:
    """`match_newest` over the rings, padded as rings are; all have the same number of mandatory steps."""
    times_ms = np.zeros((len(several), width), np.int64)
    mandatory = several[0].shape.mandatory
    steps = [
        np.ones((len(several), width), np.bool_) for _ in mandatory[:-1]
    ]  # what lies beyond a ring's size must not matter
    last = np.array([len(r.times_s) - 1 for r in several], np.intp)
    for n, ring in enumerate(several):
        times_ms[n, : len(ring.times_s)] = np.array(ring.times_s) * S
        for mask, k in zip(steps, ring.shape.mandatory[:-1], strict=True):
            mask[n, : len(ring.times_s)] = [bool(f & ring.words[k]) for f in ring.flags]
    within_ms = [
        np.array([r.shape.within_ms[r.shape.mandatory[q]] for r in several]) for q in range(1, len(mandatory))
    ]
    span_ms = np.array([r.shape.span_ms for r in several])
    ends = [bool(r.flags[-1] & r.words[-1]) for r in several]
    return (match_newest(times_ms, steps, within_ms, span_ms, last) & ends).tolist()  # type: ignore[no-any-return]


@settings(max_examples=400)
@given(rings())
def test_the_newest_event_completes_a_chain_if_any_combination_does(ring: Ring) -> None:
    """`match_newest` is True exactly when some chain ends with the last event, whatever the optional steps."""
    at = len(ring.times_s) - 1
    assert matched([ring]) == [plain_chain(ring.events, at, ring.spec) is not None]


@given(st.lists(rings(), min_size=2, max_size=6))
def test_rings_do_not_disturb_each_other(several: list[Ring]) -> None:
    """Many rings and sequences matched at once answer as each alone."""
    alike = [r for r in several if len(r.shape.mandatory) == len(several[0].shape.mandatory)]
    assert matched(alike) == [matched([ring])[0] for ring in alike]


@settings(max_examples=600)
@given(rings(), st.data())
def test_the_best_chain_through_an_event_is_found(ring: Ring, data: st.DataObject) -> None:
    """`best_chain` gives the chain that brute force ranks first: most optional steps, narrowest, latest."""
    at = data.draw(st.integers(0, len(ring.times_s) - 1))
    expected = plain_chain(ring.events, at, ring.spec)
    got = best_chain([t * S for t in ring.times_s], ring.fits, at, ring.shape)
    assert (got is None) == (expected is None)
    if got is not None and expected is not None:
        assert got.events == tuple(e.position for e in expected.events)
        assert got.seen == expected.seen


def chain(spec: dict[str, object], *events: tuple[int, int]) -> tuple[tuple[int, ...], int] | None:
    """Events and optional steps seen of the best chain through the last of (second, words) events."""
    ring = Ring([t for t, _ in events], [w for _, w in events], SequenceSpec.model_validate(spec))
    return best_chain([t * S for t in ring.times_s], ring.fits, len(events) - 1, ring.shape)


OTP, BANK, LURE = 1, 2, 4
TWICE = {"within": "10s", "steps": ["otp", "otp"]}
MAYBE = {"within": "10s", "steps": ["otp", {"where": "lure", "optional": True}, "bank"]}


def test_one_event_serves_one_step() -> None:
    """A single event that fulfils both steps is no sequence; two of them are, even in the same second."""
    assert chain(TWICE, (5, OTP)) is None
    assert chain(TWICE, (5, OTP), (5, OTP)) == ((0, 1), 0)


def test_the_span_is_inclusive() -> None:
    """A chain that lasts exactly `within` counts."""
    assert chain(TWICE, (0, OTP), (10, OTP)) == ((0, 1), 0)
    assert chain(TWICE, (0, OTP), (11, OTP)) is None


def test_an_optional_step_may_be_missing() -> None:
    """Without the optional step the sequence hits all the same, with it the chain tells so."""
    assert chain(MAYBE, (0, OTP), (9, BANK)) == ((0, 1), 0)
    assert chain(MAYBE, (0, OTP), (5, LURE), (9, BANK)) == ((0, 1, 2), 1)


def test_more_steps_seen_beat_a_narrower_chain() -> None:
    """A wider chain with the optional step is better than a narrow one without."""
    assert chain(MAYBE, (0, OTP), (5, LURE), (6, OTP), (9, BANK)) == ((0, 1, 3), 1)


def test_a_limit_counts_from_the_mandatory_step_before() -> None:
    """A step with a limit of its own is not reached by way of an optional one."""
    limited = {
        "within": "20s",
        "steps": ["otp", {"where": "lure", "optional": True}, {"where": "bank", "within": "5s"}],
    }
    assert chain(limited, (0, OTP), (4, LURE), (8, BANK)) is None
    assert chain(limited, (4, OTP), (5, LURE), (8, BANK)) == ((0, 1, 2), 1)


def test_an_optional_first_step_lies_within_the_span() -> None:
    """An optional first step that is too long ago is not seen, and harms nothing."""
    opened = {"within": "10s", "steps": [{"where": "lure", "optional": True}, "otp", "bank"]}
    assert chain(opened, (0, LURE), (5, OTP), (11, BANK)) == ((1, 2), 0)
    assert chain(opened, (1, LURE), (5, OTP), (11, BANK)) == ((0, 1, 2), 1)
