"""Callbacks: when the call made for one reached the caller."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("call", sa.Column("callback_reached_ms", sa.BigInteger(), nullable=True))


def downgrade() -> None:
    op.drop_column("call", "callback_reached_ms")
