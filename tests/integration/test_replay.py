"""Replay: the same bytes whatever the cut, the processes, repeats and shuffles; closures; streams; exits."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import msgspec
import numpy as np
import pytest

from fraud_guard.app.replay.closures import read_closures
from fraud_guard.door.tables import shipped_text
from tests.histories import closure
from tests.integration.replays import DAY, Given, busy_day, objects, run, written

TAGS = DAY / "tags.ndjson"
TABLES = ("--stations", str(DAY / "stations.csv"), "--subjects", str(DAY / "subjects.csv"))
COVERING = [
    ("none", 1, 1), ("none", 2, 7), ("none", 3, 1_000), ("prompt", 1, 7), ("prompt", 2, 1_000), ("prompt", 3, 1),
    ("simulated", 1, 7), ("simulated", 1, 1), ("simulated", 2, 1), ("simulated", 3, 7),
]  # fmt: skip
"""Each pair of (responder, jobs), (responder, block) and (jobs, block) but one occurs."""


def command(*arguments: str | Path, cwd: Path, stdin: bytes | None = None) -> subprocess.CompletedProcess[bytes]:
    """`fraud-guard replay` in a process of its own."""
    line = [sys.executable, "-m", "fraud_guard", "replay", *map(str, arguments)]
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    return subprocess.run(line, cwd=cwd, env=env, input=stdin, capture_output=True, check=False)


def files(given: Given) -> tuple[bytes, bytes, bytes]:
    return given.alerts, given.orders, given.deadletters


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Given]:
    """The golden day by responder, in one process and full blocks."""
    return {mode: run(tmp_path_factory.mktemp(mode), TAGS, responder=mode) for mode in ("none", "prompt", "simulated")}


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """20,000 tags of the bench mix with an episode of each kind of scam among them."""
    return written(tmp_path_factory.mktemp("busy") / "tags.ndjson", busy_day(19_900, 16))


@pytest.mark.parametrize(("mode", "jobs", "block"), COVERING)
def test_the_bytes_do_not_depend_on_the_cut(whole: dict[str, Given], tmp_path: Path, mode: str, jobs: int, block: int) -> None:
    """Alerts, orders and dead letters are the same bytes for any block size and number of processes."""
    assert files(run(tmp_path, TAGS, responder=mode, jobs=jobs, block=block)) == files(whole[mode])


def test_responders_differ(whole: dict[str, Given]) -> None:
    """Nobody: orders stay issued. Prompt: the same alerts, all orders accepted. Simulated: some closed, some chased."""
    states = {mode: Counter(o["state"] for o in objects(given.orders)) for mode, given in whole.items()}
    assert whole["prompt"].alerts == whole["none"].alerts
    assert set(states["none"]) <= {"issued", "superseded"}
    assert set(states["prompt"]) <= {"accepted", "superseded"}
    assert states["simulated"]["closed"]
    assert any(c["change"] == "closed" for c in objects(whole["simulated"].alerts))


@pytest.mark.parametrize("mode", ["none", "simulated"])
def test_a_busy_day_does_not_depend_on_processes(busy: Path, tmp_path: Path, mode: str) -> None:
    """20,000 tags with 16 episodes give the same bytes in one process and in two, and all lines are accounted for."""
    one, two = (run(_made(tmp_path / str(jobs)), busy, responder=mode, jobs=jobs) for jobs in (1, 2))
    assert files(one) == files(two)
    assert one.summary.conserved
    assert one.summary.lines == len(busy.read_bytes().splitlines())
    assert len({c["alert_id"] for c in objects(one.alerts)}) >= 8


def test_another_site_key_gives_other_ids(whole: dict[str, Given], tmp_path: Path) -> None:
    """Ids follow from the site key alone; everything else of the alerts stays."""
    other = run(tmp_path, TAGS, site_key="another demo key, as public as the first one is")
    mine, theirs = objects(whole["none"].alerts), objects(other.alerts)
    assert not {c["alert_id"] for c in mine} & {c["alert_id"] for c in theirs}
    facts = [sorted((c["ts_ms"], c["subject"], c["level"], c["probability"]) for c in some) for some in (mine, theirs)]
    assert facts[0] == facts[1]


@pytest.mark.parametrize("after_s", [1, 3_600, 23 * 3_600])
def test_a_day_told_twice_changes_nothing(tmp_path: Path, after_s: int) -> None:
    """Every tag once more, 1 s, 1 h or 23 h later in arrival: the same alerts and orders, byte for byte."""
    lines = busy_day(3_000, 14)
    at_ms = [msgspec.json.decode(line)["ts_ms"] for line in lines]
    arrivals = np.maximum.accumulate(np.array(at_ms))
    doubled = sorted([(t, i, line) for t, i, line in zip(arrivals.tolist(), range(len(lines)), lines, strict=True)]
                     + [(t + after_s * 1_000, i, line) for t, i, line in zip(arrivals.tolist(), range(len(lines)), lines, strict=True)])  # fmt: skip
    once = run(_made(tmp_path / "once"), written(tmp_path / "a", lines))
    twice = run(_made(tmp_path / "twice"), written(tmp_path / "b", [line for _, _, line in doubled]))
    assert (twice.alerts, twice.orders) == (once.alerts, once.orders)
    assert once.alerts
    assert twice.summary.duplicate == once.summary.duplicate + len(lines)


@pytest.mark.parametrize("seed", range(3))
def test_a_shuffle_within_the_window_changes_nothing(tmp_path: Path, seed: int) -> None:
    """Arrivals shuffled by less than `reorder_ms` give the same alerts and orders, byte for byte."""
    tags = sorted({(t["ts_ms"], line) for line in busy_day(3_000, 14) for t in [msgspec.json.decode(line)]})
    delays = np.random.Generator(np.random.PCG64(seed)).uniform(0, 59_000, len(tags))
    shuffled = [line for _, line in sorted(zip([t + d for (t, _), d in zip(tags, delays.tolist(), strict=True)],
                                               [line for _, line in tags], strict=True))]  # fmt: skip
    assert shuffled != [line for _, line in tags]
    straight = run(_made(tmp_path / "straight"), written(tmp_path / "a", [line for _, line in tags]), reorder_ms=60_000)
    mixed = run(_made(tmp_path / "mixed"), written(tmp_path / "b", shuffled), reorder_ms=60_000)
    assert (mixed.alerts, mixed.orders) == (straight.alerts, straight.orders)
    assert straight.alerts


@pytest.fixture(scope="module")
def first_close(whole: dict[str, Given]) -> tuple[str, int]:
    """The order of the first red alert and a time soon after it was issued."""
    order = min((o for o in objects(whole["none"].orders) if o["level"] == 1), key=lambda o: o["issued_ms"])
    return order["order_id"], order["issued_ms"] + 1_000


@pytest.mark.parametrize(("jobs", "block"), [(1, 1_000), (1, 7), (2, 1)])
def test_a_closure_ends_its_alert(
    whole: dict[str, Given], first_close: tuple[str, int], tmp_path: Path, jobs: int, block: int
) -> None:
    """The alert closes at the closure's time; later evidence opens the subject's next alert, which has another id."""
    order_id, at_ms = first_close
    alert_id = next(o["alert_id"] for o in objects(whole["none"].orders) if o["order_id"] == order_id)
    given = run(tmp_path, TAGS, closures={order_id: closure(order_id, at_ms)}, jobs=jobs, block=block)
    changes = objects(given.alerts)
    mine = [c for c in changes if c["alert_id"] == alert_id]
    assert (mine[-1]["change"], mine[-1]["ts_ms"]) == ("closed", at_ms)
    later = [c for c in changes if c["subject"] == mine[0]["subject"] and c["alert_id"] != alert_id]
    assert all(c["ts_ms"] >= at_ms for c in later)
    assert next(o["state"] for o in objects(given.orders) if o["order_id"] == order_id) == "closed"
    assert (given.summary.closures, given.summary.applied_closures, given.summary.idle_closures) == (1, 1, 0)
    others = [c for c in changes if c["subject"] != mine[0]["subject"]]
    assert others == [c for c in objects(whole["none"].alerts) if c["subject"] != mine[0]["subject"]]


def test_later_evidence_opens_the_next_alert(tmp_path: Path) -> None:
    """After a closure the same story told again raises a new alert with `seq` 0; without one it joins the open alert."""
    story = [msgspec.json.decode(line) for line in busy_day(0, 1)]
    again = [t | {"id": t["id"] + "-again", "ts_ms": t["ts_ms"] + 7_200_000}
             | ({"call_id": t["call_id"] + "-again"} if "call_id" in t else {}) for t in story]  # fmt: skip
    tags = written(tmp_path / "tags", [msgspec.json.encode(t) for t in story + again])
    open_still = run(tmp_path, tags)
    order = objects(open_still.orders)[-1]
    assert len({c["alert_id"] for c in objects(open_still.alerts)}) == 1
    closed = run(tmp_path, tags, closures={order["order_id"]: closure(order["order_id"], order["issued_ms"] + 600_000)})
    changes = objects(closed.alerts)
    raised = [c for c in changes if c["change"] == "raised"]
    assert len({c["alert_id"] for c in raised}) == len(raised) == 2
    assert [c["seq"] for c in raised] == [0, 0]
    assert sum(c["change"] == "closed" for c in changes) == 1


def test_what_became_of_closures_is_told(whole: dict[str, Given], first_close: tuple[str, int], tmp_path: Path) -> None:
    """Stderr says how many closures were applied, named no order, or came too late; unknown ones change nothing."""
    order_id, at_ms = first_close
    other = next(o["order_id"] for o in objects(whole["none"].orders) if o["order_id"] != order_id)
    given = [closure(order_id, at_ms), closure("no-such-order"), closure(other, at_ms + 40 * 86_400_000)]
    path = written(tmp_path / "closures", [c.model_dump_json().encode() for c in given])
    done = command(TAGS, *TABLES, "--closures", path, "--alerts", "a", "-q", cwd=tmp_path)
    assert done.returncode == 0
    assert done.stderr.decode() == (
        "closures: 3 given, 1 applied, 1 named no order of this replay, "
        "1 came after their order had ended or after the last tag\n"
    )
    alone = run(tmp_path, TAGS, closures={order_id: given[0]})
    assert (tmp_path / "a").read_bytes() == alone.alerts
    assert len(read_closures(path)) == 3


def test_the_command_writes_the_same_bytes(whole: dict[str, Given], tmp_path: Path) -> None:
    """The command from a file and from stdin, in two processes, writes what one process gives, and a summary to stderr."""
    out = ("--alerts", "a", "--orders", "o", "--deadletters", "d")
    named = command(TAGS, *TABLES, *out, "--jobs", "2", cwd=tmp_path)
    assert (named.returncode, named.stdout) == (0, b"")
    assert tuple((tmp_path / x).read_bytes() for x in "ao") == files(whole["none"])[:2]
    assert "367 lines = 357 scored + 3 duplicates + 7 dead letters" in named.stderr.decode()
    piped = command("-", *TABLES, *out, "-q", cwd=tmp_path, stdin=TAGS.read_bytes())
    assert (piped.returncode, piped.stdout, piped.stderr) == (0, b"", b"")
    assert tuple((tmp_path / x).read_bytes() for x in "ao") == files(whole["none"])[:2]
    assert {d["source"] for d in objects((tmp_path / "d").read_bytes())} == {"stdin"}


def test_the_command_goes_by_the_lists_given(whole: dict[str, Given], tmp_path: Path) -> None:
    """A site with lists of its own can replay as its doors decide: with a single lure the day's texts say less."""
    (tmp_path / "lists").mkdir()
    (tmp_path / "lists" / "lures.csv").write_text("".join(shipped_text("lures.csv").splitlines(keepends=True)[:ONE_LURE]), encoding="utf-8")
    done = command(TAGS, *TABLES, "--lists", "lists", "--alerts", "a", "-q", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, b"")
    assert objects((tmp_path / "a").read_bytes())
    assert (tmp_path / "a").read_bytes() != whole["none"].alerts


