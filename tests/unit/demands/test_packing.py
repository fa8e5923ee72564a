"""What is put into a package: what was chosen and nothing else, its facts, the talks without sound, and who decided."""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text

from calls.demand import ActionRefusedError, DemandStep, StepKind
from calls.recording import RecordingStatus
from config.places import Places
from demands import package as packing
from demands.desk import DemandDesk
from demands.package import pack
from recordings.vault.vault import Vault
from storage.demands import Register
from storage.engine import sqlite_url
from storage.ledger import Ledger
from tests.unit.demands.test_desk import DEMAND, MINUTE_MS, NOON_MS, PHONE, ZONE, enter, talk


@pytest.fixture
def url(sqlite_template: Path, tmp_path: Path) -> str:
    """One database does: its rows are not what is asked here."""
    return sqlite_url(shutil.copy(sqlite_template, tmp_path / "ledger.db"))


@pytest.fixture
def desk(engine: Engine) -> DemandDesk:
    return DemandDesk(Register(engine), Ledger(engine), ZONE)


@pytest.fixture
def places(tmp_path: Path) -> Places:
    return Places(tmp_path, tmp_path / "archive", tmp_path / "keys" / "archive.json", "", tmp_path)


@pytest.fixture
def built(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What each package would be made of."""
    made: list[dict[str, Any]] = []

    def build(target: Path, about: dict[str, Any], items: list[Any], proof: Any, signer: Any, also: Any) -> str:
        made.append({"about": about, "items": items, "proof": proof, "also": also})
        target.write_bytes(b"PK")
        return "cd" * 32

    monkeypatch.setattr(packing, "build", build)
    return made


async def chosen(desk: DemandDesk, *files: str, phone: str = PHONE) -> str:
    """A demand for these recordings, old enough for the glass to be broken, as one person did it."""
    demand = await enter(desk, phone=phone, received_ms=time.time_ns() // 1_000_000 - 200 * MINUTE_MS)
    await desk.do(demand, StepKind.SELECTED, "aigul", files)
    await desk.do(demand, StepKind.BROKE_GLASS, "aigul", detail="nobody else is there")
    return demand


async def test_what_was_chosen_is_packed_and_every_talk_without_sound_told(
    engine: Engine, desk: DemandDesk, places: Places, built: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    monkeypatch.setattr(Vault, "recording", lambda _, path: opened.append(path))
    kept, other = talk(engine, 1), talk(engine, 2)
    missing, unfinished = talk(engine, 3, RecordingStatus.MISSING), talk(engine, 4, None)
    demand = await chosen(desk, kept)
    target, state = await pack(desk, demand, "aigul", places, ZONE)
    assert (target, target.read_bytes(), state.package_sha256) == (
        places.state / f"packages/{demand}.zip", b"PK", "cd" * 32,
    )  # fmt: skip
    (made,) = built
    (item,) = made["items"]
    call = kept.removesuffix("-1-1")
    assert item.facts == {
        "file": kept, "flac_sha256": "ab", "call": call, "segment": 1, "status": "ok", "match": "exact",
        "why": "number", "number_demanded": PHONE, "day": "on", "number_as_presented": PHONE,
        "number": "+77051112233", "operator": "101", "group": None, "arrived_ms": NOON_MS,
        "answered_ms": NOON_MS, "ended_ms": None, "duration_ms": item.facts["duration_ms"],
        "bridged_ms": item.facts["bridged_ms"], "identities": [],
    }  # fmt: skip
    item.open()
    assert opened == [f"x/{call}-1-1.flac"]
    about = made["about"]
    assert [(gap["call"], gap["segment"], gap["operator"], gap["status"]) for gap in about["gaps"]] == [
        (missing.removesuffix("-1-1"), 1, "101", "missing"),
        (unfinished.removesuffix("-1-1"), 1, "101", "unfinished"),
    ]
    assert about["persons"] == {"selected_by": "aigul", "approved_by": "aigul", "alone": "nobody else is there"}
    assert {name: about["search"][name] for name in ("exact", "possible", "adjacent", "without_recording")} == {
        "exact": 4, "possible": 0, "adjacent": 0, "without_recording": 2,
    }  # fmt: skip
    assert (about["format"], about["time_zone"], about["demand"]["id"]) == (2, ZONE, demand)
    assert about["demand"]["deadline_ms"] == about["demand"]["received_ms"] + 4 * 3_600_000
    assert about["channels"] == {"left": "caller", "right": "operator"}
    assert {entry["subject"] for entry in made["proof"]} == {demand, kept} and made["also"] == ()
    assert other not in str(made["items"])


async def test_of_several_numbers_it_is_told_which_one_a_talk_was_found_by(
    engine: Engine, desk: DemandDesk, places: Places, built: list[dict[str, Any]]
) -> None:
    kept = talk(engine, 1)
    demand = await chosen(desk, kept, phone=f"{PHONE}; 8 705 444-55-66")
    await pack(desk, demand, "aigul", places, ZONE)
    (item,) = built[0]["items"]
    assert item.facts["number_demanded"] == PHONE


async def test_who_approved_with_another_broke_no_glass(
    engine: Engine, desk: DemandDesk, places: Places, built: list[dict[str, Any]]
) -> None:
    demand = await enter(desk)
    await desk.do(demand, StepKind.SELECTED, "aigul", (talk(engine, 1),)[:0])
    await desk.do(demand, StepKind.APPROVED, "chief", detail="I saw it")
    await pack(desk, demand, "aigul", places, ZONE)
    assert built[0]["about"]["persons"] == {"selected_by": "aigul", "approved_by": "chief", "alone": ""}
    assert built[0]["items"] == []


Loss = Callable[[Engine, str], None]


def disposed(engine: Engine, file: str) -> None:
    with engine.begin() as connection:
        connection.execute(
            text("UPDATE recording SET path = '', status = 'disposed' WHERE file = :file"), {"file": file}
        )


def forgotten(engine: Engine, file: str) -> None:
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM recording WHERE file = :file"), {"file": file})


@pytest.mark.parametrize("lose", [disposed, forgotten])
async def test_what_was_chosen_and_is_gone_is_named_and_nothing_is_packed(
    engine: Engine, desk: DemandDesk, places: Places, built: list[dict[str, Any]], lose: Loss
) -> None:
    files = [talk(engine, number) for number in range(1, 8)]
    demand = await chosen(desk, *reversed(files))
    for file in files[1:]:
        lose(engine, file)
    with pytest.raises(ActionRefusedError, match=f"^{re.escape(', '.join(files[1:]))}: chosen, and not in the archive"):
        await pack(desk, demand, "aigul", places, ZONE)
    assert built == [] and list((places.state / "packages").glob("*")) == []


async def test_that_there_is_nothing_is_never_packed_of_a_number_that_was_not_understood(
    engine: Engine, desk: DemandDesk, places: Places, built: list[dict[str, Any]]
) -> None:
    """A demand of before that was asked, answered with nothing by an older version."""
    register = Register(engine)
    demand = (await register.enter(replace(DEMAND, id="", phone="see the letter"), 2025)).demand.id
    for step in (
        DemandStep(StepKind.SEARCHED, 0, "clerk"),
        DemandStep(StepKind.SELECTED, 0, "aigul"),
        DemandStep(StepKind.APPROVED, 0, "chief"),
    ):
        await register.do(demand, step)
    with pytest.raises(ActionRefusedError, match=f"enter the demand anew so, and withdraw {demand}"):
        await pack(desk, demand, "aigul", places, ZONE)
    assert built == []
