from __future__ import annotations

import multiprocessing
import os
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from multiprocessing.synchronize import Barrier
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given, settings
from hypothesis import strategies as st

from fraud_guard.adapters.embedded.log import EmbeddedLog
from fraud_guard.adapters.embedded.partitioner import partition_for
from fraud_guard.adapters.embedded.registry import close_log, open_log
from fraud_guard.adapters.embedded.tail import Tail
from fraud_guard.errors import ConfigurationError, DependencyError, IntegrityError
from fraud_guard.log import Record, StoredRecord

ROOT = Path(__file__).parents[3]
KEY = AESGCM(bytes(range(32)))
APPENDER = """
import sys
from fraud_guard.adapters.embedded.log import EmbeddedLog
from fraud_guard.log import Record
log = EmbeddedLog(sys.argv[1])
for batch in range(int(sys.argv[2])):
    base = log.append("t", 0, [Record(b"k", f"{batch}-{i}".encode()) for i in range(10)])
    print(base, flush=True)
"""


def seal(blob: bytes) -> bytes:
    nonce = os.urandom(12)
    return nonce + KEY.encrypt(nonce, blob, None)


def unseal(blob: bytes) -> bytes:
    return KEY.decrypt(blob[:12], blob[12:], None)


def records(*values: str) -> list[Record]:
    return [Record(None, value.encode()) for value in values]


def values(found: list[StoredRecord]) -> list[str]:
    return [record.value.decode() for record in found]


def appender(path: Path, batches: int, failpoint: str = "") -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", APPENDER, str(path), str(batches)],
        env=os.environ | {"PYTHONPATH": str(ROOT), "FG_FAILPOINT": failpoint},
        stdout=subprocess.PIPE,
        text=True,
    )


@pytest.fixture
def log(tmp_path: Path) -> Iterator[EmbeddedLog]:
    log = EmbeddedLog(tmp_path / "log.db", clock_ms=lambda: 1_000)
    log.declare("t", 2)
    yield log
    log.close()


def test_records_come_back_as_they_went_in(log: EmbeddedLog) -> None:
    """Key, value, headers and time of a record survive a reopening of the file."""
    given_records = [
        Record(b"\x00key", b"value", (("h", b"1"), ("h", b"2")), 7),
        Record(None, b"", (), None),
    ]
    assert log.append("t", 1, given_records) == 0
    expected = [
        StoredRecord("t", 1, 0, 7, b"\x00key", b"value", (("h", b"1"), ("h", b"2"))),
        StoredRecord("t", 1, 1, 1_000, None, b"", ()),
    ]
    fresh = EmbeddedLog(log.path)
    assert log.read("t", 1, 0, 10) == fresh.read("t", 1, 0, 10) == expected
    fresh.close()


@settings(max_examples=30, deadline=None)
@given(
    batches=st.lists(st.tuples(st.integers(0, 1), st.integers(1, 5)), min_size=1, max_size=12),
    max_records=st.integers(1, 7),
    max_bytes=st.sampled_from([1, 100, 1 << 20]),
    tail_bytes=st.sampled_from([0, 60, 1 << 20]),
)
def test_any_reader_sees_every_record_once(
    tmp_path_factory: pytest.TempPathFactory,
    batches: list[tuple[int, int]],
    max_records: int,
    max_bytes: int,
    tail_bytes: int,
) -> None:
    """However records are batched, fetched and cached, each partition reads as one gapless sequence."""
    log = EmbeddedLog(tmp_path_factory.mktemp("log") / "log.db", synchronous="OFF")
    log._tail = Tail(tail_bytes)
    log.declare("t", 2)
    expected: dict[int, list[str]] = {0: [], 1: []}
    for number, (partition, count) in enumerate(batches):
        batch = [f"{number}-{i}" for i in range(count)]
        assert log.append("t", partition, records(*batch)) == len(expected[partition])
        expected[partition] += batch
    for partition, wanted in expected.items():
        seen: list[StoredRecord] = []
        while found := log.read("t", partition, len(seen), max_records, max_bytes):
            assert len(found) <= max_records
            seen += found
        assert values(seen) == wanted
        assert [record.offset for record in seen] == list(range(len(wanted)))
        assert log.end("t", partition) == len(wanted)
    log.close()


