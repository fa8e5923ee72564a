"""What callers rated, counted by both databases, and the talks that were rated low (rule 13)."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, event, insert, text
from sqlalchemy.exc import IntegrityError

from bailanys.ratings import Days, report
from calls.local_day import Span, local_day
from calls.ratings import RatingCount
from calls.recording import RecordingStatus
from rating.day import rated_day
from rating.report import By
from rating.scale import SCORES
from storage import ratings, tables
from storage.journal.projector import Projector
from storage.ledger import Ledger
from storage.ratings import RatingBook
from tests.unit.storage.scene import START_MS, Caller
from tests.unit.storage.test_ledger import made, take_in

ALMATY = "Asia/Almaty"
HOUR_MS = 3_600_000
ALL = Span(0, 2**53)


def transferred_and_rated(number: int, score: int | None, start_ms: int = START_MS) -> Caller:
    """103 of the portal transfers to ICT, where 104 and, joining, 105 talk; 104 leaves last and is rated."""
    caller = Caller(number, start_ms).arrive().choose("kk").queue("portal").offer("103").pick_up("103").talk("103")
    caller.on_phone("HANGUP", "103", 30_000)
    caller.fact("transferred", 3, seq=1, kind="blind", operator="103", to="ict").queue("ict", seq=2, via="transfer")
    caller.offer("104", seq=2, offer=2).pick_up("104").talk("104", seq=2, offer=2)
    caller.offer("105", seq=2, offer=3, via="three-way").pick_up("105").talk("105", seq=2, offer=3)
    caller.on_phone("HANGUP", "105", 5_000).operator_leaves("104", seq=2)
    if score is None:
        return caller.fact("rating_offered", 3, seq=2, operator="104").hang_up(500)
    return caller.rate("104", score, seq=2).hang_up()


def talked(number: int, operator: str, score: int | None, start_ms: int = START_MS) -> Caller:
    """A plain call in Russian to the portal; no score: the caller hangs up in the question."""
    caller = Caller(number, start_ms).arrive().choose("ru").queue("portal").offer(operator).pick_up(operator)
    caller.talk(operator).operator_leaves(operator)
    if score is None:
        return caller.fact("rating_offered", 3, seq=1, operator=operator).hang_up(500)
    return caller.rate(operator, score).hang_up()


@pytest.fixture
def book(engine: Engine) -> RatingBook:
    return RatingBook(engine)


async def test_ratings_are_counted_by_operator_group_and_language_of_the_rated_talk(
    projector: Projector, book: RatingBook, journal: Path
) -> None:
    await take_in(
        projector,
        journal,
        transferred_and_rated(1, 2),
        talked(2, "103", 5),
        talked(3, "103", 5),
        talked(4, "103", None),
    )
    assert sorted(await book.counted([ALL], "operator"), key=str) == [
        RatingCount("103", "given", 5, 2),
        RatingCount("103", "hung_up", None, 1),
        RatingCount("104", "given", 2, 1),
    ]
    assert {(one.of, one.score, one.times) for one in await book.counted([ALL], "group")} == {
        ("portal", 5, 2), ("portal", None, 1), ("ict", 2, 1),
    }  # fmt: skip
    assert {(one.of, one.score, one.times) for one in await book.counted([ALL], "language")} == {
        ("ru", 5, 2), ("ru", None, 1), ("ru", 2, 1),  # the scene's queue says ru
    }  # fmt: skip


async def test_every_other_operator_of_a_rated_call_is_counted_apart(
    projector: Projector, book: RatingBook, journal: Path
) -> None:
    await take_in(projector, journal, transferred_and_rated(1, 2), transferred_and_rated(2, None), talked(3, "103", 4))
    assert sorted(await book.shared([ALL]), key=str) == [
        RatingCount("103", "given", 2, 1),
        RatingCount("103", "hung_up", None, 1),
        RatingCount("105", "given", 2, 1),
        RatingCount("105", "hung_up", None, 1),
    ]


async def test_who_is_still_being_asked_counts_nowhere_yet(
    projector: Projector, book: RatingBook, journal: Path
) -> None:
    caller = talked(1, "103", None)
    caller.lines.pop()
    await take_in(projector, journal, caller)
    assert await book.counted([ALL], "operator") == []


async def test_a_low_talk_is_listed_with_all_who_talked_and_whether_it_is_recorded(
    projector: Projector, ledger: Ledger, book: RatingBook, journal: Path
) -> None:
    low, unrecorded, fine = transferred_and_rated(1, 1), talked(2, "103", 2, START_MS + 1), talked(3, "103", 3)
    await take_in(projector, journal, low, unrecorded, fine, talked(4, "103", None))
    await ledger.recordings.add_recording(made(low, 2, 2))
    first, second = await book.rated_low(ALL, 2, limit=10)
    assert (first.call, first.seq, first.score, first.operator, first.others) == (low.id, 2, 1, "104", ("103", "105"))
    assert (first.arrived_ms, first.group, first.language, first.recorded) == (START_MS, "ict", "ru", True)
    assert first.rated_ms is not None and first.rated_ms > START_MS
    assert (second.call, second.operator, second.others, second.recorded) == (unrecorded.id, "103", (), False)
    assert await book.rated_low(ALL, 2, limit=1) == [first]
    assert await book.rated_low(ALL, 2, limit=1, after=1) == [second]
    assert await book.rated_low(ALL, 1, limit=10) == [first]
    assert await book.rated_low(Span(START_MS + 1, 2**53), 2, limit=10) == [second]


async def test_a_recording_that_is_gone_is_none(
    projector: Projector, ledger: Ledger, book: RatingBook, journal: Path
) -> None:
    caller = talked(1, "103", 1)
    await take_in(projector, journal, caller)
    kept = made(caller)
    await ledger.recordings.add_recording(replace(kept, status=RecordingStatus.DISPOSED, path=""))
    (talk,) = await book.rated_low(ALL, 2, limit=10)
    assert not talk.recorded


@pytest.mark.parametrize("score", range(-1, 8))
def test_the_table_takes_the_scores_of_the_scale_alone(engine: Engine, score: int) -> None:
    if score in SCORES:
        _rated(engine, [("call", START_MS, "101", score)])
        return
    with pytest.raises(IntegrityError):
        _rated(engine, [("call", START_MS, "101", score)])


async def test_a_local_day_of_25_hours_has_all_its_ratings(engine: Engine) -> None:
    """The east went from UTC+6 to UTC+5 at the end of 29 February 2024."""
    day = date(2024, 2, 29)
    span = local_day(day, ALMATY)
    assert span.to_ms - span.from_ms == 25 * HOUR_MS
    at = {"before": span.from_ms - 1, "first": span.from_ms, "last": span.to_ms - 1, "after": span.to_ms}
    _rated(engine, [(name, at_ms, "101", 5) for name, at_ms in at.items()])
    found = await report(RatingBook(engine), Days(day - timedelta(days=1), day + timedelta(days=2), ALMATY), "day")
    assert [(line.of, line.rated.given, line.rated.mean) for line in found.lines] == [
        ("2024-02-28", 1, 5.0), ("2024-02-29", 2, 5.0), ("2024-03-01", 1, 5.0), ("2024-03-02", 0, None),
    ]  # fmt: skip
    assert found.total.given == 4


async def test_the_databases_figures_are_those_of_the_calls_one_by_one(engine: Engine, ledger: Ledger) -> None:
    """`bailanys ratings` and `bailanys stats` tell the same of any calls."""
    chance = random.Random(13)
    span = local_day(date(2026, 11, 20), ALMATY)
    _scattered(engine, chance, span, 400)
    days = Days(date(2026, 11, 20), date(2026, 11, 20), ALMATY)
    whole = rated_day(await ledger.calls_between(span.from_ms, span.to_ms))
    by: By
    for by in ("operator", "group", "language", "day"):
        told = await report(RatingBook(engine), days, by)
        assert told.total == whole.total.ratings
        assert sum(line.rated.offered for line in told.lines) == told.total.offered
    operators = {
        line.of: (line.rated, line.same_call) for line in (await report(RatingBook(engine), days, "operator")).lines
    }
    assert operators == {of: (one.rated, one.same_call) for of, one in whole.operators.items()}
    assert any(one.same_call.given for one in whole.operators.values())


LOOKS: dict[str, Callable[[Span], Callable[[Connection], object]]] = {
    "operator": lambda day: partial(ratings.counted, span=day, by="operator"),
    "group": lambda day: partial(ratings.counted, span=day, by="group"),
    "language": lambda day: partial(ratings.counted, span=day, by="language"),
    "day": lambda day: partial(ratings.counted, span=day, by=None),
    "shared": lambda day: partial(ratings.shared, span=day),
    "low": lambda day: partial(ratings.rated_low, span=day, at_most=2, limit=10, after=0),
}


@pytest.mark.parametrize("name", LOOKS)
def test_a_day_is_read_by_the_index_of_its_calls(engine: Engine, name: str) -> None:
    """No table is read whole for a day. PostgreSQL counts its tables by itself; SQLite must do without."""
    chance = random.Random(7)
    _scattered(engine, chance, Span(1_600_000_000_000, 1_764_000_000_000), 4_000)
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("ANALYZE"))
    day, said = local_day(date(2024, 2, 29), ALMATY), list[tuple[str, Any]]()
    with engine.connect() as connection:
        event.listen(connection, "before_cursor_execute", lambda *told: said.append((told[2], told[3])))
        ratings.by_index(connection, LOOKS[name](day))
        statement, values = next(one for one in said if one[0].startswith("SELECT"))
        explain = "EXPLAIN QUERY PLAN " if engine.dialect.name == "sqlite" else "EXPLAIN "
        plan = [str(row[-1]) for row in connection.exec_driver_sql(explain + statement, values)]
    assert any("ix_call_arrived_ms" in line for line in plan), plan
    assert not [line for line in plan if line.startswith("SCAN") or "Seq Scan" in line], plan


def _rated(engine: Engine, rows: Sequence[tuple[str, int, str, int]]) -> None:
    """Calls with a talk and a score: id, arrival, operator, score."""
    _enter(
        engine,
        [{"id": call, "node": "hl1", "arrived_ms": at_ms, "result": "answered"} for call, at_ms, _, _ in rows],
        [_segment(call, 1, at_ms, operator) for call, at_ms, operator, _ in rows],
        [_rating(call, 1, operator, score) for call, _, operator, score in rows],
    )


def _scattered(engine: Engine, chance: random.Random, span: Span, count: int) -> None:
    """Calls of all kinds: unanswered, transferred, of three, rated or not."""
    calls, segments, rated = [], [], []
    for number in range(count):
        call, at_ms = f"hl1-{number}.1", chance.randrange(span.from_ms, span.to_ms)
        calls.append({"id": call, "node": "hl1", "arrived_ms": at_ms, "language": "ru", "result": "answered"})
        operators = [str(chance.randrange(101, 107)) for _ in range(chance.choice((1, 1, 1, 2, 3)))]
        for seq, operator in enumerate(operators, 1):
            also = ",".join(sorted({*map(str, chance.sample(range(101, 107), 2))} - {operator}))
            segments.append(_segment(call, seq, at_ms, operator, also if chance.random() < 0.1 else None))
        if chance.random() < 0.8:
            score = chance.choice((None, *SCORES))
            rated.append(_rating(call, len(operators), operators[-1], score, chance.choice(("silence", "hung_up"))))
    _enter(engine, calls, segments, rated)


def _segment(call: str, seq: int, at_ms: int, operator: str, also: str | None = None) -> dict[str, Any]:
    group = ("portal", "ict")[seq % 2]
    return {
        "call_id": call, "seq": seq, "group_id": group, "language": ("kk", None)[seq % 2], "operator_id": operator,
        "answered_ms": at_ms + 9_000, "also": also,
    }  # fmt: skip


def _rating(call: str, seq: int, operator: str, score: int | None, otherwise: str = "silence") -> dict[str, Any]:
    outcome = otherwise if score is None else "given"
    return {"call_id": call, "seq": seq, "operator_id": operator, "outcome": outcome, "score": score}


def _enter(engine: Engine, *rows: Sequence[dict[str, Any]]) -> None:
    with engine.begin() as connection:
        for table, its in zip((tables.call, tables.segment, tables.rating), rows, strict=True):
            connection.execute(insert(table), its)
        connection.execute(
            text(
                "INSERT INTO recording (call_id, seq, offer, file, status, made_ms, path, duration_ms, bytes, sha256)"
                " SELECT call_id, seq, 1, call_id, 'ok', 1, 'x', 1, 1, 'x' FROM segment"
            )
        )
