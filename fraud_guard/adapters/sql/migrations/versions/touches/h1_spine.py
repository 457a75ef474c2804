"""Segments of the touch index: its first layout."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "h1"
down_revision = None
SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "touch_segment",
        sa.Column("id", SERIAL, nullable=False),
        sa.Column("partition", sa.String(64), nullable=False),
        sa.Column("day", sa.BigInteger(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("packed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_touch_segment"),
    )
    op.create_index("ix_touch_segment_partition_day", "touch_segment", ["partition", "day"])
