"""The language a caller chose last, so that the next call skips the question."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from sqlalchemy import Connection, Insert

from calls.phone import ANONYMOUS, caller_key
from storage.record import CallRecord, CallRow
from storage.rows import dialect_insert
from storage.tables import caller_language


def remember(connection: Connection, before: Mapping[str, CallRecord], after: Mapping[str, CallRecord]) -> None:
    """Keep the languages that callers chose by a key in the calls of `after`; never an anonymous caller's.

    By the caller's key, and by what Asterisk takes for the number (ADR 27): the menu knows that one alone.
    """
    chosen = [
        {"caller_key": key, "language": call.language, "chosen_ms": call.language_ms}
        for call_id, record in after.items()
        if (call := record.call).language_by == "key"
        and call.caller_key is not None
        and call.language_ms is not None
        and _choice(call) != (_choice(before[call_id].call) if call_id in before else None)
        for key in sorted({call.caller_key, caller_key(call.caller_raw or "")} - {ANONYMOUS})
    ]
    if chosen:
        connection.execute(_latest(connection.dialect.name), chosen)


def _choice(call: CallRow) -> tuple[str | None, str | None, str | None, int | None]:
    return call.caller_key, call.language, call.language_by, call.language_ms


@cache
def _latest(dialect: str) -> Insert:
    statement = dialect_insert(dialect, caller_language)
    return statement.on_conflict_do_update(
        index_elements=[caller_language.c.caller_key],
        set_={"language": statement.excluded.language, "chosen_ms": statement.excluded.chosen_ms},
        where=statement.excluded.chosen_ms >= caller_language.c.chosen_ms,
    )