def test_a_dash_streams_alerts_to_stdout(whole: dict[str, Given], tmp_path: Path) -> None:
    """With `--alerts -` stdout holds the changes, one JSON object a line, and nothing else."""
    done = command(TAGS, *TABLES, "--alerts", "-", cwd=tmp_path)
    assert done.returncode == 0
    assert sorted(done.stdout.splitlines()) == sorted(whole["none"].alerts.splitlines())


ONE_LURE = 9
"""Lines of `lures.csv`: what it is, its columns and one entry."""
BAD = b'{"order_id": "o-1", "ts_ms": 1}\n'


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("gone.ndjson",), 3, "gone.ndjson: No such file or directory; give a readable file of tags"),
        ((TAGS, "--alerts", "gone/a"), 3, "gone/a: there is no folder gone; create it first"),
        ((TAGS, "--closures", "bad"), 3, "bad:1: truth: Field required; mend the closure"),
        ((TAGS, "--stations", "gone.csv"), 3, "gone.csv"),
        ((TAGS, "--rules", "gone"), 3, "there is no folder `tags` here"),
        ((TAGS, "--lists", "gone"), 3, "gone: No such file or directory; give a readable folder of lists, or none"),
        ((TAGS, "--reorder", "soon"), 3, "--reorder: 'soon' is not a span; write e.g. 90s, 15min, 2h or 7d"),
        ((TAGS, "--alerts", "-", "--orders", "-"), 2, "only one of --alerts, --orders and --deadletters"),
    ],
)
def test_what_cannot_work_is_told(tmp_path: Path, arguments: tuple[str, ...], code: int, words: str) -> None:
    """A wrong file, table, rule folder or option leads to its exit code and one sentence with the remedy."""
    (tmp_path / "bad").write_bytes(BAD)
    done = command(*arguments, cwd=tmp_path)
    assert done.returncode == code
    assert words in done.stderr.decode()
    assert "Traceback" not in done.stderr.decode()
    assert done.stdout == b""


@pytest.mark.parametrize("jobs", [1, 2])
def test_an_interrupt_ends_quietly(busy: Path, tmp_path: Path, jobs: int) -> None:
    """Ctrl-C, which reaches every process of the group, ends with 130, one word and no traceback."""
    # a suite that runs in the background has its children ignore Ctrl-C
    line = ["env", "--default-signal=INT", sys.executable, "-m", "fraud_guard", "replay", "-", *TABLES, "--alerts", "-", "--jobs", str(jobs), "-q"]
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    feed = ["cat", str(busy), "-"]  # never ends, and waits when the pipe is full
    with (
        subprocess.Popen(feed, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as source,
        subprocess.Popen(
            line, cwd=tmp_path, env=env, stdin=source.stdout, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
        ) as process,
    ):  # fmt: skip
        assert process.stdout is not None
        assert process.stdout.readline().startswith(b"{")
        os.killpg(process.pid, signal.SIGINT)
        _, stderr = process.communicate()
        source.kill()
    assert (process.returncode, stderr.decode()) == (130, "interrupted\n")


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder
