"""Logs: one line an event for operators, on stderr or in a file, the same under every command and for every library.

No personal data is ever logged: a traceback tells types and places, never values, since the
variables and messages of a defect may quote a record. Our own errors keep their words.
"""

from __future__ import annotations

import logging
import sys
import traceback
from pathlib import Path
from typing import Any, Literal

import structlog
from structlog.typing import EventDict

from fraud_guard.errors import FraudGuardError

Form = Literal["json", "console"]
FOREIGN = {"aiokafka": "INFO"}
"""Loggers that quote records below this level."""


def log_to_stderr(level: int, file: Path | None = None, form: Form | None = None) -> None:
    """Write what operators must know, from this level on; `form` None: for people on a terminal, else JSON."""
    stream: Any = file.open("a", encoding="utf-8") if file else sys.stderr
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            places_of_exception,
            _renderer(form or ("console" if stream.isatty() else "json"), colors=stream.isatty()),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(file=stream),
        cache_logger_on_first_use=False,
    )


def log_where_nobody_said(form: Form | None = None) -> None:
    """Log as above, at the level of the worker, when the command has not done so (Faust's own)."""
    if not structlog.is_configured():
        log_to_stderr(logging.getLogger().getEffectiveLevel(), form=form)


class SamePipe(logging.Handler):
    """Brings what libraries log the standard way into our log."""

    def emit(self, record: logging.LogRecord) -> None:
        """Say it; an error among its arguments is told by its type, unless its words are about servers and files."""
        if isinstance(record.args, tuple):
            record.args = tuple(map(_without_quotes, record.args))
        event = record.getMessage().strip()
        structlog.get_logger().log(record.levelno, event, logger=record.name, exc_info=record.exc_info)


def faust_logging() -> dict[str, Any]:
    """What Faust merges into its own logging configuration."""
    loggers = {name: {"level": level} for name, level in FOREIGN.items()}
    return {"merge": True, "handlers": {"default": {"()": SamePipe}}, "loggers": loggers}


def places_of_exception(_logger: object, _method: str, event: EventDict) -> EventDict:
    """Turn `exc_info` into the chain of types and places, the cause last."""
    told = event.pop("exc_info", None)
    if isinstance(told, tuple):
        told = told[1]
    error = told if isinstance(told, BaseException) else sys.exc_info()[1] if told else None
    chain = []
    while error is not None:
        chain.append(_told(error))
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if chain:
        event["exception"] = chain
    return event


def _renderer(form: Form, *, colors: bool) -> Any:
    if form == "json":
        return structlog.processors.JSONRenderer(ensure_ascii=False)
    return structlog.dev.ConsoleRenderer(colors=colors)


def _without_quotes(argument: object) -> object:
    if not isinstance(argument, BaseException) or isinstance(argument, (FraudGuardError, OSError)):
        return argument
    kind = type(argument)
    return argument if kind.__module__ == "aiokafka.errors" else kind.__name__


def _told(error: BaseException) -> dict[str, object]:
    frames = traceback.StackSummary.extract(traceback.walk_tb(error.__traceback__), lookup_lines=False)
    words = {"says": str(error)} if isinstance(error, FraudGuardError) else {}
    return {"type": type(error).__name__, **words, "at": [f"{f.filename}:{f.lineno} {f.name}" for f in frames]}
