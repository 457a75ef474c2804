"""Bad clocks are clamped; real jumps in time, late tags and repeats are not."""

from __future__ import annotations

import numpy as np

from fraud_guard.door.arrival import AHEAD_MS, HELD_MOST, LOOKAHEAD, ClockArrival, FileArrival
from fraud_guard.tags.block import ROW, Block, join
from fraud_guard.tags.kinds import Flag

T_MS = 1_790_000_000_000
MIN_MS = 60_000


def draft(ts_ms: int, name: int | None = None) -> Block:
    rows = np.zeros(1, ROW)
    rows["ts_ms"], rows["fingerprint"] = T_MS + ts_ms, abs(ts_ms) if name is None else name
    return Block(rows, [str(name)], ["a"], [None])


def times(block: Block) -> list[int]:
    return (block.rows["ts_ms"] - T_MS).tolist()


def through(*ts_ms: int | Block) -> Block:
    drafts = [t if isinstance(t, Block) else draft(t, i) for i, t in enumerate(ts_ms)]
    one_by_one, whole = FileArrival(), FileArrival()
    passed = join([one_by_one.pass_on(d) for d in copies(drafts)]) + one_by_one.flush()
    at_once = whole.pass_on(join(drafts)) + whole.flush()
    assert (at_once.rows == passed.rows).all()
    assert at_once.ids == passed.ids == [d.ids[0] for d in drafts]
    return passed


def copies(drafts: list[Block]) -> list[Block]:
    return [Block(d.rows.copy(), d.ids, d.sources, d.hosts) for d in drafts]


def clamped(block: Block) -> list[int]:
    return np.flatnonzero(block.rows["flags"] & Flag.CLAMPED).tolist()


def test_a_clock_clamps_what_is_dated_ahead():
    """Live, a tag more than five minutes ahead of the clock gets the time of its arrival and a flag."""
    arrival = ClockArrival(lambda: T_MS)
    got = arrival.pass_on(join([draft(AHEAD_MS), draft(AHEAD_MS + 1), draft(-(10**9))]))
    assert times(got) == [AHEAD_MS, 0, -(10**9)]
    assert clamped(got) == [1]
    assert len(arrival.flush()) == 0


def test_a_file_in_order_passes_unchanged():
    """A file without jumps is passed on as it came."""
    assert clamped(through(*range(0, 100 * 1_000, 1_000))) == []


def test_a_quiet_night_is_no_bad_clock():
    """A jump that the following tags confirm is real, however far."""
    assert clamped(through(0, 1_000, *range(9 * 60 * MIN_MS, 10 * 60 * MIN_MS, MIN_MS))) == []


def test_one_bad_clock_is_clamped_to_the_newest_time_before():
    """A tag of tomorrow in the stream of today gets today's time."""
    got = through(0, 1_000, 86_400_000, *range(2_000, 60_000, 1_000))
    assert clamped(got) == [2]
    assert times(got)[:4] == [0, 1_000, 1_000, 2_000]


def test_a_few_bad_clocks_in_a_row_are_clamped():
    """Several wrong tags together do not vouch for one another against the stream."""
    got = through(0, *(86_400_000 + i for i in range(LOOKAHEAD // 4)), *range(1_000, 90_000, 1_000))
    assert clamped(got) == list(range(1, 1 + LOOKAHEAD // 4))


def test_a_bad_clock_at_the_very_start_is_clamped():
    """Without a time before, the time of the first tag that contradicts it is taken."""
    got = through(86_400_000, *range(5_000, 90_000, 1_000))
    assert clamped(got) == [0]
    assert times(got)[0] == 5_000


def test_the_last_tag_of_a_file_is_believed():
    """With nothing after it a jump cannot be judged, and is taken as real."""
    assert clamped(through(0, 1_000, 86_400_000)) == []


def test_late_tags_do_not_make_a_jump_look_false():
    """Tags that were late already before the jump would follow a real one too."""
    hour = range(0, 60 * MIN_MS, MIN_MS)
    got = through(*hour, 5 * 60 * MIN_MS, *hour[:50], 5 * 60 * MIN_MS + 1)
    assert clamped(got) == []


def test_copies_do_not_make_a_jump_look_false():
    """A burst repeated an hour later, after its first successor, leaves that one's time alone."""
    burst = [draft(i * 100, i) for i in range(60)]
    assert clamped(through(*burst, draft(60 * MIN_MS, 1_000), *burst, draft(61 * MIN_MS, 1_001))) == []


def test_a_copy_of_a_clamped_tag_is_clamped_too():
    """What was no witness the first time is none the second, even as the last line."""
    bad = draft(86_400_000, 999)
    got = through(0, bad, *range(1_000, 90_000, 1_000), bad)
    assert clamped(got) == [1, len(got) - 1]
    assert times(got)[-1] == 89_000


def test_little_is_held_back():
    """However little the followers tell, no more than a few thousand tags wait."""
    arrival, passed = FileArrival(), 0
    arrival.pass_on(join([draft(i * 1_000, i) for i in range(700)]))
    for i in range(3 * HELD_MOST):
        passed += len(arrival.pass_on(draft(10**9 if not i else i % 300_000, 1_000 + i)))
        assert i + 1 - passed <= HELD_MOST + 1
