"""Other numbers that a call is tied to; calls of which nobody knows who called."""

import sqlalchemy as sa
from alembic import op

from calls.phone import ANONYMOUS, caller_key

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

UNHEARD = sa.text("caller_key IS NULL")


def upgrade() -> None:
    identity = op.create_table(
        "caller_identity",
        sa.Column("call_id", sa.Text(), sa.ForeignKey("call.id"), primary_key=True),
        sa.Column("source", sa.Text(), primary_key=True),
        sa.Column("key", sa.Text(), primary_key=True),
        sa.Column("raw", sa.Text(), nullable=False),
        sa.Column("arrived_ms", sa.BigInteger(), nullable=False),
    )
    op.create_index("ix_caller_identity_key_arrived_ms", "caller_identity", ["key", "arrived_ms"])
    op.create_index("ix_call_unheard", "call", ["arrived_ms"], sqlite_where=UNHEARD, postgresql_where=UNHEARD)
    # Whoever asked to be called at another number is found by that one, too: also of what was asked until now.
    asked = sa.text(
        "SELECT id, callback_number, caller_key, arrived_ms FROM call"
        " WHERE callback_asked_ms IS NOT NULL AND callback_number IS NOT NULL"
    )
    rows = [
        {"call_id": call_id, "source": "callback", "key": key, "raw": number, "arrived_ms": arrived_ms}
        for call_id, number, own, arrived_ms in op.get_bind().execute(asked)
        if (key := caller_key(f"+{number}")) not in (own, ANONYMOUS)
    ]
    if rows:
        op.bulk_insert(identity, rows)


def downgrade() -> None:
    op.drop_index("ix_call_unheard", "call")
    op.drop_table("caller_identity")
