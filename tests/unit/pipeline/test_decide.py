"""`decide` on short, telling days: timers, ends of alerts, control records, positions."""

from __future__ import annotations

import numpy as np
import pytest

from fraud_guard.memory.memory import Memory
from fraud_guard.pipeline import decide, settle
from fraud_guard.tags.block import Block, Controls
from fraud_guard.tags.control import Control
from tests.reference.books import synthetic_book
from tests.reference.harness import by_decide, make_door, rows_of, token_of
from tests.strategies import BASE_MS, PEERS, SUBJECTS, Scene, Tag, app, call, sms

BOOK = synthetic_book()
FIRST = token_of(SUBJECTS[0])
S, MIN, H = 1_000, 60_000, 3_600_000


def day(*scenes: tuple[int, int, Scene]) -> list[Tag]:
    """Tags of (start, subject, scene), in order of time."""
    tags = [
        {
            "id": f"{n}-{i}",
            "source": "a",
            "ts_ms": BASE_MS + start + offset,
            "subject": SUBJECTS[who],
            **fields,
        }
        for n, (start, who, scene) in enumerate(scenes)
        for i, (offset, fields) in enumerate(scene)
    ]
    return sorted(tags, key=lambda t: t["ts_ms"])


def told(
    tags: list[Tag], cuts: range | tuple[int, ...] = (), controls: dict[int, Control] | None = None
) -> list:
    return by_decide(BOOK, rows_of(tags), list(cuts), controls=controls).changes.get(FIRST, [])


def seen(changes: list) -> list[tuple[str, int]]:
    return [(c.change, c.ts_ms - BASE_MS) for c in changes]


def rules(change: object) -> set[str]:
    return {clue[1] for clue in change.clues}


UP = call(PEERS[0], "c", end_s=None)
INSTALL = app("app_install", "game")


def test_a_timer_strikes_without_a_tag_of_the_subject():
    """A call that is still up after its span is looked at when time passes, at the due time."""
    changes = told(day((0, 0, UP), (20 * MIN, 1, INSTALL)))
    assert ("up-10min", 605 * S) in [(clue[1], clue[3] - BASE_MS) for c in changes for clue in c.clues]


def test_a_timer_rule_may_speak_of_the_call():
    """`call: call` means the call in progress, also when the timer strikes."""
    assert any("up-1min" in rules(c) for c in told(day((0, 0, UP), (20 * MIN, 1, INSTALL))))


@pytest.mark.parametrize(("end_s", "strikes"), [(604, False), (606, True)])
def test_a_call_that_ended_before_is_not_looked_at(end_s, strikes):
    """Hanging up a second before the span is over means no strike."""
    changes = told(day((0, 0, call(PEERS[0], "c", end_s=end_s)), (20 * MIN, 1, INSTALL)))
    assert any("up-10min" in rules(c) for c in changes) == strikes


def test_a_strike_names_the_answer_of_the_call():
    """The evidence of a timer is the newest tag of the call it is about."""
    tags = day((0, 0, UP), (20 * MIN, 1, INSTALL))
    clues = [clue for c in told(tags) for clue in c.clues if clue[1] == "up-10min"]
    assert {clue[-1] for clue in clues} == {(101,)}


def test_a_strike_never_names_somebody_elses_tag():
    """When the ring has lost the tags of the call, the evidence names none rather than another subject's."""
    flood = [(10 * S + i * 100, 0, INSTALL) for i in range(70)]
    for change in told(day((0, 1, INSTALL), (0, 0, UP), *flood, (20 * MIN, 1, INSTALL))):
        for clue in change.clues:
            assert clue[-1] == () if clue[1].startswith("up-") else all(p > 100 for p in clue[-1])


def test_an_alert_ends_in_the_block_that_raised_it():
    """An alert raised and run out within one block ends in it, at the place where its time was reached."""
    tags = day((0, 0, UP), (100 * H, 1, INSTALL), (101 * H, 1, INSTALL))
    once, cut = told(tags), told(tags, range(len(tags)))
    assert once == cut
    assert once[-1].change == "expired"
    assert once[-1].position == 102


def test_an_alert_is_kept_alive_by_its_own_rules():
    """72 h count from the last evidence, also when it is a repeat."""
    again = [(n * 60 * H, 0, UP) for n in range(3)]
    changes = told(day(*again))
    assert [c.change for c in changes].count("raised") == 1
    last_strike_ms = 120 * H + 2 * H + 5 * S
    assert seen(changes)[-1] == ("expired", last_strike_ms + 72 * H)


