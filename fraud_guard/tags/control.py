"""Control records: what people and verdicts tell the scorer, in the subject's own log."""

from __future__ import annotations

from typing import Literal

import msgspec

ControlKind = Literal["closure", "release", "generation", "verdict", "indicator", "hunted"]
OF_NOBODY: tuple[ControlKind, ...] = ("generation", "verdict", "hunted")
"""They are for a whole partition and have no token."""


class Control(msgspec.Struct, frozen=True, omit_defaults=True):
    """One control record. `token` is the subject's 16 bytes.

    closure: alert `n` ends; `body` is the closure as JSON, `truth` its answer.
    release: everything remembered about the subject is forgotten.
    generation: from here on the rules with the content id `body` decide.
    verdict: from here on the notice `body` (`touches.notice` as JSON) holds.
    indicator: the subject touched something of a verdict, at the log position `n`; `body` says by which hunt it was found.
    hunted: the hunt `body` has told of everybody it found.
    """

    kind: ControlKind
    token: bytes
    ts_ms: int
    n: int = 0
    truth: str = ""
    body: str = ""
