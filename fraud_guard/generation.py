"""A generation: everything that decides, under one content hash, built from the texts of `rules/` and of the behaviour model.

`files` maps a path below `rules/` (of the model `behaviour/<version>/<file>`) to its text, so that a
generation can be archived whole and built again after a crash exactly as it was.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import lru_cache

import msgspec

from fraud_guard.behaviour import Voice, behaviour_of
from fraud_guard.errors import RuleError
from fraud_guard.escalation.escalate import Policies
from fraud_guard.escalation.policy import EscalationPolicy
from fraud_guard.fusion.policy import FusionPolicy
from fraud_guard.rulebook.book import Book
from fraud_guard.rulebook.load import load_model, load_rules
from fraud_guard.touches.policy import TouchPolicy

FUSION, ESCALATION, TOUCHES = "policy/fusion.yaml", "policy/escalation.yaml", "policy/touches.yaml"
"""The last one may be missing: generations before it have none."""


class Generation(msgspec.Struct, frozen=True):
    """Rules, policies and behaviour model in force, compiled. `behaviour` None: the rules speak alone."""

    id: str
    book: Book
    policies: Policies
    behaviour: Voice | None = None


def build(files: Mapping[str, str]) -> Generation:
    """Compile a generation; the last few are kept. Raises RuleErrors (an ExceptionGroup) that name every wrong file and line."""
    return _build(tuple(sorted(files.items())))


@lru_cache(maxsize=4)
def _build(texts: tuple[tuple[str, str], ...]) -> Generation:
    files = dict(texts)
    rules = load_rules({p: t for p, t in files.items() if p.startswith("tags/")})
    for needed in (FUSION, ESCALATION):
        if needed not in files:
            raise RuleError("missing policy file", file=needed, remedy="restore it from the distribution")
    fusion, escalation = load_model(FUSION, files[FUSION], FusionPolicy), load_model(ESCALATION, files[ESCALATION], EscalationPolicy)
    behaviour = behaviour_of(files)
    touches = load_model(TOUCHES, files[TOUCHES], TouchPolicy) if TOUCHES in files else TouchPolicy()
    policies = Policies(fusion.beside_model() if behaviour else fusion, escalation, touches)
    return Generation(content_id(files), Book(rules), policies, behaviour)


def content_id(files: Mapping[str, str]) -> str:
    """SHA-256 over paths and texts, 16 hex digits."""
    digest = hashlib.sha256()
    for path in sorted(files):
        for part in (path, files[path]):
            data = part.encode()
            digest.update(len(data).to_bytes(8, "big") + data)
    return digest.hexdigest()[:16]
