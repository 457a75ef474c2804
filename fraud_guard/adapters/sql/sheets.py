"""Sheets: the originals of many tokens sealed together, one row a batch.

A row a number would write a database page for each random key; a sheet is one row for thousands of numbers. Small
sheets are merged in the background, so that their number, and with it the time of a look, stays small.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection, Row, delete, insert, select, update

from fraud_guard.adapters.sealing import Sealer
from fraud_guard.adapters.sql.engine import holds
from fraud_guard.adapters.sql.tables import sheet
from fraud_guard.door.tokens import TOKEN_BYTES
from fraud_guard.errors import IntegrityError

FULL = 65_536
"""Tokens of a sheet that is merged no more."""
MERGED_FROM = 32
"""So many small sheets become one."""

_pack = msgspec.msgpack.Encoder().encode
_unpack = msgspec.msgpack.Decoder(list[bytes]).decode
Originals = Mapping[bytes, bytes]


class Known:
    """Tokens that have an original, by their first 8 bytes: 8 bytes of RAM each."""

    def __init__(self, columns: Iterable[bytes] = ()) -> None:
        self._sorted = np.sort(np.concatenate([np.empty(0, np.uint64), *map(_prefixes, columns)]))
        self._recent: set[int] = set()

    def missing(self, tokens: Sequence[bytes]) -> list[bytes]:
        """Those not known, in order."""
        prefixes = _prefixes(b"".join(tokens))
        at = np.minimum(np.searchsorted(self._sorted, prefixes), max(len(self._sorted) - 1, 0))
        old = self._sorted[at] == prefixes if len(self._sorted) else np.zeros(len(tokens), np.bool_)
        recent = self._recent
        return [
            token
            for token, prefix, seen in zip(tokens, prefixes.tolist(), old.tolist(), strict=True)
            if not seen and prefix not in recent
        ]

    def add(self, tokens: Sequence[bytes]) -> None:
        """From now on these are known."""
        self._recent.update(_prefixes(b"".join(tokens)).tolist())
        if len(self._recent) >= FULL:
            recent = np.fromiter(self._recent, np.uint64, len(self._recent))
            self._sorted = np.sort(np.concatenate([self._sorted, recent]))
            self._recent.clear()

    def discard(self, token: bytes) -> None:
        """It may be kept anew."""
        (prefix,) = _prefixes(token).tolist()
        self._recent.discard(prefix)
        self._sorted = self._sorted[self._sorted != np.uint64(prefix)]


class Sheets:
    """The table of sheets. Tokens of a sheet are in order; its originals are bound to exactly these tokens."""

    def __init__(self, sealer: Sealer) -> None:
        self._sealer = sealer

    def columns(self, connection: Connection) -> Iterator[bytes]:
        """The tokens of every sheet, joined."""
        return (row.tokens for row in connection.execute(select(sheet.c.tokens)))

    def add(self, connection: Connection, originals: Originals, at_ms: int) -> None:
        """Write one more sheet."""
        connection.execute(insert(sheet), self._row(originals, at_ms))

    def find(self, connection: Connection, token: bytes) -> bytes | None:
        """The original of a token; the oldest when there are several. Raises IntegrityError for a sheet that was changed."""
        for row in self._holding(connection, token):
            return self._open(row.tokens, row.sealed)[token]
        return None

    def remove(self, connection: Connection, token: bytes) -> bool:
        """Write the sheets that hold it anew, without it; whether there were any."""
        found = self._holding(connection, token)
        for row in found:
            left = {t: original for t, original in self._open(row.tokens, row.sealed).items() if t != token}
            connection.execute(update(sheet).where(sheet.c.id == row.id).values(self._row(left, row.at_ms)))
        return bool(found)

    def smallest(self, connection: Connection) -> list[int]:
        """The ids of those to be merged next; none while there are not enough of them."""
        small = select(sheet.c.id).where(sheet.c.count < FULL).order_by(sheet.c.count, sheet.c.id).limit(MERGED_FROM)
        ids = connection.execute(small).scalars().all()
        return sorted(ids) if len(ids) == MERGED_FROM else []

    def merge(self, connection: Connection) -> bool:
        """Make one sheet of the smallest ones, if there are enough; whether it did."""
        rows = connection.execute(select(sheet).where(sheet.c.id.in_(self.smallest(connection))).order_by(sheet.c.id)).all()
        if not rows:
            return False
        merged: dict[bytes, bytes] = {}
        for row in rows:
            merged = self._open(row.tokens, row.sealed) | merged  # the older original stays
        connection.execute(delete(sheet).where(sheet.c.id.in_([row.id for row in rows])))
        connection.execute(insert(sheet), {"id": rows[0].id, **self._row(merged, rows[0].at_ms)})
        return True

    def _holding(self, connection: Connection, token: bytes) -> list[Row[Any]]:
        found = connection.execute(select(sheet).where(holds(connection, sheet.c.tokens, token)).order_by(sheet.c.id))
        return [row for row in found if token in _tokens(row.tokens)]

    def _row(self, originals: Originals, at_ms: int) -> dict[str, object]:
        ordered = sorted(originals)
        tokens = b"".join(ordered)
        sealed = self._sealer.seal(_pack([originals[t] for t in ordered]), tokens)
        return {"tokens": tokens, "count": len(ordered), "sealed": sealed, "at_ms": at_ms}

    def _open(self, tokens: bytes, sealed: bytes) -> dict[bytes, bytes]:
        try:
            originals = _unpack(self._sealer.unseal(sealed, tokens))
            return dict(zip(_tokens(tokens), originals, strict=True))
        except (msgspec.MsgspecError, ValueError) as error:
            raise IntegrityError(f"a sheet of the vault is damaged ({error}); restore the last snapshot") from error


def _tokens(column: bytes) -> list[bytes]:
    return [column[i : i + TOKEN_BYTES] for i in range(0, len(column), TOKEN_BYTES)]


def _prefixes(tokens: bytes) -> npt.NDArray[np.uint64]:
    return np.frombuffer(tokens, np.uint64)[::2]
