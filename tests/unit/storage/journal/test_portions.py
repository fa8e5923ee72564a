"""However the journal is cut, repeated, put aside, or the projector replaced, the ledger comes to the same rows."""

from __future__ import annotations

import shutil
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from calls.journal import Fact
from calls.journal_lines import format_line
from storage.engine import open_engine, sqlite_url
from storage.journal.reader import rotate_if_large
from tests.unit.storage import scene
from tests.unit.storage.journal.test_projector import everything
from tests.unit.storage.scene import START_MS, projector_of

STATES = ("ready", "offered", "talking", "wrap-up")


@cache
def lines() -> tuple[bytes, ...]:
    """Nine calls of all kinds interleaved, with two operators' states in between."""
    mixed: list[bytes] = []
    for number, line in enumerate(scene.journal(9, spacing_ms=7000)):
        mixed.append(line)
        if number % 4 == 0:
            told: dict[str, str | int] = {
                "operator": f"10{number % 3}",
                "state": STATES[number // 4 % 4],
                "at_ms": START_MS + number * 500,
            }
            mixed.append(format_line(Fact.PRESENCE, START_MS + number * 500, told))
    return tuple(mixed)


def ledger_of(template: Path, folder: Path, deeds: list[tuple[str, int]]) -> dict[str, list[tuple[Any, ...]]]:
    """What the ledger holds after the lines, with these deeds done on the way (each before a line's number)."""
    database, journal = folder / "ledger.db", folder / "journal.csv"
    shutil.copy(template, database)
    engine = open_engine(sqlite_url(database))
    projector = projector_of(engine, [journal])
    done: list[bytes] = []
    for number, line in enumerate(lines()):
        with journal.open("ab") as file:
            for deed, at in deeds:
                if at != number:
                    continue
                file.flush()
                if deed == "project":
                    projector.project_now()
                elif deed == "replace":
                    projector = projector_of(engine, [journal])
                elif deed == "again" and done:
                    file.write(done[at * 7919 % len(done)])
                elif deed == "damage":
                    file.write(b'"half a li\n')
            file.write(line)
        if ("aside", number) in deeds:
            rotate_if_large(journal, 0, START_MS + number)
        done.append(line)
    while projector.project_now():
        pass
    rows = everything(engine)
    engine.dispose()
    return rows


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["project", "project", "replace", "again", "damage", "aside"]),
            st.integers(0, len(lines()) - 1),
        ),
        max_size=40,
        unique=True,
    )
)
@settings(max_examples=40, deadline=None)
def test_the_ledger_is_the_same(sqlite_template: Path, deeds: list[tuple[str, int]]) -> None:
    with tempfile.TemporaryDirectory() as straight, tempfile.TemporaryDirectory() as crooked:
        expected = ledger_of(sqlite_template, Path(straight), [])
        assert ledger_of(sqlite_template, Path(crooked), deeds) == expected
    assert len(expected["call"]) == 9
    assert len(expected["operator_state"]) > 20
