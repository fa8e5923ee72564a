"""Keys that are away at one look are not made anew, whichever part of the hotline still tells of them (rule 14)."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import pytest

from bailanys.site.secrets import site_secrets
from calls.audit import OVERDUE_MS, Note
from calls.demand import Authority, Demand, DemandStep, StepKind
from calls.machine_clock import Reading
from config.places import Places
from recordings.capture.finaliser import Finaliser
from recordings.errors import KeysAwayError
from recordings.upkeep.audit_checkpoints import AuditKeeper, read
from recordings.upkeep.checkpoints_anew import checkpoints_anew
from recordings.vault import used_before
from recordings.vault.folder import Folder
from recordings.vault.keyring import ring_at, rotate
from recordings.vault.vault import Vault
from storage import audit, demands
from storage.engine import open_engine, sqlite_url
from storage.errors import LedgerUnavailableError
from storage.ledger import Ledger
from tests.unit.recordings.raw_talk import two_voices, write_raw
from tests.unit.storage.scene import Caller, plain_call, projector_of

NOW_MS = 1_764_000_000_000


def places_at(state: Path, url: str) -> Places:
    return Places(state, state / "archive", state / "keys" / "archive.json", url, state)


@pytest.fixture
def places(tmp_path: Path, url: str) -> Places:
    return places_at(tmp_path / "state", url)


async def finished(places: Places, caller: Caller) -> list[str]:
    """A recorded talk, through the journal and the finaliser; what is told of keys."""
    told: list[str] = []
    engine = open_engine(places.database_url)
    for folder in (places.spool, places.journals[0].parent):
        folder.mkdir(parents=True, exist_ok=True)
    with places.journals[0].open("ab") as journal:
        journal.write(b"".join(caller.lines))
    await projector_of(engine, places.journals).project_once()
    write_raw(places.spool, two_voices(1.0), caller.file(1, 1))
    finaliser = Finaliser(
        places.spool,
        places.archive,
        Ledger(engine).recordings,
        keys=Vault(places).ring,
        alarm=lambda kind, detail: told.append(f"{kind} {detail}"),
    )
    await finaliser.finish_ready()
    engine.dispose()
    return [one for one in told if one.startswith("keys")]


async def test_a_recording_waits_for_keys_that_are_away_and_is_finished_with_them(places: Places) -> None:
    """The file was away at one look: what was recorded meanwhile is opened by the old keys."""
    assert await finished(places, plain_call(1)) == []
    places.keys.parent.rename(places.state / "unmounted")
    (told,) = await finished(places, plain_call(2, plain_call(1).now_ms + 60_000))
    assert told.startswith(f"keys-away {places.keys}: not there, though ") and "1 recordings wait" in told
    assert not places.keys.exists() and len(list(places.spool.glob("*.raw"))) == 1
    (places.state / "unmounted").rename(places.keys.parent)
    assert await finished(places, plain_call(3, plain_call(1).now_ms + 120_000)) == []
    engine = open_engine(places.database_url)
    rows = await Ledger(engine).recordings.kept()
    assert len(rows) == 3 and list(places.spool.glob("*.raw")) == []
    for row in rows:
        with Vault(places).recording(row.recording.path) as opened:
            assert opened.read(4) == b"fLaC"
    engine.dispose()


@pytest.mark.parametrize("left", ["archive", "pending", "ledger"])
async def test_each_place_alone_tells_of_the_keys(places: Places, tmp_path: Path, left: str) -> None:
    await finished(places, plain_call(1))
    new = places_at(tmp_path / "new", places.database_url if left == "ledger" else sqlite_url(tmp_path / "none.db"))
    match left:
        case "archive":
            shutil.copytree(places.archive, new.archive)
        case "pending":
            (sealed,) = places.archive.rglob("*.enc")
            (new.archive / ".pending").mkdir(parents=True)
            shutil.copy(sealed, new.archive / ".pending")
    for deed in (Vault(new).ring, lambda: rotate(new.keys, Vault(new).sealed_before)):
        with pytest.raises(KeysAwayError, match="is sealed by a key of it"):
            deed()
    assert not new.keys.parent.exists()


async def test_the_object_storage_alone_tells_of_the_keys(places: Places, tmp_path: Path) -> None:
    await finished(places, plain_call(1))
    far = Folder(places.archive)  # fills the same protocol
    assert used_before.sealed(tmp_path / "none", far, "").startswith(str(places.archive))
    assert used_before.sealed(tmp_path / "none", Folder(tmp_path / "none"), "") == ""


async def test_nothing_is_made_while_the_ledger_cannot_be_asked(tmp_path: Path) -> None:
    places = places_at(tmp_path, f"postgresql://nobody@/none?host={tmp_path}")
    with pytest.raises(LedgerUnavailableError):
        await asyncio.to_thread(Vault(places).ring)
    with pytest.raises(LedgerUnavailableError):
        await asyncio.to_thread(Vault(places).signer)
    assert not places.keys.parent.exists()


async def test_reading_never_makes_keys(places: Places) -> None:
    await finished(places, plain_call(1))
    places.keys.unlink()
    engine = open_engine(places.database_url)
    (row,) = await Ledger(engine).recordings.kept()
    engine.dispose()
    with pytest.raises(KeysAwayError, match="not there"):
        Vault(places).recording(row.recording.path)
    with pytest.raises(KeysAwayError, match="not there"):
        ring_at(places.keys)
    assert not places.keys.exists()


async def test_the_signing_key_is_not_made_anew_where_a_package_was_signed(places: Places) -> None:
    engine, clock = open_engine(places.database_url), Reading(NOW_MS, "", 0)
    wanted = Demand("", Authority.SERVICE_QUALITY, "14", "rule 14", "2025-11-20", "8701", NOW_MS, 0, "anna")
    with engine.begin() as connection:
        made = demands.register(connection, wanted, 2025, clock).demand.id
        for kind, actor in ((StepKind.SELECTED, "anna"), (StepKind.APPROVED, "berik"), (StepKind.PACKAGED, "anna")):
            demands.do(connection, made, DemandStep(kind, 0, actor, detail="ab"), clock)
    engine.dispose()
    with pytest.raises(KeysAwayError, match=f"though the package of {made} was signed"):
        Vault(places).signer()
    assert not places.signing_key.exists()


@pytest.mark.parametrize("lost", ["signing key", "checkpoints", "both"])
async def test_a_keeper_without_key_or_checkpoints_tells_and_begins_none(places: Places, lost: str) -> None:
    engine, told = open_engine(places.database_url), list[tuple[str, str]]()
    ledger = Ledger(engine)
    with engine.begin() as connection:
        audit.append(connection, [Note("anna", "recording.held", "a", {})], NOW_MS - 2 * OVERDUE_MS)
    first = places.signing_key.parent
    first.mkdir(parents=True)
    await checkpoints_anew(ledger, places, "anna", "first start")
    public_key = Vault(places).signer().public_key
    gone = {"signing key": [places.signing_key], "checkpoints": [places.checkpoints]}
    for path in gone.get(lost, [places.signing_key, places.checkpoints]):
        path.rename(places.state / path.name)
    keeper = AuditKeeper(places, ledger, lambda *one: told.append(one))
    for _ in range(3):
        await keeper.keep()
    assert [kind for kind, _ in told] == ["audit-log" if lost == "checkpoints" else "signing-key-away"]
    assert not places.checkpoints.exists() or not places.signing_key.exists()
    for path in gone.get(lost, [places.signing_key, places.checkpoints]):
        (places.state / path.name).rename(path)
    await ledger.audit.note(Note("anna", "recording.held", "b", {}))
    await keeper.keep()
    assert len(told) == 1 and len(read(places.checkpoints, public_key).points) == 2
    engine.dispose()


async def test_a_file_of_checkpoints_that_goes_while_it_is_written_is_told(places: Places) -> None:
    engine, told = open_engine(places.database_url), list[tuple[str, str]]()
    ledger = Ledger(engine)
    keeper = AuditKeeper(places, ledger, lambda *one: told.append(one))
    await ledger.audit.note(Note("anna", "recording.held", "a", {}))
    await keeper.keep()
    assert places.checkpoints.exists() and told == []
    places.checkpoints.unlink()
    await ledger.audit.note(Note("anna", "recording.held", "b", {}))
    await keeper.keep()
    assert not places.checkpoints.exists() and "put it back" in told[0][1]
    engine.dispose()


async def test_what_is_lost_for_good_is_begun_anew_by_order(places: Places) -> None:
    engine = open_engine(places.database_url)
    ledger = Ledger(engine)
    first = await checkpoints_anew(ledger, places, "anna", "first start")
    places.signing_key.unlink()
    second = await checkpoints_anew(ledger, places, "anna", "the disk burnt")
    assert first != second == Vault(places).signer().public_key
    assert len(list(places.log.glob("audit-checkpoints.*.jsonl"))) == 1
    written = read(places.checkpoints, second)
    assert len(written.points) == 1 and written.faults == ()
    entries = await ledger.audit.of("audit-checkpoints")
    assert [entry.actor for entry in entries] == ["anna", "anna"] and "the disk burnt" in entries[-1].detail
    engine.dispose()


def test_secrets_are_made_once_and_found_again_in_asterisks_files(tmp_path: Path) -> None:
    made = site_secrets(tmp_path, ["101", "102"])
    path = tmp_path / "secrets.json"
    assert path.stat().st_mode & 0o777 == 0o600 and site_secrets(tmp_path, ["101"]) == made
    etc = tmp_path / "etc"
    etc.mkdir()
    (etc / "manager.conf").write_text(f"[general]\nport = 1\n\n[bailanys]\nsecret = {made.ami}\ndeny = 0\n")
    accounts = [
        f"[op{number}]\ntype = auth\nauth_type = userpass\nusername = op{number}\npassword = {word}\n"
        for number, word in made.operators.items()
    ]
    (etc / "pjsip.conf").write_text("[global]\n\n" + "\n".join(accounts))
    for content in (None, "", '{"ami": "', "[]"):
        path.unlink()
        if content is not None:
            path.write_text(content)
        assert site_secrets(tmp_path, ["101", "102"]) == made
    more = site_secrets(tmp_path, ["101", "103"])
    assert more.ami == made.ami and {**more.operators, **made.operators} == more.operators
    assert set(more.operators) == {"101", "102", "103"}
