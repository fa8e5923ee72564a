"""A demand's whole way at the command line, on a real hotline: from the letter to a package that verifies (rule 14)."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import zipfile
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import pytest_asyncio
import soundfile
from command_line import bailanys
from hotline import OPERATOR_HZ, Centre, open_centre

from calls.demand import Kind, Step
from phones.tones import hears
from storage.register import Register

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
    await register.do(demand, Step(Kind.APPROVED, 0, "chief"))

    packed = await bailanys("demands", "package", demand, env=centre.env, timeout_s=60)
    assert packed.status == 0, packed.err
    verifies(Path(packed.out.splitlines()[0]), tmp_path / "package")
    wav = tmp_path / "package" / "audio" / f"{file}.wav"
    assert soundfile.info(wav).channels == 2
    assert hears(wav, hz, channel=0) and hears(wav, OPERATOR_HZ["101"], channel=1)
    assert not hears(wav, hz, channel=1, share=0.1)

    delivered = await bailanys("demands", "deliver", demand, "--to", "A. Serikova", "--way", "courier", env=centre.env)
    assert delivered.status == 0 and "left" in delivered.out
    state, steps = await register.of(demand)
    assert state.in_time is True
    assert [step.kind for step in steps if step.kind is not Kind.ALERTED] == [
        "searched", "listened", "selected", "approved", "packaged", "delivered"
    ]  # fmt: skip
    kinds = [entry.kind for entry in await centre.ledger.audit_of(file)]
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


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (("--date", "2026-02-30", "--phone", "87051112233"), "no date"),
        (("--date", "2099-01-01", "--phone", "87051112233"), "not yet"),
        (("--date", "2026-01-01", "--phone", "%"), "no phone number"),
        (("--date", "2026-01-01", "--phone", " "), "missing"),
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
