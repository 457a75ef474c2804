"""What a replay writes: files sorted, `-` streamed, numbers and ids as the source has them, refused lines sealed."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from fraud_guard.adapters.sealing import Keys, Sealer
from fraud_guard.app.replay.lane import Yield
from fraud_guard.app.replay.results import Results
from fraud_guard.dispatch.order import Order
from fraud_guard.errors import ConfigurationError
from fraud_guard.escalation.alert import AlertChange, EvidenceView
from tests.histories import T0

SEALER = Sealer(Keys.from_site_key("results tests: a key that is no secret").deadletter)
LINES = {
    7: b'{"id":"c-7","source":"s","channel":"call","ts_ms":1773619200000,"subject":"19900000001","peer":"95588",'
    b'"direction":"in","phase":"start"}',
    9: b'{"id":"c-9","source":"s","channel":"sms","ts_ms":1773619200000,"subject":"opaque-token","peer":"95588",'
    b'"direction":"in"}',
}


def results(alerts: str | None = None, orders: str | None = None, deadletters: str | None = None) -> Results:
    made = Results(alerts, orders, deadletters, SEALER, "day.ndjson")
    made.look_up = lambda position: LINES[position]
    made.seal_with(lambda inlet: f"line at {inlet}".encode())
    return made


def change(ts_ms: int, alert_id: str = "a-1", seq: int = 0, *positions: int) -> AlertChange:
    evidence = EvidenceView(kind="rule", id="r", version=1, weight=1.0, summary_zh="线索", summary_en="clue",
                            tag_ids=tuple(f"#{p}" for p in positions))  # fmt: skip
    return AlertChange(
        alert_id=alert_id, seq=seq, change="raised", ts_ms=ts_ms, subject="00ff", level=2, probability=0.5,
        scam_type="fake_police", scam_type_probabilities={"fake_police": 1.0}, station_id="north", area="",
        evidence=(evidence,) if positions else (),
    )  # fmt: skip


def order(order_id: str, issued_ms: int, state: str = "issued") -> Order:
    return Order.model_validate({"order_id": order_id, "alert_id": "a-1", "level": 2, "station_id": "north", "attempt": 1,
                                 "issued_ms": issued_ms, "state": state})  # fmt: skip


def lines(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def test_files_are_sorted(tmp_path: Path) -> None:
    """Alerts by (time, alert, seq) and orders by (time, id), whatever order the lanes gave them in."""
    made = results(str(tmp_path / "a"), str(tmp_path / "o"))
    made.take(Yield(changes=[change(T0 + 1), change(T0, "a-2")], orders=[order("o-2", T0), order("o-3", T0 - 1)]))
    made.take(Yield(changes=[change(T0, "a-1", 1), change(T0, "a-1", 0)], orders=[order("o-1", T0)]))
    assert not (tmp_path / "a").exists()
    made.finish()
    assert [(c["ts_ms"], c["alert_id"], c["seq"]) for c in lines(tmp_path / "a")] == [
        (T0, "a-1", 0), (T0, "a-1", 1), (T0, "a-2", 0), (T0 + 1, "a-1", 0),
    ]  # fmt: skip
    assert [o["order_id"] for o in lines(tmp_path / "o")] == ["o-3", "o-1", "o-2"]


def test_an_order_stands_in_its_last_state(tmp_path: Path) -> None:
    """One line an order, however often it changed."""
    made = results(orders=str(tmp_path / "o"))
    made.take(Yield(orders=[order("o-1", T0), order("o-1", T0, "accepted"), order("o-1", T0, "closed")]))
    made.finish()
    assert [o["state"] for o in lines(tmp_path / "o")] == ["closed"]


@pytest.mark.parametrize(("alerts", "orders", "expected"), [("-", None, ["a-1"]), (None, "-", ["o-1"])])
def test_a_dash_streams(
    alerts: str | None, orders: str | None, expected: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """With `-` a line is on stdout as soon as it is known, before the end, and nothing else is."""
    made = results(alerts, orders)
    made.take(Yield(changes=[change(T0)], orders=[order("o-1", T0)]))
    streamed = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [one.get("order_id", one["alert_id"]) for one in streamed] == expected
    made.finish()
    assert capsys.readouterr().out == ""


def test_ids_and_numbers_are_those_of_the_source(tmp_path: Path) -> None:
    """Evidence names tags by their ids, the subject is the normalised number or the opaque token as it came."""
    made = results(str(tmp_path / "a"))
    made.take(Yield(changes=[change(T0, "a-1", 0, 7), change(T0, "a-2", 0, 9, 7)]))
    made.finish()
    first, second = lines(tmp_path / "a")
    assert (first["subject"], first["evidence"][0]["tag_ids"]) == ("+8619900000001", ["c-7"])
    assert (second["subject"], second["evidence"][0]["tag_ids"]) == ("opaque-token", ["c-9", "c-7"])


def test_refused_lines_are_sealed(tmp_path: Path) -> None:
    """A dead letter tells why and where; the line itself is only readable with the site's key."""
    made = results(deadletters=str(tmp_path / "d"))
    made.dead(90, "not_json", "")
    made.dead(10, "missing_field", "$.host")
    made.finish()
    first, second = lines(tmp_path / "d")
    assert (first["position"], first["reason"], first["detail"], first["source"]) == (10, "missing_field", "$.host", "day.ndjson")
    assert SEALER.unseal(base64.b64decode(str(second["sealed"]))) == b"line at 90"
    assert "line at" not in (tmp_path / "d").read_text("utf-8")


def test_the_same_refused_line_is_sealed_to_the_same_bytes(tmp_path: Path) -> None:
    """Dead-letter files of two runs can be compared byte for byte."""
    for name in ("d1", "d2"):
        made = results(deadletters=str(tmp_path / name))
        made.dead(10, "not_json", "")
        made.finish()
    assert (tmp_path / "d1").read_bytes() == (tmp_path / "d2").read_bytes()


@pytest.mark.parametrize("place", ["folder", "missing/file"])
def test_a_place_that_cannot_be_written_is_refused_at_once(tmp_path: Path, place: str) -> None:
    """A long replay does not run only to fail at its last line."""
    (tmp_path / "folder").mkdir()
    for field in ("alerts", "orders", "deadletters"):
        with pytest.raises(ConfigurationError, match=place):
            results(**{field: str(tmp_path / place)})


def test_a_full_disk_is_a_configuration_error() -> None:
    """What fails while writing names the file."""
    made = results(alerts="/dev/full")
    made.take(Yield(changes=[change(T0)]))
    with pytest.raises(ConfigurationError, match="/dev/full: No space left"):
        made.finish()
