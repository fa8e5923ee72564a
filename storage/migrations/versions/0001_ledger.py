"""The ledger: calls, segments, offers, operators' states, recordings, ratings."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "alarm",
        sa.Column("at_ms", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("at_ms", "kind", "detail", name=op.f("pk_alarm")),
    )
    op.create_table(
        "call",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("node", sa.Text(), nullable=False),
        sa.Column("dialled", sa.Text(), nullable=True),
        sa.Column("caller_raw", sa.Text(), nullable=True),
        sa.Column("caller_name_raw", sa.Text(), nullable=True),
        sa.Column("caller_key", sa.Text(), nullable=True),
        sa.Column("arrived_ms", sa.BigInteger(), nullable=False),
        sa.Column("language", sa.Text(), nullable=True),
        sa.Column("language_by", sa.Text(), nullable=True),
        sa.Column("language_ms", sa.BigInteger(), nullable=True),
        sa.Column("group_first", sa.Text(), nullable=True),
        sa.Column("queued_ms", sa.BigInteger(), nullable=True),
        sa.Column("answered_ms", sa.BigInteger(), nullable=True),
        sa.Column("ended_ms", sa.BigInteger(), nullable=True),
        sa.Column("result", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_call")),
    )
    op.create_index(op.f("ix_call_arrived_ms"), "call", ["arrived_ms"], unique=False)
    op.create_index(op.f("ix_call_caller_key_arrived_ms"), "call", ["caller_key", "arrived_ms"], unique=False)
    op.create_index(
        "ix_call_open",
        "call",
        ["id"],
        unique=False,
        sqlite_where=sa.text("ended_ms IS NULL"),
        postgresql_where=sa.text("ended_ms IS NULL"),
    )
    op.create_table(
        "caller_language",
        sa.Column("caller_key", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("chosen_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("caller_key", name=op.f("pk_caller_language")),
    )
    op.create_table(
        "journal_position",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("inode", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("head", sa.Text(), nullable=False),
        sa.Column("offset", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("source", "inode", name=op.f("pk_journal_position")),
    )
    op.create_table(
        "operator_state",
        sa.Column("operator_id", sa.Text(), nullable=False),
        sa.Column("from_ms", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("to_ms", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("operator_id", "from_ms", "state", name=op.f("pk_operator_state")),
    )
    op.create_index(op.f("ix_operator_state_from_ms"), "operator_state", ["from_ms"], unique=False)
    op.create_index(
        "ix_operator_state_now",
        "operator_state",
        ["operator_id"],
        unique=False,
        sqlite_where=sa.text("to_ms IS NULL"),
        postgresql_where=sa.text("to_ms IS NULL"),
    )
    op.create_table(
        "bridge",
        sa.Column("call_id", sa.Text(), nullable=False),
        sa.Column("entered_ms", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("left_ms", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["call_id"], ["call.id"], name=op.f("fk_bridge_call")),
        sa.PrimaryKeyConstraint("call_id", "entered_ms", name=op.f("pk_bridge")),
    )
    op.create_table(
        "offer",
        sa.Column("call_id", sa.Text(), nullable=False),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("offer", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("operator_id", sa.Text(), nullable=True),
        sa.Column("via", sa.Text(), nullable=True),
        sa.Column("file", sa.Text(), nullable=True),
        sa.Column("offered_ms", sa.BigInteger(), nullable=True),
        sa.Column("ended_ms", sa.BigInteger(), nullable=True),
        sa.Column("status", sa.Text(), nullable=True),
        sa.Column("recorded", sa.Integer(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(["call_id"], ["call.id"], name=op.f("fk_offer_call")),
        sa.PrimaryKeyConstraint("call_id", "seq", "offer", name=op.f("pk_offer")),
    )
    op.create_index(
        "ix_offer_unrecorded",
        "offer",
        ["call_id"],
        unique=False,
        sqlite_where=sa.text("recorded = 0 AND status = 'ANSWER'"),
        postgresql_where=sa.text("recorded = 0 AND status = 'ANSWER'"),
    )
    op.create_table(
        "operator_line",
        sa.Column("call_id", sa.Text(), nullable=False),
        sa.Column("uniqueid", sa.Text(), nullable=False),
        sa.Column("operator_id", sa.Text(), nullable=False),
        sa.Column("answered_ms", sa.BigInteger(), nullable=True),
        sa.Column("talking_ms", sa.BigInteger(), nullable=True),
        sa.Column("hung_up_ms", sa.BigInteger(), nullable=True),
        sa.Column("seq", sa.Integer(), nullable=True),
        sa.Column("offer", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["call_id"], ["call.id"], name=op.f("fk_operator_line_call")),
        sa.PrimaryKeyConstraint("call_id", "uniqueid", name=op.f("pk_operator_line")),
    )
    op.create_table(
        "rating",
        sa.Column("call_id", sa.Text(), nullable=False),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("operator_id", sa.Text(), nullable=False),
        sa.Column("offered_ms", sa.BigInteger(), nullable=True),
        sa.Column("rated_ms", sa.BigInteger(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("score", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "score IS NULL OR (score BETWEEN 1 AND 5 AND outcome = 'given')", name=op.f("ck_rating_score")
        ),
        sa.ForeignKeyConstraint(["call_id"], ["call.id"], name=op.f("fk_rating_call")),
        sa.PrimaryKeyConstraint("call_id", "seq", "operator_id", name=op.f("pk_rating")),
    )
    op.create_table(
        "recording",
        sa.Column("call_id", sa.Text(), nullable=False),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("offer", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("file", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("made_ms", sa.BigInteger(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("duration_ms", sa.BigInteger(), nullable=False),
        sa.Column("bridged_ms", sa.BigInteger(), nullable=True),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("caller_dbfs", sa.Float(), nullable=True),
        sa.Column("operator_dbfs", sa.Float(), nullable=True),
        sa.ForeignKeyConstraint(["call_id"], ["call.id"], name=op.f("fk_recording_call")),
        sa.PrimaryKeyConstraint("call_id", "seq", "offer", name=op.f("pk_recording")),
    )
    op.create_index(op.f("ix_recording_made_ms"), "recording", ["made_ms"], unique=False)
    op.create_table(
        "segment",
        sa.Column("call_id", sa.Text(), nullable=False),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("group_id", sa.Text(), nullable=True),
        sa.Column("language", sa.Text(), nullable=True),
        sa.Column("queued_via", sa.Text(), nullable=True),
        sa.Column("queued_ms", sa.BigInteger(), nullable=True),
        sa.Column("rank_ms", sa.BigInteger(), nullable=True),
        sa.Column("offer", sa.Integer(), nullable=True),
        sa.Column("operator_id", sa.Text(), nullable=True),
        sa.Column("via", sa.Text(), nullable=True),
        sa.Column("answered_ms", sa.BigInteger(), nullable=True),
        sa.Column("talking_ms", sa.BigInteger(), nullable=True),
        sa.Column("bridged_ms", sa.BigInteger(), nullable=True),
        sa.Column("notice_ms", sa.BigInteger(), nullable=True),
        sa.Column("operator_left_ms", sa.BigInteger(), nullable=True),
        sa.Column("transferred_ms", sa.BigInteger(), nullable=True),
        sa.Column("transfer_kind", sa.Text(), nullable=True),
        sa.Column("transfer_to", sa.Text(), nullable=True),
        sa.Column("ended_ms", sa.BigInteger(), nullable=True),
        sa.Column("ended_by", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["call_id"], ["call.id"], name=op.f("fk_segment_call")),
        sa.PrimaryKeyConstraint("call_id", "seq", name=op.f("pk_segment")),
    )
    op.create_table(
        "step",
        sa.Column("call_id", sa.Text(), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["call_id"], ["call.id"], name=op.f("fk_step_call")),
        sa.PrimaryKeyConstraint("call_id", "at_ms", "step", "detail", name=op.f("pk_step")),
    )


def downgrade() -> None:
    op.drop_table("step")
    op.drop_table("segment")
    op.drop_index(op.f("ix_recording_made_ms"), table_name="recording")
    op.drop_table("recording")
    op.drop_table("rating")
    op.drop_table("operator_line")
    op.drop_index(
        "ix_offer_unrecorded",
        table_name="offer",
        sqlite_where=sa.text("recorded = 0 AND status = 'ANSWER'"),
        postgresql_where=sa.text("recorded = 0 AND status = 'ANSWER'"),
    )
    op.drop_table("offer")
    op.drop_table("bridge")
    op.drop_index(
        "ix_operator_state_now",
        table_name="operator_state",
        sqlite_where=sa.text("to_ms IS NULL"),
        postgresql_where=sa.text("to_ms IS NULL"),
    )
    op.drop_index(op.f("ix_operator_state_from_ms"), table_name="operator_state")
    op.drop_table("operator_state")
    op.drop_table("journal_position")
    op.drop_table("caller_language")
    op.drop_index(
        "ix_call_open",
        table_name="call",
        sqlite_where=sa.text("ended_ms IS NULL"),
        postgresql_where=sa.text("ended_ms IS NULL"),
    )
    op.drop_index(op.f("ix_call_caller_key_arrived_ms"), table_name="call")
    op.drop_index(op.f("ix_call_arrived_ms"), table_name="call")
    op.drop_table("call")
    op.drop_table("alarm")
