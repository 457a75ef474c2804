"""Parts of a site opened beside a running worker, or without one, for commands."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from fraud_guard.adapters.sql.truth import SqlTruth
from fraud_guard.app.desk import make_desk, read_policy
from fraud_guard.app.settings import Settings, read, site_key
from fraud_guard.app.stores import open_log, truth_place
from fraud_guard.errors import ConfigurationError

if TYPE_CHECKING:
    from fraud_guard.adapters.sealing import Sealer
    from fraud_guard.adapters.sql.deadletters import SqlDeadLetters
    from fraud_guard.log import Log


class Archive(NamedTuple):
    """Dead letters with what is needed to read and resend them."""

    letters: SqlDeadLetters
    truth: SqlTruth
    log: Log
    sealer: Sealer
    close_log: Callable[[], object]

    def close(self) -> None:
        """Close all files."""
        self.letters.close()
        self.truth.close()
        self.close_log()


def open_truth(settings: Settings) -> SqlTruth:
    """Truth of an existing site. Raises ConfigurationError when there is none."""
    desk = make_desk(settings, read_policy(settings.rules))
    return SqlTruth.open(truth_place(settings), desk, webhook=settings.webhook_url is not None)


def open_letters(settings: Settings) -> Archive:
    """Dead letters, truth and log of an existing site. Raises ConfigurationError."""
    from fraud_guard.adapters.sealing import Keys, Sealer  # noqa: PLC0415
    from fraud_guard.adapters.sql.deadletters import SqlDeadLetters  # noqa: PLC0415
    from fraud_guard.app.topics import INLETS  # noqa: PLC0415

    keys = Keys.from_site_key(site_key(settings))
    log, close_log = open_log(settings, Sealer(keys.log))
    for topic in INLETS:
        log.declare(topic, settings.inlet_partitions)
    letters = SqlDeadLetters.open(truth_place(settings))
    return Archive(letters, open_truth(settings), log, Sealer(keys.deadletter), close_log)


@contextmanager
def site_log(settings: Settings) -> Iterator[Log]:
    """The log of a site, for as long as it is needed. Raises ConfigurationError or DependencyError."""
    from fraud_guard.adapters.sealing import Keys, Sealer  # noqa: PLC0415

    log, close = open_log(settings, Sealer(Keys.from_site_key(site_key(settings)).log))
    try:
        yield log
    finally:
        close()


def existing_site(data_dir: Path | None) -> Settings:
    """Settings of a site that has run. Raises ConfigurationError when the folder holds none."""
    settings = read(data_dir=data_dir)
    if settings.truth_url is None and not (settings.data_dir / "truth.db").exists():
        raise ConfigurationError(
            f"{settings.data_dir} holds no site; give --data-dir or FG_DATA_DIR of a worker that has run"
        )
    return settings