def test_append_many_is_all_or_nothing(log: EmbeddedLog) -> None:
    """Several batches, also of one partition, get their offsets in one transaction; a bad one undoes none."""
    appends = [("t", 0, records("a")), ("t", 1, records("b")), ("t", 0, records("c", "d"))]
    assert log.append_many(appends) == [0, 0, 1]
    with pytest.raises(ConfigurationError, match="no partition 9"):
        log.append_many([("t", 0, records("lost")), ("t", 9, records("x"))])
    assert values(log.read("t", 0, 0, 9)) == ["a", "c", "d"]


@pytest.mark.parametrize(
    "wrong",
    [Record(None, "text"), Record("text", b""), Record(None, b"", (("h", "text"),)), Record(None, None)],  # type: ignore[arg-type]
)
def test_what_cannot_be_read_back_is_not_written(log: EmbeddedLog, wrong: Record) -> None:
    """A record that is not bytes is refused and leaves the log as it was; so is an empty batch."""
    with pytest.raises(TypeError):
        log.append("t", 0, [Record(None, b"good"), wrong])
    with pytest.raises(ValueError, match="at least one"):
        log.append("t", 0, [])
    assert log.end("t", 0) == 0


def test_two_processes_share_one_order(log: EmbeddedLog) -> None:
    """Appends of two processes interleave without a lost or doubled offset, and each sees the other's."""
    child = appender(log.path, 20)
    mine = [log.append("t", 0, records("mine")) for _ in range(20)]
    theirs = [int(line) for line in child.stdout or ()]
    assert child.wait() == 0
    covered = sorted(mine + [base + i for base in theirs for i in range(10)])
    assert covered == list(range(220)) == [record.offset for record in log.read("t", 0, 0, 999)]


def create_logs(folder: Path, together: Barrier) -> None:
    for number in range(40):
        together.wait(60)
        log = EmbeddedLog(folder / f"{number}.db")
        log.declare("t", 1)
        log.append("t", 0, records("x"))
        log.close()


def test_processes_may_create_the_file_together(tmp_path: Path) -> None:
    """Several processes that open a missing file at the same moment all get the same log, forty times over."""
    spawn = multiprocessing.get_context("spawn")
    together = spawn.Barrier(4)
    children = [spawn.Process(target=create_logs, args=(tmp_path, together)) for _ in range(4)]
    for child in children:
        child.start()
    for child in children:
        child.join()
    assert [child.exitcode for child in children] == [0] * 4
    for number in range(40):
        log = EmbeddedLog(tmp_path / f"{number}.db")
        assert log.end("t", 0) == 4
        log.close()


def test_foreign_appends_change_the_data_version(log: EmbeddedLog) -> None:
    """Polling the data version notices another process's append, and nothing where there was none."""
    before = log.data_version()
    assert log.data_version() == before
    assert appender(log.path, 1).wait() == 0
    assert log.data_version() != before


