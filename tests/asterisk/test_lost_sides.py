"""A phone or a caller that is lost without a word: the other side goes on soon; who is only silent stays."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

import numpy as np
import pytest
import pytest_asyncio
import soundfile
from carrier import Dialog, Line, carrier_line
from hotline import Centre, open_centre
from journal_watch import Journal, Seen

from calls.journal import Fact
from phones.call import Call

pytestmark = pytest.mark.asyncio(loop_scope="module")

SILENT_S = 2
ENDED_WITHIN_S = SILENT_S + 10 + 64
"""The silence, the looks (every five seconds), the SIP stack's patience for the question and then for its BYE."""
TOLD_WITHIN_S = 12
UPDATE = "Allow: INVITE, ACK, BYE, CANCEL, UPDATE"


@dataclass
class Silent:
    """Callers who fell silent when the module began, by what they are."""

    centre: Centre
    since_s: float = 0.0
    lines: dict[str, Line] = field(default_factory=dict)
    calls: dict[str, str] = field(default_factory=dict)
    dialogs: dict[str, Dialog] = field(default_factory=dict)
    talks: dict[str, Call] = field(default_factory=dict)

    async def begins(self, name: str, nth: int, line: Line, *more: str, keys: str = "13") -> str:
        """A caller by hand who chooses a language and a topic, and waits."""
        number = f"+7701777000{nth}"
        self.lines[name] = line
        self.dialogs[name] = await line.call("", *more, number=number)
        async with asyncio.timeout(5):
            while not (seen := [one for one in self.facts(Fact.ARRIVED) if one.fields["caller"] == number]):
                await asyncio.sleep(0.02)
        call = self.calls[name] = seen[0].call
        for step, key in zip(("language-asked", "topic-asked"), keys, strict=True):
            await self.centre.journal.until(Fact.STEP, call, step=step)
            await line.press(key)
        await self.centre.journal.until(Fact.QUEUED, call)
        return call

    async def talks_with(self, name: str, operator: str) -> Call:
        """The operator comes on duty and has the caller who waits."""
        await self.centre.phone_of(operator)
        await self.centre.duty(operator, ready=True)
        self.talks[name] = talk = await self.centre.operators[operator].rung()
        await self.centre.journal.until(Fact.TALKING, self.calls[name], operator=operator)
        return talk

    def facts(self, fact: Fact) -> list[Seen]:
        """What the journal tells of everybody."""
        return list(self.centre.journal.facts(fact=fact))

    async def there(self) -> set[str]:
        """Which of them have a channel still."""
        calls = {row["call"] for row in (await self.centre.asked("GET /calls"))["calls"]}
        return {name for name, call in self.calls.items() if call in calls}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def centre() -> AsyncIterator[Centre]:
    async with open_centre(sip__silent_s=SILENT_S, rating__answer_s=3) as centre:
        yield centre


@pytest_asyncio.fixture(scope="module", loop_scope="module", autouse=True)
async def silent(centre: Centre) -> AsyncIterator[Silent]:
    """They are silent while the other tests of the module run."""
    async with AsyncExitStack() as lines:

        async def line() -> Line:
            return await lines.enter_async_context(carrier_line(centre.port))

        silent = Silent(centre)
        await silent.begins("dead in a talk", 1, await line())
        await silent.talks_with("dead in a talk", "105")
        await silent.begins("dead on hold", 2, await line())
        await (await silent.talks_with("dead on hold", "106")).hold()
        await silent.begins("muted in a talk", 3, await line(), UPDATE)
        await silent.talks_with("muted in a talk", "104")
        await silent.begins("dead in the line", 4, await line(), UPDATE)
        await silent.begins("muted in the line", 5, await line(), UPDATE)
        await silent.begins("muted, knows no UPDATE", 6, await line())
        await silent.begins("muted, refuses UPDATE", 7, await line(), UPDATE)
        silent.lines["muted, refuses UPDATE"].refuses["UPDATE"] = "405 Method Not Allowed"
        for name, one in silent.lines.items():
            one.alive = not name.startswith("dead")
            one.requests.clear()
        silent.since_s = time.monotonic()
        yield silent


