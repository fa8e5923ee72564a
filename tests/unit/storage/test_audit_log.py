"""The audit log on both databases: appended in turn, chained, and never changed."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from calls.audit import GENESIS, Checkpoint, Entry, Note, chained, contradicts, faults
from storage import audit

NOTE = Note("finaliser", "recording.kept", "hl1-1764000000.12-1-1", {"sha256": "ab", "bytes": 12, "note": "Әсел"})


def chain(length: int) -> list[Entry]:
    entries: list[Entry] = []
    for number in range(length):
        entries.append(chained(replace(NOTE, subject=f"file-{number}"), number, entries[-1] if entries else None))
    return entries


def test_entries_follow_each_other_and_come_back_as_written(engine: Engine) -> None:
    with engine.begin() as connection:
        audit.append(connection, [NOTE, NOTE], 5)
    with engine.begin() as connection:
        audit.append(connection, [replace(NOTE, subject="other")], 6)
        entries = list(audit.entries(connection))
        assert [(entry.seq, entry.at_ms) for entry in entries] == [(1, 5), (2, 5), (3, 6)]
        assert entries[0].previous == GENESIS
        assert list(faults(entries)) == []
        assert audit.last(connection) == audit.entry_of(connection, 3) == entries[2]
        assert audit.about(connection, NOTE.subject) == entries[:2]


def test_writers_at_once_take_turns(engine: Engine) -> None:
    def write(number: int) -> None:
        with engine.begin() as connection:
            audit.append(connection, [NOTE], number)

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(write, range(40)))
    with engine.begin() as connection:
        entries = list(audit.entries(connection))
    assert [entry.seq for entry in entries] == list(range(1, 41))
    assert list(faults(entries)) == []


@pytest.mark.parametrize("deed", ["UPDATE audit SET actor = 'nobody'", "DELETE FROM audit"])
def test_the_database_refuses_a_change(engine: Engine, deed: str) -> None:
    with engine.begin() as connection:
        audit.append(connection, [NOTE], 5)
    with pytest.raises(DBAPIError, match="only ever appended"), engine.begin() as connection:
        connection.execute(text(deed))
    with engine.begin() as connection:
        assert len(list(audit.entries(connection))) == 1


@given(st.data())
def test_no_edit_cut_or_reorder_within_goes_unseen(data: st.DataObject) -> None:
    entries = chain(8)
    at = data.draw(st.integers(0, 7))
    match data.draw(st.sampled_from(["edit", "rechain", "remove", "swap", "repeat"])):
        case "edit":
            field = data.draw(st.sampled_from(["actor", "kind", "subject", "detail", "previous", "digest"]))
            entries[at] = replace(entries[at], **{field: "other"})
        case "rechain":  # a forger who knows how digests are made, but leaves the rest as it was
            entries[at] = chained(replace(NOTE, actor="forger"), at, entries[at - 1] if at else None)
            entries.append(chained(NOTE, 9, chain(8)[-1]))
        case "remove":
            del entries[at]
            entries.append(chained(NOTE, 9, chain(8)[-1]))
        case "swap":
            other = (at + 1) % 8
            entries[at], entries[other] = entries[other], entries[at]
        case _:
            entries.insert(at, entries[at])
    assert list(faults(entries))


def test_a_signed_checkpoint_shows_a_cut_and_a_log_written_anew() -> None:
    entries = chain(3)
    point = Checkpoint(3, entries[2].digest, 9)
    assert contradicts(point, entries[2]) is None
    assert contradicts(point, None) is not None
    forged = chained(replace(NOTE, actor="forger"), 2, entries[1])
    assert contradicts(point, forged) is not None
