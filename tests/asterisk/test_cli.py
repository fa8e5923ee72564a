"""The command line over a running hotline: figures, recordings, operators, calls."""

from __future__ import annotations

import asyncio
import json
import signal
import tempfile
from collections.abc import AsyncIterator, Iterator
from datetime import datetime, timedelta
from os import killpg
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import pytest_asyncio
import soundfile
from command_line import bailanys, running
from hotline import OPERATOR_HZ, Centre, open_centre
from journal_watch import Journal

from bailanys.site.free_ports import own_place
from calls.journal import Fact
from config.ports_free import ports_in_use
from phones.fleet import Fleet
from phones.phone import PhoneError

pytestmark = pytest.mark.asyncio(loop_scope="module")

ALMATY = ZoneInfo("Asia/Almaty")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def open_hotline() -> AsyncIterator[Centre]:
    async with open_centre() as centre:
        yield centre


@pytest_asyncio.fixture(loop_scope="module")
async def centre(open_hotline: Centre) -> AsyncIterator[Centre]:
    yield open_hotline
    await open_hotline.closed_down()


@pytest.fixture
def short_path() -> Iterator[Path]:
    """A folder with a short name: the path of Asterisk's socket may have 107 bytes."""
    with tempfile.TemporaryDirectory(prefix="") as folder:
        yield Path(folder)


async def test_stats_show_the_average_wait_and_what_it_hides(centre: Centre) -> None:
    await centre.phone_of("101")
    served, gave_up = await centre.visit(), await centre.visit()
    await gave_up.enters("ict")
    await served.enters()
    await centre.duty("101", ready=True)
    talk = await centre.talk("101", served)
    await gave_up.call.hang_up()
    await talk.hang_up()
    await served.fact(Fact.RATING_OFFERED)
    await served.call.press("5")
    await served.call.ended()
    await asyncio.gather(served.story(), gave_up.story())
    day = (await bailanys("stats", "--json", env=centre.env)).answer
    total, answered = day["total"], talk.instants.answered
    assert answered is not None
    assert (day["day"], day["time_zone"]) == (datetime.now(ALMATY).date().isoformat(), "Asia/Almaty")
    assert (total["arrived"], total["answered"], total["abandoned_waiting"], total["abandoned_short"]) == (2, 1, 1, 1)
    waited_s = answered - served.call.instants.invite
    for figure in ("mean_s", "p90_s", "longest_s"):
        assert total["to_operator"][figure] == pytest.approx(waited_s, abs=0.2)
    assert total["service_level"] == 1.0
    assert total["abandonment"] == 0.0
    assert (total["ratings"]["given"], total["ratings"]["mean"]) == (1, 5.0)
    assert sorted(day["groups"]) == ["ict", "state-services"]
    table = (await bailanys("stats", env=centre.env)).out
    assert "average wait to the operator (rule 7: 30 s)" in table
    other = (await bailanys("stats", "--day", "2024-02-29", "--json", env=centre.env)).answer
    assert other["total"]["arrived"] == 0
    assert other["total"]["to_operator"]["mean_s"] is None


async def test_the_day_is_played_again_as_it_was_with_the_presence_of_then(centre: Centre) -> None:
    await centre.phone_of("103")
    visit = await centre.visit()
    await visit.enters("portal")
    await centre.duty("103", ready=True)
    talk = await centre.talk("103", visit)
    await talk.hang_up()
    await centre.ledger_shows(visit.id, lambda story: story.record.segments[1].ended_ms is not None)
    today = datetime.now(ALMATY).date().isoformat()
    answer = (await bailanys("simulate", "--day", today, "--json", "-", env=centre.env)).answer
    assert "presence as it was" in answer["title"]
    then, again = (result["groups"]["portal"] for result in answer["results"])
    assert (again["calls"], again["answered"]) == (then["calls"], then["answered"])
    assert again["wait_s"]["mean_s"] == pytest.approx(then["wait_s"]["mean_s"], abs=0.1)


