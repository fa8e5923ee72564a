"""Transfers: the operator who was named, and those who talked together (three-way)."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

COLUMNS = ("wanted", "also")


def upgrade() -> None:
    for name in COLUMNS:
        op.add_column("segment", sa.Column(name, sa.Text(), nullable=True))


def downgrade() -> None:
    for name in reversed(COLUMNS):
        op.drop_column("segment", name)
