"""Promises of the readers: what is taken, what is passed over, how a bad line is told."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path

import pytest

from fraud_guard.adapters.reference_tables import read_groups
from fraud_guard.errors import ConfigurationError
from fraud_guard.evaluation.alerts import read_alerts
from fraud_guard.evaluation.people import Person
from fraud_guard.evaluation.truth import read_truth
from tests.unit.evaluation.cities import CITY, alert, alerts_of, line, lookalike, loss, truth_of

HEAD = line(**CITY)


def test_unknown_kinds_and_fields_are_passed_over() -> None:
    """A later simulator may add kinds, fields and blank lines."""
    truth = truth_of(
        line(kind="gang", name="x"),
        b"\n",
        loss("e1", "a", gang="g", stages=[{"stage": "s"}]),
        lookalike("courier", "b"),
    )
    assert [e.episode_id for e in truth.episodes] == ["e1"]
    assert [s.what for s in truth.lookalikes] == ["courier"]
    assert truth.city.person_days == 10_000


def test_subjects_are_spelled_as_alerts_spell_them() -> None:
    """The caller's spelling is applied to every subject of the truth."""
    truth = read_truth([HEAD, loss("e1", "a"), lookalike("courier", "b")], "t", str.upper)
    assert [truth.episodes[0].subject, truth.lookalikes[0].subject] == ["A", "B"]


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ([], "t:1: the file is empty — give the truth.ndjson"),
        (
            [loss("e1", "a")],
            "t:1: a line of kind 'episode' here — begin the file with its one line of kind city",
        ),
        ([HEAD, HEAD], "t:2: a line of kind 'city' here"),
        ([HEAD, b"{\n"], "t:2: Input data was truncated"),
        ([HEAD, b"\xff\n"], "t:2: "),
        ([HEAD, b'{"kind":"city\xff"}\n'], "t:2: "),
        (
            [HEAD, loss("e1", "a"), loss("e1", "b")],
            "t:3: episode_id 'e1' again — give every episode its own id",
        ),
        ([HEAD, loss("e1", "a", outcome="won")], r"t:2: Invalid enum value 'won' - at `\$.outcome`"),
        ([HEAD, lookalike("courier", "a", 5, 4)], "t:2: t_last_ms lies before t_first_ms"),
        ([line(**CITY | {"v": 2})], r"t:1: Expected `int` <= 1 - at `\$.v`"),
        ([line(**CITY | {"people": 0})], "t:1: Expected `int` >= 1"),
    ],
)
def test_a_bad_truth_names_file_line_and_remedy(lines: list[bytes], words: str) -> None:
    """Whatever is wrong, the error says where and what to do."""
    with pytest.raises(ConfigurationError, match=words) as error:
        read_truth(lines, "t")
    assert " — " in str(error.value)


@pytest.mark.parametrize(
    "bad",
    [
        b"[]\n",
        b"\xff\n",
        b'{"alert_id":"x"}\n',
        *alert("a", "s", (0, 1), level=5),
        *alert("a", "s", (0, 1), change="new"),
    ],
)
def test_a_bad_alert_names_file_line_and_remedy(bad: bytes) -> None:
    """A line that is no change of an alert stops the reading."""
    with pytest.raises(
        ConfigurationError, match=r"a\.ndjson:3: .* — give the file that `replay --alerts` wrote"
    ):
        read_alerts([*alert("a", "s", (0, 4), (1, 3)), bad], "a.ndjson")


def test_order_of_lines_does_not_matter() -> None:
    """A streamed file, in any order and with lines twice, gives the same columns."""
    lines = [*alert("b", "s", (0, 4), (3, 2)), *alert("a", "t", (0, 3))]
    given = [alerts_of([*order, order[0]]) for order in permutations(lines)]
    for alerts in given:
        assert (alerts.ids, alerts.subjects, alerts.start.tolist()) == (["a", "b"], ["t", "s"], [0, 1])
        assert (alerts.level.tolist(), alerts.best_level.tolist()) == ([3, 4, 2], [3, 2])
        assert alerts.probability[alerts.last].tolist() == [0.3, 0.7]


def test_endings_say_nothing() -> None:
    """Lowered, closed and expired changes are counted as lines and used for nothing."""
    alerts = alerts_of(
        alert("a", "s", (0, 2)),
        *(
            alert("a", "s", (9, 1), seq=n, change=c)
            for n, c in enumerate(("lowered", "closed", "expired"), 1)
        ),
    )
    assert (alerts.lines, alerts.level.tolist()) == (4, [2])


def test_a_change_without_evidence_may_name_the_subject_otherwise() -> None:
    """The subject of an alert is that of its first change, since a replay knows the number only from evidence."""
    later = alert("a", "0f0f", (5, 1), seq=1, change="escalated", cause="clock")
    assert alerts_of(later, alert("a", "+8619900000101", (0, 2))).subjects == ["+8619900000101"]


def test_people_are_known_by_age_band_and_town(tmp_path: Path) -> None:
    """Areas are cut to the town; blanks are shown as such; numbers are written as alerts write them."""
    path = tmp_path / "s.csv"
    path.write_text("subject,area,age_band,household\n19900000101,329981001204,75+,alone\n\nb,,,\n", encoding="utf-8")
    assert read_groups(path) == {"+8619900000101": Person("75+", "329981001"), "b": Person("—", "—")}


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ([], "s:1: no column subject, area, age_band"),
        (["subject,area\n"], "s:1: no column age_band"),
        (["subject,area,age_band\n", "a,b\n"], "s:2: 2 fields instead of 3"),
        (["subject,area,age_band\n", 'a,"b\n'], "s:2: unexpected end of data"),
    ],
)
def test_a_bad_table_of_people_names_its_line(table: list[str], words: str, tmp_path: Path) -> None:
    """Each complaint about the table says where and how it should look."""
    path = tmp_path / "s"
    path.write_text("".join(table), encoding="utf-8")
    with pytest.raises(ConfigurationError, match=words):
        read_groups(path)
