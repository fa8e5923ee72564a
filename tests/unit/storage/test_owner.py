"""One ledger serves one hotline, on both databases: the second is refused, a restart is not (decision 18)."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from bailanys.back_office import beat_on, keep_ours
from bailanys.cli.ledger import ledger_of
from bailanys.site import identity as identities
from bailanys.site.identity import claim_ledger, identity, who_commands
from calls.audit import Note
from config.load import load
from config.places import Places
from config.places import places_of as places_named
from config.settings import Settings
from recordings.upkeep.repair import repair
from storage import owner
from storage.engine import open_engine
from storage.errors import LedgerTakenError, LedgerUnavailableError
from storage.ledger import Ledger
from storage.owner import Hotline, guard
from storage.transaction import transact
from tests.unit.storage.interleaved import interleave
from tests.unit.storage.scene import plain_call, projector_of

CONFIG = Path(__file__).parents[3] / "config" / "hotline.toml"
FIRST, SECOND = Hotline("a", "one:/var", "1"), Hotline("b", "two:/var", "2")
COPY = Hotline("a", "one:/copy", "3")


def places_at(state: Path, url: str) -> Places:
    return Places(state, state / "archive", state / "keys" / "archive.json", url, state)


def last_seen(engine: Engine, ago_ms: int) -> None:
    with engine.begin() as connection:
        connection.execute(text("UPDATE owner SET seen_ms = seen_ms - :ago"), {"ago": ago_ms})


def claims(engine: Engine, ours: Hotline) -> None:
    transact(engine, partial(owner.claim, ours=ours))


def test_the_first_is_taken_the_second_is_refused_and_a_restart_is_not(engine: Engine) -> None:
    claims(engine, FIRST)
    claims(engine, FIRST)  # a crash, and up again
    for ago_ms in (0, 10 * owner.STALE_MS):  # alive or not
        last_seen(engine, ago_ms)
        with pytest.raises(
            LedgerTakenError, match=r"the ledger belongs to the hotline at one:/var, seen \d+ s ago"
        ) as no:
            claims(engine, SECOND)
        assert "database_url of its own" in str(no.value) and "db take-over" in str(no.value)
        assert "\n" not in str(no.value)


def test_a_copy_waits_until_the_first_is_seen_no_more(engine: Engine) -> None:
    claims(engine, FIRST)
    with pytest.raises(LedgerTakenError, match="of whose state folder one:/copy is a copy"):
        claims(engine, COPY)
    last_seen(engine, owner.STALE_MS + 1_000)
    claims(engine, COPY)  # the folder was moved to another machine
    with pytest.raises(LedgerTakenError, match="one:/copy"):
        transact(engine, partial(owner.beat, ours=FIRST))
    transact(engine, partial(owner.beat, ours=COPY))


def test_a_new_state_folder_takes_over_by_order_and_never_from_one_that_lives(engine: Engine) -> None:
    claims(engine, FIRST)
    with pytest.raises(LedgerTakenError, match="stop it first"):
        transact(engine, partial(owner.take_over, ours=SECOND))
    last_seen(engine, owner.STALE_MS + 1_000)
    assert transact(engine, partial(owner.take_over, ours=SECOND)) == "one:/var"
    claims(engine, SECOND)
    with pytest.raises(LedgerTakenError, match="two:/var"):
        claims(engine, FIRST)


@pytest.mark.parametrize("steps", range(6))
def test_of_two_who_claim_at_once_one_is_refused(url: str, steps: int) -> None:
    refused: list[str] = []

    def claiming(ours: Hotline) -> Callable[[Engine], None]:
        def deed(engine: Engine) -> None:
            try:
                claims(engine, ours)
            except LedgerTakenError:
                refused.append(ours.id)

        return deed

    interleave(url, [claiming(FIRST), claiming(SECOND)], [0] * steps + [1] * 30)
    engine = open_engine(url)
    with engine.begin() as connection:
        ((kept,),) = connection.execute(text("SELECT id FROM owner"))
    engine.dispose()
    assert {kept, *refused} == {"a", "b"} and len(refused) == 1


async def test_whoever_writes_as_another_is_refused_and_whoever_reads_is_not(engine: Engine, url: str) -> None:
    claims(engine, FIRST)
    for stranger in (SECOND, COPY, Hotline("b"), Hotline("")):
        other = Ledger(guard(open_engine(url), stranger))
        with pytest.raises(LedgerTakenError, match="belongs to the hotline at one:/var"):
            await other.audit.note(Note("anna", "recording.held", "a", {}))
        assert await other.audit.end() is None and await other.open_calls() == []
        other.engine.dispose()
    for friend in (FIRST, Hotline("a")):
        same = Ledger(guard(open_engine(url), friend))
        await same.audit.note(Note("anna", "recording.held", "a", {}))
        same.engine.dispose()


async def test_nobody_writes_as_a_hotline_before_it_has_claimed(engine: Engine, url: str) -> None:
    for ours, may in ((FIRST, False), (Hotline("a"), True)):
        ledger = Ledger(guard(open_engine(url), ours))
        try:
            await ledger.audit.note(Note("anna", "recording.held", "a", {}))
            assert may
        except LedgerUnavailableError as error:
            assert not may and "not claimed" in str(error)
        ledger.engine.dispose()


async def test_two_hotlines_on_one_ledger_touch_nothing_of_each_other(url: str, tmp_path: Path) -> None:
    """The second one's journal has the very inode and calls of the first's in the ledger: none of it is taken in."""
    first, second = (places_at(tmp_path / name, url) for name in ("first", "second"))
    for number, places in enumerate((first, second), 1):
        places.journals[0].parent.mkdir(parents=True)
        places.journals[0].write_bytes(b"".join(plain_call(number).lines[:-1]))  # under way
    claim_ledger(first)
    engine = guard(open_engine(url), identity(first))
    await projector_of(engine, first.journals).project_once()
    with pytest.raises(LedgerTakenError, match=str(first.state)):
        claim_ledger(second)
    with pytest.raises(LedgerTakenError, match=str(first.state)):
        await repair(_settings(tmp_path / "second", url), second, who_commands(second))
    other = guard(open_engine(url), identity(second))
    projector = projector_of(other, second.journals)
    with pytest.raises(LedgerTakenError):
        await projector.project_once()
    assert await Ledger(engine).open_calls() == [plain_call(1).id]
    assert b"HANGUP" not in second.journals[1].read_bytes() if second.journals[1].exists() else True
    for one in (engine, other):
        one.dispose()


def _settings(state: Path, url: str) -> Settings:
    env = {"BAILANYS_STORAGE__STATE_DIR": str(state), "BAILANYS_STORAGE__DATABASE_URL": url}
    return load(CONFIG, env)


def test_a_command_of_another_state_folder_reads_and_does_not_write(url: str, tmp_path: Path) -> None:
    settings = _settings(tmp_path / "mine", url)
    claim_ledger(places_named(settings, tmp_path))
    stranger = _settings(tmp_path / "other", url)
    with ledger_of(stranger) as ledger:
        assert asyncio.run(ledger.open_calls()) == []
    with pytest.raises(LedgerTakenError, match="mine"), ledger_of(stranger, writing=True):
        pass
    assert not (tmp_path / "other" / identities.FILE).exists()
    with ledger_of(settings, writing=True) as ledger:
        asyncio.run(ledger.audit.note(Note("anna", "recording.held", "a", {})))


def test_an_identity_is_made_once_and_another_for_a_copy(tmp_path: Path) -> None:
    places = places_at(tmp_path / "state", "")
    assert who_commands(places).id == ""
    ours = identity(places)
    assert identity(places) == ours and len(ours.id) == 32 and who_commands(places).id == ours.id
    shutil.copytree(places.state, tmp_path / "copy")
    copied = identity(places_at(tmp_path / "copy", ""))
    assert copied.id == ours.id and copied.life != ours.life and copied.place.endswith("/copy")
    shutil.move(places.state, tmp_path / "moved")
    (tmp_path / "moved").rename(places.state)
    assert identity(places) == ours


def test_a_copy_is_given_time_to_be_dead(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(identities, "LOOK_EVERY_S", 0.01)
    monkeypatch.setattr(owner, "STALE_MS", 300)
    first = places_at(tmp_path / "first", url)
    claim_ledger(first)
    shutil.copytree(first.state, tmp_path / "second")
    second = places_at(tmp_path / "second", url)
    claim_ledger(second)  # the first was just killed, and is seen no more
    monkeypatch.setattr(owner, "STALE_MS", 60_000)
    engine = open_engine(url)
    transact(engine, partial(owner.beat, ours=identity(second)))
    looks = iter(range(100))

    def alive(_: float) -> None:
        next(looks)
        transact(engine, partial(owner.beat, ours=identity(second)))

    monkeypatch.setattr(identities.time, "sleep", alive)
    with pytest.raises(LedgerTakenError, match="is a copy"):
        claim_ledger(first)
    assert next(looks) <= 3
    engine.dispose()


async def test_a_back_office_waits_for_its_ledger_and_ends_when_that_is_taken_over(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(owner, "BEAT_EVERY_S", 0.02)
    monkeypatch.setattr("bailanys.back_office.AFTER_AN_ERROR_S", 0.02)
    first, second = (places_at(tmp_path / name, url) for name in ("first", "second"))
    claim_ledger(first)
    engine, alarms, began = guard(open_engine(url), identity(second)), list[str](), asyncio.Event()
    projector = projector_of(engine, second.journals)

    async def deed() -> None:
        began.set()
        await asyncio.Event().wait()

    deeds = [deed, partial(beat_on, engine, identity(second))]
    work = asyncio.create_task(keep_ours(second, projector, lambda *told: alarms.append(told[0]), deeds))
    async with asyncio.timeout(20):
        while not alarms:
            await asyncio.sleep(0.02)
    await asyncio.sleep(0.2)
    assert not began.is_set() and alarms == ["ledger-taken"] and "belongs to the hotline at" in projector.away
    plain = open_engine(url)
    last_seen(plain, 2 * owner.STALE_MS)
    transact(plain, partial(owner.take_over, ours=identity(second)))
    await asyncio.wait_for(began.wait(), 20)
    _taken_back(plain, first)
    with pytest.raises(LedgerTakenError, match="first"):
        await asyncio.wait_for(work, 5)
    for one in (engine, plain):
        one.dispose()


def _taken_back(engine: Engine, places: Places) -> None:
    """As an order from the other machine would, in the moment between two beats."""
    ours = identity(places)
    with engine.begin() as connection:
        connection.execute(
            text("UPDATE owner SET id = :id, place = :place, life = :life"),
            {"id": ours.id, "place": ours.place, "life": ours.life},
        )
