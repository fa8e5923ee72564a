"""A pause of the recording for what must not be recorded: silence in its place, a gap with its reason, not for long."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from command_line import bailanys
from hotline import LOOK_EVERY_S, OPERATOR_HZ, Centre, Visit, open_centre

from bailanys.processes.hotline import controller_ready
from calls.journal import Fact
from phones import tones
from phones.call import Call
from recordings.vault.vault import Vault
from storage.ledger import CallStory
from telephony.process import rx

pytestmark = pytest.mark.asyncio(loop_scope="module")

MOST_S = 5
CARD_NUMBER = "төлем картасының нөмірі: «Қазына», 16 цифр".ljust(48, "ң")
"""As long as a reason may be."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def open_hotline() -> AsyncIterator[Centre]:
    async with open_centre(recordings__pause_most_s=MOST_S) as centre:
        yield centre


@pytest_asyncio.fixture(loop_scope="module")
async def centre(open_hotline: Centre) -> AsyncIterator[Centre]:
    yield open_hotline
    await open_hotline.closed_down()


async def test_operator_pauses_and_resumes_by_code_and_the_recording_keeps_time(centre: Centre) -> None:
    visit, talk = await _talk(centre)
    await talk.listen(1.0)
    await talk.press("*7")
    await _gap(centre, visit)
    await talk.until_hears(visit.hz)  # they hear each other all the while
    await visit.call.until_hears(OPERATOR_HZ["101"])
    await talk.listen(1.0)
    await talk.press("*8")
    await _gap(centre, visit, over=True)
    await talk.listen(1.5)
    await talk.hang_up()
    await visit.call.hang_up()
    story = await visit.recorded()
    _is_silent_in_the_gap(centre, visit, story, "paused", "101")
    assert await _audited(centre, visit) == [("101", "recording.paused"), ("101", "recording.resumed")]


async def test_by_command_with_a_reason_and_it_goes_on_by_itself(centre: Centre) -> None:
    visit, talk = await _talk(centre)
    answer = await bailanys("calls", "pause-recording", visit.id, "--reason", CARD_NUMBER, env=centre.env)
    assert (answer.status, "paused" in answer.out) == (0, True), await _as_it_stands(centre, visit, answer.err)
    again = await bailanys("calls", "pause-recording", visit.id, "--reason", CARD_NUMBER, env=centre.env)
    assert (again.status, "paused already" in again.err) == (1, True)
    ended = await _gap(centre, visit, over=True)
    assert ended["ended_by"] == "time"
    assert int(ended["to_ms"]) - int(ended["from_ms"]) == pytest.approx(MOST_S * 1000, abs=1500)
    resumed = await bailanys("calls", "resume-recording", visit.id, env=centre.env)
    assert (resumed.status, "not paused" in resumed.err) == (1, True)
    await talk.listen(1.0)
    await talk.hang_up()
    await visit.call.hang_up()
    story = await visit.recorded()
    (gap,) = story.record.gaps.values()
    _is_silent_in_the_gap(centre, visit, story, "paused", gap.by)
    assert (gap.by.partition(":")[0], gap.detail) == ("cli", CARD_NUMBER)
    shown = json.loads((await bailanys("calls", "show", visit.id, "--json", env=centre.env)).out)
    assert [(row["reason"], row["detail"]) for row in shown["gaps"]] == [("paused", CARD_NUMBER)]


async def test_with_the_controller_dead_it_pauses_and_goes_on_by_itself(centre: Centre) -> None:
    visit, talk = await _talk(centre)
    supervisor = centre.up.supervisor
    supervisor.may_start.clear()
    assert supervisor.pid is not None
    os.kill(supervisor.pid, signal.SIGKILL)
    try:
        await talk.press("*7")
        await _gap(centre, visit)
        await _gap(centre, visit, over=True)
        await talk.listen(1.0)
        await talk.hang_up()
        await visit.call.hang_up()
    finally:
        supervisor.may_start.set()
        await controller_ready(centre.up.places)
    _is_silent_in_the_gap(centre, visit, await visit.story(lambda story: bool(story.recordings), 30), "paused", "101")


