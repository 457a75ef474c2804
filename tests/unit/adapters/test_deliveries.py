from __future__ import annotations

from faust.types import TP
from hypothesis import given
from hypothesis import strategies as st

from fraud_guard.adapters.deliveries import Deliveries

HERE, THERE = TP("t", 0), TP("t", 1)


@given(sizes=st.lists(st.integers(1, 5), min_size=1, max_size=12), data=st.data())
def test_only_an_acknowledged_prefix_is_committable(sizes: list[int], data: st.DataObject) -> None:
    """In whatever order chunks are acknowledged, the committed offset never passes an open one."""
    deliveries, ends, offset = Deliveries(), [], -1
    for size in sizes:
        offset += size
        ends.append(deliveries.add(HERE, offset))
    acked: set[int] = set()
    committed = 0
    for index in data.draw(st.permutations(range(len(ends)))):
        ends[index].acked = True
        acked.add(index)
        if data.draw(st.booleans()):
            committed = deliveries.take_committable(HERE) or committed
            prefix = next(i for i in range(len(ends) + 1) if i not in acked)
            assert committed == sum(sizes[:prefix])
    assert (deliveries.take_committable(HERE) or committed) == sum(sizes)


def test_stale_acknowledgements_count_for_nothing() -> None:
    """After a rewind, acknowledging the old delivery does not commit the new one with the same end."""
    deliveries = Deliveries()
    stale = deliveries.add(HERE, 9)
    deliveries.drop([HERE])
    fresh = deliveries.add(HERE, 9)
    stale.acked = True
    assert deliveries.take_committable(HERE) is None
    fresh.acked = True
    assert deliveries.take_committable(HERE) == 10


def test_dropping_one_partition_leaves_the_others() -> None:
    """A rewind of one partition keeps the chunks of another; a rewind of all keeps none."""
    deliveries = Deliveries()
    deliveries.add(HERE, 1)
    deliveries.add(THERE, 1).acked = True
    deliveries.drop([HERE])
    assert deliveries.partitions() == [THERE]
    deliveries.drop()
    assert deliveries.partitions() == []
    assert deliveries.take_committable(THERE) is None


def test_a_partition_is_under_way_until_its_newest_chunk_is_done() -> None:
    """Whether that counts for a commit or not; a rewind and a commit leave nothing under way."""
    deliveries = Deliveries()
    assert not deliveries.is_under_way(HERE)
    first, second = deliveries.add(HERE, 4), deliveries.add(HERE, 9)
    first.done = True
    assert deliveries.is_under_way(HERE)
    second.done = True
    assert not deliveries.is_under_way(HERE)
    deliveries.add(HERE, 14)
    deliveries.drop([HERE])
    assert not deliveries.is_under_way(HERE)
