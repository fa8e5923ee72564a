"""A demand's whole way at the command line, on a real hotline: from the letter to a package that verifies (rule 14)."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import pytest_asyncio
import soundfile
from command_line import bailanys
from hotline import OPERATOR_HZ, Centre, open_centre
from sqlalchemy import text

from calls.demand import ALERTS_MS, ESCALATE_MS, Authority, Demand, DemandStep, StepKind
from phones.tones import hears
from recordings.naming import origin_of
from recordings.vault.vault import Vault
from storage.demands import Register

pytestmark = pytest.mark.asyncio(loop_scope="module")

ALMATY = ZoneInfo("Asia/Almaty")
LETTER = ("--authority", "service-quality", "--letter", "14-2/118", "--ground", "rule 14")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def centre() -> AsyncIterator[Centre]:
    async with open_centre() as opened:
        yield opened
        await opened.closed_down()


async def recorded_call(centre: Centre, number: str) -> tuple[str, float]:
    """The file of a talk that has been recorded, and the caller's tone."""
    await centre.phone_of("101")
    await centre.duty("101", ready=True)
    visit = await centre.visit(number)
    await visit.enters()
    talk = await centre.talk("101", visit)
    await talk.listen(2.0)
    await talk.hang_up()
    await visit.call.hang_up()
    (recording,) = (await visit.recorded()).recordings
    return recording.file, visit.hz


def hears_flac(content: bytes, hz: float) -> bool:
    with tempfile.NamedTemporaryFile(suffix=".flac") as file:
        file.write(content)
        file.flush()
        return hears(Path(file.name), hz, channel=0)


