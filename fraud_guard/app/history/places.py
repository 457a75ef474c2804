"""Where the history of a command lies."""

from __future__ import annotations

from pathlib import Path

from fraud_guard.adapters.history.folder import HistoryFolder
from fraud_guard.app.settings import read
from fraud_guard.errors import ConfigurationError


def existing(named: Path | None) -> HistoryFolder:
    """The folder that was named, else that of the settings. Raises ConfigurationError when there is none or it is empty."""
    place = named or read().history_dir
    if place is None:
        raise ConfigurationError("no history: give --history DIR, or set FG_HISTORY_DIR")
    return HistoryFolder.existing(place)
