"""Who answers in a replay: nobody, everybody in time, or a seeded station; and closures from a file."""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Iterator, Mapping
from typing import Literal

import msgspec

from fraud_guard.dispatch.order import Clock, Order, clocks
from fraud_guard.escalation.alert import Alert
from fraud_guard.escalation.policy import EscalationPolicy
from fraud_guard.feedback.closure import Closure, ClosureOutcome, Contact, Truth

Mode = Literal["none", "prompt", "simulated"]
PROMPT_MS = 1_000
ANSWERED = 0.85
"""Share of orders that a simulated station accepts in time."""


class Doing(msgspec.Struct, frozen=True, order=True):
    """Something that happens to a subject at `due_ms`: one of accept, clock, closure."""

    due_ms: int
    token: bytes
    n: int
    accept: str | None = None
    clock: Clock | None = None
    closure: Closure | None = None


class Responder:
    """Plans what people and clocks do about each order; everything follows from the order's id."""

    def __init__(self, mode: Mode, closures: Mapping[str, Closure], policy: EscalationPolicy) -> None:
        self._mode, self._closures, self._policy = mode, closures, policy
        self.silent = mode == "none" and not closures
        self.waiting: dict[bytes, list[Doing]] = {}
        self._heap: list[tuple[int, bytes]] = []
        self._n = 0

    def hear(self, order: Order, alert: Alert) -> None:
        """An order went out."""
        token = bytes.fromhex(alert.token)
        known = self._closures.get(order.order_id)
        if known is not None:
            self._plan(max(known.ts_ms, order.issued_ms), token, closure=known)
        if self._mode == "prompt":
            self._plan(order.issued_ms + PROMPT_MS, token, accept=order.order_id)
        elif self._mode == "simulated":
            self._simulate(order, alert, token, reported=known is not None)

    def is_of_file(self, closure: Closure) -> bool:
        """Whether an officer reported it, not the simulation."""
        return self._closures.get(closure.order_id) is closure

    def next_of(self, token: bytes, up_to_ms: int) -> Doing | None:
        """The subject's next doing that is due; `done` takes it out."""
        plans = self.waiting.get(token)
        return plans[0] if plans and plans[0].due_ms <= up_to_ms else None

    def done(self, doing: Doing) -> None:
        """Take out what `next_of` gave."""
        plans = self.waiting[doing.token]
        heapq.heappop(plans)
        if not plans:
            del self.waiting[doing.token]

    def due_tokens(self, up_to_ms: int) -> Iterator[bytes]:
        """Subjects for whom something is due, in order of (due_ms, token); may name one twice."""
        while self._heap and self._heap[0][0] <= up_to_ms:
            yield heapq.heappop(self._heap)[1]

    def _plan(
        self, due_ms: int, token: bytes, *, accept: str | None = None, clock: Clock | None = None,
        closure: Closure | None = None,
    ) -> None:  # fmt: skip
        self._n += 1
        doing = Doing(due_ms, token, self._n, accept, clock, closure)
        heapq.heappush(self.waiting.setdefault(token, []), doing)
        heapq.heappush(self._heap, (due_ms, token))

    def _simulate(self, order: Order, alert: Alert, token: bytes, *, reported: bool) -> None:
        for clock in clocks(order, self._policy):
            self._plan(clock.due_ms, token, clock=clock)
        draw = _draws(order.order_id)
        if next(draw) >= ANSWERED:
            return
        accept_s = self._policy.levels[order.level].accept_s or 600
        accepted_ms = order.issued_ms + int(accept_s * 1000 * (0.1 + 0.8 * next(draw)))
        self._plan(accepted_ms, token, accept=order.order_id)
        if reported:
            return
        closed_ms = accepted_ms + int(1_800_000 * (0.2 + next(draw)))
        self._plan(closed_ms, token, closure=_closure(order, alert, closed_ms, next(draw), next(draw)))


def _draws(seed: str) -> Iterator[float]:
    """Uniform numbers in [0, 1) that follow from the seed alone."""
    i = 0
    while True:
        digest = hashlib.blake2b(f"{seed}/{i}".encode(), digest_size=8).digest()
        yield int.from_bytes(digest, "big") / 2**64
        i += 1


def _closure(order: Order, alert: Alert, ts_ms: int, truth_draw: float, contact_draw: float) -> Closure:
    real = truth_draw < alert.probability
    contact = Contact.IN_PERSON_VERIFIED if contact_draw < 0.7 else Contact.PHONE_VERIFIED
    truth = Truth.CONTACTED if real else Truth.LEGIT
    outcome = ClosureOutcome.DISSUADED if real else ClosureOutcome.NO_ACTION
    return Closure(order_id=order.order_id, ts_ms=ts_ms, truth=truth, contact=contact, outcome=outcome, officer="simulated")
