"""The commands as officers and operators use them: sane output, helpful sentences, exit codes of the contract."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from fraud_guard import __version__
from fraud_guard.app.cli import exits
from fraud_guard.app.cli.main import app
from fraud_guard.app.settings import read
from fraud_guard.testing import Driver, ToldClock, lines_of
from tests.integration.replays import DAY

KEY = "command tests: a key that is no secret at all"
EVENING_MS = 1_773_676_800_000
HEAVY = ("faust", "sqlglot", "pyarrow", "alembic", "httpx", "numpy")
COMMANDS = [
    (), ("demo",), ("replay",), ("run",), ("stats",), ("evaluate",), ("doctor",), ("orders",), ("orders", "list"), ("orders", "accept"),
    ("orders", "close"), ("rules",), ("rules", "lint"), ("rules", "test"), ("rules", "publish"), ("deadletters",), ("deadletters", "list"),
    ("deadletters", "show"), ("deadletters", "replay"), ("outbox",), ("outbox", "list"), ("outbox", "requeue"), ("topics",), ("topics", "create"), ("topics", "check"), ("config",), ("config", "check"), ("config", "show"),
]  # fmt: skip


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder of a site that has lived through the golden day."""
    folder = tmp_path_factory.mktemp("site") / "data"
    settings = read(data_dir=folder, site_key=KEY, subjects=DAY / "subjects.csv", stations=DAY / "stations.csv")
    run = Driver(settings, ToldClock(EVENING_MS))
    run.feed(lines_of(DAY / "tags.ndjson"))
    run.settle()
    run.close()
    return folder


