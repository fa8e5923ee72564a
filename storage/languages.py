"""The language a caller chose last, so that the next call skips the question."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from sqlalchemy import Connection, Insert

from calls.phone import ANONYMOUS
from storage.record import CallRecord, CallRow
from storage.rows import dialect_insert
from storage.tables import caller_language


def remember(connection: Connection, before: Mapping[str, CallRecord], after: Mapping[str, CallRecord]) -> None:
    """Keep the languages that callers chose by a key in the calls of `after`; never an anonymous caller's."""
    chosen = [
        {"caller_key": call.caller_key, "language": call.language, "chosen_ms": call.language_ms}
        for call_id, record in after.items()
        if (call := record.call).language_by == "key"
        and call.caller_key not in (None, ANONYMOUS)
        and call.language_ms is not None
        and _choice(call) != (_choice(before[call_id].call) if call_id in before else None)
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
