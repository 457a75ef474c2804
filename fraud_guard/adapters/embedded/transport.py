"""Faust transport `embedded://`: the broker is a file. `embedded:///var/lib/fraud-guard/log.db` names it,
`?group=NAME` a group of its own, which may read other topics of the file beside the workers.

The package registers it under the entry point group `faust.transports`; `register()` does the same for
a tree that is not installed. The application opens the log with its key by `open_log(path, seal, unseal)`
before the app starts; the transport then finds that one.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from faust.transport import base
from faust.transport.drivers import TRANSPORTS
from yarl import URL

from fraud_guard.adapters.chunking import PositionHook, ReleaseHook
from fraud_guard.adapters.embedded.consumer import Consumer
from fraud_guard.adapters.embedded.log import EmbeddedLog
from fraud_guard.adapters.embedded.producer import Producer
from fraud_guard.adapters.embedded.registry import open_log
from fraud_guard.errors import ConfigurationError

SCHEME = "embedded"


class Transport(base.Transport):
    """Connects a Faust app to the log file of its broker URL."""

    Consumer = Consumer
    Producer = Producer
    driver_version = "embedded=1"

    on_assigned: PositionHook | None = None
    """Set it to start reading at the application's own positions instead of the committed offsets."""
    on_revoked: ReleaseHook | None = None
    """Set it to store what is known before other workers may get the partitions."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.path = log_path(self.url[0])
        self.group = str(self.url[0].query.get("group", ""))

    @property
    def embedded_log(self) -> EmbeddedLog:
        """The process's log in this file; opened without a seal unless the application did it before."""
        return open_log(self.path)


def log_path(url: URL) -> Path:
    """The file that a broker URL names. Raises ConfigurationError when it names none."""
    if url.scheme != SCHEME or url.host or url.path in {"", "/"}:
        raise ConfigurationError(f"broker {url} names no log file; write it as {SCHEME}:///folder/log.db")
    return Path(url.path)


def register() -> None:
    """Make Faust know the scheme without the package's entry point."""
    TRANSPORTS.aliases[SCHEME] = f"{__name__}:{Transport.__name__}"
