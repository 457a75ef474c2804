"""One EmbeddedLog a file and process: the app opens it with its key, Faust's transport finds it again."""

from __future__ import annotations

import threading
from pathlib import Path

from fraud_guard.adapters.embedded.log import EmbeddedLog, Seal
from fraud_guard.errors import ConfigurationError

_lock = threading.Lock()
_open: dict[Path, tuple[EmbeddedLog, Seal | None]] = {}


def open_log(path: str | Path, seal: Seal | None = None, unseal: Seal | None = None) -> EmbeddedLog:
    """The process's log in this file; opened by the first call, which therefore gives the seal.

    Later calls may leave the seal out. Raises ConfigurationError when one gives another seal.
    """
    place = Path(path).absolute()
    with _lock:
        if place not in _open:
            _open[place] = EmbeddedLog(place, seal=seal, unseal=unseal), seal
        log, first_seal = _open[place]
    if seal is not None and seal != first_seal:
        raise ConfigurationError(f"log {place} is already open with another seal; open it with its key first")
    return log


def close_log(path: str | Path) -> None:
    """Close the process's log in this file, if it is open; the next `open_log` opens it anew."""
    with _lock:
        log, _ = _open.pop(Path(path).absolute(), (None, None))
    if log is not None:
        log.close()