@pytest.fixture
def site(lived: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of that folder, with its key and stations in the environment of the commands."""
    folder = tmp_path / "data"
    folder.mkdir()
    for path in lived.glob("*.db"):
        (folder / path.name).write_bytes(path.read_bytes())
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FG_DATA_DIR", str(folder))
    monkeypatch.setenv("FG_SITE_KEY", KEY)
    monkeypatch.setenv("FG_STATIONS", str(DAY / "stations.csv"))
    return folder


@pytest.fixture
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder and no settings."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("FG_")]:
        monkeypatch.delenv(name)
    return tmp_path


def call(*arguments: str, code: int = 0, columns: int = 80) -> Result:
    """Run a command in this process; it must exit with `code`."""
    exits.out.width = exits.err.width = columns  # consoles take their width when they are made
    done = CliRunner().invoke(app, list(arguments), env={"COLUMNS": str(columns), "TERM": "dumb"})
    assert done.exit_code == code, f"{done.output}\n{done.exception!r}"
    return done


def python(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    return subprocess.run([sys.executable, *arguments], cwd=cwd, env=env, capture_output=True, text=True, check=False)


def orders(*arguments: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in call("orders", "list", "--json", *arguments).stdout.splitlines()]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
@pytest.mark.parametrize("columns", [80, 120])
def test_help_fits_the_terminal(command: tuple[str, ...], columns: int) -> None:
    """Every command explains itself, each of its options has words, and no line is wider than the terminal."""
    text = call(*command, "--help", columns=columns).stdout
    assert "Usage: " in text
    assert max(map(len, text.splitlines())) <= columns
    assert "public demo key: not secret" not in text


def test_version() -> None:
    """`--version` says name and version and exits 0."""
    assert call("--version").stdout == f"fraud-guard {__version__}\n"


@pytest.mark.parametrize("command", ["--version", "--help", "orders list"])
def test_light_commands_load_nothing_heavy(site: Path, command: str) -> None:
    """What an officer types starts without the stream engine, Arrow and the rule compiler."""
    probe = f"import sys; from fraud_guard.app.cli import main; sys.argv[1:] = {command.split()}\ntry: main()\n"
    probe += f"finally: print([m for m in {HEAVY} if m in sys.modules], file=sys.stderr)"
    done = python("-c", probe, cwd=site)
    assert done.returncode == 0
    assert done.stderr.endswith("[]\n")


def test_orders_are_listed_for_officers(site: Path) -> None:
    """Level, station by name, state, local times with the date, the reasons in Chinese, and the id to answer with."""
    text = call("orders", "list").stdout
    assert "红 极高危" in text
    assert "江湾青石派出所 (S-329981101)" in text
    assert "下发 2026-03-16" in text
    assert "待签收" in text
    assert "· 与可疑号码通话期间" in text
    assert all(order["order_id"] in text for order in orders())
    assert len(orders("--limit", "2")) == 2
    assert {o["station_id"] for o in orders("--station", "S-329981001")} == {"S-329981001"}
    assert {o["state"] for o in orders("--state", "superseded")} == {"superseded"}
    assert "没有指令 no orders" in call("orders", "list", "--station", "nobody").stderr


def test_an_officer_accepts_and_closes(site: Path) -> None:
    """签收 and 办结 by the first characters of an id: deadlines, what to say, and the label in the statistics."""
    order = orders("--state", "issued")[0]
    start = str(order["order_id"])[:8]
    assert "还没有办结记录" in call("stats").stderr
    accepted = call("orders", "accept", start, "--officer", "王警官")
    assert "已签收" in accepted.stderr
    assert "联系时限" in accepted.stderr
    assert accepted.stdout.replace("\n", "") == order["script_zh"]
    assert "only an issued order" in call("orders", "accept", start, "--officer", "王警官", code=1).stderr
    report = ("--truth", "true_contacted_no_loss", "--contact", "in_person_verified", "--outcome", "dissuaded", "--officer", "王警官")
    assert "已办结" in call("orders", "close", start, *report, "--action", "call", "--action", "visit", "--saved", "5000").stderr
    assert [o["order_id"] for o in orders("--state", "closed")] == [order["order_id"]]
    table = call("stats").stdout
    assert "true_contacted_no_loss" in table
    assert "0.0% (n=1)" in table
    assert json.loads(call("stats", "--json").stdout)["total"]["true"] == 1


def test_answers_that_cannot_be_are_refused(site: Path) -> None:
    """Unknown and ambiguous orders are a no; answers that disagree, unknown types and states are wrong usage."""
    order = str(orders()[0]["order_id"])
    report = ["orders", "close", order, "--truth", "cannot_tell", "--contact", "busy", "--officer", "王警官", "--outcome"]
    assert "no order 00000000" in call("orders", "accept", "00000000-0000-0000-0000-000000000000", "--officer", "x", code=1).stderr
    assert "orders begin with ''" in call("orders", "accept", "", "--officer", "x", code=1).stderr
    assert "dissuaded needs contact" in call(*report, "dissuaded", code=2).stderr
    assert "one of: brushing_rebate" in call(*report, "no_action", "--scam-type", "fraud", code=2).stderr
    call("orders", "list", "--state", "lost", code=2)


def test_dead_letters_are_listed_shown_and_sent_again(site: Path) -> None:
    """Each with its reason and remedy; a look at the raw record is logged; a second sending sends nothing."""
    text = call("deadletters", "list", columns=120).stdout
    assert "missing_field: add the field named in the detail" in text
    letter = next(line.split()[0] for line in text.splitlines() if " not_json " in line)
    shown = call("deadletters", "show", letter, "--officer", "李工", "--why", "feed check")
    assert shown.stdout.strip()
    assert "send one JSON object a line" in shown.stderr
    assert "1 sent to the door again" in call("deadletters", "replay", "--reason", "not_json").stderr
    assert "0 sent to the door again, 1 had been sent before" in call("deadletters", "replay", letter).stderr
    assert "say which letters" in call("deadletters", "replay", code=2).stderr
    assert "no dead letter x" in call("deadletters", "replay", "x", code=1).stderr


def test_messages_that_were_set_aside_are_listed_and_sent_again(site: Path) -> None:
    """An operator sees what no receiver took, and why; a second try is asked for once."""
    with closing(sqlite3.connect(site / "truth.db")) as truth, truth:
        truth.execute("UPDATE outbox SET state = 'failed', channel = 'webhook', attempts = 9, error = '410 Gone' WHERE id = 1")
    shown = call("outbox", "list", columns=120)
    assert "webhook" in shown.stdout and "410 Gone" in shown.stdout
    assert "1 set aside" in shown.stderr
    assert "1 of webhook are tried again" in call("outbox", "requeue").stderr
    assert "nothing of webhook was set aside" in call("outbox", "requeue", "webhook").stderr
    assert "1 waiting, 0 set aside" in call("outbox", "list").stderr


def test_a_folder_without_a_site_is_a_configuration_error(nowhere: Path) -> None:
    """Commands about a site say where they looked and what to give."""
    for command in (("orders", "list"), ("stats",), ("deadletters", "list")):
        assert "data holds no site; give --data-dir" in call(*command, code=3).stderr
    assert list(nowhere.iterdir()) == []


def test_the_doctor_finds_a_healthy_site(site: Path) -> None:
    """All is well: exit 0, sizes and counts, and nothing to do."""
    text = call("doctor").stdout
    assert "bad" not in text
    assert "9 stations" in text
    assert "truth.db" in text


def test_the_doctor_names_remedies(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A damaged file, a weak key, a wrong table and a misspelt variable are all found in one visit, exit 1."""
    (site / "memory.db").write_bytes(b"SQLite format 3\0" + b"x" * 5_000)
    Path("stations.csv").write_text("station_id\n")
    monkeypatch.setenv("FG_SITE_KEY", "hunter2")
    monkeypatch.setenv("FG_STATIONS", "stations.csv")
    monkeypatch.setenv("FG_SLAK_MS", "5")
    text = " ".join(call("doctor", code=1, columns=200).stdout.split())
    assert "FG_SLAK_MS: no such setting" in text
    assert "openssl rand -hex 32" in text
    assert "stations.csv:1" in text
    assert "restore the last snapshot" in text
    assert "hunter2" not in text


def test_the_doctor_changes_nothing(nowhere: Path) -> None:
    """On a fresh machine it tells what the first start will do, and makes no key and no folder."""
    text = call("doctor").stdout
    assert "is made at the first start" in text
    assert "no order can be sent; set FG_STATIONS" in " ".join(text.split())
    assert list(nowhere.iterdir()) == []


def test_settings_are_shown_with_their_origin(nowhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Value, origin and meaning of every setting; secrets are only said to be set."""
    Path("fraud-guard.toml").write_text("slack_ms = 7\n")
    monkeypatch.setenv("FG_SITE_KEY", KEY)
    lines = call("config", "show", "--data-dir", "here", columns=160).stdout.splitlines()
    origin = {line.split()[0]: line.split()[1:3] for line in lines}
    assert origin["FG_SLACK_MS"] == ["7", "fraud-guard.toml"]
    assert origin["FG_SITE_KEY"] == ["(set)", "environment"]
    assert origin["FG_DATA_DIR"] == ["here", "option"]
    assert origin["FG_IDLE_MS"] == ["5000", "default"]


def test_configuration_is_checked_without_a_start(nowhere: Path) -> None:
    """Sound settings exit 0 though no order could be sent yet, a bad one exits 3 with its name."""
    assert "settings, rules, lists and tables are sound" in call("config", "check").stderr
    Path("fraud-guard.toml").write_text("slack_ms = -7\n")
    assert "FG_SLACK_MS" in call("config", "check", code=3).stderr


def test_rules_are_checked_and_tried(nowhere: Path) -> None:
    """The shipped rules have no findings; one rule's examples run; an unknown rule and a wrong folder are told."""
    assert "no findings" in call("rules", "lint").stderr
    text = call("rules", "test", "screen-share-on-risky-call", "--verbose", columns=160)
    assert "1 rules" in text.stderr
    assert "as expected, 0 not" in text.stderr
    assert "screen-share-on-risky-call" in text.stdout
    assert "no such rule: nonsense" in call("rules", "test", "nonsense", code=1).stderr
    assert "there is no folder `tags` here" in call("rules", "test", "--rules", ".", code=3).stderr


def test_until_idle_needs_tags(nowhere: Path) -> None:
    """`run --until-idle` without `--tags` would never stop: wrong usage."""
    assert "give both" in call("run", "--until-idle", code=2).stderr
    assert "give a readable file of tags" in call("run", "--tags", "gone", code=3).stderr


def test_run_feeds_a_file_and_stops(nowhere: Path) -> None:
    """`run --tags F --until-idle` scores a whole file, leaves its orders, and exits 0 with a clean stdout."""
    done = python(
        "-m", "fraud_guard", "run", "--tags", str(DAY / "tags.ndjson"), "--until-idle", "--stations", str(DAY / "stations.csv"),
        "--subjects", str(DAY / "subjects.csv"), cwd=nowhere,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert "Traceback" not in done.stderr
    assert orders()


def test_a_worker_without_stations_says_so(nowhere: Path) -> None:
    """Alerts that nobody can be ordered to answer are no secret: the worker warns when it starts."""
    (nowhere / "none.ndjson").touch()
    done = python("-m", "fraud_guard", "run", "--tags", "none.ndjson", "--until-idle", cwd=nowhere)
    assert done.returncode == 0
    assert "no order can be sent; set FG_STATIONS" in done.stderr


def test_memory_of_another_version_is_refused_in_words(nowhere: Path) -> None:
    """A worker that cannot take a partition over exits 7 and says what to do, without a traceback."""
    words = ("-m", "fraud_guard", "run", "--tags", str(DAY / "tags.ndjson"), "--until-idle", "--data-dir", "old")
    assert python(*words, cwd=nowhere).returncode == 0
    with closing(sqlite3.connect(nowhere / "old" / "memory.db")) as memory, memory:
        assert memory.execute("UPDATE blob SET key = 'c/whole' WHERE key = 'c/place'").rowcount == 1
    done = python(*words, cwd=nowhere)
    assert done.returncode == 7, done.stderr
    assert "start with a new data_dir" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_demo_shows_an_order(nowhere: Path) -> None:
    """Within 20 s the demo prints a first order: level, station, reasons, id; no control codes without a terminal."""
    done = python("-m", "fraud_guard", "demo", "--seconds", "20", cwd=nowhere)
    assert done.returncode == 0, done.stderr
    assert "\x1b" not in done.stdout
    first = done.stdout.splitlines()[0]
    assert "派出所" in first
    assert "；" in first
    assert first.split()[-1] in [o["order_id"] for o in orders("--data-dir", ".fraud-guard/demo")]
