"""Parts of a site opened beside a running worker, for commands."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from fraud_guard.adapters.embedded.log import EmbeddedLog
from fraud_guard.adapters.sealing import Keys, Sealer
from fraud_guard.adapters.sql.deadletters import SqlDeadLetters
from fraud_guard.adapters.sql.truth import SqlTruth
from fraud_guard.app.settings import Settings, read, site_key
from fraud_guard.app.site import make_desk
from fraud_guard.app.topics import MIXED
from fraud_guard.errors import ConfigurationError


class Archive(NamedTuple):
    """Dead letters with what is needed to read and resend them."""

    letters: SqlDeadLetters
    truth: SqlTruth
    log: EmbeddedLog
    sealer: Sealer

    def close(self) -> None:
        """Close all files."""
        for part in (self.letters, self.truth, self.log):
            part.close()


def open_truth(data_dir: Path | None) -> SqlTruth:
    """Truth of an existing site. Raises ConfigurationError when there is none."""
    settings = _existing(data_dir)
    return SqlTruth.open(settings.data_dir / "truth.db", make_desk(settings), webhook=settings.webhook_url is not None)


def open_letters(data_dir: Path | None) -> Archive:
    """Dead letters, truth and log of an existing site."""
    settings = _existing(data_dir)
    keys = Keys.from_site_key(site_key(settings))
    seal = Sealer(keys.log)
    log = EmbeddedLog(settings.data_dir / "log.db", seal=seal.seal, unseal=seal.unseal)
    log.declare(MIXED, 1)
    truth = SqlTruth.open(settings.data_dir / "truth.db", make_desk(settings), webhook=False)
    return Archive(SqlDeadLetters.open(settings.data_dir / "truth.db"), truth, log, Sealer(keys.deadletter))


def _existing(data_dir: Path | None) -> Settings:
    settings = read(data_dir=data_dir)
    if not (settings.data_dir / "truth.db").exists():
        raise ConfigurationError(
            f"{settings.data_dir} holds no site; give --data-dir or FG_DATA_DIR of a worker that has run"
        )
    return settings