async def test_caller_of_a_phone_that_dies_is_told_and_goes_on_at_the_head_of_the_line(centre: Centre) -> None:
    """Power lost in the talk: no BYE, no voice, no answer. The record says why, the rating is for who was there."""
    await centre.phone_of("101")
    await centre.duty("101", ready=True)
    visit, later = await centre.visit(), await centre.visit()
    await visit.enters()
    await centre.talk("101", visit)
    await later.enters()
    phone = centre.operators.pop("101")
    await phone.die()
    began_s = time.monotonic()
    await visit.until_prompt("phone-lost", timeout_s=TOLD_WITHIN_S)
    assert time.monotonic() - began_s < TOLD_WITHIN_S
    assert await centre.state("101") == ("unreachable", "phone lost in a talk")
    moved = await visit.fact(Fact.TRANSFERRED)
    assert (moved.fields["kind"], moved.fields["operator"]) == ("phone-lost", "101")
    first, again = visit.facts(Fact.QUEUED)
    assert (again.fields["via"], again.fields["rank_ms"]) == ("phone-lost", first.fields["rank_ms"])
    await visit.fact(Fact.NOTICE, seq="2")
    await centre.phone_of("102")
    await centre.duty("102", ready=True)
    talk = await centre.talk("102", visit)  # not with who came later
    assert visit.facts(Fact.RATING_OFFERED) == []
    await talk.hang_up()
    assert (await visit.fact(Fact.RATING_OFFERED)).fields["operator"] == "102"
    await visit.call.hang_up()
    story = await visit.recorded(2)
    lost, served = story.record.segments[1], story.record.segments[2]
    assert (lost.operator_id, lost.ended_by, lost.transfer_kind) == ("101", "transfer", "phone-lost")
    assert (served.operator_id, served.ended_by) == ("102", "operator")
    assert [row.status for row in story.recordings] == ["ok", "ok"]
    alarms = [one.fields["kind"] for one in _alarms(centre)]
    assert "phone-lost" in alarms
    await later.call.hang_up()
    await centre.phone_of("101")  # with power again it is a phone like any other
    await centre.until_state("101", "ready")


async def test_a_phone_that_registers_anew_has_no_talk_any_more(centre: Centre) -> None:
    await centre.phone_of("102")
    await centre.duty("101", ready=False)
    await centre.duty("102", ready=True)
    visit = await centre.visit()
    await visit.enters()
    await centre.talk("102", visit)
    await centre.operators.pop("102").die()
    await centre.phone_of("102")
    began_s = time.monotonic()
    await visit.fact(Fact.TRANSFERRED, kind="phone-lost")
    assert time.monotonic() - began_s < 3
    await centre.talk("102", visit)  # who is there again, and first in line
    await visit.call.hang_up()


async def test_a_muted_operator_who_registers_again_is_not_cut_off(centre: Centre, silent: Silent) -> None:
    """Nothing is sent while nothing is said; the phone answers all the same, and renews its registration."""
    says_nothing = centre.up.places.state / "nothing.wav"
    soundfile.write(str(says_nothing), np.zeros(8000), 8000)
    centre.operators["103"] = phone = await centre.fleet.operator(
        "103", centre.up.secrets.operators["103"], centre.port, sound=says_nothing, vad=True
    )
    await centre.duty("103", ready=True)
    visit = await centre.visit()
    await visit.enters("portal")
    talk = await centre.offered("103", visit)
    await visit.fact(Fact.TALKING)
    await phone.register()
    await asyncio.sleep(TOLD_WITHIN_S)
    await phone.register()
    await asyncio.sleep(3)
    assert not talk.over
    assert visit.facts(Fact.TRANSFERRED) == []
    await talk.until_hears(visit.hz)
    await visit.call.hang_up()


async def test_who_is_dead_is_gone_within_minutes_and_who_is_only_silent_stays(centre: Centre, silent: Silent) -> None:
    alive = {name for name in silent.calls if name.startswith("muted")}
    async with asyncio.timeout(silent.since_s + ENDED_WITHIN_S - time.monotonic()):
        while await silent.there() != alive:
            await asyncio.sleep(0.5)
    for name in ("dead in a talk", "dead on hold"):
        await silent.talks[name].ended(5)  # and the operator is free for those who wait
    due = {
        "muted in a talk": {"UPDATE"},
        "muted in the line": {"UPDATE"},
        "muted, knows no UPDATE": {"INVITE"},
        "muted, refuses UPDATE": {"UPDATE"},
    }
    end_s = time.monotonic() + 10
    while (asked := {name: set(silent.lines[name].requests) - {"ACK"} for name in alive}) != due:
        assert time.monotonic() < end_s, asked  # each is asked again and again, not at the same time
        await asyncio.sleep(0.2)
    story = await centre.ledger_shows(silent.calls["dead in a talk"], lambda story: bool(story.recordings))
    assert [segment.ended_by for segment in story.record.segments.values()] == ["caller"]


def _alarms(centre: Centre) -> list[Seen]:
    return [seen for path in centre.up.places.journals for seen in Journal(path).facts(fact=Fact.ALARM)]