async def test_a_code_pressed_slowly_is_a_code(centre: Centre) -> None:
    visit, talk = await _talk(centre)
    for keys in ("*7", "*8"):
        await talk.press(keys[0])
        await talk.listen(2.5)
        await talk.press(keys[1])
        await _gap(centre, visit, over=keys == "*8")
        await talk.listen(0.5)  # the tone that answers it
    await talk.hang_up()
    await visit.call.hang_up()
    (gap,) = (await visit.recorded()).record.gaps.values()
    assert gap.to_ms is not None and gap.to_ms - gap.from_ms < MOST_S * 1000 - 500
    assert not visit.call.keys_heard  # nothing of it went to the caller


async def test_what_cannot_be_ended_is_tried_again_and_the_gap_says_what_was_silent(centre: Centre) -> None:
    visit, talk = await _talk(centre)
    await talk.press("*7")
    await _gap(centre, visit)
    await talk.listen(0.5)  # the tone that answers it
    conf = centre.up.places.etc / "manager.conf"
    right = conf.read_text()
    await _reload(centre, conf, re.sub(r"(\[pause\]\nsecret = )\w+", r"\1another", right))
    try:
        await talk.press("*8")
        await talk.listen(3.0)
        kinds = [seen.fields["kind"] for seen in centre.journal.facts(fact=Fact.ALARM)]
        assert kinds.count("recording-still-paused") == 1
        refused = await bailanys("calls", "pause-recording", visit.id, "--reason", "x", env=centre.env)
        assert (refused.status, "paused already" in refused.err) == (1, True)
    finally:
        await _reload(centre, conf, right)
    ended = await _gap(centre, visit, over=True)
    assert int(ended["to_ms"]) - int(ended["from_ms"]) > 3000
    await talk.listen(1.5)
    await talk.hang_up()
    await visit.call.hang_up()
    _is_silent_in_the_gap(centre, visit, await visit.recorded(), "paused", "101")


async def test_a_pause_whose_channel_is_taken_away_is_over(centre: Centre) -> None:
    visit, talk = await _talk(centre)
    await talk.press("*7")
    await _gap(centre, visit)
    await talk.listen(1.5)
    channels = await rx(centre.up.asterisk, centre.up.places.asterisk_conf, "core show channels concise")
    (name,) = (line.split("!")[0] for line in channels.splitlines() if "@recording-paused-" in line and ";2!" in line)
    await rx(centre.up.asterisk, centre.up.places.asterisk_conf, f"channel request hangup {name}")
    assert (await _gap(centre, visit, over=True))["ended_by"] == "lost"
    await talk.listen(1.5)
    await talk.hang_up()
    await visit.call.hang_up()
    _is_silent_in_the_gap(centre, visit, await visit.recorded(), "paused", "101")


async def test_transfer_ends_the_pause_and_the_next_talk_is_recorded(centre: Centre) -> None:
    visit, talk = await _talk(centre)
    await talk.press("*7")
    await _gap(centre, visit)
    await centre.phone_of("103")
    await centre.duty("103", ready=True)
    await talk.refer("62")
    ended = await _gap(centre, visit, over=True)
    assert ended["ended_by"] == "talk"
    second = await centre.talk("103", visit)
    await second.listen(1.0)
    await second.hang_up()
    await visit.call.hang_up()
    story = await visit.recorded(2)
    (gap,) = story.record.gaps.values()
    assert (gap.seq, gap.to_ms) == (1, pytest.approx(story.record.segments[1].ended_ms, abs=300))
    path = Vault(centre.up.places).recording(story.recordings[1].path)
    assert tones.hears(path, visit.hz, channel=0, share=0.7)


