"""Originals, quotes and the log of looks: the first layout of the vault."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "v1"
down_revision = None
SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "sheet",
        sa.Column("id", SERIAL, nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("tokens", sa.LargeBinary(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_sheet"),
    )
    op.create_index("ix_sheet_count", "sheet", ["count"])
    op.create_table(
        "quote",
        sa.Column("token", sa.LargeBinary(16), nullable=False),
        sa.Column("tag", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("expires_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("token", "tag", name="pk_quote"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_quote_expires_ms", "quote", ["expires_ms"])
    op.create_table(
        "reveal_log",
        sa.Column("id", SERIAL, nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("who", sa.String(64), nullable=False),
        sa.Column("what", sa.String(16), nullable=False),
        sa.Column("token", sa.LargeBinary(16), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("granted", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_reveal_log"),
    )
    op.create_index("ix_reveal_log_who_at_ms", "reveal_log", ["who", "at_ms"])
