"""Who guesses at accounts is refused unread for a while; right phones, carriers and callers notice nothing of it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from urllib.parse import quote

import pytest
import pytest_asyncio
from hotline import Centre, open_centre
from journal_watch import Journal
from raw_sip import raw_caller

from calls.journal import Fact
from dialplan import names
from dispatch.sip_guesses import HASTY, MOST_STRANGERS
from dispatch.slowing import LOOK_EVERY_S
from phones.fleet import Fleet
from telephony.process import rx

pytestmark = pytest.mark.asyncio(loop_scope="module")

SLOW_S = 6
ENOUGH_S = 3 * LOOK_EVERY_S
"""Whoever was to be slowed is by then."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def open_hotline() -> AsyncIterator[Centre]:
    async with open_centre(sip__slow_guesses_s=SLOW_S) as centre:
        yield centre


@pytest_asyncio.fixture(loop_scope="module")
async def centre(open_hotline: Centre) -> AsyncIterator[Centre]:
    yield open_hotline
    await open_hotline.closed_down()


async def answered(centre: Centre, address: str, user: str = "op101") -> int:
    """Guess once; the answer."""
    async with raw_caller(centre.port, "UDP", address) as caller:
        return (await caller.ask("REGISTER", user, f"<sip:{user}@{address}>".encode(), password="guessed")).status


async def guess(centre: Centre, address: str) -> None:
    """Guess until it is refused unread."""
    async with asyncio.timeout(30):
        while await answered(centre, address) != 403:
            pass


async def guess_in_vain(centre: Centre, address: str) -> None:
    """Guess more than enough to be slowed, and on for a while: always answered as before."""
    for _ in range(HASTY + MOST_STRANGERS + 20):
        assert await answered(centre, address) == 401
    loop = asyncio.get_running_loop()
    until_s = loop.time() + ENOUGH_S
    while loop.time() < until_s:
        assert await answered(centre, address) == 401


def told(centre: Centre, address: str) -> str:
    """What the alarms said of an address."""
    alarms = [one.fields for one in Journal(centre.up.places.journals[1]).facts(fact=Fact.ALARM)]
    return "\n".join(one["detail"] for one in alarms if one["kind"] == "sip-guesses" and address in one["detail"])


async def console(centre: Centre, command: str) -> str:
    return await rx(centre.up.asterisk, centre.up.places.asterisk_conf, command)


async def test_a_guesser_is_refused_unread_and_nobody_else(centre: Centre) -> None:
    await centre.phone_of("101")
    await centre.duty("101", ready=True)
    await guess(centre, "127.0.0.13")
    (slowed,) = (await centre.asked("GET /guesses"))["slowed"]
    assert (slowed["address"], slowed["until_ms"] - slowed["from_ms"]) == ("127.0.0.13", SLOW_S * 1000)
    async with raw_caller(centre.port, "UDP", "127.0.0.13") as caller:  # whatever it asks, and with a right password
        password = centre.up.secrets.operators["102"]
        assert (await caller.invite(b"<sip:op102@127.0.0.13>", password=password)).status == 403
        assert (await caller.ask("OPTIONS", "1414", b"<sip:x@127.0.0.13>")).status == 403
    async with asyncio.timeout(5):  # Asterisk was told first
        while not re.search(r"; refused unread until \d\d:\d\d:\d\d$", told(centre, "127.0.0.13"), re.MULTILINE):
            await asyncio.sleep(0.05)
    assert "requests refused, among others as op101" in told(centre, "127.0.0.13")
    visit = await centre.visit()  # by the trunk, to a phone that is registered
    await visit.enters()
    talk = await centre.talk("101", visit)
    await talk.hang_up()
    await visit.call.hang_up()
    assert await answered(centre, "127.0.0.14") == 401
    async with asyncio.timeout(SLOW_S + 5):
        while await answered(centre, "127.0.0.13") == 403:
            await asyncio.sleep(0.2)
    assert (await centre.asked("GET /guesses"))["slowed"] == []
    await guess(centre, "127.0.0.13")  # it goes on: for twice as long
    (slowed,) = (await centre.asked("GET /guesses"))["slowed"]
    assert (slowed["times"], slowed["until_ms"] - slowed["from_ms"]) == (2, 2 * SLOW_S * 1000)
    assert (await centre.asked("DELETE /guesses/{address}", "127.0.0.13", by="aliya"))["address"] == "127.0.0.13"
    assert await answered(centre, "127.0.0.13") == 401
    changed = [one.fields for one in Journal(centre.up.places.journals[1]).facts(fact=Fact.CHANGED)]
    assert [(one["kind"], one["subject"], one["by"]) for one in changed] == [("guesses", "127.0.0.13", "cli:aliya")]


async def test_where_a_phone_is_registered_nobody_is_shut_out(centre: Centre) -> None:
    password = centre.up.secrets.operators["102"]
    async with Fleet(bind="127.0.0.16") as office:
        await office.operator("102", password, centre.port)
        await guess_in_vain(centre, "127.0.0.16")
        assert (await centre.state("102"))[0] != "unreachable"
    await guess_in_vain(centre, "127.0.0.16")  # and was of late
    async with Fleet(bind="127.0.0.16") as office:
        await office.operator("102", password, centre.port)
    assert (await centre.asked("GET /guesses"))["slowed"] == []
    assert "requests refused, among others as op101" in told(centre, "127.0.0.16")


async def test_a_carrier_is_never_slowed(centre: Centre) -> None:
    await guess_in_vain(centre, "127.0.0.1")
    visit = await centre.visit()
    await visit.enters()
    await visit.call.hang_up()
    assert (await centre.asked("GET /guesses"))["slowed"] == []


async def test_an_account_of_lines_has_nobody_elses_address_slowed(centre: Centre) -> None:
    """Asterisk writes the first 36 bytes of a stranger's account into its event, line breaks and all."""
    forged = (
        "\r\nRemoteAddress: ///203.0.113.9/\r\n\r\n",
        "\r\nRemoteAddress: IPV4/UDP/9.9.9.9/1",
        "\r\n\r\nEvent: InvalidPassword",
    )
    loop = asyncio.get_running_loop()
    async with raw_caller(centre.port, "UDP", "127.0.0.18") as caller:
        until_s, times = loop.time() + ENOUGH_S, 0
        while loop.time() < until_s or times < HASTY + MOST_STRANGERS + 20:
            for account in forged:
                assert len(account) <= 36
                sender = f"<sip:{quote(account, safe='')}@127.0.0.18>".encode()
                assert (await caller.ask("REGISTER", "op101", sender)).status == 401
            times += 1
    assert (await centre.asked("GET /guesses"))["slowed"] == []
    assert told(centre, "203.0.113.9") == told(centre, "9.9.9.9") == ""


async def test_what_asterisk_holds_is_gone_by_itself_when_nobody_says_it_again(centre: Centre) -> None:
    await guess(centre, "127.0.0.17")
    shown = await console(centre, f"sorcery memory cache dump {names.GUESSERS_CACHE}")
    ends_in_s = [int(row[1]) for row in re.findall(r"^(0|nobody) +\d+ +(\d+) *$", shown, re.MULTILINE)]
    assert len(ends_in_s) == 2 and max(ends_in_s) <= names.GUESSERS_KEPT_S, shown
    async with asyncio.timeout(5):  # it is told so after it has taken it
        while "0 results found" not in await console(centre, f"database show {names.GUESSERS_FAMILY}"):
            pass
