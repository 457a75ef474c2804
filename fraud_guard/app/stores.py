"""Where log, truth, vault and memory live: files of the data folder, or the servers that the settings name."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from fraud_guard.adapters.sqlite_memory import SqliteMemoryStore
from fraud_guard.app.settings import Settings
from fraud_guard.errors import ConfigurationError
from fraud_guard.log import Log
from fraud_guard.ports import MemoryStore, Now

if TYPE_CHECKING:
    from fraud_guard.adapters.kafka.access import Credentials
    from fraud_guard.adapters.kafka.log import KafkaLog
    from fraud_guard.adapters.sealing import Sealer
    from fraud_guard.adapters.snapshots import SnapshotFolder
    from fraud_guard.adapters.sql.touches import SqlTouches
    from fraud_guard.adapters.sql.vault import SqlVault
    from fraud_guard.app.history.writing import HistoryWriter

WORKERS = "fraud_guard"
"""The name of the Faust app, and of its group in Kafka."""
_DRIVER = "postgresql+psycopg"


def truth_place(settings: Settings) -> Path | str:
    """The file of truth, or the URL of its database. Raises ConfigurationError for a URL that is none."""
    if settings.truth_url is None:
        return settings.data_dir / "truth.db"
    try:
        url = make_url(settings.truth_url.get_secret_value())
    except ArgumentError:
        url = None
    if url is None or url.drivername not in ("postgresql", _DRIVER):
        raise ConfigurationError("truth_url is no PostgreSQL address; write it like postgresql://user:password@host:5432/fraud_guard")
    return url.set(drivername=_DRIVER).render_as_string(hide_password=False)


def open_vault(settings: Settings, sealer: Sealer) -> SqlVault:
    """The vault: where truth is on a server, there; else a file. Raises ConfigurationError, DependencyError or IntegrityError."""
    from fraud_guard.adapters.sql.vault import SqlVault  # noqa: PLC0415  commands about orders need no NumPy

    return SqlVault(truth_place(settings) if settings.truth_url else settings.data_dir / "vault.db", sealer)


def open_touches(settings: Settings) -> SqlTouches:
    """The touch index: where truth is on a server, there; else a file. Raises ConfigurationError, DependencyError or IntegrityError."""
    from fraud_guard.adapters.sql.touches import SqlTouches  # noqa: PLC0415  commands about orders need no NumPy

    return SqlTouches(truth_place(settings) if settings.truth_url else settings.data_dir / "touches.db")


def open_log(settings: Settings, sealer: Sealer) -> tuple[Log, Callable[[], object]]:
    """The log as it is laid out, and what closes it. The embedded one is sealed; what Kafka holds is the broker's to guard.

    Raises ConfigurationError when the settings name another generation, DependencyError or IntegrityError.
    """
    from fraud_guard.app.layout import laid_out  # noqa: PLC0415  commands about orders need no log

    log, close = open_plain_log(settings, sealer)
    try:
        return laid_out(log, settings), close
    except BaseException:
        close()
        raise


def open_plain_log(settings: Settings, sealer: Sealer) -> tuple[Log, Callable[[], object]]:
    """The log with its topics as they are."""
    if settings.kafka is None:
        from fraud_guard.adapters.embedded import registry  # noqa: PLC0415  commands about orders need no Arrow

        path = embedded_log_path(settings)
        return registry.open_log(path, sealer.seal, sealer.unseal), partial(registry.close_log, path)
    log = open_kafka(settings)
    return log, log.close


def embedded_log_path(settings: Settings) -> Path:
    """The file of the log where Kafka holds none."""
    return settings.data_dir / "log.db"


def open_kafka(settings: Settings) -> KafkaLog:
    """The log in Kafka; topics that it makes are laid out as the settings ask. Raises ConfigurationError or DependencyError."""
    from fraud_guard.adapters.kafka.log import KafkaLog  # noqa: PLC0415
    from fraud_guard.app.topic_plan import plan_of  # noqa: PLC0415

    config_of = {name: plan.config() for name, plan in plan_of(settings).items()}
    return KafkaLog(settings.kafka or "", settings.kafka_replicas, WORKERS, kafka_access(settings), config_of=config_of)


def open_snapshots(settings: Settings, sealer: Sealer) -> SnapshotFolder | None:
    """Where snapshots of the memory are kept, if the settings name a place. Raises ConfigurationError."""
    if settings.snapshot_dir is None:
        return None
    from fraud_guard.adapters.snapshots import SnapshotFolder  # noqa: PLC0415

    return SnapshotFolder(settings.snapshot_dir, sealer, settings.snapshots_kept)


def kafka_access(settings: Settings) -> Credentials | None:
    """What proves this worker to Kafka. Raises ConfigurationError."""
    from fraud_guard.adapters.kafka.access import credentials  # noqa: PLC0415

    password = settings.kafka_password.get_secret_value() if settings.kafka_password else None
    return credentials(
        tls=settings.kafka_tls, ca=settings.kafka_ca, user=settings.kafka_user, password=password, mechanism=settings.kafka_mechanism
    )


def open_memory(settings: Settings) -> MemoryStore:
    """The store of the scorer's memory. Raises ConfigurationError, DependencyError or IntegrityError."""
    if settings.memory_url is None:
        return SqliteMemoryStore(settings.data_dir / "memory.db")
    from fraud_guard.adapters.redis_memory import RedisMemoryStore  # noqa: PLC0415  0.1 s that the default need not pay

    return RedisMemoryStore(settings.memory_url.get_secret_value(), settings.site_name)


def open_history(settings: Settings, log: Log, now_ms: Now) -> HistoryWriter | None:
    """What writes the history; None when none is kept."""
    if settings.history_dir is None:
        return None
    from fraud_guard.adapters.history.folder import HistoryFolder  # noqa: PLC0415  Parquet, which most workers do without
    from fraud_guard.app.history.writing import HistoryWriter, Pace  # noqa: PLC0415

    pace = Pace(settings.history_write_ms, settings.history_days)
    return HistoryWriter(HistoryFolder(settings.history_dir), log, settings.tags_partitions, now_ms, pace)
