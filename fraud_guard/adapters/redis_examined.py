"""What an operator wants to know of the Redis or Valkey behind the memory; nothing is changed there."""

from __future__ import annotations

import time
from typing import Any, NamedTuple

import redis

from fraud_guard.adapters.patient_redis import client

KEY = "fg:{doctor}:place"
QUEUED = (
    ("HGET", KEY, "x"), ("HMGET", KEY, "x"), ("HSET", KEY, "x", "1"), ("HGETALL", KEY), ("HSCAN", KEY, "0"), ("HDEL", KEY, "x"),
)  # fmt: skip
"""What a worker sends, beside WATCH, MULTI, EXEC, TIME and INFO."""
TIMEOUT_S = 5


class Facts(NamedTuple):
    """`refused`: commands that a worker needs and this user may not send. `administers`: it may do more than it should."""

    version: str
    used_bytes: int
    most_bytes: int
    ahead_ms: int
    refused: tuple[str, ...]
    administers: bool


def examine(url: str) -> Facts:
    """Ask the server. Its clock gives the epochs of workers; `ahead_ms`: of this machine's. Raises redis.RedisError or ValueError."""
    db: Any = client(url, TIMEOUT_S)
    try:
        found = db.info()
        before_s = time.time()
        seconds, micros = db.time()
        ahead_ms = int((seconds + micros / 1e6 - before_s) * 1_000)
        version = found.get("valkey_version") or found.get("redis_version", "")
        return Facts(version, int(found.get("used_memory", 0)), int(found.get("maxmemory", 0)), ahead_ms, _refused(db), _administers(db))
    finally:
        db.close()


def _refused(db: Any) -> tuple[str, ...]:
    """Commands are queued and never executed: rights are looked at when one is queued, and the connection ends without EXEC."""
    connection = db.connection_pool.get_connection()
    refused = []
    try:
        for words in (("WATCH", KEY), ("MULTI",), *QUEUED):
            connection.send_command(*words)
            try:
                connection.read_response()
            except redis.exceptions.NoPermissionError:
                refused.append(words[0].lower())
    finally:
        connection.disconnect()
        db.connection_pool.release(connection)
    return tuple(refused)


def _administers(db: Any) -> bool:
    try:
        db.execute_command("CONFIG", "GET", "maxmemory-policy")
    except redis.exceptions.ResponseError:
        return False
    return True
