"""Two pairs of eyes are two persons, whichever way each comes: by an account or by a token (rule 14)."""

from __future__ import annotations

import time
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import Engine

from bailanys.api.demands import DemandOffice
from bailanys.cli import person as at_terminal
from calls.demand import ActionRefusedError, Authority, StepKind
from calls.people import Action, People
from config.places import Places
from config.settings import Person
from console.errors import RefusedError
from demands.desk import DemandDesk
from demands.package import pack
from storage.demands import Register
from storage.ledger import Ledger

ZONE = "Asia/Almaty"
KNOWN = (
    Person(name="Айгүл Серікова", roles=("clerk", "auditor", "approver"), accounts=("aserikova",), tokens=("aigul",)),
    Person(name="Нұрлан Ахметов", roles=("approver",), accounts=("nakhmetov",), tokens=("nurlan",)),
    Person(name="Елена Ким", roles=("clerk",), tokens=("elena",)),
)


@pytest.fixture
def places(tmp_path: Path) -> Places:
    return Places(tmp_path, tmp_path / "archive", tmp_path / "keys" / "archive.json", "", tmp_path)


@pytest.fixture
def desk(engine: Engine) -> DemandDesk:
    return DemandDesk(Register(engine), Ledger(engine), ZONE, People(KNOWN))


async def entered(desk: DemandDesk, clerk: str) -> str:
    today, now_ms = date(2025, 11, 24), time.time_ns() // 1_000_000
    made = await desk.enter(
        Authority.SERVICE_QUALITY, "14-2/118", "rule 14", today, "87051112233", now_ms, clerk, confirm_dates=True
    )
    return made.state.demand.id


async def test_one_person_by_an_account_and_by_a_token_is_one_person(desk: DemandDesk, places: Places) -> None:
    aigul = desk.people.at_terminal("aserikova")
    office, demand = DemandOffice(desk, places, ZONE), await entered(desk, aigul)
    await desk.do(demand, StepKind.SELECTED, aigul)
    with pytest.raises(RefusedError, match="another person"):
        await office.approve(demand, "aigul")
    now = await office.approve(demand, "nurlan")
    assert (now.selected_by, now.approved_by) == ("Айгүл Серікова", "Нұрлан Ахметов")
    _, state = await pack(desk, demand, aigul, places, ZONE)
    assert state.package_sha256


async def test_each_has_what_their_roles_allow(desk: DemandDesk, places: Places) -> None:
    office = DemandOffice(desk, places, ZONE)
    demand = await entered(desk, "Елена Ким")
    with pytest.raises(RefusedError, match="no auditor"):
        await office.select(demand, (), "elena")
    with pytest.raises(ActionRefusedError, match="no clerk"):
        await entered(desk, "Нұрлан Ахметов")
    with pytest.raises(RefusedError, match="belongs to nobody"):
        await office.select(demand, (), "stranger")
    with pytest.raises(ActionRefusedError, match="not in"):
        await desk.do(demand, StepKind.SELECTED, "somebody else")
    assert [step.kind for step in (await desk.of(demand))[1]] == ["searched"]


def test_with_nobody_named_everyone_is_what_they_are_called() -> None:
    people = People()
    assert people.at_terminal("root") == people.with_token("root") == "root"
    people.check("root", StepKind.APPROVED)
    with pytest.raises(ActionRefusedError):
        People(KNOWN).check("Елена Ким", Action.EXPORT)


def test_who_became_root_is_who_logged_in(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The kernel keeps it; the environment is believed only when the kernel knows nothing."""
    login = tmp_path / "loginuid"
    monkeypatch.setattr(at_terminal, "LOGIN_UID", login)
    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.setenv("SUDO_USER", "aigul")
    assert at_terminal.person() == "aigul"
    login.write_text("4294967295")
    assert at_terminal.person() == "aigul"
    login.write_text("1")  # daemon, on every Debian
    assert at_terminal.person() == "daemon"
    monkeypatch.setattr("os.geteuid", lambda: 2)
    assert at_terminal.person() == "bin"
