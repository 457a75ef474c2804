"""Exit codes: each kind of error leads to its code and is told in its own words; a defect keeps its traceback."""

from __future__ import annotations

import pytest
import typer

from fraud_guard.app.cli.exits import Exit, code_of, errors_told, refuse_usage
from fraud_guard.errors import (
    ConfigurationError,
    DependencyError,
    FencedError,
    FraudGuardError,
    IntegrityError,
    RejectedTag,
    RuleError,
)

CODES = [
    (ConfigurationError("no"), 3),
    (RuleError("no", file="a.yaml", line=3, remedy="mend it"), 3),
    (DependencyError("no"), 4),
    (PermissionError("no"), 6),
    (IntegrityError("no"), 7),
    (FencedError("no"), 7),
    (RejectedTag("not_json"), 1),
    (FraudGuardError("no"), 1),
]


def exit_of(error: BaseException, *answers: type[Exception]) -> int:
    """The exit code of a command in which `error` is raised."""
    with pytest.raises(typer.Exit) as stop, errors_told(*answers):
        raise error
    return int(stop.value.exit_code)


@pytest.mark.parametrize(("error", "code"), CODES, ids=lambda value: type(value).__name__)
def test_each_error_has_its_code(error: Exception, code: int, capsys: pytest.CaptureFixture[str]) -> None:
    """The code follows from the type, and the words go to stderr."""
    assert exit_of(error) == code == code_of(error)
    streams = capsys.readouterr()
    assert streams.out == ""
    assert streams.err == f"error: {error}\n"


def test_an_interrupt_is_130(capsys: pytest.CaptureFixture[str]) -> None:
    """Ctrl-C ends with the shell's own code."""
    assert exit_of(KeyboardInterrupt()) == Exit.INTERRUPTED == 130
    assert capsys.readouterr().err == "interrupted\n"


@pytest.mark.parametrize("defect", [KeyError("x"), ValueError("x"), TypeError("x")])
def test_a_defect_is_not_hidden(defect: Exception) -> None:
    """What nobody raises on purpose passes through, with its traceback."""
    with pytest.raises(type(defect)), errors_told():
        raise defect


def test_a_stores_no_is_told_where_it_is_expected(capsys: pytest.CaptureFixture[str]) -> None:
    """LookupError and ValueError are answers only in the commands that ask for them."""
    assert exit_of(LookupError("no order o-1"), LookupError, ValueError) == 1
    assert capsys.readouterr().err == "error: no order o-1\n"


def test_words_are_shown_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    """Brackets are no markup, and a long line is not broken."""
    words = "list[int] [bold]" + " a path/that/is/long" * 20
    exit_of(ConfigurationError(words))
    assert capsys.readouterr().err == f"error: {words}\n"


def test_wrong_usage_is_2(capsys: pytest.CaptureFixture[str]) -> None:
    """A refused combination of options exits as a parser would."""
    assert refuse_usage("give both").exit_code == 2
    assert capsys.readouterr().err == "usage: give both\n"
