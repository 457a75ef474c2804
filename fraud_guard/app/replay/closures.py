"""Closures of a file: what officers reported about the orders of a replay."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from fraud_guard.errors import ConfigurationError
from fraud_guard.feedback.closure import Closure


def read_closures(path: Path) -> dict[str, Closure]:
    """Closures of an NDJSON file by order id. Raises ConfigurationError that names file and line."""
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise ConfigurationError(f"{path}: {error.strerror}; give a readable file of closures") from None
    found: dict[str, Closure] = {}
    for number, line in enumerate(lines, start=1):
        if line.strip():
            closure = _closure(line, f"{path}:{number}")
            if closure.order_id in found:
                raise ConfigurationError(f"{path}:{number}: order {closure.order_id} was closed before; keep one closure an order")
            found[closure.order_id] = closure
    return found


def _closure(line: bytes, place: str) -> Closure:
    try:
        return Closure.model_validate_json(line)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(p) for p in first["loc"])
        words = first["msg"].removeprefix("Value error, ")
        raise ConfigurationError(f"{place}: {field}{': ' if field else ''}{words}; mend the closure") from None
