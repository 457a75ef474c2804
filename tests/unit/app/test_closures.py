"""Closures of a file: one an order, each checked, each fault named with file and line."""

from __future__ import annotations

from pathlib import Path

import pytest

from fraud_guard.app.replay.closures import read_closures
from fraud_guard.errors import ConfigurationError
from tests.histories import closure


def written(folder: Path, *lines: str) -> Path:
    path = folder / "closures.ndjson"
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


def test_closures_come_by_order(tmp_path: Path) -> None:
    """Every line is one closure; blank lines and unknown fields do not matter."""
    one, two = closure("o-1"), closure("o-2")
    extended = two.model_dump_json()[:-1] + ',"added_later":1}'
    assert read_closures(written(tmp_path, one.model_dump_json(), "", extended)) == {"o-1": one, "o-2": two}


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("{", "Invalid JSON"),
        ('{"order_id":"o-1"}', "ts_ms: Field required"),
        (closure("o-1").model_dump_json().replace("true_contacted_no_loss", "maybe"), "truth: Input should be"),
        (closure("o-1").model_dump_json().replace("phone_verified", "busy"), "dissuaded needs"),
    ],
)
def test_a_fault_is_named_with_its_line(tmp_path: Path, line: str, words: str) -> None:
    """Broken JSON, missing fields, unknown values and answers that disagree name file and line."""
    path = written(tmp_path, closure("o-0").model_dump_json(), line)
    with pytest.raises(ConfigurationError, match="mend the closure") as complaint:
        read_closures(path)
    assert str(complaint.value).startswith(f"{path}:2: ")
    assert words in str(complaint.value)


def test_an_order_is_closed_once(tmp_path: Path) -> None:
    """A second closure of one order is refused as the live system refuses it."""
    path = written(tmp_path, closure("o-1").model_dump_json(), closure("o-1", truth="true_in_progress").model_dump_json())
    with pytest.raises(ConfigurationError, match=r"closures\.ndjson:2: order o-1 was closed before"):
        read_closures(path)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    """A missing file is a configuration error."""
    with pytest.raises(ConfigurationError, match=r"gone\.ndjson: No such file"):
        read_closures(tmp_path / "gone.ndjson")
