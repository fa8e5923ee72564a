"""Stretches of talks without a recording, and why; calls that Asterisk died in; recordings by their place."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "gap",
        sa.Column("call_id", sa.Text(), sa.ForeignKey("call.id"), primary_key=True),
        sa.Column("seq", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("from_ms", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("to_ms", sa.BigInteger()),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
    )
    op.add_column("call", sa.Column("lost", sa.Integer(), nullable=False, server_default="0"))
    op.create_index("ix_recording_path", "recording", ["path"])


def downgrade() -> None:
    op.drop_index("ix_recording_path", "recording")
    op.drop_column("call", "lost")
    op.drop_table("gap")