def test_a_closure_needs_the_number_of_the_open_alert():
    """A closure of another alert, or of none, ends nothing."""
    tags = day((0, 0, UP), (20 * MIN, 0, INSTALL), (21 * MIN, 0, INSTALL))
    for n in (0, 2):
        assert "closed" not in [
            c.change for c in told(tags, controls={3: Control("closure", FIRST, BASE_MS + 20 * MIN, n=n)})
        ]
    closed = told(tags, controls={3: Control("closure", FIRST, BASE_MS + 20 * MIN, n=1, body="{}")})
    assert ("closed", 20 * MIN) in seen(closed)


@pytest.mark.parametrize(
    ("truth", "n", "known"),
    [("true_in_progress", 1, True), ("false_alarm", 1, False), ("true_in_progress", 2, False)],
)
def test_a_confirmed_scam_is_remembered_even_if_reported_late(truth, n, known):
    """An officer's answer about an alert that has run out still marks the person as a victim; nothing else changes."""
    tags = day((0, 0, UP), (100 * H, 1, INSTALL), (101 * H, 0, call(PEERS[0], "d", end_s=30)))
    changes = told(tags, controls={3: Control("closure", FIRST, BASE_MS + 100 * H, n=n, truth=truth)})
    assert "closed" not in [c.change for c in changes]
    assert any("victim-again" in rules(c) for c in changes) == known


def test_a_release_forgets_the_call_in_progress():
    """After a release no timer of an earlier call strikes."""
    tags = day((0, 0, UP), (5 * MIN, 1, INSTALL), (20 * MIN, 1, INSTALL))
    changes = told(tags, controls={2: Control("release", FIRST, BASE_MS + 5 * MIN)})
    assert not any("up-10min" in rules(c) for c in changes)


def test_a_control_for_a_stranger_is_nothing():
    """Closures and releases of unknown subjects have no effect."""
    record = Controls(
        (Control("release", b"x" * 16, BASE_MS), Control("closure", b"x" * 16, BASE_MS, n=1)), (7, 8), BASE_MS
    )
    memory = Memory()
    effects = decide(record, memory, BOOK.generation)
    assert (effects.alerts, effects.tally.controls, memory.position, len(memory)) == ((), 2, 8, 0)


def test_a_tick_moves_time_and_position():
    """A tick has no tag, moves the watermark and lets due times strike."""
    memory, door = Memory(), make_door()
    rows = rows_of(day((0, 0, UP)))
    decide(Block(rows, [], [], []), memory, BOOK.generation)
    tick = door.tick(BASE_MS + 20 * MIN)
    tick.rows["position"] = 500
    effects = decide(tick, memory, BOOK.generation)
    assert (memory.watermark_ms, memory.position, effects.tally.read) == (BASE_MS + 20 * MIN, 500, 0)
    assert effects.alerts and {a.position for a in effects.alerts} == {500}


def test_an_empty_block_is_nothing():
    """A block all of whose tags were refused changes nothing."""
    memory = Memory()
    effects = decide(Block(rows_of([]), [], [], []), memory, BOOK.generation)
    assert (effects.alerts, effects.tally.read, memory.position) == ((), 0, -1)


def test_settling_one_subject_leaves_the_others():
    """`settle` lets one subject's due times strike; watermark and everybody else stay."""
    memory = Memory()
    decide(Block(rows_of(day((0, 0, UP), (0, 1, UP))), [], [], []), memory, BOOK.generation)
    mark_ms = memory.watermark_ms
    effects = settle(FIRST, BASE_MS + 20 * MIN, memory, BOOK.generation)
    assert {a.token for a in effects.alerts} == {FIRST}
    assert memory.watermark_ms == mark_ms
    assert memory.next_due_ms(token_of(SUBJECTS[1])) == BASE_MS + 65 * S


def test_effects_come_in_order_of_position():
    """Changes of several subjects in one block are told in the order of the log."""
    rows = rows_of(
        day(*((n * S, n % 4, call(PEERS[0], f"c{n}", end_s=None)) for n in range(12)), (3 * H, 0, INSTALL))
    )
    memory = Memory()
    effects = decide(Block(rows, [], [], []), memory, BOOK.generation)
    positions = [a.position for a in effects.alerts]
    assert len(positions) > 4
    assert positions == sorted(positions)


def test_the_block_is_not_changed():
    """`decide` leaves the rows it was given as they were, so the same block can be scored again."""
    rows = rows_of(day((0, 0, call(PEERS[0], "c", end_s=900)), (1_000 * S, 0, sms("95588", "验证码123456"))))
    before = rows.copy()
    decide(Block(rows, [], [], []), Memory(), BOOK.generation)
    assert np.array_equal(rows, before)
