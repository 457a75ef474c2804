"""Alerts, orders, closures, outbox and dead letters: the first layout of truth."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "t1"
down_revision = None
SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "alert",
        sa.Column("alert_id", sa.String(36), nullable=False),
        sa.Column("token", sa.String(32), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("opened_ms", sa.BigInteger(), nullable=False),
        sa.Column("ts_ms", sa.BigInteger(), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("level_score", sa.Integer(), nullable=False),
        sa.Column("level_clock", sa.Integer(), nullable=True),
        sa.Column("level_person", sa.Integer(), nullable=True),
        sa.Column("probability", sa.Double(), nullable=False),
        sa.Column("types", sa.Text(), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.Column("station_id", sa.String(64), nullable=False),
        sa.Column("area", sa.String(12), nullable=False),
        sa.PrimaryKeyConstraint("alert_id", name="pk_alert"),
    )
    op.create_index("ix_alert_state_opened_ms", "alert", ["state", "opened_ms"])
    op.create_index("ix_alert_token", "alert", ["token"])
    op.create_index(
        "uq_alert_open_token",
        "alert",
        ["token"],
        unique=True,
        sqlite_where=sa.text("state = 'open'"),
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_table(
        "audit",
        sa.Column("id", SERIAL, nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("who", sa.String(64), nullable=False),
        sa.Column("what", sa.String(32), nullable=False),
        sa.Column("target", sa.String(128), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit"),
    )
    op.create_index("ix_audit_target", "audit", ["target"])
    op.create_table(
        "dead_letter",
        sa.Column("id", sa.String(128), nullable=False),
        sa.Column("reason", sa.String(32), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("source", sa.String(128), nullable=False),
        sa.Column("position", sa.String(128), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("replayed_ms", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_dead_letter"),
    )
    op.create_index("ix_dead_letter_at_ms", "dead_letter", ["at_ms"])
    op.create_index("ix_dead_letter_reason_at_ms", "dead_letter", ["reason", "at_ms"])
    op.create_table(
        "generation",
        sa.Column("partition", sa.String(64), nullable=False),
        sa.Column("from_position", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(128), nullable=False),
        sa.PrimaryKeyConstraint("partition", "from_position", name="pk_generation"),
    )
    op.create_table(
        "outbox",
        sa.Column("id", SERIAL, nullable=False),
        sa.Column("message_id", sa.String(36), nullable=False),
        sa.Column("channel", sa.String(16), nullable=False),
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("lane", sa.String(64), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.Column("due_ms", sa.BigInteger(), nullable=False),
        sa.Column("lease_ms", sa.BigInteger(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("fence", sa.BigInteger(), nullable=False),
        sa.Column("done_ms", sa.BigInteger(), nullable=True),
        sa.Column("error", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_outbox"),
        sa.UniqueConstraint("message_id", name="uq_outbox_message_id"),
    )
    op.create_index("ix_outbox_channel_lane_state_id", "outbox", ["channel", "lane", "state", "id"])
    op.create_index("ix_outbox_state_channel_due_ms", "outbox", ["state", "channel", "due_ms"])
    op.create_table(
        "scorer",
        sa.Column("partition", sa.String(64), nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("partition", name="pk_scorer"),
    )
    op.create_table(
        "station_inbox",
        sa.Column("id", SERIAL, nullable=False),
        sa.Column("station_id", sa.String(64), nullable=False),
        sa.Column("order_id", sa.String(36), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_station_inbox"),
        sa.UniqueConstraint("order_id", name="uq_station_inbox_order_id"),
    )
    op.create_index("ix_station_inbox_station_id_id", "station_inbox", ["station_id", "id"])
    op.create_table(
        "alert_change",
        sa.Column("alert_id", sa.String(36), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("ts_ms", sa.BigInteger(), nullable=False),
        sa.Column("change", sa.String(16), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["alert_id"], ["alert.alert_id"], name="fk_alert_change_alert_id"),
        sa.PrimaryKeyConstraint("alert_id", "seq", name="pk_alert_change"),
    )
    op.create_index("ix_alert_change_ts_ms", "alert_change", ["ts_ms"])
    op.create_table(
        "station_order",
        sa.Column("order_id", sa.String(36), nullable=False),
        sa.Column("alert_id", sa.String(36), nullable=False),
        sa.Column("serial", sa.Integer(), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("station_id", sa.String(64), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("issued_ms", sa.BigInteger(), nullable=False),
        sa.Column("accept_by_ms", sa.BigInteger(), nullable=True),
        sa.Column("contact_by_ms", sa.BigInteger(), nullable=True),
        sa.Column("visit_by_ms", sa.BigInteger(), nullable=True),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("script_zh", sa.Text(), nullable=False),
        sa.Column("v", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["alert_id"], ["alert.alert_id"], name="fk_station_order_alert_id"),
        sa.PrimaryKeyConstraint("order_id", name="pk_station_order"),
    )
    op.create_index("ix_station_order_alert_id", "station_order", ["alert_id"])
    op.create_index("ix_station_order_issued_ms", "station_order", ["issued_ms"])
    op.create_index(
        "ix_station_order_station_id_state_issued_ms", "station_order", ["station_id", "state", "issued_ms"]
    )
    op.create_table(
        "clock",
        sa.Column("order_id", sa.String(36), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("due_ms", sa.BigInteger(), nullable=False),
        sa.Column("lease_ms", sa.BigInteger(), nullable=False),
        sa.Column("struck_ms", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["order_id"], ["station_order.order_id"], name="fk_clock_order_id"),
        sa.PrimaryKeyConstraint("order_id", "kind", name="pk_clock"),
    )
    op.create_index("ix_clock_struck_ms_due_ms", "clock", ["struck_ms", "due_ms"])
    op.create_table(
        "closure",
        sa.Column("closure_id", sa.String(128), nullable=False),
        sa.Column("order_id", sa.String(36), nullable=False),
        sa.Column("ts_ms", sa.BigInteger(), nullable=False),
        sa.Column("truth", sa.String(32), nullable=False),
        sa.Column("officer", sa.String(64), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["order_id"], ["station_order.order_id"], name="fk_closure_order_id"),
        sa.PrimaryKeyConstraint("closure_id", name="pk_closure"),
        sa.UniqueConstraint("order_id", name="uq_closure_order_id"),
    )
    op.create_index("ix_closure_ts_ms", "closure", ["ts_ms"])
