"""Apache Kafka as jars from Maven Central: fetched once, each checked against `kafka.lock`, kept in a cache."""

from __future__ import annotations

import hashlib
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import httpx

from scripts.servers.broker import Unreachable

LOCK = Path(__file__).with_name("kafka.lock")
CENTRAL = "https://repo1.maven.org/maven2"
MIRROR_VARIABLE, CACHE_VARIABLE = "FG_MAVEN_URL", "FG_CACHE"
AT_ONCE = 6
TIMEOUT_S = 60


class Jar(NamedTuple):
    """One line of the lock."""

    sha256: str
    path: str


def jars() -> list[Jar]:
    """What the lock names."""
    lines = LOCK.read_text(encoding="utf-8").splitlines()
    return [Jar(*line.split()) for line in lines if line and not line.startswith("#")]


def fetch() -> Path:
    """The folder with all jars, fetched where missing. Raises Unreachable."""
    folder = _cache() / f"kafka-{hashlib.sha256(LOCK.read_bytes()).hexdigest()[:12]}"
    folder.mkdir(parents=True, exist_ok=True)
    missing = [jar for jar in jars() if not (folder / Path(jar.path).name).exists()]
    if missing:
        sys.stderr.write(f"· fetching Apache Kafka: {len(missing)} jars from {_repository()}\n")
        with httpx.Client(timeout=TIMEOUT_S, follow_redirects=True) as client, ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(lambda jar: _fetch(client, jar, folder), missing))
    return folder


def _fetch(client: httpx.Client, jar: Jar, folder: Path) -> None:
    url = f"{_repository()}/{jar.path}"
    try:
        answer = client.get(url).raise_for_status()
    except httpx.HTTPError as error:
        raise Unreachable(f"{url}: {error}; set {MIRROR_VARIABLE} to a mirror of Maven Central that can be reached") from error
    if hashlib.sha256(answer.content).hexdigest() != jar.sha256:
        raise Unreachable(f"{url} is not the file that {LOCK.name} names; the mirror is wrong")
    part = folder / f"{Path(jar.path).name}.{os.getpid()}"
    part.write_bytes(answer.content)
    part.replace(folder / Path(jar.path).name)  # whole or not at all, also beside another process


def _repository() -> str:
    return os.environ.get(MIRROR_VARIABLE, CENTRAL).rstrip("/")


def _cache() -> Path:
    named = os.environ.get(CACHE_VARIABLE)
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(named) if named else Path(home) / "fraud-guard"
