"""The timeline of an alert: from history and log alike, for a named reason only."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import pytest
from typer.testing import CliRunner, Result

from fraud_guard.adapters.history.folder import HistoryFolder
from fraud_guard.adapters.sealing import Keys
from fraud_guard.app.cli.main import app
from fraud_guard.door.numbers import normalise
from fraud_guard.door.tokens import Tokeniser
from fraud_guard.testing import Driver, ToldClock, lines_of
from tests.integration import live

NIGHT_MS = 1_773_690_000_000
WHO = ("--officer", "王警官", "--why", "复核预警")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site that has lived through the golden day: half of it in the history, the rest in the log alone."""
    folder = tmp_path_factory.mktemp("site")
    run = Driver(live.settings_of(folder, history_dir=folder / "history", history_days=3_660, tags_partitions=2), ToldClock(NIGHT_MS))
    lines = lines_of(live.DAY / "tags.ndjson")
    for at in range(0, len(lines), 60):
        run.feed(lines[at : at + 60])
        run.settle()
        if at == 180:
            run.site.history.write_all()
    run.settle()
    run.site.history = None  # nothing writes the rest
    run.close()
    return folder


@pytest.fixture
def command(site: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Runs a command on the site."""
    settings = live.given(site, history_dir=site / "history", tags_partitions=2)
    for name, value in settings.items():
        monkeypatch.setenv(f"FG_{name.upper()}", str(value))

    def run(*words: str) -> Result:
        return CliRunner().invoke(app, list(words))

    return run


def alert_of(site: Path) -> Any:
    """The alert with most evidence."""
    with closing(live.open_truth(site)) as truth:
        return max(truth.alerts(), key=lambda a: (len(a.evidence), a.alert_id))


def own_tags(token: str) -> set[str]:
    """Ids of the day's tags of one person."""
    tokens = Tokeniser(Keys.from_site_key(live.KEY).token)
    tags = []
    for line in lines_of(live.DAY / "tags.ndjson"):
        try:
            tags.append(msgspec.json.decode(line))
        except msgspec.DecodeError:
            continue
    return {t["id"] for t in tags if "subject" in t and tokens.token(normalise(str(t["subject"]))).hex() == token}


def test_history_and_log_make_one_timeline(site: Path, command: Any) -> None:
    """Every tag of the person in the span is told once, whether the history or only the log has it, and all evidence is found."""
    alert = alert_of(site)
    done = command("alerts", "timeline", alert.alert_id, *WHO, "--hours", "48", "--json")
    assert done.exit_code == 0, done.output
    told = msgspec.json.decode(done.stdout)
    ids = [m["id"] for m in told["moments"]]
    evidence = {t for c in told["changes"] for e in c["evidence"] for t in e["tag_ids"]}
    assert told["missing"] == []
    assert evidence <= set(ids) <= own_tags(alert.token)
    assert len(ids) == len(set(ids)) > len(evidence)
    assert {m["id"] for m in told["moments"] if m["reasons"]} == evidence
    assert [m["ts_ms"] for m in told["moments"]] == sorted(m["ts_ms"] for m in told["moments"])


def test_it_is_read_without_effort(site: Path, command: Any) -> None:
    """The lines are Chinese, in local time, with stars at the evidence and the reasons beneath; no token and no number."""
    alert = alert_of(site)
    done = command("alerts", "timeline", alert.alert_id[:8], *WHO)
    assert done.exit_code == 0, done.output
    assert "★" in done.stdout and "▶ 发出预警" in done.stdout and "2026-03-16" in done.stdout
    strongest = max((e for e in alert.evidence if e.tag_ids), key=lambda e: e.weight)
    assert strongest.summary_zh in done.stdout
    assert alert.token not in done.output


def test_each_look_is_noted(site: Path, command: Any) -> None:
    """Who looked at which alert, and why, stands in the audit; without a reason there is nothing to see."""
    alert = alert_of(site)
    command("alerts", "timeline", alert.alert_id, "--officer", "李警官", "--why", "家属来电")
    with closing(live.open_truth(site)) as truth:
        looks = [(a.who, a.reason) for a in truth.audit_log(alert.alert_id) if a.what == "alert.timeline"]
    assert ("李警官", "家属来电") in looks
    done = command("alerts", "timeline", alert.alert_id, "--officer", "李警官", "--why", " ")
    assert (done.exit_code, done.stdout) == (2, "")


def test_there_is_no_timeline_without_an_alert(command: Any) -> None:
    """Somebody without an alert cannot be looked up: an id that is none is answered with no."""
    done = command("alerts", "timeline", "ffffffff-0000", *WHO)
    assert done.exit_code == 1
    assert "no alerts begin with" in done.stderr


def test_an_erasure_is_audited(site: Path, command: Any) -> None:
    """`history erase --subject` takes the person's tags from the history, says how many, and leaves a line in the audit."""
    tokens, alert = Tokeniser(Keys.from_site_key(live.KEY).token), alert_of(site)
    numbers = [msgspec.json.decode(line)["subject"] for line in lines_of(live.DAY / "tags.ndjson")[:20]]
    number = next(n for n in numbers if tokens.token(normalise(n)).hex() != alert.token)
    token = tokens.token(normalise(number))
    done = command("history", "erase", "--subject", number, "--officer", "王警官", "--why", "本人申请")
    assert done.exit_code == 0, done.output
    assert number not in done.output
    with closing(live.open_truth(site)) as truth:
        assert [(a.what, a.who, a.reason) for a in truth.audit_log(token.hex())] == [("history.erase", "王警官", "本人申请")]
    again = command("history", "erase", "--token", token.hex(), "--officer", "王警官", "--why", "本人申请")
    assert again.exit_code == 1


def test_what_the_history_holds_is_shown(site: Path, command: Any) -> None:
    """`history stats` counts days, files and tags, `history show` names the files, `history tidy` leaves few; none names a person."""
    tags = sum(f.last - f.first + 1 for f in HistoryFolder(site / "history").files())
    assert tags > 0
    stats, show = command("history", "stats"), command("history", "show")
    assert "2026-03-16" in stats.stdout and "tags-000of002-" in show.stdout
    tidy = command("history", "tidy")
    assert (stats.exit_code, show.exit_code, tidy.exit_code) == (0, 0, 0), tidy.output


def test_no_history_is_told_with_its_remedy(command: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder without history is refused in words that say how to get one."""
    done = command("history", "stats", "--history", str(tmp_path))
    assert done.exit_code == 3
    assert "history write" in done.stderr
    monkeypatch.delenv("FG_HISTORY_DIR")
    done = command("rules", "backtest")
    assert (done.exit_code, "FG_HISTORY_DIR" in done.stderr) == (3, True)
