"""From which position on a scorer that was behind left how much out."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "t2"
down_revision = "t1"


def upgrade() -> None:
    op.create_table(
        "degraded",
        sa.Column("partition", sa.String(64), nullable=False),
        sa.Column("from_position", sa.BigInteger(), nullable=False),
        sa.Column("mode", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("partition", "from_position", name="pk_degraded"),
    )
