"""Everybody on the stage of a fault test: broker, Valkey, PostgreSQL and workers of one site, each of which may die and come back.

What a service manager does is done here, too: a worker that ended by itself is started again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import closing, suppress
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any, Self

from fraud_guard.adapters.kafka.log import KafkaLog
from fraud_guard.adapters.sql.truth import SqlTruth
from fraud_guard.app.cli.exits import Exit
from fraud_guard.app.topics import LOG, MIXED
from fraud_guard.errors import DependencyError
from scripts.servers.kafka import KafkaBroker
from scripts.servers.postgres import PostgresServer
from scripts.servers.process import Server, free_port
from scripts.servers.valkey import ValkeyServer
from tests.fault_proxy import FaultProxy
from tests.integration import live

PARTITIONS = 4
STUCK_S = 150.0
"""So long nothing moves before a test gives up; a group needs some of it to miss a dead member."""
RESTARTS_MOST = 12
"""Of all workers by themselves, before what a test waits for is reached."""
POLL_S = 0.2
ALONE_S = 3_600.0
"""So long one worker on files may take for a long day; a guard against hangs."""
IDLE_MS = 3_600_000


class Actors:
    """Servers and workers `names` of one site in `folder`; a context manager that ends them all.

    `proxied`: the workers reach each server through one of `proxies`, and the test goes past them.
    """

    def __init__(self, folder: Path, names: Sequence[str] = ("one", "two"), *, proxied: bool = False, **settings: Any) -> None:
        self.folder, self.names = folder, names
        told = free_port() if proxied else None
        self.broker = KafkaBroker(folder / "kafka", told)
        self._own = TemporaryDirectory(prefix="fg-pg-")  # its user must get there, and pytest shuts others out of its folders
        self.valkey, self.postgres = ValkeyServer(folder / "valkey"), PostgresServer(Path(self._own.name))
        self.settings = {
            "kafka": self.broker.direct_address, "truth_url": self.postgres.url, "memory_url": self.valkey.url,
            "tags_partitions": PARTITIONS, "idle_ms": IDLE_MS, **settings,
        }  # fmt: skip
        self.proxies: dict[str, FaultProxy] = {}
        self._for_workers: dict[str, str] = {}
        if told is not None:
            self._stand_between(told)
        self.workers: dict[str, live.Worker] = {}
        self.down: set[str] = set()
        self.ended: list[tuple[str, int]] = []
        self._restarts = 0
        self._truth: SqlTruth | None = None

    def __enter__(self) -> Self:
        for server in self.servers:
            server.start()
        self.log = KafkaLog(self.broker.direct_address)
        self.log.declare(MIXED, 1)
        self.log.declare(LOG, PARTITIONS)
        for name in self.names:
            self.start(name)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for worker in self.workers.values():
            worker.kill()
        if self._truth is not None:
            self._truth.close()
        self.log.close()
        for server in self.servers:
            server.kill()
        for proxy in self.proxies.values():
            proxy.close()
        self._own.cleanup()

    @property
    def servers(self) -> tuple[Server, ...]:
        """Whom the workers need."""
        return self.broker, self.valkey, self.postgres

    def start(self, name: str, **more: Any) -> None:
        """Start a worker (again)."""
        folder = self.folder / name
        folder.mkdir(exist_ok=True)
        self.workers[name] = live.Worker(folder, worker_name=f"slot-{name}", **self.settings | self._for_workers | more)
        self.down.discard(name)

    def kill(self, name: str) -> None:
        """SIGKILL a worker; it stays down until it is started."""
        self.workers[name].kill()
        self.down.add(name)

    def mind(self) -> None:
        """Start again who ended by itself. Fails when one does so again and again, or cannot be helped by that."""
        for name, worker in self.workers.items():
            code = worker.process.poll()
            if code is None or name in self.down:
                continue
            self.ended.append((name, code))
            self._restarts += 1
            hopeless = code in (Exit.USAGE, Exit.CONFIGURATION) or self._restarts > RESTARTS_MOST
            assert not hopeless, f"{name} ended with {code}: {worker.words()[-3_000:]}"
            self.start(name)

    def feed(self, lines: Iterable[bytes]) -> None:
        """Write raw records into the inlet until the broker has them; around a fault some may be written twice."""
        values = list(lines)
        self.until(lambda: _done(lambda: self.log.append_values(MIXED, 0, values)))

    def taken_in(self, records: int) -> bool:
        """Whether the door has acknowledged so many records of the inlet."""
        with suppress(DependencyError):
            return (self.log.committed(MIXED, 0) or 0) >= records
        return False

    def all_scored(self) -> bool:
        """Whether what was fed is scored, and what was told is delivered."""
        return all(left == 0 for left in self.left())

    def left(self) -> list[int | None]:
        """What is left to do: records of the inlet, of each partition of the log, messages; None where nobody answers."""
        places = [(MIXED, 0), *((LOG, p) for p in range(PARTITIONS))]
        return [*(self._behind(*place) for place in places), self._waiting()]

    def until(self, reached: Callable[[], bool], *, minded: bool = True) -> None:
        """Poll until something is reached; fails, and shows every worker's words, when nothing moves any more."""
        moved_s, before = time.monotonic(), self.left() if hasattr(self, "log") else []
        while not reached():
            if minded:
                self.mind()
            now = self.left()
            if now != before:
                moved_s, before = time.monotonic(), now
            if time.monotonic() - moved_s > STUCK_S:
                raise AssertionError(f"stuck with {now} left: {self.words()}")
            time.sleep(POLL_S)
        self._restarts = 0

    def words(self) -> str:
        """The last words of every worker."""
        return "\n".join(f"--- {name}: {worker.words()[-3_000:]}" for name, worker in self.workers.items())

    def stop(self, *, late: Collection[str] = ()) -> None:
        """SIGTERM to all workers, each must end well; who is `late` may notice only now what it lost, and is started and stopped once more."""
        codes = {name: worker.stop() for name, worker in self.workers.items() if name not in self.down}
        self.down |= codes.keys()
        bad = {name for name, code in codes.items() if code and (name not in late or code != Exit.INTEGRITY)}
        assert not bad, f"{codes}: {self.words()}"
        if again := [name for name, code in codes.items() if code]:
            for name in again:
                self.start(name)
            self.until(self.all_scored)
            self.stop()

    def _stand_between(self, told: int) -> None:
        for name, server, port in (("kafka", self.broker, told), ("memory_url", self.valkey, free_port()), ("truth_url", self.postgres, free_port())):
            self.proxies[name] = FaultProxy(port, server.port)
            self._for_workers[name] = str(self.settings[name]).replace(f":{server.port}/", f":{port}/")
        self._for_workers["kafka"] = f"127.0.0.1:{told}"

    def _behind(self, topic: str, partition: int) -> int | None:
        with suppress(DependencyError):
            return self.log.end(topic, partition) - (self.log.committed(topic, partition) or 0)
        return None

    def _waiting(self) -> int | None:
        with suppress(DependencyError):
            if self._truth is None:
                self._truth = live.open_truth(self.folder / self.names[0], **self.settings)
            return self._truth.counts().get("outbox.waiting", 0)
        return None


