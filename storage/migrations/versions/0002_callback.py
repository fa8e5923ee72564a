"""Callbacks: what a caller asked for, and the calls made for it."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

COLUMNS = (
    ("callback_asked_ms", sa.BigInteger()),
    ("callback_number", sa.Text()),
    ("callback_of", sa.Text()),
    ("callback_status", sa.Text()),
)


def upgrade() -> None:
    for name, kind in COLUMNS:
        op.add_column("call", sa.Column(name, kind, nullable=True))
    op.create_index("ix_call_callback_asked_ms", "call", ["callback_asked_ms"])
    op.create_index("ix_call_callback_of", "call", ["callback_of"])


def downgrade() -> None:
    op.drop_index("ix_call_callback_of", table_name="call")
    op.drop_index("ix_call_callback_asked_ms", table_name="call")
    for name, _ in reversed(COLUMNS):
        op.drop_column("call", name)
