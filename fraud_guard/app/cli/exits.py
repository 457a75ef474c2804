"""Exit codes, and how errors become them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum

import typer
from rich.console import Console

from fraud_guard.errors import ConfigurationError, DependencyError, FraudGuardError, IntegrityError, RuleError

out = Console(highlight=False)
"""Where data go."""
err = Console(stderr=True, highlight=False)
"""Where people read."""


class Exit(IntEnum):
    """Exit codes of every command."""

    OK = 0
    NO = 1
    USAGE = 2
    CONFIGURATION = 3
    DEPENDENCY = 4
    PARTIAL = 5
    NOT_PERMITTED = 6
    INTEGRITY = 7
    INTERRUPTED = 130


def code_of(error: BaseException) -> Exit:
    """The exit code an error leads to."""
    match error:
        case ConfigurationError() | RuleError():
            return Exit.CONFIGURATION
        case DependencyError():
            return Exit.DEPENDENCY
        case IntegrityError():
            return Exit.INTEGRITY
        case PermissionError():
            return Exit.NOT_PERMITTED
        case KeyboardInterrupt():
            return Exit.INTERRUPTED
    return Exit.NO


@contextmanager
def errors_told(*answers: type[Exception]) -> Iterator[None]:
    """Tell an expected error in its own words and exit with its code; a defect keeps its traceback.

    `answers` are further types by which a store says "no" (LookupError, ValueError).
    """
    expected: tuple[type[Exception], ...] = (FraudGuardError, PermissionError, *answers)
    try:
        yield
    except expected as error:
        err.print("[bold red]error:[/]", end=" ")
        err.print(str(error), soft_wrap=True, markup=False)
        raise typer.Exit(code_of(error)) from error
    except KeyboardInterrupt as stop:
        err.print("interrupted")
        raise typer.Exit(Exit.INTERRUPTED) from stop


def refuse_usage(words: str) -> typer.Exit:
    """Tell what was wrong with the command; raise what it returns."""
    err.print("[bold red]usage:[/]", end=" ")
    err.print(words, soft_wrap=True, markup=False)
    return typer.Exit(Exit.USAGE)
