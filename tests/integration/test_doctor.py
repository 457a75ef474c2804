"""`doctor` asks the servers and folders of a site, and names a remedy for whatever is wrong with them; it changes nothing."""

from __future__ import annotations

import shutil
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import redis
from sqlalchemy import create_engine, inspect

from fraud_guard.adapters.kafka.log import KafkaLog
from fraud_guard.adapters.redis_examined import examine
from fraud_guard.adapters.relaid_log import Generation
from fraud_guard.adapters.sql.engine import TRUTH, Database
from fraud_guard.app.examining import (
    Note,
    examine_history,
    examine_kafka,
    examine_memory,
    examine_snapshots,
    examine_truth,
)
from fraud_guard.app.layout import write_layout
from fraud_guard.app.settings import Settings
from fraud_guard.app.topics import LAYOUT, MIXED
from fraud_guard.errors import ConfigurationError, DependencyError, IntegrityError
from fraud_guard.testing import Driver, ToldClock, lines_of
from scripts.servers.broker import Broker, free_port
from tests.integration import live
from tests.servers import NewDatabase, NewValkey

RIGHTS = "+info +time +watch +unwatch +multi +exec +hget +hmget +hset +hgetall +hscan +hdel"
DAY = lines_of(live.DAY / "tags.ndjson")


def settings(folder: Path, **more: Any) -> Settings:
    return live.settings_of(folder, **more)


def test_the_log_in_kafka(site_apache_kafka: Broker, tmp_path: Path) -> None:
    """Missing topics are a note and are not made; a wrong one, a foreign generation and a group beyond the end are bad; else all is well."""
    site = settings(tmp_path, kafka=site_apache_kafka.address)
    with pytest.raises(Note, match=r"the first worker makes alerts.*tags\.sms"):
        examine_kafka(site)
    with closing(KafkaLog(site_apache_kafka.address)) as log:
        assert log.facts([MIXED]) == {MIXED: None}
        Driver(site, ToldClock()).close()
        log.append_values(MIXED, 0, DAY[:3])
        assert "topics as planned, 0 workers" in examine_kafka(site)
        with pytest.raises(ConfigurationError, match=r"tags: 1 partitions, 2 are set; set FG_TAGS_PARTITIONS"):
            examine_kafka(site.model_copy(update={"tags_partitions": 2}))
        log.commit({("tags.sms", 0): 7})
        with pytest.raises(ConfigurationError, match=r"tags\.sms-0: the group has read further than its end 0"):
            examine_kafka(site)
        log.commit({("tags.sms", 0): 0})
        write_layout(log, (Generation(1, 1), Generation(2, 4, 100)))
        assert log.end(LAYOUT, 0) == 1
        with pytest.raises(ConfigurationError, match="set FG_TAGS_GENERATION=2 and FG_TAGS_PARTITIONS=4"):
            examine_kafka(site)
    with pytest.raises(DependencyError):
        examine_kafka(settings(tmp_path, kafka=f"127.0.0.1:{free_port()}"))


def test_truth_in_postgresql(new_database: NewDatabase, tmp_path: Path) -> None:
    """An empty database is a note and stays empty; tables of this build are well, older ones a note, newer ones bad."""
    url = new_database(bare=True)
    site = settings(tmp_path, truth_url=url)
    with pytest.raises(Note, match="no tables yet"):
        examine_truth(site)
    engine = create_engine(url)
    assert inspect(engine).get_table_names() == []
    live.open_truth(tmp_path, truth_url=url).close()
    with closing(Database(url, TRUTH)):
        pass
    Driver(site, ToldClock()).close()
    assert "tables of this build" in examine_truth(site)
    for found, error, words in (("t1", Note, "migrates truth t1"), ("t999", IntegrityError, "tables of a newer build")):
        with engine.begin() as connection:
            connection.exec_driver_sql(f"UPDATE alembic_version SET version_num = '{found}'")
        with pytest.raises(error, match=words):
            examine_truth(site)
    engine.dispose()


def test_memory_in_valkey(new_valkey: NewValkey, tmp_path: Path) -> None:
    """A server that may drop keys and a user without the needed rights are bad with the remedy; the right user is well, and wrote nothing."""
    url = new_valkey()
    with closing(redis.Redis.from_url(url)) as db:
        db.execute_command("ACL", "SETUSER", "guard", "on", ">hush", "~fg:*", *RIGHTS.split())
        db.execute_command("ACL", "SETUSER", "half", "on", ">hush", "~fg:*", "+info", "+time", "+watch", "+multi", "+hgetall")
        guard, half = (url.replace("redis://", f"redis://{name}:hush@") for name in ("guard", "half"))
        said = examine_memory(settings(tmp_path, memory_url=guard))
        assert "noeviction" in said
        assert "administer" not in said
        assert "may also administer it" in examine_memory(settings(tmp_path, memory_url=url))
        with pytest.raises(ConfigurationError, match="may not send hget, hmget, hset, hscan, hdel; docs/operations"):
            examine_memory(settings(tmp_path, memory_url=half))
        assert db.keys("*") == []
        assert abs(examine(guard).ahead_ms) < 60_000
        db.config_set("maxmemory-policy", "allkeys-lru")
        with pytest.raises(ConfigurationError, match="set it to noeviction"):
            examine_memory(settings(tmp_path, memory_url=guard))


def test_history_and_snapshots(tmp_path: Path) -> None:
    """Folders that a worker filled are told with their age; a damaged snapshot and a folder that cannot be one are bad."""
    more: dict[str, Any] = {"history_dir": tmp_path / "history", "history_days": 3_660, "snapshot_dir": tmp_path / "snapshots"}
    site = settings(tmp_path, **more)
    assert "empty" in examine_history(site)
    assert "none yet" in examine_snapshots(site)
    assert not (tmp_path / "snapshots").exists()
    run = Driver(site)
    run.feed(DAY)
    run.settle()
    run.site.store.snapshot("tags-0")
    run.close()
    run = Driver(site)
    run.site.store.snapshot("tags-0")
    run.close()
    assert "days since" in examine_history(site)
    with pytest.raises(Note, match="the log keeps 24 h"):
        examine_snapshots(site)
    assert "of 1 partitions" in examine_snapshots(settings(tmp_path, retention_h=10**6, **more))
    (newest, *_) = sorted((tmp_path / "snapshots").glob("*.snapshot"), reverse=True)
    newest.write_bytes(b"nonsense")
    with pytest.raises(IntegrityError, match="an older one may be sound"):
        examine_snapshots(site)
    shutil.rmtree(tmp_path / "snapshots")
    (tmp_path / "snapshots").write_text("no folder")
    with pytest.raises(ConfigurationError, match="cannot be written"):
        examine_snapshots(site)


def test_a_site_on_files_has_nothing_to_ask(tmp_path: Path) -> None:
    """Without servers and folders each says so; a memory on a server without snapshots is a note."""
    site = settings(tmp_path)
    assert {ask(site) for ask in (examine_kafka, examine_truth, examine_memory)} == {"in the data folder"}
    assert (examine_history(site), examine_snapshots(site)) == ("none is kept", "none are taken")
    with pytest.raises(Note, match="set FG_SNAPSHOT_DIR"):
        examine_snapshots(settings(tmp_path, memory_url="redis://127.0.0.1:1"))
