"""Logs: JSON lines for operators, on stderr or in a file, the same under every command.

No personal data is ever logged: a traceback tells types and places, never values, since the
variables and messages of a defect may quote a record. Our own errors keep their words.
"""

from __future__ import annotations

import logging
import sys
import traceback
from pathlib import Path
from typing import Any

import structlog
from structlog.typing import EventDict

from fraud_guard.errors import FraudGuardError


def log_to_stderr(level: int, file: Path | None = None) -> None:
    """Write JSON lines of what operators must know, from this level on."""
    stream: Any = file.open("a", encoding="utf-8") if file else sys.stderr
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            places_of_exception,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(file=stream),
        cache_logger_on_first_use=False,
    )


def log_where_nobody_said() -> None:
    """Log as above, at the level of the worker, when the command has not done so (Faust's own)."""
    if not structlog.is_configured():
        log_to_stderr(logging.getLogger().getEffectiveLevel())


def places_of_exception(_logger: object, _method: str, event: EventDict) -> EventDict:
    """Turn `exc_info` into the chain of types and places, the cause last."""
    told = event.pop("exc_info", None)
    error = told if isinstance(told, BaseException) else sys.exc_info()[1] if told else None
    chain = []
    while error is not None:
        chain.append(_told(error))
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if chain:
        event["exception"] = chain
    return event


def _told(error: BaseException) -> dict[str, object]:
    frames = traceback.StackSummary.extract(traceback.walk_tb(error.__traceback__), lookup_lines=False)
    words = {"says": str(error)} if isinstance(error, FraudGuardError) else {}
    return {"type": type(error).__name__, **words, "at": [f"{f.filename}:{f.lineno} {f.name}" for f in frames]}
