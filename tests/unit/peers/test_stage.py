"""The peer stage: repeats, records of the log, checkpoints."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fraud_guard.errors import IntegrityError
from fraud_guard.peers.bucket import BUCKET_MS
from fraud_guard.peers.contacts import contacts_of, decode_contacts, encode_contacts
from fraud_guard.peers.layout import CONTACT
from fraud_guard.peers.stage import PeerStage
from fraud_guard.tags.block import ROW
from fraud_guard.tags.kinds import Flag, Kind

PEER = 99
START = 1_000 * 288


def rows_of(calls: list[tuple[int, int, int]], kind: Kind = Kind.CALL_END) -> np.ndarray:
    """Rows of (subject, bucket, flags), each with a name of its own."""
    rows = np.zeros(len(calls), ROW)
    for i, (subject, bucket, flags) in enumerate(calls):
        rows["token"][i] = np.void((subject * 0x9E3779B97F4A7C15 % (1 << 64)).to_bytes(8, "little") + bytes(8))
        rows["watermark_ms"][i] = rows["ts_ms"][i] = (START + bucket) * BUCKET_MS
        rows["flags"][i], rows["fingerprint"][i] = flags, (i + 1) << 16 | bucket
    rows["kind"], rows["peer"], rows["value"] = kind, PEER, 60
    return rows


def fed(rows: np.ndarray, *, size: int = 1_000, again: bool = False) -> PeerStage:
    stage = PeerStage()
    for i in range(0, len(rows), size):
        some = rows[i : i + size]
        for _ in range(1 + again):
            stage.take(contacts_of(some), int(some["watermark_ms"][-1]))
    return stage


def image(stage: PeerStage) -> dict[int, bytes]:
    """All records, by peer."""
    table = stage.callers.records.table
    return {int(record["peer"]): record.tobytes() for record in table[table["peer"] != 0]}


def asked(stage: PeerStage, bucket: int) -> float:
    return float(stage.reputations(rows_of([(1, bucket, 0)], Kind.CALL_START))[0])


FORTY = rows_of([(s, 0, 0) for s in range(40)])


def test_a_reputation_is_used_from_the_second_bucket_on() -> None:
    """It is there when its bucket has been closed for five minutes, however far the stage has read."""
    stage = fed(FORTY)
    stage.take(np.zeros(0, CONTACT), (START + 50) * BUCKET_MS)
    assert [asked(stage, b) > 0 for b in (0, 1, 2, 3)] == [False, False, True, True]


def test_service_numbers_have_no_reputation() -> None:
    """Banks and police call everybody; texts and answers are no contacts."""
    assert len(contacts_of(rows_of([(1, 0, int(Flag.SHORT_CODE)), (2, 0, int(Flag.OFFICIAL)), (3, 0, int(Flag.NO_PEER))]))) == 0
    assert len(contacts_of(rows_of([(1, 0, 0)], Kind.SMS))) == len(contacts_of(rows_of([(1, 0, 0)], Kind.CALL_ANSWER))) == 0


DAY = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 900), st.sampled_from((0, 0, 0, int(Flag.OUTGOING)))), min_size=1, max_size=80)


@given(DAY, st.integers(1, 20))
def test_repeats_and_cuts_change_nothing(day: list[tuple[int, int, int]], size: int) -> None:
    """Every contact twice, in any blocks: what is published is the same."""
    rows = rows_of(sorted(day, key=lambda c: c[1]))
    assert fed(rows, size=size, again=True).published.versions == fed(rows).published.versions


@given(DAY, st.integers(0, 80))
def test_a_restart_changes_nothing(day: list[tuple[int, int, int]], at: int) -> None:
    """Stored and built again between two contacts, with the contact before it read once more."""
    rows = rows_of(sorted(day, key=lambda c: c[1]))
    whole, first = fed(rows, size=1), fed(rows[:at], size=1)
    again = PeerStage.restored(dict(first.delta().blobs))
    for row in rows[max(at - 1, 0) :]:
        one = np.array([row], ROW)
        again.take(contacts_of(one), int(one["watermark_ms"][0]))
    assert again.published.versions == whole.published.versions
    assert image(again) == image(whole)


MANY = st.lists(
    st.tuples(st.integers(1, 60), st.integers(0, 9), st.integers(0, 400), st.sampled_from(("", "", "store", "store", "fail", "forget"))),
    min_size=1, max_size=60,
)  # fmt: skip


@given(MANY)
def test_checkpoints_of_what_changed_make_the_whole(weeks: list[tuple[int, int, int, str]]) -> None:
    """Checkpoints between any two contacts, some of them failed: what is stored is the stage, and it goes on as the stage does."""
    stage, store, bucket = PeerStage(), dict[str, bytes](), 0
    for i, (peer, subjects, gap, then) in enumerate(weeks):
        bucket += gap
        take(stage, calls_of(peer, subjects, bucket, i))
        if then == "forget":
            stage.forget((START + bucket) * BUCKET_MS)
        elif then:
            checkpoint(stage, store, stored=then == "store")
    checkpoint(stage, store)
    again = PeerStage.restored(store)
    assert image(again) == image(stage)
    later = calls_of(weeks[0][0], 9, bucket + 1, len(weeks))
    for one in (stage, again):
        take(one, later)
        one.take(np.zeros(0, CONTACT), (START + bucket + 5) * BUCKET_MS)
    assert image(again) == image(stage)
    asked_for = np.repeat(np.arange(1, 61, dtype=np.uint64), 5), np.tile(np.arange(bucket, bucket + 5) + START, 60)
    stage.published.forget(START + bucket)
    assert again.published.at(*asked_for).tolist() == stage.published.at(*asked_for).tolist()


def calls_of(peer: int, subjects: int, bucket: int, n: int) -> np.ndarray:
    rows = rows_of([(s, bucket, 0) for s in range(subjects + 1)])
    rows["peer"], rows["fingerprint"] = peer, (np.arange(len(rows)) + n * 100 + 1) << 16
    return rows


def take(stage: PeerStage, rows: np.ndarray) -> None:
    stage.take(contacts_of(rows), int(rows["watermark_ms"][-1]))


def checkpoint(stage: PeerStage, store: dict[str, bytes], *, stored: bool = True) -> set[str]:
    """Keys written or dropped."""
    blobs, drop = stage.delta()
    if stored:
        store.update(blobs)
        for key in drop:
            store.pop(key, None)
        stage.saved()
    return set(blobs) | set(drop)


def test_a_checkpoint_writes_only_what_changed() -> None:
    """Contacts once, callers when their bucket has closed, pages of 16; and what nobody needs goes."""
    stage, store = PeerStage(), dict[str, bytes]()
    for peer in range(1, 41):
        take(stage, calls_of(peer, 0, 0, peer))
    assert checkpoint(stage, store) == {"c/place", "o/000000000000", "d/000000000000"}
    assert checkpoint(stage, store) == {"c/place"}
    take(stage, calls_of(7, 39, 1, 50))
    assert checkpoint(stage, store) - {"d/000000000001"} == {"c/place", "o/000000000000", "o/000000000001", *(f"p/0000000{k}" for k in range(3))}
    stage.take(np.zeros(0, CONTACT), (START + 2) * BUCKET_MS)
    assert checkpoint(stage, store) == {"c/place", "o/000000000001", "p/00000000", "v/000000000000"}
    take(stage, calls_of(7, 39, 700, 60))
    stage.forget((START + 700) * BUCKET_MS)
    assert checkpoint(stage, store) >= {"p/00000000", "p/00000001", "p/00000002", "v/000000000000"}
    assert [key for key in store if key[0] in "pv"] == ["p/00000000"]


def test_contacts_survive_the_log() -> None:
    """What is read from `peers` is what was written; a tick has a watermark only; foreign bytes are refused."""
    contacts = contacts_of(FORTY)
    read, watermark_ms = decode_contacts(encode_contacts(contacts, 7))
    assert (read.tobytes(), watermark_ms) == (contacts.tobytes(), 7)
    assert decode_contacts(encode_contacts(contacts[:0], 8))[1] == 8
    good = encode_contacts(contacts, 7)
    for bad in (b"", b"\x09" + good[1:], good[:40]):
        with pytest.raises(IntegrityError):
            decode_contacts(bad)


def test_another_layout_is_told_apart_from_damage() -> None:
    """What another version wrote is refused with its layout and what to do, the first layout (other keys) too."""
    blobs = dict(fed(FORTY).delta().blobs)
    place = msgspec.msgpack.decode(blobs["c/place"])
    newer = blobs | {"c/place": msgspec.msgpack.encode([99, *place[1:]])}
    for layout, other in ((99, newer), (1, {"c/whole": b"", "c/callers": b"", "c/open": b""})):
        with pytest.raises(IntegrityError, match=rf"layout {layout}, .*new data_dir"):
            PeerStage.restored(other)


def test_damaged_blobs_are_refused() -> None:
    """Another layout or broken bytes stop the stage instead of misleading it."""
    stage = fed(FORTY)
    stage.take(np.zeros(0, CONTACT), (START + 50) * BUCKET_MS)
    blobs = dict(stage.delta().blobs)
    for key in ("c/place", "p/00000000"):
        with pytest.raises(IntegrityError):
            PeerStage.restored(blobs | {key: blobs[key][:12]})
