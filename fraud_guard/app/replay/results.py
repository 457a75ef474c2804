"""What a replay writes: alerts, orders and dead letters, with tag ids and numbers looked up in the source."""

from __future__ import annotations

import base64
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import TextIO

import msgspec

from fraud_guard.adapters.sealing import Sealer
from fraud_guard.app.replay.lane import Yield
from fraud_guard.dispatch.order import Order
from fraud_guard.door.decode import decode
from fraud_guard.door.numbers import normalise
from fraud_guard.errors import ConfigurationError
from fraud_guard.escalation.alert import AlertChange, EvidenceView


class Results:
    """Collects changes (all) and orders (last state of each); files are sorted, `-` streams.

    `look_up` gives the source's line behind a log position; it is set by the replay.
    Raises ConfigurationError at once for a place that cannot be written.
    """

    def __init__(self, alerts: str | None, orders: str | None, deadletters: str | None, sealer: Sealer, source: str) -> None:
        self.changes: list[AlertChange] = []
        self.orders: dict[str, Order] = {}
        self.look_up: Callable[[int], bytes] = lambda _: b""
        for name in (alerts, orders, deadletters):
            _check_place(name)
        self._alerts, self._orders, self._deadletters = alerts, orders, deadletters
        self._sealer, self._source = sealer, source
        self._dead: list[tuple[int, str, str]] = []
        self._read = lru_cache(maxsize=50_000)(self._read_tag)

    def take(self, given: Yield) -> None:
        """Book what a lane gave."""
        for change in given.changes:
            known = self._with_names(change)
            self.changes.append(known)
            if self._alerts == "-":
                sys.stdout.write(known.model_dump_json() + "\n")
        for order in given.orders:
            self.orders[order.order_id] = order
            if self._orders == "-":
                sys.stdout.write(order.model_dump_json() + "\n")
        if given.changes or given.orders:
            sys.stdout.flush()

    def dead(self, inlet: int, reason: str, detail: str) -> None:
        """Note a refused line."""
        if self._deadletters is not None:
            self._dead.append((inlet, str(reason), detail))

    def finish(self) -> None:
        """Sort and write the files."""
        self.changes.sort(key=lambda c: (c.ts_ms, c.alert_id, c.seq))
        if self._alerts not in (None, "-"):
            _write(self._alerts, (c.model_dump_json() for c in self.changes))
        if self._orders not in (None, "-"):
            ranked = sorted(self.orders.values(), key=lambda o: (o.issued_ms, o.order_id))
            _write(self._orders, (o.model_dump_json() for o in ranked))
        if self._deadletters is not None:
            _write(self._deadletters, (self._letter(*d) for d in sorted(self._dead)))

    def seal_with(self, read: Callable[[int], bytes]) -> None:
        """How to read a refused line again by its offset."""
        self._raw = read

    def _letter(self, inlet: int, reason: str, detail: str) -> str:
        sealed = base64.b64encode(self._sealer.seal_repeatably(self._raw(inlet))).decode()
        letter = {"v": 1, "reason": reason, "detail": detail, "source": self._source, "position": inlet, "sealed": sealed}
        return msgspec.json.encode(letter).decode()

    def _with_names(self, change: AlertChange) -> AlertChange:
        first = next((t for e in change.evidence for t in e.tag_ids), None)
        subject = self._read(first)[1] if first is not None else change.subject
        evidence = tuple(self._with_ids(e) for e in change.evidence)
        return change.model_copy(update={"subject": subject, "evidence": evidence})

    def _with_ids(self, view: EvidenceView) -> EvidenceView:
        return view.model_copy(update={"tag_ids": tuple(self._read(t)[0] for t in view.tag_ids)})

    def _read_tag(self, position: str) -> tuple[str, str]:
        tag = decode(self.look_up(int(position[1:])))
        return tag.id, normalise(tag.subject)


def _check_place(name: str | None) -> None:
    if name in (None, "-"):
        return
    path = Path(str(name))
    if path.is_dir():
        raise ConfigurationError(f"{path} is a folder; give a file in it")
    if not path.parent.is_dir():
        raise ConfigurationError(f"{path}: there is no folder {path.parent}; create it first")
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        raise ConfigurationError(f"{path} cannot be written; give a path that can")


@contextmanager
def _output(name: str) -> Iterator[TextIO]:
    if name == "-":
        yield sys.stdout
        return
    try:
        with Path(name).open("w", encoding="utf-8", newline="\n") as file:
            yield file
    except OSError as error:
        raise ConfigurationError(f"{name}: {error.strerror}; give a path that can be written") from None


def _write(name: str | None, lines: Iterator[str]) -> None:
    assert name is not None  # noqa: S101
    with _output(name) as file:
        file.writelines(line + "\n" for line in lines)
