"""The vault: sealed originals behind tokens, and quotes of texts. A file of its own, or tables beside truth that several workers share.

Every look at it is logged with a reason, and counts against a quota of the officer's day.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from sqlalchemy import Connection, delete, func, insert, select

from fraud_guard.adapters.sealing import Sealer
from fraud_guard.adapters.sql.engine import VAULT, Database
from fraud_guard.adapters.sql.sheets import Known, Sheets
from fraud_guard.adapters.sql.tables import quote, reveal_log
from fraud_guard.ports import AuditEntry

REVEALS_PER_DAY = 50
SHEETS_LOCK, LOOKS_LOCK = 0x4648, 0x4649
"""Held by who rewrites sheets, and by who counts looks."""
_DAY_MS = 86_400_000
_UTC8_MS = 8 * 3_600_000
_SIGN = 1 << 63


class SqlVault:
    """See `ports.Vault`. `put` only ever adds; nothing is read without `who` and `reason`."""

    def __init__(self, place: Path | str, sealer: Sealer, reveals_per_day: int = REVEALS_PER_DAY) -> None:
        self._db, self._sealer, self._reveals_per_day = Database(place, VAULT), sealer, reveals_per_day
        self._sheets = Sheets(sealer)
        with self._db.read() as connection:
            self._known = Known(self._sheets.columns(connection))

    def put(self, originals: Mapping[bytes, str], now_ms: int) -> None:
        """Keep the original of each token (16 bytes); known tokens keep theirs."""
        new = self._known.missing(list(originals))
        if not new:
            return
        with self._db.write() as connection:
            self._sheets.add(connection, {t: originals[t].encode("utf-8", "surrogatepass") for t in new}, now_ms)
        self._known.add(new)

    def put_quotes(self, quotes: Iterable[tuple[bytes, int, str]], expires_ms: int) -> None:
        """Keep texts as (token, fingerprint of the tag, text) until `expires_ms`; known tags keep theirs."""
        seal = self._sealer.seal
        rows = [
            (token, _signed(tag), seal(text.encode("utf-8", "surrogatepass"), _place(token, tag)), expires_ms)
            for token, tag, text in quotes
        ]
        rows.sort(key=lambda row: row[:2])  # two doors that store the same never wait for each other in a circle
        if rows:
            with self._db.write() as connection:
                self._db.add_new(connection, quote, rows)

    def reveal(self, token: bytes, who: str, reason: str, now_ms: int) -> str:
        """The original of a token. Raises LookupError, ValueError without a reason, PermissionError over the quota."""
        original = self._look(token, "original", who, reason, now_ms)
        if original is None:
            raise LookupError("the vault has no original of this token; it was erased, or came from another site")
        return original.decode("utf-8", "surrogatepass")

    def quotes_of(self, token: bytes, who: str, reason: str, now_ms: int) -> dict[int, str]:
        """The unexpired texts of a subject by the fingerprint of their tag; logged and counted like `reveal`."""
        self._look(token, "quotes", who, reason, now_ms)
        wanted = select(quote.c.tag, quote.c.sealed).where(quote.c.token == token, quote.c.expires_ms > now_ms)
        with self._db.read() as connection:
            found = [(tag % (1 << 64), sealed) for tag, sealed in connection.execute(wanted.order_by(quote.c.tag))]
        return {tag: self._unsealed_quote(token, tag, sealed) for tag, sealed in found}

    def expire(self, now_ms: int) -> int:
        """Delete quotes whose time has come; returns how many."""
        with self._db.write() as connection:
            return connection.execute(delete(quote).where(quote.c.expires_ms <= now_ms)).rowcount

    def merge(self) -> bool:
        """Merge small sheets of originals, one step; whether there was something to do."""
        with self._db.read() as connection:  # most often there is not: look without the write lock
            if not self._sheets.smallest(connection):
                return False
        with self._db.write() as connection:
            self._db.lock(connection, SHEETS_LOCK)
            return self._sheets.merge(connection)

    def erase(self, token: bytes) -> bool:
        """Forget the original and all quotes of a token; whether there was anything. The log of looks stays."""
        with self._db.write() as connection:
            self._db.lock(connection, SHEETS_LOCK)
            quotes = connection.execute(delete(quote).where(quote.c.token == token)).rowcount
            known = self._sheets.remove(connection, token)
        self._known.discard(token)
        return known or quotes > 0

    def looks(self, token: bytes | None = None) -> Iterator[AuditEntry]:
        """Who looked or tried to, oldest first; `what` ends in `_refused` where nothing was shown."""
        wanted = select(reveal_log).order_by(reveal_log.c.id)
        if token is not None:
            wanted = wanted.where(reveal_log.c.token == token)
        with self._db.read() as connection:
            rows = connection.execute(wanted).all()
        for row in rows:
            yield AuditEntry(row.at_ms, row.who, row.what + ("" if row.granted else "_refused"), row.token.hex(), row.reason)

    def close(self) -> None:
        """Release the connections."""
        self._db.close()

    def _look(self, token: bytes, what: str, who: str, reason: str, now_ms: int) -> bytes | None:
        """Log a look, shown or refused, before anything is shown."""
        if not who.strip() or not reason.strip():
            raise ValueError("say who looks and why: a reveal needs an officer and a reason")
        with self._db.write() as connection:
            self._db.lock(connection, LOOKS_LOCK)
            used = self._used(connection, who, now_ms)
            original = self._sheets.find(connection, token) if what == "original" else None
            granted = used < self._reveals_per_day and (original is not None or what == "quotes")
            connection.execute(insert(reveal_log), {
                "at_ms": now_ms, "who": who, "what": what, "token": token, "reason": reason, "granted": int(granted),
            })  # fmt: skip
        if used >= self._reveals_per_day:
            raise PermissionError(
                f"{who} has looked into the vault {used} times today and the quota is {self._reveals_per_day}; "
                "wait until midnight (UTC+8) or ask a supervisor"
            )
        return original

    def _used(self, connection: Connection, who: str, now_ms: int) -> int:
        begin_ms = (now_ms + _UTC8_MS) // _DAY_MS * _DAY_MS - _UTC8_MS
        mine = select(func.count()).select_from(reveal_log).where(
            reveal_log.c.who == who, reveal_log.c.granted == 1,
            reveal_log.c.at_ms >= begin_ms, reveal_log.c.at_ms < begin_ms + _DAY_MS,
        )  # fmt: skip
        return int(connection.execute(mine).scalar_one())

    def _unsealed_quote(self, token: bytes, tag: int, sealed: bytes) -> str:
        return self._sealer.unseal(sealed, _place(token, tag)).decode("utf-8", "surrogatepass")


def _signed(tag: int) -> int:
    """A 64-bit fingerprint as the signed number that databases keep."""
    return tag - 2 * _SIGN if tag >= _SIGN else tag


def _place(token: bytes, tag: int) -> bytes:
    return token + tag.to_bytes(8, "big")
