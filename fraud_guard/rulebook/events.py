"""What a rule can say about one event: its kind, its flags, the app's category, the text's lure."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from fraud_guard.features.facts import RISKY
from fraud_guard.rulebook.expression import Name, Schema
from fraud_guard.tags.kinds import LONG_CALL_S, TALKED_S, Category, Flag, Kind, Lure

_KINDS = {k.name.lower(): int(k) for k in Kind if k is not Kind.TICK}
_APPS = {c.name.lower(): int(c) for c in Category}
_LURES = {name.lower(): lure.bit_length() for name, lure in Lure.__members__.items()}

EVENT_SCHEMA: Schema = {
    "kind": Name("enum", _KINDS),
    "app": Name("enum", _APPS),
    "lure_type": Name("enum", _LURES),
    "call": Name("bool"),
    "risky": Name("bool"),
    **{f.lower(): Name("bool") for f in Flag.__members__},
}

EVENT_DOCS: Mapping[str, str] = {
    "kind": "what happened",
    "app": "category of the app of an `app_install` or `app_active`; else `none`",
    "lure_type": "the scam whose wording a text has (the first of several)",
    "call": "a phase of a call: `call_start`, `call_answer` or `call_end`",
    "risky": "incoming call, or its timer, from an overseas, virtual, irregular or marked number",
    "outgoing": "the subject called or wrote",
    "overseas": "the peer is outside mainland China; Hong Kong, Macao and Taiwan count as overseas",
    "virtual": "the peer is a number of a mobile virtual operator",
    "short_code": "the peer is a service number of 5 or 6 digits, or a 106… port",
    "official": "the peer is a police or government service number",
    "landline": "the peer is a landline",
    "irregular": "the peer is a number of no plan: spoofed or broken",
    "no_peer": "the number was withheld",
    "marked": "the feed's labels say scam or fraud",
    "forwarded": "call forwarding is set on the subject's line",
    "forward_known": "the feed said whether forwarding is set",
    "long": f"a call of {LONG_CALL_S} s or more: at its end, or at a timer while it runs",
    "otp": "a text with a one-time code",
    "bank": "a text of or about a bank or payment",
    "lure": "a text with the wording of a scam",
    "link": "a text with a URL",
    "top_host": "the host is on the offline top list",
    "apk": "the download of an Android package",
    "sideloaded": "the download of an Android package from a host that is no known store, or an `app_install` within an hour after one",
    "short_link": "the host is a link shortener",
    "clamped": "the tag was dated ahead and set to its arrival",
    "late": "older than the watermark",
    "night": "22:00–06:00, UTC+8",
    "first_contact": "call or text: the subject does not know the peer: fewer than two contacts of late and no call of its own of a minute",
    "new_peer": "the end of a call of a minute or more, or a text: the subject knows the peer by now, but met it within the last two days",
    "new_host": "visit or download: the host is not on the top list and not among those the subject used of late",
    "lookalike": "the host imitates a known name; also of a text's link",
    "free_hosting": "anybody gets a sub-domain like this host; also of a text's link",
    "ip_host": "the host is an IP address; also of a text's link",
    "scam_text": "the text model takes the text for a scam",
    "scam_host": "the host model takes the host for a scam",
    "talked": f"a call of {TALKED_S} s or more, at its end",
}
"""What each name of EVENT_SCHEMA means; docs/features.md is made from it."""


_FLAGS = {name.lower(): np.uint32(flag) for name, flag in Flag.__members__.items()}


class EventColumns(dict[str, np.ndarray]):
    """Columns of EVENT_SCHEMA for arrays of any one shape, each computed when it is first asked for."""

    def __init__(self, kind: np.ndarray, category: np.ndarray, flags: np.ndarray) -> None:
        super().__init__(kind=kind)
        self._kind, self._category, self._flags = kind, category, flags

    def __missing__(self, name: str) -> np.ndarray:
        self[name] = column = self._column(name)
        return column

    def _column(self, name: str) -> np.ndarray:
        kind, flags = self._kind, self._flags
        match name:
            case "app":
                return np.where((kind == Kind.APP_INSTALL) | (kind == Kind.APP_ACTIVE), self._category, 0)
            case "lure_type":
                return np.where(kind == Kind.SMS, self._category, 0)
            case "call":
                return (kind >= Kind.CALL_START) & (kind <= Kind.CALL_END)
            case "risky":
                incoming = (flags & _FLAGS["outgoing"]) == 0
                return np.asarray((self["call"] | (kind == Kind.TIMER)) & incoming & ((flags & RISKY) != 0))
        return np.asarray((flags & _FLAGS[name]) != 0)