def test_threads_share_one_log(log: EmbeddedLog) -> None:
    """Appends from several threads lose nothing."""
    threads = [threading.Thread(target=lambda: log.append("t", 0, records("x"))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [record.offset for record in log.read("t", 0, 0, 99)] == list(range(8))


def test_kill_loses_nothing_acknowledged(log: EmbeddedLog) -> None:
    """Whatever offset a process had got back before SIGKILL can be read afterwards, whole."""
    child = appender(log.path, 100_000)
    assert child.stdout
    acknowledged = [int(child.stdout.readline()) for _ in range(30)][-1]
    child.send_signal(signal.SIGKILL)
    child.wait()
    found = log.read("t", 0, 0, 1_000_000, 1 << 30)
    assert len(found) >= acknowledged + 10
    assert len(found) % 10 == 0
    assert values(found) == [f"{batch}-{i}" for batch in range(len(found) // 10) for i in range(10)]
    log.check()


@pytest.mark.parametrize(("failpoint", "kept"), [("before_commit", 20), ("after_commit", 30)])
def test_kill_inside_an_append_keeps_whole_batches(log: EmbeddedLog, failpoint: str, kept: int) -> None:
    """A batch is there entirely once its transaction is committed, and not at all before."""
    assert appender(log.path, 5, f"log.append.{failpoint}:3").wait() == -signal.SIGKILL
    assert log.end("t", 0) == kept == len(log.read("t", 0, 0, 99))


def test_committed_offsets_are_durable(log: EmbeddedLog) -> None:
    """A committed offset is None at first and is what was stored last after reopening."""
    log.append("t", 0, records("a"))
    assert log.committed("t", 0) is None
    log.commit({("t", 0): 1, ("t", 1): 0})
    fresh = EmbeddedLog(log.path)
    assert (fresh.committed("t", 0), fresh.committed("t", 1)) == (1, 0)
    fresh.close()


def test_trim_keeps_offsets(log: EmbeddedLog) -> None:
    """Trimming drops whole batches below the offset; offsets go on, also from an emptied partition."""
    for batch in (["a", "b"], ["c", "d"], ["e"]):
        log.append("t", 0, records(*batch))
    assert log.trim("t", 0, 3) == 2
    assert [record.offset for record in log.read("t", 0, 0, 9)] == [2, 3, 4]
    assert log.trim("t", 0, 99) == 5
    assert log.read("t", 0, 0, 9) == []
    assert (log.start("t", 0), log.end("t", 0), log.append("t", 0, records("f"))) == (5, 5, 5)


def test_trim_older_spares_what_is_needed(tmp_path: Path) -> None:
    """Retention deletes by time of appending, never at or above the offset to keep, never elsewhere."""
    now_ms = [0]
    log = EmbeddedLog(tmp_path / "log.db", clock_ms=lambda: now_ms[0])
    log.declare("t", 2)
    for at_ms in (100, 200, 300, 400):
        now_ms[0] = at_ms
        log.append_many([("t", 0, records("x")), ("t", 1, records("y"))])
    log.trim_older("t", 350, {0: 2})
    assert (log.start("t", 0), log.start("t", 1)) == (2, 0)
    log.trim_older("t", 350, {0: 4})
    assert log.start("t", 0) == 3
    log.close()


def test_declaring_is_repeatable_but_not_changeable(log: EmbeddedLog) -> None:
    """A topic may be declared again as it is; another number of partitions or none at all is refused."""
    log.declare("t", 2)
    assert (log.partitions("t"), log.partitions("unknown"), log.topics()) == (2, None, {"t": 2})
    for wrong in (3, 0):
        with pytest.raises(ConfigurationError):
            log.declare("t", wrong)
    with pytest.raises(ConfigurationError, match="declare the topic first"):
        log.read("unknown", 0, 0, 1)


def test_topics_of_another_process_are_found(log: EmbeddedLog) -> None:
    """A topic declared through another connection is known without reopening."""
    assert log.partitions("later") is None
    other = EmbeddedLog(log.path)
    other.declare("later", 3)
    other.close()
    assert log.partitions("later") == 3
    assert log.append("later", 2, records("a")) == 0


def test_sealed_file_holds_no_plaintext(tmp_path: Path) -> None:
    """Neither keys nor values nor headers stand in the files of a sealed log, while it reads back well."""
    log = EmbeddedLog(tmp_path / "log.db", seal=seal, unseal=unseal)
    log.declare("t", 1)
    secret = Record(b"+8613800000000", b"the secret text" * 9, (("quote", b"hidden words"),))
    log.append("t", 0, [secret] * 100)
    on_disk = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert len(on_disk) > 5_000
    for word in (b"13800000000", b"secret", b"hidden", b"quote"):
        assert word not in on_disk
    log.close()
    fresh = EmbeddedLog(tmp_path / "log.db", seal=seal, unseal=unseal)
    assert fresh.read("t", 0, 99, 1)[0][4:] == secret[:3]
    fresh.check()
    fresh.close()


def test_sealing_is_a_trait_of_the_file(tmp_path: Path) -> None:
    """A sealed log refuses to be opened without its key, instead of mixing plain batches in."""
    EmbeddedLog(tmp_path / "log.db", seal=seal, unseal=unseal).close()
    with pytest.raises(ConfigurationError, match="key"):
        EmbeddedLog(tmp_path / "log.db")


def test_torn_file_is_an_integrity_error(log: EmbeddedLog) -> None:
    """A truncated file is refused on opening, with a message that names it and the remedy."""
    log.append("t", 0, [Record(None, os.urandom(100_000))])
    log.close()
    with log.path.open("r+b") as file:
        file.truncate(log.path.stat().st_size - 50_000)
    with pytest.raises(IntegrityError, match=r"log\.db is damaged.*restore"):
        EmbeddedLog(log.path)


def test_flipped_bits_are_an_integrity_error(log: EmbeddedLog) -> None:
    """A batch whose bytes changed on disk is never delivered, and the check finds it."""
    log.append("t", 0, [Record(None, b"A" * 1_000)])
    log.close()
    content = log.path.read_bytes()
    log.path.write_bytes(content.replace(b"A" * 500, b"A" * 499 + b"B", 1))
    fresh = EmbeddedLog(log.path)
    with pytest.raises(IntegrityError, match="t-0 at offset 0"):
        fresh.read("t", 0, 0, 1)
    with pytest.raises(IntegrityError, match="check sum"):
        fresh.check()
    fresh.close()


def test_other_files_are_refused(tmp_path: Path) -> None:
    """Text, a foreign database and a log of another layout version each get an error that says so."""
    text, foreign, future = (tmp_path / name for name in ("text.db", "foreign.db", "future.db"))
    text.write_text("not a database, but long enough to be looked at " * 20)
    with sqlite3.connect(foreign) as db:
        db.execute("CREATE TABLE t (x)")
    EmbeddedLog(future).close()
    with sqlite3.connect(future) as db:
        db.execute("PRAGMA user_version = 99")
    for path, what in ((text, "damaged"), (foreign, "no log of this program"), (future, "layout 99")):
        with pytest.raises(IntegrityError, match=what):
            EmbeddedLog(path)


def test_unreachable_files_are_told_apart(tmp_path: Path, log: EmbeddedLog) -> None:
    """A path that cannot be a file is a setting to mend; a full disk is a dependency to wait for."""
    with pytest.raises(ConfigurationError, match="set another path"):
        EmbeddedLog(log.path / "below" / "log.db")
    log._writer.execute(f"PRAGMA max_page_count = {log._writer.execute('PRAGMA page_count').fetchone()[0]}")
    with pytest.raises(DependencyError, match=r"log\.db.*make room"):
        log.append("t", 0, [Record(None, os.urandom(200_000))])
    log._writer.execute("PRAGMA max_page_count = 1000000")
    assert log.append("t", 0, records("room again")) == 0


def test_file_is_private(log: EmbeddedLog) -> None:
    """Only the owner may read the file."""
    assert log.path.stat().st_mode & 0o077 == 0


def test_listeners_hear_own_appends(log: EmbeddedLog) -> None:
    """A listener is called once an append and no more after it was taken off."""
    heard: list[int] = []
    listener = lambda: heard.append(1)  # noqa: E731
    log.listen(listener)
    log.append("t", 0, records("a"))
    log.unlisten(listener)
    log.append("t", 0, records("b"))
    assert heard == [1]


def test_a_process_has_one_log_a_file(tmp_path: Path) -> None:
    """Opening the same path again gives the same log; another seal for it is refused."""
    log = open_log(tmp_path / "log.db", seal, unseal)
    assert open_log(str(tmp_path / "log.db")) is log
    with pytest.raises(ConfigurationError, match="another seal"):
        open_log(tmp_path / "log.db", bytes, bytes)
    close_log(tmp_path / "log.db")
    again = open_log(tmp_path / "log.db", seal, unseal)
    assert again is not log
    close_log(tmp_path / "log.db")


@pytest.mark.parametrize(
    ("key", "murmur2"),
    [
        (b"21", -973932308), (b"foobar", -790332482), (b"a-little-bit-long-string", -985981536),
        (b"a-little-bit-longer-string", -1486304829), (b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971),
        (b"abc", 479470107),
    ],
)  # fmt: skip
def test_keys_go_where_java_puts_them(key: bytes, murmur2: int) -> None:
    """The partition of a key follows the hash vectors of Kafka's own Java client."""
    for partitions in (1, 7, 8, 512):
        assert partition_for(key, partitions) == (murmur2 & 0x7FFFFFFF) % partitions