def _done(act: Callable[[], object]) -> bool:
    try:
        act()
    except DependencyError:
        return False
    return True


VICTIMS = ("worker", "worker", "valkey", "valkey torn", "postgres", "broker")
TORN_BYTES = 60_000


def strike(actors: Actors, victim: str, chance: Random, pause_s: float = 0.4) -> str:
    """Kill one of VICTIMS at a moment of chance, and start it again at another one; tells whom."""
    time.sleep(chance.uniform(0, pause_s))  # the moment is the point
    if victim == "worker":
        victim = chance.choice(actors.names)
        actors.mind()
        actors.kill(victim)
        time.sleep(chance.uniform(0, pause_s))
        actors.start(victim)
        return victim
    kind, _, torn = victim.partition(" ")
    server: Server = getattr(actors, kind)
    server.kill()
    if torn:
        actors.valkey.tear(chance.randrange(TORN_BYTES))
    time.sleep(chance.uniform(0, pause_s))
    server.start()
    return victim


def undisturbed(folder: Path, tags: Path, **settings: Any) -> dict[str, list[str]]:
    """What one worker on files tells of the same tags when nothing happens."""
    folder.mkdir(exist_ok=True)
    alone = live.Worker(folder, [*live.RUN, "--tags", str(tags), "--until-idle"], idle_ms=IDLE_MS, **settings)
    with closing(_Ending(alone)):
        code = alone.process.wait(ALONE_S)
    assert code == 0, alone.words()[-3_000:]
    return live.told(folder, **settings)


class _Ending:
    def __init__(self, worker: live.Worker) -> None:
        self.close = worker.kill
