"""`fraud-guard score`: one line in, one line out, as it arrives."""

from __future__ import annotations

import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from fraud_guard.app.cli.main import app
from fraud_guard.app.cli.score import LONGEST_LINE_BYTES, line_chunks


class Pipe(io.RawIOBase):
    """A stream that gives the parts it was made of, one a read."""

    def __init__(self, parts: list[bytes]) -> None:
        self.parts = [part for part in parts if part]

    def read1(self, _: int) -> bytes:
        return self.parts.pop(0) if self.parts else b""


def answers(command: str, lines: str) -> list[dict]:
    done = CliRunner().invoke(app, ["score", command], input=lines)
    assert done.exit_code == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_messages_are_answered_line_by_line() -> None:
    """Each message has a probability, a type and its probabilities; a blank line keeps its place."""
    scam, blank, honest = answers(
        "text", "您名下银行卡涉嫌洗钱，请立即将资金转入安全账户配合公安调查\n\n晚上一起吃饭吗？"
    )
    assert scam["probability"] > 0.3
    assert honest["probability"] < 0.1
    assert scam["scam_type"] == max(scam["scam_type_probabilities"], key=scam["scam_type_probabilities"].get)
    assert sum(scam["scam_type_probabilities"].values()) == pytest.approx(1, abs=0.01)
    assert blank == {"probability": None, "scam_type": None, "scam_type_probabilities": {}}


def test_hosts_are_answered_with_reasons() -> None:
    """URLs are reduced to their host; what names none keeps its line; reasons have both languages."""
    odd, good, none, blank = answers("hosts", "https://icbc-jf.top/login?a=1\nwww.icbc.com.cn\n???\n\n")
    assert odd["host"] == "icbc-jf.top"
    assert odd["probability"] > 0.5 > good["probability"]
    assert {"code", "zh", "en", "weight"} == set(odd["reasons"][0])
    assert (none["host"], none["probability"], blank["probability"]) == ("???", None, None)


def test_a_version_that_is_not_there_is_told() -> None:
    """Exit code 3 and the remedy, not a traceback."""
    done = CliRunner().invoke(app, ["score", "text", "--version", "99.9"], input="x\n")
    assert done.exit_code == 3
    assert "models train" in " ".join(done.stderr.split())


@given(st.lists(st.text(st.sampled_from("a中\r \x00é"), max_size=6)), st.lists(st.integers(1, 9)))
def test_lines_survive_any_cut(lines: list[str], cuts: list[int]) -> None:
    """However a pipe cuts its bytes, every line comes out once and in order."""
    rest, parts = "".join(f"{line}\n" for line in lines).encode(), []
    for cut in cuts:
        parts.append(rest[:cut])
        rest = rest[cut:]
    found = [line for chunk in line_chunks(Pipe([*parts, rest])) for line in chunk]
    assert found == [line.rstrip("\r") for line in lines]


def test_an_endless_line_is_cut() -> None:
    """A line that never ends takes no more memory than the longest; the next line is whole again."""
    parts = [b"x" * LONGEST_LINE_BYTES] * 5 + [b"\nnext\n"]
    first, after = [line for chunk in line_chunks(Pipe(parts)) for line in chunk]
    assert (len(first), after) == (LONGEST_LINE_BYTES, "next")


def test_bytes_that_are_no_text_are_answered() -> None:
    """Broken UTF-8 is scored with replacement characters, never refused."""
    done = CliRunner().invoke(app, ["score", "text"], input=b"\xff\xfe\x80\n\xe4\xb8\n")
    assert done.exit_code == 0
    assert len(done.stdout.splitlines()) == 2