async def test_recording_is_found_by_local_date_and_any_spelling_of_the_number(centre: Centre, tmp_path: Path) -> None:
    await centre.phone_of("101")
    await centre.duty("101", ready=True)
    visit = await centre.visit("77051112233")
    await visit.enters()
    await (await centre.talk("101", visit)).hang_up()
    await visit.call.hang_up()
    await visit.recorded()
    today = datetime.now(ALMATY).date()
    spellings = ("+77051112233", "8 (705) 111-22-33", "7051112233")
    found = await asyncio.gather(
        *(_find(centre, today.isoformat(), spelling) for spelling in spellings),
        _find(centre, f"{today:%d.%m.%Y}", "77051112233"),
    )
    for hits in found:
        (hit,) = hits
        assert (hit["call"], hit["operator"], hit["match"], hit["day"]) == (visit.id, "101", "exact", "on")
        assert (hit["status"], hit["phone"]) == ("ok", "+77051112233")
    options = ("--reason", "a complaint", "--to", str(tmp_path), "--json")
    made = await bailanys("recordings", "export", visit.id, *options, env=centre.env)
    ((copy,), story) = json.loads(made.out), await visit.story()
    info = soundfile.info(copy["file"])
    assert (info.format, info.channels, round(info.duration, 1)) == ("WAV", 2, found[0][0]["length_s"])
    kept, exported = await centre.ledger.audit.of(story.recordings[0].file)
    assert (kept.kind, exported.kind) == ("recording.kept", "recording.exported")
    assert "a complaint" in exported.detail and kept.at_ms <= exported.at_ms
    refused = await bailanys("recordings", "export", visit.id, "--reason", " ", env=centre.env)
    assert (refused.status, len(refused.err.splitlines())) == (1, 1)
    assert await _find(centre, today.isoformat(), "77051112234") == []
    assert await _find(centre, (today - timedelta(days=2)).isoformat(), "77051112233") == []
    said = await bailanys("recordings", "find", "--date", "yesterday", "--phone", "1", env=centre.env)
    assert said.status != 0
    assert "Traceback" not in said.err


async def test_a_renewed_password_is_what_the_phone_needs_from_then_on(centre: Centre) -> None:
    old = centre.up.secrets.operators["106"]
    shown = await bailanys("operators", "password", "106", "--print", "--json", env=centre.env)
    assert shown.answer == [{"account": "op106", "password": old}]
    (account,) = (await bailanys("operators", "password", "106", "--new", "--print", "--json", env=centre.env)).answer
    with pytest.raises(PhoneError, match="op106 is not registered"):
        await centre.fleet.operator("106", old, centre.port)
    phone = await centre.fleet.operator("106", account["password"], centre.port)
    assert phone.registered and account["password"] != old
    unseen = await bailanys("operators", "password", "106", env=centre.env)
    assert (unseen.status, unseen.out, len(unseen.err.splitlines())) == (1, "", 1)
    kept = [entry.kind for entry in await centre.ledger.audit.of("106")]
    assert kept == ["operator.password-shown", "operator.password-renewed"]


async def test_operators_are_made_ready_and_paused(centre: Centre) -> None:
    await centre.phone_of("101")
    assert (await bailanys("operators", "ready", "101", env=centre.env)).status == 0
    await centre.until_state("101", "ready")
    said = await bailanys("operators", "pause", "101", "--reason", "training", env=centre.env)
    assert said.status == 0
    assert await centre.until_state("101", "paused") == "training"
    listed = (await bailanys("operators", "list", "--json", env=centre.env)).answer
    states = {row["operator"]: (row["state"], row["reason"]) for row in listed}
    assert states["101"] == ("paused", "training")
    assert len(states) == 6
    nobody = await bailanys("operators", "ready", "999", env=centre.env)
    assert (nobody.status, nobody.err) == (1, "no operator 999\n")


async def test_calls_are_listed_transferred_and_told(centre: Centre) -> None:
    await asyncio.gather(centre.phone_of("101"), centre.phone_of("105"))
    await centre.duty("101", ready=True)
    visit = await centre.visit()
    await visit.enters("state-services", "ru")
    await centre.talk("101", visit)
    (row,) = (await bailanys("calls", "list", "--json", env=centre.env)).answer
    assert (row["call"], row["where"], row["operator"], row["language"]) == (visit.id, "talking", "101", "ru")
    await centre.duty("105", ready=True)
    moved = await bailanys("calls", "transfer", visit.id, "--to", "63", env=centre.env)
    assert moved.status == 0
    talk = await centre.talk("105", visit)
    assert visit.heard("transfer-notice", "ru")
    await talk.hang_up()
    await visit.call.hang_up()
    await visit.recorded(2)
    story = (await bailanys("calls", "show", visit.id, "--json", env=centre.env)).answer
    assert story["call"]["id"] == visit.id
    assert [segment["operator_id"] for segment in story["segments"]] == ["101", "105"]
    assert [offer["status"] for offer in story["offers"]] == ["ANSWER", "ANSWER"]
    assert story["steps"][0]["step"] == "language-asked"
    assert len(story["recordings"]) == 2
    unknown = await bailanys("calls", "show", "hl1-1.1", env=centre.env)
    assert (unknown.status, unknown.err) == (1, "no call hl1-1.1 in the ledger\n")


