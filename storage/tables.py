"""The ledger's tables. Every instant is UTC epoch milliseconds in a `*_ms` column; text is as written, escaped.

One row of `call` for each caller who reached the hotline; a `segment` for each wait in a group with the talk that
followed; an `offer` for each time an operator's phone was rung; an `operator_line` for each channel of an operator in
the call; a `bridge` for each stretch of time the caller was connected. The projector alone writes them.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Float,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    text,
)

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(referred_table_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)


def _ms(name: str, *, nullable: bool = True) -> Column[int]:
    return Column(name, BigInteger, nullable=nullable)


def _key(name: str) -> Column[str]:
    return Column(name, Text, primary_key=True)


def _number_key(name: str) -> Column[int]:
    return Column(name, Integer, primary_key=True, autoincrement=False)


def _ms_key(name: str) -> Column[int]:
    return Column(name, BigInteger, primary_key=True, autoincrement=False)


def _of_call() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(["call_id"], ["call.id"])


call = Table(
    "call",
    metadata,
    _key("id"),
    Column("node", Text, nullable=False),
    Column("dialled", Text),
    Column("caller_raw", Text),
    Column("caller_name_raw", Text),
    Column("caller_key", Text),
    _ms("arrived_ms", nullable=False),
    Column("language", Text),
    Column("language_by", Text),
    _ms("language_ms"),
    Column("group_first", Text),
    _ms("queued_ms"),
    _ms("answered_ms"),
    _ms("ended_ms"),
    Column("result", Text, nullable=False),
    _ms("callback_asked_ms"),
    Column("callback_number", Text),
    Column("callback_of", Text),
    Column("callback_status", Text),
    _ms("callback_reached_ms"),
    Column("lost", Integer, nullable=False, server_default="0"),
    Index(None, "caller_key", "arrived_ms"),
    Index(None, "arrived_ms"),
    Index(None, "callback_asked_ms"),
    Index(None, "callback_of"),
    Index(
        "ix_call_unheard",
        "arrived_ms",
        sqlite_where=text("caller_key IS NULL"),
        postgresql_where=text("caller_key IS NULL"),
    ),
    Index("ix_call_open", "id", sqlite_where=text("ended_ms IS NULL"), postgresql_where=text("ended_ms IS NULL")),
)
"""`result`: in_progress, answered, callback (the caller asked to be called), abandoned_waiting or abandoned_menu.
`answered_ms` is the first operator's. `callback_of`: this call was made for the callback asked in that one, and
`callback_status` tells whether it reached the caller (ANSWER), `callback_reached_ms` when. On the call that asked the
status can only be CANCELLED. `lost` is 1 when Asterisk died in the call. `caller_key` is NULL when nobody knows who
called: the journal of it is lost."""

caller_identity = Table(
    "caller_identity",
    metadata,
    _key("call_id"),
    _key("source"),
    _key("key"),
    Column("raw", Text, nullable=False),
    _ms("arrived_ms", nullable=False),
    _of_call(),
    Index(None, "key", "arrived_ms"),
)
"""Other numbers and names that a call is tied to than the caller's own key: those of its headers, and the number that a
callback was asked to (`calls.identity.Source`). `arrived_ms` is the call's, so that one index finds both."""

segment = Table(
    "segment",
    metadata,
    _key("call_id"),
    _number_key("seq"),
    Column("group_id", Text),
    Column("language", Text),
    Column("queued_via", Text),
    _ms("queued_ms"),
    _ms("rank_ms"),
    Column("offer", Integer),
    Column("operator_id", Text),
    Column("via", Text),
    _ms("answered_ms"),
    _ms("talking_ms"),
    _ms("bridged_ms"),
    _ms("notice_ms"),
    _ms("operator_left_ms"),
    _ms("transferred_ms"),
    Column("transfer_kind", Text),
    Column("transfer_to", Text),
    Column("wanted", Text),
    Column("also", Text),
    _ms("ended_ms"),
    Column("ended_by", Text),
    _of_call(),
)
"""`via` (router, net) and `operator_id` are those of the offer that was answered, the last one if there were several.
`answered_ms` is when the operator picked up, `talking_ms` when the announcement was over, `bridged_ms` the length of
time connected; `ended_by` is operator, caller or transfer. `transfer_kind` is one of `calls.journal`'s,
`wanted` the operator who was named. `also` names the operators who talked beside `operator_id`, by commas."""

offer = Table(
    "offer",
    metadata,
    _key("call_id"),
    _number_key("seq"),
    _number_key("offer"),
    Column("operator_id", Text),
    Column("via", Text),
    Column("file", Text),
    _ms("offered_ms"),
    _ms("ended_ms"),
    Column("status", Text),
    Column("recorded", Integer, nullable=False, server_default="0"),
    _of_call(),
    Index(
        "ix_offer_unrecorded",
        "call_id",
        sqlite_where=text("recorded = 0 AND status = 'ANSWER'"),
        postgresql_where=text("recorded = 0 AND status = 'ANSWER'"),
    ),
)
"""`status` is the DIALSTATUS (ANSWER, NOANSWER, BUSY, ...); `recorded` is 1 once the talk has its `recording` row."""

operator_line = Table(
    "operator_line",
    metadata,
    _key("call_id"),
    _key("uniqueid"),
    Column("operator_id", Text, nullable=False),
    _ms("answered_ms"),
    _ms("talking_ms"),
    _ms("hung_up_ms"),
    Column("seq", Integer),
    Column("offer", Integer),
    _of_call(),
)