async def test_either_operator_of_three_pauses(centre: Centre) -> None:
    visit, held = await _talk(centre)
    await centre.phone_of("103")
    await centre.duty("103", ready=True)
    await held.hold()
    consult = await centre.operators["101"].dial("62")
    asked = await centre.operators["103"].rung()
    await asked.until_hears(OPERATOR_HZ["101"])
    await consult.press("*4")
    await asked.until_hears(visit.hz)
    await asked.press("*7")
    assert (await _gap(centre, visit))["by"] == "103"
    await consult.press("*8")
    assert (await _gap(centre, visit, over=True))["ended_by"] == "101"
    await visit.call.hang_up()
    story = await visit.recorded(2)
    assert [(gap.seq, gap.by) for gap in story.record.gaps.values()] == [(2, "103")]


async def test_who_talks_with_nobody_pauses_nothing(centre: Centre) -> None:
    visit = await centre.visit()
    await visit.enters()
    answer = await bailanys("calls", "pause-recording", visit.id, "--reason", "x", env=centre.env)
    assert (answer.status, "nothing is recorded" in answer.err) == (1, True)


async def _talk(centre: Centre) -> tuple[Visit, Call]:
    await centre.phone_of("101")
    await centre.duty("101", ready=True)
    visit = await centre.visit()
    await visit.enters()
    return visit, await centre.talk("101", visit)


async def _as_it_stands(centre: Centre, visit: Visit, error: str) -> str:
    """What a refusal that should not be is to be understood by."""
    channels = await rx(centre.up.asterisk, centre.up.places.asterisk_conf, "core show channels concise")
    facts = [(seen.at_ms, seen.fact, dict(seen.fields)) for seen in centre.journal.facts(visit.id)]
    return f"{error}\nthe caller's phone is at its end: {visit.call.over}\nchannels:\n{channels}\njournal: {facts}"


async def _reload(centre: Centre, conf: Path, text: str) -> None:
    conf.write_text(text)  # noqa: ASYNC240 - a few lines, in a test
    await rx(centre.up.asterisk, centre.up.places.asterisk_conf, "manager reload")


async def _gap(centre: Centre, visit: Visit, *, over: bool = False) -> dict[str, str]:
    """Wait until the journal tells of the gap's beginning, or end."""
    async with asyncio.timeout(MOST_S + 10):
        while True:
            for seen in centre.journal.facts(fact=Fact.GAP):
                if seen.fields["of"] == visit.id and ("to_ms" in seen.fields) is over:
                    return seen.fields
            await asyncio.sleep(LOOK_EVERY_S)


def _is_silent_in_the_gap(centre: Centre, visit: Visit, story: CallStory, reason: str, by: str) -> None:
    """The gap is where it belongs, both sides are silent in it and heard around it, and the length is right."""
    (gap,) = story.record.gaps.values()
    assert (gap.reason, gap.by) == (reason, by)
    (recording,) = story.recordings
    assert recording.bridged_ms is not None
    assert abs(recording.duration_ms - recording.bridged_ms) <= 1000 + 0.005 * recording.bridged_ms
    (began_ms,) = [bridge.entered_ms for bridge in story.record.bridges.values()]
    assert gap.to_ms is not None
    begins_s, ends_s = (gap.from_ms - began_ms) / 1000, (gap.to_ms - began_ms) / 1000
    path = Vault(centre.up.places).recording(recording.path)
    for channel, hz in ((0, visit.hz), (1, OPERATOR_HZ["101"])):
        samples, rate = tones.read(path, channel)
        inside = samples[round((begins_s + 0.5) * rate) : round((ends_s - 0.5) * rate)]
        assert len(inside) > 0 and not inside.any()  # silence to the last bit
        assert tones.hears(path, hz, 0.0, max(begins_s - 0.3, 0.25), channel, share=0.6)
        assert tones.hears(path, hz, ends_s + 0.3, recording.duration_ms / 1000, channel, share=0.6)


async def _audited(centre: Centre, visit: Visit) -> list[tuple[str, str]]:
    (talking,) = visit.facts(Fact.TALKING)
    listed = await bailanys("audit", "list", talking.fields["file"], "--json", env=centre.env)
    return [(row["who"], row["what"]) for row in listed.answer if row["what"] != "recording.kept"]