async def test_command_says_in_one_line_that_no_hotline_runs(tmp_path: Path) -> None:
    env = {"BAILANYS_STORAGE__STATE_DIR": str(tmp_path / "none")}
    for words in (("operators", "list"), ("calls", "list"), ("stats",), ("simulate", "--day", "2026-11-20")):
        said = await bailanys(*words, env=env)
        assert said.status == 1
        assert said.err.count("\n") == 1
    assert not (tmp_path / "none").exists()


async def test_a_second_hotline_on_the_ledger_is_refused_and_its_readers_are_not(
    centre: Centre, short_path: Path
) -> None:
    """It would end our calls as lost and miss our recordings; nothing of it is started."""
    url = centre.up.places.database_url
    env = centre.env | own_place(short_path / "s") | {"BAILANYS_STORAGE__DATABASE_URL": url}
    for words in (
        ("run",),
        ("recordings", "repair"),
        ("recordings", "reconcile"),
        ("recordings", "retention", "--dispose"),
        ("recordings", "rotate-key"),
        ("db", "take-over", "--reason", "a slip"),
    ):
        refused = await bailanys(*words, env=env)
        assert refused.status == 1 and refused.err.count("\n") == 1, (words, refused.err)
        assert f":{centre.up.places.state}, " in refused.err, words
    assert not list((short_path / "s").rglob("*.conf")) and not (short_path / "s" / "keys").exists()
    for words in (("stats",), ("calls", "list"), ("recordings", "retention"), ("demands", "list"), ("audit", "verify")):
        read = await bailanys(*words, env=env if words[0] != "calls" else centre.env)
        assert read.status == 0, (words, read.err)


async def test_run_tells_how_to_call_serves_and_stops_cleanly_on_ctrl_c(centre: Centre, short_path: Path) -> None:
    place = own_place(short_path / "s")
    env = centre.env | place | {"BAILANYS_STORAGE__ARCHIVE_DIR": str(short_path / "a")}
    port = int(place["BAILANYS_SIP__PORT"])
    async with running(env, until="Ctrl-C stops everything") as (said, process), Fleet() as fleet:
        assert f"port {port}" in said
        assert "Dial 1414" in said
        secrets = json.loads((short_path / "s" / "secrets.json").read_text())
        assert not [kept for kept in secrets["operators"].values() if kept in said]  # no terminal: it may be a log
        phone = await fleet.operator("101", secrets["operators"]["101"], port, tone_hz=OPERATOR_HZ["101"])
        await (await phone.dial("*1", port)).ended()
        caller = await fleet.caller("77010000001")
        call = await caller.dial("1414", port)
        await call.answered()
        journal = Journal(short_path / "s" / "log" / "cel-custom" / "journal.csv")
        for asked in ("language-asked", "topic-asked"):
            await journal.until(Fact.STEP, step=asked)
            await call.press("1")
        talk = await phone.rung()
        await call.until_hears(OPERATOR_HZ["101"])
        second = await bailanys("run", env=env)
        assert second.status != 0
        assert second.err.count("\n") == 1
        await talk.hang_up()
        await call.hang_up()
        killpg(process.pid, signal.SIGINT)
        rest, errors = await asyncio.wait_for(process.communicate(), 15)
        assert process.returncode == 0
        assert "Stopped" in rest.decode()
        assert errors == b""
    settings = centre.up.settings
    theirs = settings.model_copy(
        update={
            "sip": settings.sip.model_copy(update={"port": port}),
            "ports": settings.ports.model_copy(
                update={"ami": int(place["BAILANYS_PORTS__AMI"]), "agi": int(place["BAILANYS_PORTS__AGI"])}
            ),
            "api": settings.api.model_copy(update={"port": int(place["BAILANYS_API__PORT"])}),
        }
    )
    assert ports_in_use(theirs) == []  # nothing is left running


async def _find(centre: Centre, date: str, phone: str) -> list[dict[str, str]]:
    said = await bailanys("recordings", "find", "--date", date, "--phone", phone, "--json", env=centre.env)
    found: list[dict[str, str]] = said.answer
    return found