bridge = Table("bridge", metadata, _key("call_id"), _ms_key("entered_ms"), _ms("left_ms"), _of_call())

rating = Table(
    "rating",
    metadata,
    _key("call_id"),
    _number_key("seq"),
    _key("operator_id"),
    _ms("offered_ms"),
    _ms("rated_ms"),
    Column("outcome", Text),
    Column("score", Integer),
    _of_call(),
    CheckConstraint("score IS NULL OR (score BETWEEN 1 AND 5 AND outcome = 'given')", name="score"),
)
"""Rule 13. `outcome`: given, silence, wrong or hung_up; NULL while the caller is being asked."""

step = Table("step", metadata, _key("call_id"), _ms_key("at_ms"), _key("step"), _key("detail"), _of_call())

recording = Table(
    "recording",
    metadata,
    _key("call_id"),
    _number_key("seq"),
    _number_key("offer"),
    Column("file", Text, nullable=False),
    Column("status", Text, nullable=False),
    _ms("made_ms", nullable=False),
    Column("path", Text, nullable=False),
    _ms("duration_ms", nullable=False),
    _ms("bridged_ms"),
    Column("bytes", BigInteger, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("caller_dbfs", Float),
    Column("operator_dbfs", Float),
    _ms("caller_active_ms"),
    _ms("operator_active_ms"),
    _ms("caller_clipped_ms"),
    _ms("operator_clipped_ms"),
    _of_call(),
    Index(None, "made_ms"),
)
"""Written by the finaliser (rule 14), once a talk's file is in the archive or its absence is explained (`status`)."""

gap = Table(
    "gap",
    metadata,
    _key("call_id"),
    _number_key("seq"),
    _ms_key("from_ms"),
    _ms("to_ms"),
    Column("reason", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("detail", Text, nullable=False, server_default=""),
    _of_call(),
)
"""A stretch of a talk without a recording, and why (`calls.recording.GapReason`): from the journal's `gap` facts, and
from the finaliser, which holds each recording against the time connected."""

operator_state = Table(
    "operator_state",
    metadata,
    _key("operator_id"),
    _ms_key("from_ms"),
    _key("state"),
    Column("reason", Text),
    _ms("to_ms"),
    Index(
        "ix_operator_state_now",
        "operator_id",
        sqlite_where=text("to_ms IS NULL"),
        postgresql_where=text("to_ms IS NULL"),
    ),
    Index(None, "from_ms"),
)

caller_language = Table(
    "caller_language",
    metadata,
    _key("caller_key"),
    Column("language", Text, nullable=False),
    _ms("chosen_ms", nullable=False),
)

audit = Table(
    "audit",
    metadata,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    _ms("at_ms", nullable=False),
    Column("actor", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("previous", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Index(None, "subject"),
)
"""A chain of digests over everything that was done with recordings and demands; the database refuses any change of a
row (see `calls.audit`)."""

demand = Table(
    "demand",
    metadata,
    _key("id"),
    Column("authority", Text, nullable=False),
    Column("letter", Text, nullable=False),
    Column("scan_sha256", Text),
    Column("ground", Text, nullable=False),
    Column("day", Text, nullable=False),
    Column("phone", Text, nullable=False),
    _ms("received_ms", nullable=False),
    _ms("registered_ms", nullable=False),
    Column("registered_by", Text, nullable=False),
    _ms("closed_ms"),
    Index("ix_demand_open", "id", sqlite_where=text("closed_ms IS NULL"), postgresql_where=text("closed_ms IS NULL")),
)
"""A demand of an authorised body as it was received (rule 14); `day` is the local date and `phone` the number as
written, `closed_ms` when it was delivered or withdrawn."""

demand_step = Table(
    "demand_step",
    metadata,
    _key("demand_id"),
    _number_key("seq"),
    _ms("at_ms", nullable=False),
    Column("actor", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("detail", Text, nullable=False),
    ForeignKeyConstraint(["demand_id"], ["demand.id"]),
)
"""What was done about it, each also an entry of the audit log; `detail` is canonical JSON (see `calls.demand`)."""

legal_hold = Table(
    "legal_hold",
    metadata,
    _key("file"),
    _key("cause"),
    _ms("from_ms", nullable=False),
    Column("actor", Text, nullable=False),
    Column("reason", Text, nullable=False),
)
"""Recordings that may not be disposed of, whatever their age; `cause` is the demand's id or `order`."""

alarm = Table("alarm", metadata, _ms_key("at_ms"), _key("kind"), _key("detail"))

journal_position = Table(
    "journal_position",
    metadata,
    _key("source"),
    Column("inode", BigInteger, primary_key=True, autoincrement=False),
    Column("head", Text, nullable=False),
    Column("offset", BigInteger, nullable=False),
)
"""How far each journal file has been read. `head` is a digest of its first line: an inode is used again."""

owner = Table(
    "owner",
    metadata,
    _number_key("one"),
    Column("id", Text, nullable=False),
    Column("place", Text, nullable=False),
    Column("life", Text, nullable=False),
    _ms("seen_ms", nullable=False),
    CheckConstraint("one = 1", name="one"),
)
"""The one hotline that this ledger serves (see `storage.owner`); `seen_ms` by the database's own clock."""
