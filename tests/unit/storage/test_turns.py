"""Register, holds, disposal and packing by several at once, interleaved step by step, on both databases (rule 14).

The audit log is the order in which it all happened. Whatever the interleaving, by that order nothing on hold was
disposed of, no hold was told that is none, no package is of another choice than the approved, and retention only grew.
"""

from __future__ import annotations

import json
import shutil
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import count
from pathlib import Path

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, select

from calls.audit import faults
from calls.demand import ActionRefusedError, Authority, Demand, DemandStep, StepKind, choice_of
from calls.ids import CallId
from calls.machine_clock import Reading
from calls.recording import Recording, RecordingStatus
from storage import audit, demands, retention
from storage.engine import open_engine, sqlite_url
from storage.migrate import upgrade
from storage.recordings import write_recording
from storage.tables import legal_hold, recording
from tests.unit.storage.interleaved import Deed, interleave
from tests.unit.storage.postgres import Server
from tests.unit.storage.scene import Caller, projector_of

NOW_MS = 1_764_000_000_000
CLOCK = Reading(NOW_MS, "", 0)
MADE = [
    Recording(
        CallId(f"hl1-1764000000.{number}"), 1, 1, f"hl1-1764000000.{number}-1-1", RecordingStatus.OK, NOW_MS - 1,
        path=f"2025/11/24/16/{number}.flac.enc", duration_ms=1, sha256=f"{number}",
    )
    for number in (1, 2)
]  # fmt: skip
FILES = tuple(made.file for made in MADE)
DEMAND = "D-2025-0001"
_numbers = count(1)

Fresh = Callable[[], str]


@pytest.fixture(params=["sqlite", "postgresql"])
def fresh(request: pytest.FixtureRequest, tmp_path: Path) -> Fresh:
    """Makes ledgers of their own: two recordings, and a demand that is open and was searched for nothing."""
    if request.param == "sqlite":
        template = tmp_path / "template.db"
        shutil.copy(request.getfixturevalue("sqlite_template"), template)
        _furnish(sqlite_url(template))

        def copied() -> str:
            return sqlite_url(Path(shutil.copy(template, tmp_path / f"{next(_numbers)}.db")))

        return copied
    server: Server = request.getfixturevalue("postgres")
    name = f"turns_{next(_numbers)}"
    with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE ledger_template")

    def emptied() -> str:  # cheaper than a database for each
        with psycopg.connect(server.url(name)) as connection:
            connection.execute("ALTER TABLE audit DISABLE TRIGGER USER")
            connection.execute(
                "TRUNCATE audit, legal_hold, demand_step, demand, recording, call, journal_position CASCADE"
            )
            connection.execute("ALTER TABLE audit ENABLE TRIGGER USER")
        _furnish(server.url(name))
        return server.url(name)

    return emptied


def _furnish(url: str) -> None:
    upgrade(url)
    engine = open_engine(url)
    with engine.begin() as connection:
        for made in MADE:
            write_recording(connection, made)
        wanted = Demand("", Authority.SERVICE_QUALITY, "14", "rule 14", "2025-11-20", "8701", NOW_MS, 0, "clerk")
        assert demands.register(connection, wanted, 2025, CLOCK).demand.id == DEMAND
        demands.do(connection, DEMAND, DemandStep(StepKind.SEARCHED, 0, "clerk"), CLOCK)
    engine.dispose()


def dispose(engine: Engine) -> None:
    """As the controller does it: what is due is read, then disposed of one by one, each in a transaction of its own."""
    with engine.begin() as connection:
        due = retention.due(connection, NOW_MS)
    for made in due:
        with engine.begin() as connection:
            retention.dispose(connection, made, 30, NOW_MS)


def hold(engine: Engine) -> None:
    with suppress(ActionRefusedError), engine.begin() as connection:
        retention.hold(connection, MADE[:1], "chief", "a trial", NOW_MS)


def release(engine: Engine) -> None:
    with engine.begin() as connection:
        known = retention.orders(connection, FILES)
    with suppress(ActionRefusedError), engine.begin() as connection:
        retention.release(connection, FILES, "chief", "over", NOW_MS, known[0].id if known else "")


def do(kind: StepKind, actor: str, *files: str, detail: str = "") -> Deed:
    def deed(engine: Engine) -> None:
        with suppress(ActionRefusedError), engine.begin() as connection:
            demands.do(connection, DEMAND, DemandStep(kind, 0, actor, files, detail), CLOCK)

    return deed


def demanded(engine: Engine) -> None:
    """Another demand: registered, then searched for, in two transactions as the desk does it."""
    wanted = Demand("", Authority.SERVICE_QUALITY, "15", "rule 14", "2025-11-20", "8701", NOW_MS, 0, "clerk")
    with engine.begin() as connection:
        entered = demands.register(connection, wanted, 2025, CLOCK).demand.id
    with engine.begin() as connection:
        there = connection.scalars(select(recording.c.file).where(recording.c.path != "")).all()
    with engine.begin() as connection:
        demands.do(connection, entered, DemandStep(StepKind.SEARCHED, 0, "clerk", tuple(there)), CLOCK)


def pack(engine: Engine) -> None:
    """As `demands.package`: what is chosen is read, packed for a while, and then entered."""
    with engine.begin() as connection:
        known = demands.state(connection, DEMAND)
    assert known is not None
    state, steps = known
    if state.approved_by and state.closed_ms is None:
        packed = DemandStep(StepKind.PACKAGED, 0, "clerk", detail=",".join(state.selected or ()))
        with suppress(ActionRefusedError), engine.begin() as connection:
            demands.do(connection, DEMAND, packed, CLOCK, choice_of(steps))


