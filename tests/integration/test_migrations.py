"""The migrations make exactly the tables that the code speaks of, and strangers' files are refused."""

from __future__ import annotations

import multiprocessing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import MetaData, create_engine

from fraud_guard.adapters.sql import engine, tables
from fraud_guard.adapters.sql.engine import TOUCHES, TRUTH, VAULT, Database, History
from fraud_guard.errors import ConfigurationError, DependencyError, IntegrityError

ALL = ((TRUTH, tables.truth), (VAULT, tables.vault), (TOUCHES, tables.touches))
EACH = pytest.mark.parametrize(("history", "metadata"), ALL, ids=["truth", "vault", "touches"])


@EACH
def test_migrated_tables_equal_the_metadata(history: History, metadata: MetaData, tmp_path: Path) -> None:
    """After all migrations nothing is missing, left over or of another type."""
    Database(tmp_path / "x.db", history).close()
    with create_engine(f"sqlite:///{tmp_path / 'x.db'}").connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, metadata) == []


@EACH
def test_the_head_is_named_right(history: History, metadata: MetaData) -> None:
    """The newest revision is the one the code takes for the newest, so that none is left out."""
    config = Config()
    config.set_main_option("script_location", str(engine._MIGRATIONS))
    config.set_main_option("version_locations", str(engine._MIGRATIONS / "versions" / history.folder))
    config.set_main_option("path_separator", "newline")
    assert ScriptDirectory.from_config(config).get_heads() == [history.head]


def test_a_newer_layout_is_refused(tmp_path: Path) -> None:
    """A file that a newer build has migrated is left alone."""
    Database(tmp_path / "x.db", TRUTH).close()
    with create_engine(f"sqlite:///{tmp_path / 'x.db'}").begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = 't999'")
    with pytest.raises(IntegrityError, match="has layout t999, this build knows up to t2"):
        Database(tmp_path / "x.db", TRUTH)


def test_no_database_at_all(tmp_path: Path) -> None:
    """A file of something else is refused as damaged, a folder that cannot be made as a setting."""
    (tmp_path / "x.db").write_bytes(b"this is a text, and no database at all" * 100)
    with pytest.raises(IntegrityError, match="restore the last snapshot"):
        Database(tmp_path / "x.db", TRUTH)
    with pytest.raises(ConfigurationError, match="set data_dir"):
        Database(tmp_path / "x.db" / "truth.db", TRUTH)


def test_a_server_that_is_away(tmp_path: Path) -> None:
    """A URL whose database cannot be opened raises the error that means: try again."""
    with pytest.raises(DependencyError):
        Database(f"sqlite:///{tmp_path}/nowhere/truth.db", TRUTH)


def test_processes_open_a_new_file_at_once(tmp_path: Path) -> None:
    """Several processes may open a file that does not exist yet; one migrates it, all can use it."""
    fork = multiprocessing.get_context("fork")
    children = [fork.Process(target=Database, args=(tmp_path / "x.db", TRUTH)) for _ in range(3)]
    for child in children:
        child.start()
    for child in children:
        child.join()
    assert [child.exitcode for child in children] == [0, 0, 0]
    Database(tmp_path / "x.db", TRUTH).close()
