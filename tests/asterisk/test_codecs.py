"""Every codec on the caller's and on the operator's line: the recording is the same stereo (rule 14, promise 3)."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from far_phone import FarPhone, far_phone
from hotline import LOOK_EVERY_S, OPERATOR_HZ, Centre, open_centre

from calls.journal import Fact
from calls.recording import Recording, RecordingStatus
from phones import tones
from recordings.vault.vault import Vault
from telephony.process import rx

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def centre() -> AsyncIterator[Centre]:
    async with open_centre(sip__codecs='["alaw", "ulaw", "g722", "opus"]') as opened:
        yield opened


@pytest.mark.parametrize(
    ("group", "operator", "callers", "operators"),
    [
        ("state-services", "101", "alaw", "g722"),
        ("portal", "103", "ulaw", "alaw"),
        ("ict", "106", "g722", "ulaw"),
    ],
)
async def test_talk_is_recorded_whatever_the_two_phones_speak(
    centre: Centre, group: str, operator: str, callers: str, operators: str
) -> None:
    centre.operators[operator] = await centre.fleet.operator(
        operator, centre.up.secrets.operators[operator], centre.port, tone_hz=OPERATOR_HZ[operator], codecs=[operators]
    )
    await centre.duty(operator, ready=True)
    visit = await centre.visit(codecs=[callers])
    await visit.enters(group)
    talk = await centre.talk(operator, visit)
    assert sorted(await _codecs(centre)) == sorted([callers, operators])
    await talk.listen(1.0)
    await talk.hang_up()
    await visit.call.hang_up()
    (recording,) = (await visit.recorded()).recordings
    _is_stereo(centre, recording, visit.hz, OPERATOR_HZ[operator])


async def test_pause_is_silent_where_each_side_has_a_file_of_its_own(centre: Centre) -> None:
    centre.operators["104"] = await centre.fleet.operator(
        "104", centre.up.secrets.operators["104"], centre.port, tone_hz=OPERATOR_HZ["104"], codecs=["g722"]
    )
    if "103" in centre.operators:
        await centre.duty("103", ready=False)
    await centre.duty("104", ready=True)
    visit = await centre.visit()
    await visit.enters("portal")
    talk = await centre.talk("104", visit)
    await talk.listen(1.0)
    await centre.asked("POST /calls/{id}/recording/pause", visit.id, reason="card number", by="test")
    await talk.listen(2.0)
    await centre.asked("POST /calls/{id}/recording/resume", visit.id, by="test")
    await talk.listen(1.0)
    await talk.hang_up()
    await visit.call.hang_up()
    (recording,) = (await visit.recorded()).recordings
    assert recording.bridged_ms is not None
    assert abs(recording.duration_ms - recording.bridged_ms) <= 1000 + 0.005 * recording.bridged_ms
    path = Vault(centre.up.places).recording(recording.path)
    for channel in (0, 1):
        samples, rate = tones.read(path, channel)
        silent = samples == 0.0
        longest = max((len(run) for run in "".join("01"[int(one)] for one in silent).split("0")), default=0)
        assert longest / rate == pytest.approx(2.0, abs=1.0)  # and nothing but the pause is silent to the last bit


async def test_opus_on_both_lines_and_its_keys(centre: Centre) -> None:
    """A caller over the internet, and an operator at home."""
    password = centre.up.secrets.operators["102"]
    async with (
        far_phone(centre.port, hz=620) as caller,
        far_phone(centre.port, hz=1100, user="op102", password=password) as _,
    ):
        if "101" in centre.operators:
            await centre.duty("101", ready=False)
        await centre.duty("102", ready=True)
        call = await _recorded_talk(centre, caller, "opus", "opus")
        story = await centre.ledger_shows(call, lambda story: len(story.recordings) == 1)
    assert (story.record.call.language, story.record.call.language_by) == ("ru", "key")
    _is_stereo(centre, story.recordings[0], 620, 1100)


async def _recorded_talk(centre: Centre, caller: FarPhone, *codecs: str) -> str:
    """The caller dials and talks for a second; the call's id."""
    await caller.dial("1414")
    call = (await centre.journal.until(Fact.TALKING, operator="102")).call
    assert sorted(await _codecs(centre)) == sorted(codecs)
    async with asyncio.timeout(10):
        while not _is_heard(caller, 1100):
            await asyncio.sleep(LOOK_EVERY_S)
    await caller.hang_up()
    return call


def _is_heard(caller: FarPhone, hz: int) -> bool:
    """Whether the operator has been heard for a second."""
    if not caller.heard.exists() or caller.heard.stat().st_size < 16_000:
        return False
    samples, rate = tones.read(caller.heard)
    return tones.heard_share(samples[-rate:], rate, hz) >= 0.8


async def _codecs(centre: Centre) -> list[str]:
    """What the phones of the only talk speak, as Asterisk says."""
    up = centre.up
    names = [
        line.split("!")[0]
        for line in (await rx(up.asterisk, up.places.asterisk_conf, "core show channels concise")).splitlines()
        if line.startswith("PJSIP/")
    ]
    shown = [await rx(up.asterisk, up.places.asterisk_conf, f"core show channel {name}") for name in names]
    return [found[1] for text in shown if (found := re.search(r"NativeFormats: \((\w+)\)", text))]


def _is_stereo(centre: Centre, recording: Recording, caller_hz: int, operator_hz: int) -> None:
    assert recording.status is RecordingStatus.OK
    assert recording.bridged_ms is not None
    assert abs(recording.duration_ms - recording.bridged_ms) <= 1000 + 0.005 * recording.bridged_ms
    path = Vault(centre.up.places).recording(recording.path)
    for channel, there, elsewhere in ((0, caller_hz, operator_hz), (1, operator_hz, caller_hz)):
        assert tones.hears(path, there, channel=channel, share=0.7)
        assert not tones.hears(path, elsewhere, channel=channel, share=0.05)
