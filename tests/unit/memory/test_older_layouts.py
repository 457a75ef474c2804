"""What an older build stored is read by a newer one, layout by layout; what it cannot read stops it with the remedy."""

from __future__ import annotations

import numpy as np
import pytest

from fraud_guard.errors import IntegrityError
from fraud_guard.memory import memory as memory_module
from fraud_guard.memory import older_layouts, pages
from fraud_guard.memory.layout import EVENTS, HEAD
from fraud_guard.memory.memory import Memory
from fraud_guard.memory.older_layouts import Older, Records, same_names
from fraud_guard.memory.pages import Pager
from tests.strategies import long_day
from tests.unit.memory.test_pages import fed, image

LAYOUT = 7
"""Of this build, in these tests: so that there is room below."""
EARLIER_HEAD = np.dtype([field for field in reversed(HEAD.descr) if not field[0].startswith("spare")])
"""The same fields in another order, none of them spare."""
EARLIEST_HEAD = np.dtype([*EARLIER_HEAD.descr, ("gone", "u8")])


def earlier(records: Records) -> Records:
    return same_names(records[0], HEAD), records[1]


def earliest(records: Records) -> Records:
    heads, rings = records
    made = same_names(heads, EARLIER_HEAD)
    made["age"] = heads["gone"] + 1
    return made, rings


def stored_as(memory: Memory, layout: int, head: np.dtype) -> dict[str, bytes]:
    """The blobs of a memory as an older build would have written them."""
    blobs = dict(Pager(memory).delta().blobs)
    for key in [key for key in blobs if key.startswith("p/")]:
        heads, rings = pages._unpack(blobs[key])
        old = same_names(heads, head)
        old["layout"][old["layout"] > 0] = layout
        if "gone" in (head.names or ()):
            old["gone"] = np.where(old["layout"] > 0, 40, 0)
        blobs[key] = bytes([layout]) + pages._codec.compress(old.tobytes() + rings.tobytes(), asbytes=True)
    return blobs


@pytest.fixture(autouse=True)
def this_build(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (pages, memory_module):
        monkeypatch.setattr(module, "LAYOUT", LAYOUT)


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two older layouts."""
    monkeypatch.setattr(older_layouts, "OLDER", {
        LAYOUT - 2: Older(EARLIEST_HEAD, EVENTS, earliest), LAYOUT - 1: Older(EARLIER_HEAD, EVENTS, earlier),
    })  # fmt: skip


def busy() -> Memory:
    memory = Memory()
    fed(long_day(3, 200, subjects=3), memory)
    return memory


@pytest.mark.usefixtures("known")
def test_the_layout_before_is_read() -> None:
    """Everything that has a place in the new layout is there, and what is stored next is in the new one."""
    old, new = busy(), Memory()
    pager = Pager(new)
    pager.restore(stored_as(old, LAYOUT - 1, EARLIER_HEAD))
    assert image(new) == image(old)
    new.touch(np.array(list(new.slots.values())))
    written = [blob for key, blob in pager.delta().blobs.items() if key.startswith("p/")]
    assert {blob[0] for blob in written} == {LAYOUT}


@pytest.mark.usefixtures("known")
def test_layouts_are_climbed_one_by_one() -> None:
    """What the oldest build stored goes through every conversion in turn."""
    old, new = busy(), Memory()
    Pager(new).restore(stored_as(old, LAYOUT - 2, EARLIEST_HEAD))
    assert sorted(new.slots) == sorted(old.slots)
    assert {int(new.head["age"][slot]) for slot in new.slots.values()} == {41}
    assert {int(new.head["layout"][slot]) for slot in new.slots.values()} == {LAYOUT}


@pytest.mark.parametrize(("layout", "remedy"), [(LAYOUT + 1, "run the version that wrote it"), (LAYOUT - 1, "start a version in between")])
def test_an_unknown_layout_stops(layout: int, remedy: str) -> None:
    """A newer layout, and an older one without a conversion, are refused with what to do."""
    with pytest.raises(IntegrityError, match=rf"layout {layout}, this build reads {LAYOUT}; {remedy}"):
        Pager(Memory()).restore(stored_as(busy(), layout, HEAD))


def test_a_damaged_older_page_stops(known: None) -> None:
    """A page that does not unpack is damaged, whatever its layout."""
    with pytest.raises(IntegrityError, match="damaged"):
        Pager(Memory()).restore({"p/001/00000000": bytes([LAYOUT - 1]) + b"nonsense"})


def test_longer_rows_begin_as_the_old_ones() -> None:
    """Counters that were added at the end are 0 in older records."""
    old = np.ones(2, np.dtype([("counts", "f4", (3, 6)), ("gone", "u1")]))
    made = same_names(old, np.dtype([("counts", "f4", (5, 6)), ("new", "u2")]))
    assert made["counts"][:, :3].all()
    assert not made["counts"][:, 3:].any()
    assert not made["new"].any()
