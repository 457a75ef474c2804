"""The tables of truth.db and vault.db. Times are epoch milliseconds; bodies are JSON text.

Only plain types stand here; what a dialect needs beyond them is in `engine`.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
SERIAL = BigInteger().with_variant(Integer, "sqlite")
"""A 64-bit number that the database counts up; SQLite does so only for INTEGER."""
UUID_LENGTH = 36
NAME_LENGTH = 64

truth = MetaData(naming_convention=NAMES)
vault = MetaData(naming_convention=NAMES)
touches = MetaData(naming_convention=NAMES)

scorer = Table(
    "scorer", truth,
    Column("partition", String(NAME_LENGTH), primary_key=True),
    Column("epoch", BigInteger, nullable=False),
    Column("position", BigInteger, nullable=False),
)  # fmt: skip
generation = Table(
    "generation", truth,
    Column("partition", String(NAME_LENGTH), primary_key=True),
    Column("from_position", BigInteger, primary_key=True),
    Column("name", String(128), nullable=False),
)  # fmt: skip
degraded = Table(
    "degraded", truth,
    Column("partition", String(NAME_LENGTH), primary_key=True),
    Column("from_position", BigInteger, primary_key=True),
    Column("mode", Integer, nullable=False),
)  # fmt: skip
alert = Table(
    "alert", truth,
    Column("alert_id", String(UUID_LENGTH), primary_key=True),
    Column("token", String(32), nullable=False),
    Column("n", Integer, nullable=False),
    Column("state", String(16), nullable=False),
    Column("seq", Integer, nullable=False),
    Column("opened_ms", BigInteger, nullable=False),
    Column("ts_ms", BigInteger, nullable=False),
    Column("level", Integer, nullable=False),
    Column("level_score", Integer, nullable=False),
    Column("level_clock", Integer),
    Column("level_person", Integer),
    Column("probability", Double, nullable=False),
    Column("types", Text, nullable=False),
    Column("evidence", Text, nullable=False),
    Column("station_id", String(NAME_LENGTH), nullable=False),
    Column("area", String(12), nullable=False),
)  # fmt: skip
Index(None, alert.c.token)
Index(None, alert.c.state, alert.c.opened_ms)
one_open_alert = Index(
    "uq_alert_open_token", alert.c.token, unique=True,
    sqlite_where=alert.c.state == "open", postgresql_where=alert.c.state == "open",
)  # fmt: skip
"""A subject has at most one open alert."""

alert_change = Table(
    "alert_change", truth,
    Column("alert_id", String(UUID_LENGTH), ForeignKey(alert.c.alert_id), primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("ts_ms", BigInteger, nullable=False),
    Column("change", String(16), nullable=False),
    Column("body", Text, nullable=False),
)  # fmt: skip
Index(None, alert_change.c.ts_ms)

station_order = Table(
    "station_order", truth,
    Column("order_id", String(UUID_LENGTH), primary_key=True),
    Column("alert_id", String(UUID_LENGTH), ForeignKey(alert.c.alert_id), nullable=False),
    Column("serial", Integer, nullable=False),  # place among the orders of its alert
    Column("level", Integer, nullable=False),
    Column("station_id", String(NAME_LENGTH), nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("issued_ms", BigInteger, nullable=False),
    Column("accept_by_ms", BigInteger),
    Column("contact_by_ms", BigInteger),
    Column("visit_by_ms", BigInteger),
    Column("state", String(16), nullable=False),
    Column("script_zh", Text, nullable=False),
    Column("v", Integer, nullable=False),
)  # fmt: skip
Index(None, station_order.c.alert_id)
Index(None, station_order.c.station_id, station_order.c.state, station_order.c.issued_ms)
Index(None, station_order.c.issued_ms)

clock = Table(
    "clock", truth,
    Column("order_id", String(UUID_LENGTH), ForeignKey(station_order.c.order_id), primary_key=True),
    Column("kind", String(16), primary_key=True),
    Column("due_ms", BigInteger, nullable=False),
    Column("lease_ms", BigInteger, nullable=False),
    Column("struck_ms", BigInteger),
)  # fmt: skip
Index(None, clock.c.struck_ms, clock.c.due_ms)

closure = Table(
    "closure", truth,
    Column("closure_id", String(128), primary_key=True),
    Column("order_id", String(UUID_LENGTH), ForeignKey(station_order.c.order_id), nullable=False),
    Column("ts_ms", BigInteger, nullable=False),
    Column("truth", String(32), nullable=False),
    Column("officer", String(NAME_LENGTH), nullable=False),
    Column("body", Text, nullable=False),
    UniqueConstraint("order_id"),
)  # fmt: skip
Index(None, closure.c.ts_ms)

audit = Table(
    "audit", truth,
    Column("id", SERIAL, primary_key=True),
    Column("at_ms", BigInteger, nullable=False),
    Column("who", String(NAME_LENGTH), nullable=False),
    Column("what", String(32), nullable=False),
    Column("target", String(128), nullable=False),
    Column("reason", Text, nullable=False),
)  # fmt: skip
Index(None, audit.c.target)

outbox = Table(
    "outbox", truth,
    Column("id", SERIAL, primary_key=True),
    Column("message_id", String(UUID_LENGTH), nullable=False),
    Column("channel", String(16), nullable=False),
    Column("key", String(NAME_LENGTH), nullable=False),
    Column("lane", String(NAME_LENGTH), nullable=False),
    Column("payload", LargeBinary, nullable=False),
    Column("state", String(16), nullable=False),  # waiting, done, failed
    Column("created_ms", BigInteger, nullable=False),
    Column("due_ms", BigInteger, nullable=False),
    Column("lease_ms", BigInteger, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("fence", BigInteger, nullable=False),
    Column("done_ms", BigInteger),
    Column("error", Text, nullable=False),
    UniqueConstraint("message_id"),
)  # fmt: skip
Index(None, outbox.c.state, outbox.c.channel, outbox.c.due_ms)
Index(None, outbox.c.channel, outbox.c.lane, outbox.c.state, outbox.c.id)

station_inbox = Table(
    "station_inbox", truth,
    Column("id", SERIAL, primary_key=True),
    Column("station_id", String(NAME_LENGTH), nullable=False),
    Column("order_id", String(UUID_LENGTH), nullable=False),
    Column("payload", LargeBinary, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    UniqueConstraint("order_id"),
)  # fmt: skip
Index(None, station_inbox.c.station_id, station_inbox.c.id)

dead_letter = Table(
    "dead_letter", truth,
    Column("id", String(128), primary_key=True),
    Column("reason", String(32), nullable=False),
    Column("detail", Text, nullable=False),
    Column("source", String(128), nullable=False),
    Column("position", String(128), nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("replayed_ms", BigInteger),
)  # fmt: skip
Index(None, dead_letter.c.reason, dead_letter.c.at_ms)
Index(None, dead_letter.c.at_ms)

sheet = Table(
    "sheet", vault,
    Column("id", SERIAL, primary_key=True),
    Column("count", Integer, nullable=False),
    Column("tokens", LargeBinary, nullable=False),  # 16 bytes each, in order
    Column("sealed", LargeBinary, nullable=False),  # their originals
    Column("at_ms", BigInteger, nullable=False),
)  # fmt: skip
Index(None, sheet.c.count)

quote = Table(
    "quote", vault,
    Column("token", LargeBinary(16), primary_key=True),
    Column("tag", BigInteger, primary_key=True, autoincrement=False),  # fingerprint, as a signed number
    Column("sealed", LargeBinary, nullable=False),
    Column("expires_ms", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)  # fmt: skip
Index(None, quote.c.expires_ms)

reveal_log = Table(
    "reveal_log", vault,
    Column("id", SERIAL, primary_key=True),
    Column("at_ms", BigInteger, nullable=False),
    Column("who", String(NAME_LENGTH), nullable=False),
    Column("what", String(16), nullable=False),
    Column("token", LargeBinary(16), nullable=False),
    Column("reason", Text, nullable=False),
    Column("granted", Integer, nullable=False),
)  # fmt: skip
Index(None, reveal_log.c.who, reveal_log.c.at_ms)

touch_segment = Table(
    "touch_segment", touches,
    Column("id", SERIAL, primary_key=True),
    Column("partition", String(NAME_LENGTH), nullable=False),
    Column("day", BigInteger, nullable=False),  # since the epoch, UTC, by the newest touch
    Column("count", Integer, nullable=False),
    Column("packed", LargeBinary, nullable=False),  # see `touches.index.pack`
)  # fmt: skip
Index(None, touch_segment.c.partition, touch_segment.c.day)