def left_in(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def verifies(package: Path, folder: Path) -> None:
    """Unpacked, it checks itself by one command, with a Python that knows nothing of us."""
    assert package.stat().st_mode & 0o777 == 0o600
    with zipfile.ZipFile(package) as opened:
        opened.extractall(folder)
    said = subprocess.run([sys.executable, "-I", "-S", "verify.py"], cwd=folder, capture_output=True, timeout=60)
    assert said.returncode == 0, said.stdout


async def test_from_the_letter_to_a_package_that_verifies_offline(centre: Centre, tmp_path: Path) -> None:
    """Promises 11 and 13: the package is there within seconds and checks itself with one command."""
    file, hz = await recorded_call(centre, "77051112233")
    today = f"{datetime.now(ALMATY):%d.%m.%Y}"
    found = await bailanys(
        "demands", "add", *LETTER, "--date", today, "--phone", "8 (705) 111-22-33", "--json", env=centre.env
    )
    ((entered),) = found.answer
    demand, (hit,) = entered["demand"], entered["found"]
    assert (hit["file"], hit["match"], hit["day"], hit["operator"]) == (file, "exact", "on", "101")

    heard = await bailanys(
        "demands", "listen", demand, file, "--reason", "is it meant", "--to", str(tmp_path), env=centre.env
    )
    assert heard.status == 0, heard.err
    assert hears(tmp_path / f"{file}.opus", hz, channel=0)

    chosen = await bailanys("demands", "select", demand, file, env=centre.env)
    assert chosen.status == 0, chosen.err
    alone = await bailanys("demands", "approve", demand, env=centre.env)
    assert alone.status != 0 and "another person" in alone.err and "Traceback" not in alone.err
    early = await bailanys("demands", "package", demand, env=centre.env)
    assert early.status != 0 and "not approved" in early.err
    register = Register(centre.ledger.engine)
    await register.do(demand, DemandStep(StepKind.APPROVED, 0, "chief"))

    packed = await bailanys("demands", "package", demand, "--also", "mp3", env=centre.env, timeout_s=60)
    assert packed.status == 0, packed.err
    verifies(Path(packed.out.splitlines()[0]), tmp_path / "package")
    wav = tmp_path / "package" / "audio" / f"{file}.wav"
    assert soundfile.info(wav).channels == 2
    assert hears(wav, hz, channel=0) and hears(wav, OPERATOR_HZ["101"], channel=1)
    assert not hears(wav, hz, channel=1, share=0.1)
    mp3 = wav.with_suffix(".mp3")
    assert soundfile.info(mp3).format == "MP3"
    assert hears(mp3, hz, channel=0) and hears(mp3, OPERATOR_HZ["101"], channel=1)

    delivered = await bailanys("demands", "deliver", demand, "--to", "A. Serikova", "--way", "courier", env=centre.env)
    assert delivered.status == 0 and "left" in delivered.out
    state, steps = await register.of(demand)
    assert state.in_time is True
    assert [step.kind for step in steps if step.kind is not StepKind.ALERTED] == [
        "searched", "listened", "selected", "approved", "packaged", "delivered"
    ]  # fmt: skip
    kinds = [entry.kind for entry in await centre.ledger.audit.of(file)]
    assert kinds == ["recording.kept", "recording.searched", "recording.listened", "recording.selected"]
    shown = await bailanys("demands", "list", "--all", env=centre.env)
    assert demand in shown.out and "delivered" in shown.out


async def test_the_clock_tells_of_an_old_demand_at_once_and_one_person_may_then_approve(centre: Centre) -> None:
    """Promise 12, by the controller itself: whatever came due before it knew is told within seconds."""
    received = (datetime.now(ALMATY) - timedelta(hours=3, minutes=10)).replace(tzinfo=None).isoformat()
    day = f"{datetime.now(ALMATY) - timedelta(days=1):%Y-%m-%d}"
    options = ("--date", day, "--phone", "87050000000", "--received", received, "--json")
    ((entered),) = (await bailanys("demands", "add", *LETTER, *options, env=centre.env)).answer
    assert entered["found"] == []
    register = Register(centre.ledger.engine)
    demand = entered["demand"]
    async with asyncio.timeout(15):
        while not (state := (await register.of(demand))[0]).escalated:
            await asyncio.sleep(0.2)
    assert len(state.alerted) == 4
    for words in (
        ("select", demand, "--none"),
        ("break-glass", demand, "--reason", "the chief is away"),
        ("package", demand),
        ("deliver", demand, "--to", "A. Serikova", "--way", "by hand"),
    ):
        said = await bailanys("demands", *words, env=centre.env)
        assert said.status == 0, said.err
    assert (await register.of(demand))[0].alone


async def test_no_alert_is_missed_across_a_restart(centre: Centre) -> None:
    """Promise 12: what comes due while the controller is dead is told once, as soon as it is back."""
    supervisor, register = centre.up.supervisor, Register(centre.ledger.engine)
    supervisor.may_start.clear()
    assert supervisor.pid is not None
    os.kill(supervisor.pid, signal.SIGKILL)
    async with asyncio.timeout(10):
        while supervisor.pid is not None:
            await asyncio.sleep(0.05)
    now_ms = await register.now_ms()
    wanted = Demand("", Authority.SERVICE_QUALITY, "14-2/118", "rule 14", "2025-11-20", "87051112233", 0, 0, "clerk")
    entered = {
        (await register.enter(replace(wanted, received_ms=now_ms - mark + (mark and 1_000)), 2025)).demand.id: mark
        for mark in ALERTS_MS
    }  # each mark comes due within a second, with nobody there to tell
    async with asyncio.timeout(10):
        while await register.now_ms() < now_ms + 1_000:
            await asyncio.sleep(0.1)
    states = [(await register.of(demand))[0] for demand in entered]
    assert [state.alerted for state in states] == [frozenset()] * len(ALERTS_MS)
    supervisor.may_start.set()
    for demand, mark in entered.items():
        expected = {one for one in ALERTS_MS if one <= mark}
        escalates = mark >= ESCALATE_MS
        async with asyncio.timeout(30):
            while not expected <= (state := (await register.of(demand))[0]).alerted or state.escalated < escalates:
                await asyncio.sleep(0.2)
        assert (state.alerted, state.escalated) == (expected, escalates)
        told = [step.detail for step in (await register.of(demand))[1] if step.kind is StepKind.ALERTED]
        assert sorted(map(int, told)) == sorted(expected)
        await register.do(demand, DemandStep(StepKind.WITHDRAWN, 0, "clerk", (), "a test"))
    async with asyncio.timeout(15):  # and people are told
        while not {"demand-due", "demand-not-approved", "demand-missed"} <= {
            alarm.kind for alarm in await centre.ledger.alarms_between(now_ms, now_ms + 600_000)
        }:
            await asyncio.sleep(0.2)


async def test_what_is_over_age_is_disposed_of_and_what_is_held_stays(centre: Centre) -> None:
    """A real archive grown old: proven in the audit log, shown in finds, and nothing of it left."""
    gone = await recorded_call(centre, "77051110001")
    held = await recorded_call(centre, "77051110002")
    files = [centre.up.places.archive.glob(f"*/*/*/*/{file}.*") for file, _ in (gone, held)]
    assert [len(list(paths)) for paths in files] == [2, 2]
    held_of = origin_of(held[0])
    assert held_of is not None
    call = held_of.call
    no_reason = await bailanys("recordings", "hold", call, "--reason", " ", env=centre.env)
    assert no_reason.status == 1 and "say why" in no_reason.err
    assert (await bailanys("recordings", "hold", call, "--reason", "a trial", env=centre.env)).status == 0
    rotated = (await bailanys("recordings", "rotate-key", "--json", env=centre.env)).answer
    assert rotated[0]["keys"] == 2
    with centre.ledger.engine.begin() as connection:
        old_ms = int(time.time() * 1000) - 4_000 * 24 * 3_600_000
        connection.execute(text("UPDATE recording SET made_ms = :ms WHERE made_ms > :ms"), {"ms": old_ms})
    ((before),) = (await bailanys("recordings", "retention", "--json", env=centre.env)).answer
    assert (before["kept_days"], before["due_but_on_hold"] >= 1, before["disposed_of"]) == (3653, True, 0)
    shorter = centre.env | {"BAILANYS_STORAGE__RETENTION_DAYS": "1"}
    ((after),) = (await bailanys("recordings", "retention", "--dispose", "--json", env=shorter)).answer
    assert (after["configured_days"], after["kept_days"], after["due"]) == (1, 3653, 0)
    assert after["disposed_of_now"] == before["due"] >= 1
    for (file, _), left in ((gone, 0), (held, 2)):
        assert len(list(centre.up.places.archive.glob(f"*/*/*/*/{file}.*"))) == left, file
    entries = await centre.ledger.audit.of(gone[0])
    assert [entry.kind for entry in entries] == ["recording.kept", "recording.disposed"]
    assert '"sha256":"' in entries[1].detail

    async def shown(number: str) -> tuple[str, bool]:
        found = await bailanys("recordings", "find", "--phone", number, "--json", env=centre.env)
        return found.answer[0]["status"], found.answer[0]["on_hold"]

    assert (await shown("87051110001"), await shown("87051110002")) == (("disposed", False), ("ok", True))
    later = await recorded_call(centre, "77051110003")  # wrapped by the new key, the held one by the first
    for file, hz in (held, later):
        recording = await centre.ledger.recordings.named(file)
        assert recording is not None
        with Vault(centre.up.places).recording(recording.path) as opened:
            assert hears_flac(opened.read(), hz)
    beside = next(centre.up.places.archive.glob(f"*/*/*/*/{later[0]}.json"))
    assert f'"by": "{rotated[0]["current"]}"' in beside.read_text()
    assert (await bailanys("audit", "verify", env=centre.env)).status == 0


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (("--date", "2026-02-30", "--phone", "87051112233"), "no date"),
        (("--date", "2099-01-01", "--phone", "87051112233"), "not yet"),
        (("--date", "2026-01-01", "--phone", "%"), "no phone number"),
        (("--date", "2026-01-01", "--phone", " "), "no number is in it"),
        (("--date", "2026-01-01", "--phone", "87051112233", "--received", "2099-01-01T10:00"), "future"),
        (("--date", "2024-01-01", "--phone", "87051112233", "--received", "2024-02-29T23:30"), "offset"),
    ],
)
async def test_a_mistake_is_one_line_and_enters_nothing(centre: Centre, options: tuple[str, ...], why: str) -> None:
    before = len(await Register(centre.ledger.engine).all())
    said = await bailanys("demands", "add", *LETTER, *options, env=centre.env)
    assert said.status != 0 and why in said.err and len(said.err.splitlines()) == 1, said.err
    assert len(await Register(centre.ledger.engine).all()) == before


async def test_ids_that_are_paths_or_patterns_lead_nowhere(centre: Centre, tmp_path: Path) -> None:
    for name in ("../../etc/passwd", "D-2026-%"):
        listen = ("listen", name, "../x", "--reason", "x", "--to", str(tmp_path))
        for words in (("show", name), ("package", name), listen):
            said = await bailanys("demands", *words, env=centre.env)
            assert said.status == 1 and "no demand" in said.err and "Traceback" not in said.err, said.err
    assert left_in(tmp_path) == []
