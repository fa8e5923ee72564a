"""What carriers send: numbers in every spelling, keys in every way, offers that come late, the same request twice."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from urllib.parse import quote

import numpy as np
import pytest
import pytest_asyncio
from carrier import Dialog, Line, carrier_line, keys_as_sound
from hotline import Centre, open_centre

from calls.journal import Fact
from phones.manners import Ring
from phones.sip_text import header
from phones.tones import read, speech_or_music_present

pytestmark = pytest.mark.asyncio(loop_scope="module")

OURS = {
    "sip:1414;npdi@{server}": "1414",
    "sip:1414;NPDI;RN=+77270000001@{server};user=phone": "1414",
    "sip:1414;tgrp=kt01;trunk-context=telecom.example@{server};user=phone": "1414",
    "sip:1414;phone-context=+7@{server};user=phone": "1414",
    "sip:1414;ext=5;isub=3@{server}": "1414",
    "sip:1414%3Bnpdi@{server}": "1414",
    "sip:%31414@{server}": "1414",
    "sip:14-14@{server}": "1414",
    "tel:1414;phone-context=+7": "1414",
    "sip:+78000807777;phone-context=+7@{server};user=phone": "+78000807777",
    "tel:+7-800-080-7777": "+78000807777",
    "TEL:+7(800)080.77.77;npdi;rn=+77270000001": "+78000807777",
    "sip:+7%20800%20080%207777@{server};user=phone": "+78000807777",
    "sip:%2B78000807777@{server}": "+78000807777",
    "sip:8(800)080.7777@{server}": "88000807777",
}
NOT_OURS = (
    *("sip:14145@{server}", "sip:141@{server}", "sip:1@{server}", "sip:1414%23@{server}", "sip:1414*@{server}"),
    *(
        "sip:1414x@{server}",
        "sip:14a14@{server}",
        "sip:1%2F414@{server}",
        "sip:;npdi@{server}",
        "sip:1414,1414@{server}",
    ),
    *("sip:x;1414@{server}", "sip:+1414@{server}", "sip:hotline@{server}", "sip:s@{server}", "sip:61@{server}"),
    *(
        f"sip:{quote(number, safe='')}@{{server}}"
        for number in (
            *(
                "1414):0:4",
                "1414):0",
                "(1414)):1:4",
                "1414):0:4;",
                "14145):0:4",
                "14145):0:-1",
                "):0:4",
                "1414:0:4",
                "1414:",
            ),
            *(")" * 60 + "1414):-4", "1414" + ")" * 68 + ":0:4", "1414" + ")" * 71 + ":0:4"),
            *("1414\r\n", "1414\u200b", "\u202e1414", "1414\t", "1414}", "1414]", '"1414"', "14\\14"),
            *("\u0661\u0664\u0661\u0664", "\uff11\uff14\uff11\uff14", "1414 доб. 12", "1414/1414", "1414x12"),
        )
    ),
    *("sip:op101@{server}", "sip:*1@{server}", "tel:+77015550001", "tel:1;phone-context=1414"),
)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def open_hotline() -> AsyncIterator[Centre]:
    async with open_centre() as centre:
        yield centre


@pytest_asyncio.fixture(loop_scope="module")
async def centre(open_hotline: Centre) -> AsyncIterator[Centre]:
    yield open_hotline
    await open_hotline.closed_down()


@pytest_asyncio.fixture(loop_scope="module")
async def line(centre: Centre) -> AsyncIterator[Line]:
    async with carrier_line(centre.port) as line:
        yield line


async def arrived(centre: Centre, number: str) -> str:
    """The id of the only call from this number."""
    async with asyncio.timeout(5):
        while not (found := [one for one in centre.journal.facts(fact=Fact.ARRIVED) if one.fields["caller"] == number]):
            await asyncio.sleep(0.02)
    (only,) = found
    return only.call


async def test_every_spelling_of_our_numbers_arrives_and_the_journal_names_the_configured_one(
    centre: Centre, line: Line
) -> None:
    for nth, (uri, dialled) in enumerate(OURS.items()):
        call = await line.call(uri, number=f"+7701555{nth:04}")
        assert call.status == 200, uri
        await call.hang_up()
        told = await centre.journal.until(Fact.ARRIVED, await arrived(centre, f"+7701555{nth:04}"))
        assert told.fields["dialled"] == dialled, uri


async def test_what_is_not_our_number_is_404_to_a_call_and_to_a_question_alike(centre: Centre, line: Line) -> None:
    before = len(list(centre.journal.facts(fact=Fact.ARRIVED)))
    for uri in NOT_OURS:
        assert (await line.call(uri)).status == 404, uri
    for uri in NOT_OURS:
        if uri != "sip:;npdi@{server}":  # names nobody, like the next one
            assert await line.ask("OPTIONS", uri) == 404, uri
    assert await line.ask("OPTIONS", "sip:{server}") == 200  # a trunk's look whether we are there
    assert await line.ask("OPTIONS", "sip:1414;npdi@{server}") == 200
    assert len(list(centre.journal.facts(fact=Fact.ARRIVED))) == before


async def by_tone(line: Line, call: Dialog) -> None:
    await line.say(keys_as_sound("2"))


async def by_relay(line: Line, call: Dialog) -> None:
    await call.send("INFO", "Content-Type: application/dtmf-relay", body="Signal=2\r\nDuration=160\r\n")


async def by_plain_info(line: Line, call: Dialog) -> None:
    await call.send("INFO", "Content-Type: application/dtmf", body="2")


async def by_event(line: Line, call: Dialog) -> None:
    await line.press("2")


async def by_event_and_tone(line: Line, call: Dialog) -> None:
    await asyncio.gather(line.say(keys_as_sound("2", 160)), line.press("2", 160))


Press = Callable[[Line, Dialog], Awaitable[None]]


@pytest.mark.parametrize(
    ("press", "events"),
    [
        (by_tone, False),
        (by_relay, False),
        (by_plain_info, False),
        (by_event, True),
        (by_event_and_tone, True),
        (by_relay, True),
    ],
)
async def test_a_key_is_understood_once_in_whatever_way_it_comes(
    centre: Centre, line: Line, press: Press, events: bool
) -> None:
    number = f"+770155{id(press) % 1000:03}{int(events)}1"
    call = await line.call(number=number, events=events)
    visit = await arrived(centre, number)
    await centre.journal.until(Fact.STEP, visit, step="language-asked")
    await press(line, call)
    await line.say(np.zeros(1600))
    chosen = await centre.journal.until(Fact.STEP, visit, step="language-chosen")
    assert chosen.fields["detail"] == "ru"
    await centre.journal.until(Fact.STEP, visit, step="topic-asked")
    await line.say(np.zeros(4000))  # a second key would have chosen the portal by now
    assert [one.fields["step"] for one in centre.journal.facts(visit, Fact.STEP)][-1] == "topic-asked"
    await press(line, call)
    queued = await centre.journal.until(Fact.QUEUED, visit)
    assert queued.fields["group"] == "portal"
    await call.hang_up()


async def test_a_carrier_without_events_can_rate_by_tones(centre: Centre, line: Line) -> None:
    await centre.phone_of("101", Ring())
    await centre.duty("101", ready=True)
    await line.call(events=False, number="+77015557001")
    visit = await arrived(centre, "+77015557001")
    for step in ("language-asked", "topic-asked"):
        await centre.journal.until(Fact.STEP, visit, step=step)
        await line.say(keys_as_sound("1"))
    ringing = await centre.operators["101"].rung()
    await ringing.answer()
    await centre.journal.until(Fact.TALKING, visit)
    await ringing.hang_up()
    await centre.journal.until(Fact.RATING_OFFERED, visit)
    await line.say(np.concatenate([np.zeros(4800), keys_as_sound("4")]))
    assert (await centre.journal.until(Fact.RATED, visit)).fields["score"] == "4"


async def test_who_leaves_the_offer_to_us_hears_the_greeting_from_its_first_word(centre: Centre, line: Line) -> None:
    heard = []
    for nth, late_s in enumerate((None, 0.05, 1.2)):
        line.heard.clear()
        call = await line.call(late_s=late_s, number=f"+7701555800{nth}")
        await asyncio.sleep(1.0)
        heard.append(bytes(line.heard).lstrip(b"\xd5\x55")[:4000])
        await call.hang_up()
    assert len(heard[0]) == 4000
    assert heard[1] == heard[0]
    assert heard[2] == heard[0]


async def test_the_same_request_by_two_ways_is_one_arrival(centre: Centre, line: Line) -> None:
    """RFC 3261 8.2.2.2: same tag, Call-ID and CSeq, another branch; at once, and once the first is answered."""
    number = "+77015559001"
    call = Dialog(line, f"sip:1414@127.0.0.1:{centre.port}", f"<sip:{number}@{line.address}>;tag=one", "<sip:1414@x>")
    await call.send("INVITE", body=line.sdp())
    await call.send("INVITE", body=line.sdp(), again=True)
    answers: dict[int, str] = {}
    async with asyncio.timeout(5):
        while answers.keys() != {200, 482}:
            text = await line.answer_of(call, "INVITE")
            if (status := int(text.split(" ", 2)[1])) > 199:
                answers[status] = header(text, "To") or ""
    call.remote = answers[200]
    await call.send("ACK")
    line.calls.append(call)
    call.remote = "<sip:1414@x>"
    await call.send("INVITE", body=line.sdp(), again=True, branch="third")
    async with asyncio.timeout(5):
        while True:
            text = await line.answer_of(call, "INVITE")
            if "branch=z9hG4bKthird" in (header(text, "Via") or "") and not text.startswith("SIP/2.0 1"):
                break
    assert text.startswith("SIP/2.0 482 ")
    await arrived(centre, number)
    call.remote = answers[200]


async def test_a_transfer_with_fields_before_the_at_goes_where_it_says(centre: Centre) -> None:
    for operator in ("101", "103"):
        await centre.phone_of(operator)
        await centre.duty(operator, ready=True)
    visit = await centre.visit()
    await visit.enters()
    talk = await centre.talk("101", visit)
    assert await talk.refer(f"sip:62;npdi;phone-context=+7@127.0.0.1:{centre.port};user=phone") == 200
    assert (await visit.fact(Fact.TRANSFERRED)).fields["to"] == "portal"
    await centre.talk("103", visit)


async def test_a_caller_who_holds_lets_the_operator_hear_music(centre: Centre) -> None:
    await centre.phone_of("101")
    await centre.duty("101", ready=True)
    visit = await centre.visit()
    await visit.enters()
    talk = await centre.talk("101", visit)
    await visit.call.hold()
    begin, end = await talk.listen(1.5)
    assert not talk.hears(visit.hz, begin + 0.5, end)
    assert _loud(talk.heard(), begin + 0.5)
    await visit.call.resume()
    await talk.until_hears(visit.hz)
    assert "Music on Hold class" not in (centre.up.places.log / "messages.log").read_text(errors="replace")


def _loud(path: Path, from_s: float) -> bool:
    samples, rate = read(path)
    return speech_or_music_present(samples[round(from_s * rate) :], rate, share=0.5)
