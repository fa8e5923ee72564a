"""Demands for recordings, what was done about each, and recordings on hold."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "demand",
        sa.Column("id", sa.Text(), primary_key=True),
        sa.Column("authority", sa.Text(), nullable=False),
        sa.Column("letter", sa.Text(), nullable=False),
        sa.Column("scan_sha256", sa.Text()),
        sa.Column("ground", sa.Text(), nullable=False),
        sa.Column("day", sa.Text(), nullable=False),
        sa.Column("phone", sa.Text(), nullable=False),
        sa.Column("received_ms", sa.BigInteger(), nullable=False),
        sa.Column("registered_ms", sa.BigInteger(), nullable=False),
        sa.Column("registered_by", sa.Text(), nullable=False),
        sa.Column("closed_ms", sa.BigInteger()),
    )
    is_open = sa.text("closed_ms IS NULL")
    op.create_index("ix_demand_open", "demand", ["id"], sqlite_where=is_open, postgresql_where=is_open)
    op.create_table(
        "demand_step",
        sa.Column("demand_id", sa.Text(), sa.ForeignKey("demand.id"), primary_key=True),
        sa.Column("seq", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("actor", "kind", "detail")),
    )
    op.create_table(
        "legal_hold",
        sa.Column("file", sa.Text(), primary_key=True),
        sa.Column("cause", sa.Text(), primary_key=True),
        sa.Column("from_ms", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
    )


def downgrade() -> None:
    for table in ("legal_hold", "demand_step", "demand"):
        op.drop_table(table)
