"""How long each side of a recording is heard, and how long it is clipped; why a gap was made, in a person's words."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

COLUMNS = ("caller_active_ms", "operator_active_ms", "caller_clipped_ms", "operator_clipped_ms")


def upgrade() -> None:
    for name in COLUMNS:
        op.add_column("recording", sa.Column(name, sa.BigInteger(), nullable=True))
    op.add_column("gap", sa.Column("detail", sa.Text(), nullable=False, server_default=""))


def downgrade() -> None:
    op.drop_column("gap", "detail")
    for name in reversed(COLUMNS):
        op.drop_column("recording", name)
