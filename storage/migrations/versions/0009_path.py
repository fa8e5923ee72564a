"""No index of recordings by their place: an hour's are found by when their calls came, and nothing else reads by it."""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("ix_recording_path", "recording")


def downgrade() -> None:
    op.create_index("ix_recording_path", "recording", ["path"])