def grow(days: int) -> Deed:
    def deed(engine: Engine) -> None:
        with engine.begin() as connection:
            assert retention.longest_days(connection, days, NOW_MS) >= days

    return deed


DEEDS: dict[str, Deed] = {
    "dispose": dispose,
    "hold": hold,
    "release": release,
    "demanded": demanded,
    "search": do(StepKind.SEARCHED, "clerk", *FILES),
    "select 1": do(StepKind.SELECTED, "auditor", FILES[0]),
    "select 2": do(StepKind.SELECTED, "auditor", FILES[1]),
    "approve": do(StepKind.APPROVED, "chief"),
    "pack": pack,
    "keep for 40": grow(40),
    "keep for 50": grow(50),
}


def one_after_another(*names: str) -> Deed:
    def deed(engine: Engine) -> None:
        for name in names:
            DEEDS[name](engine)

    return deed


def look(url: str) -> None:
    engine = open_engine(url)
    try:
        with engine.begin() as connection:
            _hold_to_the_log(connection)
    finally:
        engine.dispose()


def _hold_to_the_log(connection: Connection) -> None:
    log = list(audit.entries(connection))
    assert list(faults(log)) == []
    held: dict[str, set[str]] = defaultdict(set)
    disposed, unsearched, days = set[str](), set[str](), 0
    chosen, approved = list[str](), False
    for entry in log:
        said = json.loads(entry.detail)
        match entry.kind:
            case "recording.held":
                assert entry.subject not in disposed, "held, and was not there any more"
                held[entry.subject].add(said["order"])
            case "recording.released":
                held[entry.subject].remove(said["order"])
            case "recording.searched":
                held[entry.subject].add(said["demand"])
            case "recording.disposed":
                assert not held[entry.subject] and not unsearched, "was on hold, or might be demanded"
                assert entry.subject not in disposed
                disposed.add(entry.subject)
            case "demand.registered":
                unsearched.add(entry.subject)
            case "demand.searched":
                unsearched.discard(entry.subject)
            case "demand.selected":
                chosen, approved = [], False
            case "recording.selected":
                chosen.append(entry.subject)
            case "demand.approved":
                approved = True
            case "demand.packaged":
                assert approved and said["text"] == ",".join(chosen), "packed is another choice"
            case "retention.days":
                assert int(entry.subject) > days
                days = int(entry.subject)
    rows = {(row.file, row.cause) for row in connection.execute(select(legal_hold.c.file, legal_hold.c.cause))}
    assert rows == {(file, cause) for file, causes in held.items() for cause in causes}
    gone = connection.scalars(select(recording.c.file).where(recording.c.status == "disposed"))
    assert set(gone) == disposed


PAIRS = [
    (("dispose",), ("hold",)),
    (("dispose",), ("search",)),
    (("dispose",), ("demanded",)),
    (("dispose",), ("dispose",)),
    (("hold", "release"), ("hold",)),
    (("keep for 40",), ("keep for 50",)),
]


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: " / ".join(", ".join(names) for names in pair))
def test_of_two_at_once_neither_undoes_what_the_other_was_told(fresh: Fresh, pair: tuple[tuple[str, ...], ...]) -> None:
    """One goes some steps, then the other does all it can, then the first goes on: at every step."""
    for steps in _until_done():
        url, told = fresh(), [0] * steps + [1] * 40
        interleave(url, [one_after_another(*names) for names in pair], told)
        look(url)


def test_a_package_is_entered_for_the_choice_it_was_made_of_alone(fresh: Fresh) -> None:
    first = ("search", "select 1", "approve")
    for steps in _until_done(7):
        url = fresh()
        interleave(url, [one_after_another(*first)], [])
        interleave(url, [DEEDS["pack"], one_after_another("select 2", "approve")], [0] * steps + [1] * 60)
        look(url)


def test_the_projector_and_the_finaliser_never_wait_for_each_other(fresh: Fresh, tmp_path: Path) -> None:
    """Both write a call's rows and the audit log: in one order, or the database ends one of them."""
    talk = Caller(7).arrive().choose().queue().offer("103")
    known = len(talk.lines)
    talk.pick_up("103").talk("103")
    pause = {"of": talk.id, "seq": 1, "offer": 1, "reason": "paused", "detail": "card", "by": "103"}
    talk.fact("gap", 5000, **pause, from_ms=talk.now_ms)
    talk.operator_leaves("103").hang_up()
    made = Recording(CallId(talk.id), 1, 1, talk.file(1, 1), RecordingStatus.OK, NOW_MS, path="x", sha256="7")

    def finalise(engine: Engine) -> None:
        with engine.begin() as connection:
            write_recording(connection, made)

    for steps in range(2, 12):
        journal = tmp_path / f"journal-{next(_numbers)}.csv"
        journal.write_bytes(b"".join(talk.lines[:known]))
        url = fresh()
        first = open_engine(url)
        projector_of(first, [journal]).project_now()
        first.dispose()
        journal.write_bytes(b"".join(talk.lines))

        def project(engine: Engine, journal: Path = journal) -> None:
            projector_of(engine, [journal]).project_now()

        interleave(url, [project, finalise], [0] * steps + [1] * 40)
        look(url)


def _until_done(most: int = 9) -> Iterator[int]:
    yield from range(most)


@settings(
    max_examples=15, deadline=None, database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip
@given(
    actors=st.lists(st.lists(st.sampled_from(sorted(DEEDS)), min_size=1, max_size=4), min_size=2, max_size=3),
    turns=st.lists(st.integers(0, 2), max_size=60),
)
def test_whoever_does_what_in_whatever_order(fresh: Fresh, actors: list[list[str]], turns: list[int]) -> None:
    url = fresh()
    interleave(url, [one_after_another(*names) for names in actors], turns)
    look(url)
