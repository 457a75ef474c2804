"""A live worker for tests: the real commands in processes of their own, on a folder of the test."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import fraud_guard
from fraud_guard.adapters.embedded.log import EmbeddedLog
from fraud_guard.adapters.kafka.log import KafkaLog
from fraud_guard.adapters.sealing import Keys, Sealer
from fraud_guard.adapters.sql.deadletters import SqlDeadLetters
from fraud_guard.adapters.sql.truth import SqlTruth
from fraud_guard.app import offline
from fraud_guard.app.golden import golden_day
from fraud_guard.app.settings import Settings, read
from fraud_guard.app.topics import LOG, MIXED
from fraud_guard.log import Log, StoredRecord
from fraud_guard.shipped import shipped

KEY = "live tests: a key that is no secret at all"
DAY = golden_day()
ROOT = Path(fraud_guard.__file__).parent.parent
RUN = (str(Path(sys.executable).with_name("fraud-guard")), "run")
FAUST = (str(Path(sys.executable).with_name("faust")), "-A", "streams", "worker", "-l", "warn")
DEADLINE_S = 150.0


def calm_rules(folder: Path) -> Path:
    """A copy of the rules without clocks: silence of a station does nothing."""
    target = folder / "rules"
    if not target.exists():
        shutil.copytree(shipped("rules"), target)
        policy = target / "policy" / "escalation.yaml"
        text = policy.read_text(encoding="utf-8")
        policy.write_text(re.sub(r"^ *unaccepted_.*\n", "", text, flags=re.MULTILINE), encoding="utf-8")
    return target


def given(folder: Path, **more: Any) -> dict[str, Any]:
    """The settings of a site in this folder."""
    return {
        "data_dir": folder / "data", "site_key": KEY, "rules_dir": calm_rules(folder), "subjects": DAY / "subjects.csv",
        "stations": DAY / "stations.csv", "slack_ms": 0, "checkpoint_ms": 300, **more,
    }  # fmt: skip


def settings_of(folder: Path, **more: Any) -> Settings:
    """The same for use in this process."""
    return read(**given(folder, **more))


class Worker:
    """A running worker; its stderr and stdout go to `<folder>/<name>.log`."""

    def __init__(
        self, folder: Path, command: Sequence[str] = RUN, *, name: str = "worker", failpoint: str = "", **more: Any
    ) -> None:
        self.folder, self.log = folder, folder / f"{name}.log"
        settings = {f"FG_{name.upper()}": str(value) for name, value in given(folder, **more).items()}
        plain = {name: value for name, value in os.environ.items() if not name.startswith("FG_")}
        environment = plain | settings | {"FG_FAILPOINT": failpoint, "PYTHONPATH": str(ROOT)}
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)

    def ended(self) -> int:
        """Wait for the end; the exit code (negative: the signal that killed it)."""
        try:
            return self.process.wait(DEADLINE_S)
        finally:
            self.kill()

    def stop(self) -> int:
        """SIGTERM, as a service manager sends it, once the worker is so far that it answers one."""
        self.until(self._answers_sigterm)
        self.process.send_signal(signal.SIGTERM)
        return self.ended()

    def _answers_sigterm(self) -> bool:
        if self.process.poll() is not None:
            return True
        status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii")
        caught = int(re.findall(r"^SigCgt:\s*(\w+)$", status, re.MULTILINE)[0], 16)
        return bool(caught >> (signal.SIGTERM - 1) & 1)

    def kill(self) -> None:
        """SIGKILL, unless it has ended."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def until(self, reached: Callable[[], bool]) -> None:
        """Poll until something is reached while the worker lives; fails with its log at the deadline."""
        deadline = time.monotonic() + DEADLINE_S
        while not reached():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                raise AssertionError(f"not reached (exit code {self.process.poll()}): {self.words()[-3000:]}")
            time.sleep(0.02)

    def words(self) -> str:
        """Everything it said."""
        return self.log.read_text(encoding="utf-8", errors="replace")


def open_log(folder: Path) -> EmbeddedLog:
    """The embedded log of a site, beside its worker."""
    seal = Sealer(Keys.from_site_key(KEY).log)
    return EmbeddedLog(folder / "data" / "log.db", seal=seal.seal, unseal=seal.unseal)


def open_truth(folder: Path, **more: Any) -> SqlTruth:
    """The truth of a site, beside its worker."""
    return offline.open_truth(settings_of(folder, **more))


def open_letters(folder: Path) -> SqlDeadLetters:
    """The dead letters of a site, beside its worker."""
    return SqlDeadLetters.open(folder / "data" / "truth.db")


def acknowledged(log: EmbeddedLog, topic: str) -> int:
    """How far a topic has been worked off; 0 while the worker has not declared it."""
    return (log.committed(topic, 0) or 0) if topic in log.topics() else 0


def all_done(folder: Path, log: EmbeddedLog) -> bool:
    """Whether everything in inlet and log is acknowledged and everything in the outbox delivered."""
    if any(acknowledged(log, topic) < log.end(topic, 0) for topic in (MIXED, LOG)):
        return False
    with closing(open_truth(folder)) as truth:
        return not truth.counts().get("outbox.waiting", 0)


def told(folder: Path, **more: Any) -> dict[str, list[str]]:
    """Everything the outside world was told: changes, orders and their topics (once each)."""
    log: Log = KafkaLog(more["kafka"]) if "kafka" in more else open_log(folder)
    with closing(open_truth(folder, **more)) as truth, closing(log):
        facts = {
            "changes": [change.model_dump_json() for change in truth.changes()],
            "orders": sorted(order.model_dump_json() for order in truth.orders(limit=10_000)),
        }
        for topic in ("alerts", "orders"):
            found = list[StoredRecord]()
            while some := log.read(topic, 0, len(found), 100_000):
                found += some
            facts[f"topic {topic}"] = sorted({record.value.decode() for record in found})
        return facts
