"""The AMI link and the AGI server against a real Asterisk, on Local channels."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
import pytest_asyncio
from small_asterisk import SECRET, SmallAsterisk, freeze, small_asterisk

from calls.ports import CallerGoneError
from telephony import commands
from telephony.agi import AgiServer
from telephony.agi_line import AgiLine
from telephony.ami import AmiLink
from telephony.ami_event import AmiEvent, LinkDown, LinkItem, LinkUp
from telephony.errors import AgiRefusedError, AmiRefusedError
from telephony.process import running_pid

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(60)]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def asterisk() -> AsyncIterator[SmallAsterisk]:
    async with small_asterisk() as started:
        yield started


@dataclass
class Desk:
    """A link to Asterisk and what it heard."""

    link: AmiLink
    inbox: asyncio.Queue[LinkItem]
    passed_by: list[AmiEvent] = field(default_factory=list)

    async def next(self, name: str, **fields: str) -> AmiEvent:
        """Take the first event of this name with these fields, also one that came before another we waited for."""
        async with asyncio.timeout(10):
            while True:
                for event in self.passed_by:
                    if event.name == name and fields.items() <= event.fields.items():
                        self.passed_by.remove(event)
                        return event
                item = await self.inbox.get()
                if isinstance(item, AmiEvent):
                    self.passed_by.append(item)

    async def originate(self, exten: str, caller: str = "caller") -> str:
        """Start a Local channel that runs an extension; return the channel that runs it."""
        action = {"Channel": f"Local/{caller}@link", "Context": "link", "Exten": exten, "Priority": "1"}
        await self.link.send({"Action": "Originate", "Async": "true"} | action)
        return (await self.next("OriginateResponse", Exten=exten, Response="Success")).fields["Channel"]


@asynccontextmanager
async def desk(asterisk: SmallAsterisk, secret: str = SECRET, silence_s: float = 3.0) -> AsyncIterator[Desk]:
    inbox: asyncio.Queue[LinkItem] = asyncio.Queue()
    link = AmiLink("127.0.0.1", asterisk.ami_port, "bailanys", secret, inbox, ping_every_s=0.2, silence_s=silence_s)
    await link.start()
    try:
        yield Desk(link, inbox)
    finally:
        await link.close()


@pytest_asyncio.fixture(loop_scope="module")
async def at_desk(asterisk: SmallAsterisk) -> AsyncIterator[Desk]:
    async with desk(asterisk) as opened:
        assert await asyncio.wait_for(opened.inbox.get(), 5) == LinkUp()
        yield opened
        for channel in await opened.link.collect(commands.core_show_channels()):
            with contextlib.suppress(AmiRefusedError):  # its other half took it along
                await opened.link.send(commands.hangup(channel.fields["Channel"]))


@asynccontextmanager
async def menu(asterisk: SmallAsterisk, script: Callable[[AgiLine], Awaitable[None]]) -> AsyncIterator[None]:
    server = AgiServer("127.0.0.1", asterisk.agi_port, script)
    await server.start()
    try:
        yield
    finally:
        await server.close()


async def test_wrong_secret_is_refused_by_name(asterisk: SmallAsterisk) -> None:
    async with desk(asterisk, "wrong") as opened:
        assert await asyncio.wait_for(opened.inbox.get(), 5) == LinkDown("login refused: Authentication failed")


async def test_waiting_caller_is_found_with_the_variables(at_desk: Desk) -> None:
    channel = await at_desk.originate("wait")
    await at_desk.next("Newexten", Channel=channel, Application="Wait")
    found = await at_desk.link.collect(commands.status(["CALL_NOTE", "CHANNEL(language)", "NOT_SET"]))
    (status,) = [event for event in found if event.fields["Channel"] == channel]
    assert status.pairs("Variable") == {"CALL_NOTE": "бірінші", "CHANNEL(language)": "en"}
    places = {e.fields["Channel"]: e.fields["Exten"] for e in await at_desk.link.collect(commands.core_show_channels())}
    assert places[channel] == "wait"


async def test_caller_is_moved_and_a_stale_move_is_refused(at_desk: Desk) -> None:
    channel = await at_desk.originate("wait")
    await at_desk.link.send(commands.redirect(channel, "link", "moved"))
    assert (await at_desk.next("UserEvent", UserEvent="Arrived")).fields["Place"] == "moved"
    await at_desk.link.send(commands.hangup(channel))
    await at_desk.next("Hangup", Channel=channel)
    with pytest.raises(AmiRefusedError, match="does not exist"):
        await at_desk.link.send(commands.redirect(channel, "link", "moved"))


@pytest.mark.parametrize("value", ["Қайрат ☎", "a\\b", '"', "${EPOCH}", "$[1+1]", "x" * 900, "ә" * 450, " edge "])
async def test_values_survive_the_way_there_and_back(at_desk: Desk, value: str) -> None:
    await at_desk.link.send(commands.setvar(None, "BEAT", value))
    assert (await at_desk.link.send(commands.getvar(None, "BEAT"))).fields["Value"].strip() == value.strip()
    await at_desk.link.send(commands.db_put("caller/language", "77011234567", value))
    (entry,) = await at_desk.link.collect(commands.db_get_tree("caller/language"))
    assert entry.fields["Val"].strip() == value.strip()
    await at_desk.link.send(commands.db_del("caller/language", "77011234567"))
    assert await at_desk.link.collect(commands.db_get_tree("caller/language")) == []


async def test_our_own_events_come_back_in_order(at_desk: Desk) -> None:
    for number in range(50):
        await at_desk.link.send(commands.user_event("Offer", {"Seq": str(number), "Content": "kept"}))
    seen = [(await at_desk.next("UserEvent", UserEvent="Offer")).fields for _ in range(50)]
    assert [fields["Seq"] for fields in seen] == [str(number) for number in range(50)]
    assert seen[0]["Content"] == "kept"


async def test_event_filter_lets_answers_and_lists_pass() -> None:
    async with small_asterisk("eventfilter(action(include),name(Hangup)) =") as filtered, desk(filtered) as opened:
        assert await asyncio.wait_for(opened.inbox.get(), 5) == LinkUp()
        await opened.link.send(
            {"Action": "Originate", "Async": "true", "Channel": "Local/quick@link", "Application": "Wait", "Data": "9"}
        )
        await opened.next("Hangup")
        await opened.next("Hangup")
        assert opened.inbox.empty()
        assert await opened.link.collect(commands.core_show_channels()) == []
        assert (await opened.link.send(commands.getvar(None, "EPOCH"))).name == "Success"


async def test_frozen_asterisk_is_noticed_and_met_again(asterisk: SmallAsterisk) -> None:
    pid = running_pid(asterisk.home / "asterisk.conf")
    assert pid is not None
    async with desk(asterisk, silence_s=0.6) as opened:
        assert await asyncio.wait_for(opened.inbox.get(), 5) == LinkUp()
        freeze(pid, frozen=True)
        try:
            async with asyncio.timeout(2):
                while not isinstance(item := await opened.inbox.get(), LinkDown):
                    pass
            assert item == LinkDown("no sign of life for 0.6 s")
        finally:
            freeze(pid, frozen=False)
        async with asyncio.timeout(10):
            while not isinstance(await opened.inbox.get(), LinkUp):
                pass


async def test_session_of_a_real_call(asterisk: SmallAsterisk, at_desk: Desk) -> None:
    heard: dict[str, object] = {}

    async def script(line: AgiLine) -> None:
        heard["id"], heard["arguments"] = line.call_id, (line.variables["agi_arg_1"], line.variables["agi_arg_2"])
        await line.speak_language("ru")
        heard["language"] = await line.get_variable("CHANNEL(language)")
        heard["end"] = await line.play("hello", "12")
        heard["key"] = await line.play("long", "5")
        heard["nothing"] = await line.wait_key(0.05)
        heard["unset"] = await line.get_variable("NO_SUCH")
        await line.step("menu", 'group=a&b, "ә"\n')
        await line.set_variable("LEFT", "in order")

    async with menu(asterisk, script):
        channel = await at_desk.originate("agi", caller="press")
        over = await at_desk.next("UserEvent", UserEvent="AgiOver")
        await at_desk.next("Hangup", Channel=channel)
    assert (over.fields["Status"], over.fields["Left"]) == ("SUCCESS", "in order")
    assert heard == {
        "id": over.fields["Uniqueid"],
        "arguments": ("kk", "two words"),
        "language": "ru",
        "end": None,
        "key": "5",
        "nothing": None,
        "unset": None,
    }
    extra = "step=menu&detail=group%3Da%26b%2C%20%22%D3%99%22%0A"
    assert [line for line in asterisk.journal() if extra in line and str(heard["id"]) in line and ",step," in line]


@pytest.mark.parametrize(
    "value", ["plain", 'say "yes"', "back\\slash\\", "a,b;c", "${EPOCH}", "$[1+1]", "(x)[y", "Қайрат", "", "x" * 1000]
)
async def test_agi_values_survive_the_way_there_and_back(asterisk: SmallAsterisk, at_desk: Desk, value: str) -> None:
    back: asyncio.Future[str | None] = asyncio.get_running_loop().create_future()

    async def script(line: AgiLine) -> None:
        await line.set_variable("GIVEN", value)
        back.set_result(await line.get_variable("GIVEN"))

    async with menu(asterisk, script):
        await at_desk.originate("agi")
        assert (await asyncio.wait_for(back, 5) or "") == value


async def test_application_arguments_arrive_one_by_one(asterisk: SmallAsterisk, at_desk: Desk) -> None:
    nasty = {"A": "x,y", "B": '"quoted"', "C": "(open", "D": "close]", "E": "back\\slash", "F": "${EPOCH}"}

    async def script(line: AgiLine) -> None:
        await line.execute("UserEvent", "Nasty", *(f"{name}: {value}" for name, value in nasty.items()))

    async with menu(asterisk, script):
        await at_desk.originate("agi")
        seen = await at_desk.next("UserEvent", UserEvent="Nasty")
    assert {name: seen.fields[name] for name in nasty} == nasty


async def test_caller_hangs_up_in_the_middle_of_a_prompt(asterisk: SmallAsterisk, at_desk: Desk) -> None:
    gone: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def script(line: AgiLine) -> None:
        try:
            await line.play("long", "1")
        except CallerGoneError as error:
            await line.step("gone")
            gone.set_result(str(error))

    async with menu(asterisk, script):
        await at_desk.originate("agi", caller="quick")
        assert await asyncio.wait_for(gone, 5) == "the caller hung up"


async def test_our_mistakes_are_refused_and_a_failed_session_leaves_the_call_alive(
    asterisk: SmallAsterisk, at_desk: Desk
) -> None:
    refused: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def script(line: AgiLine) -> None:
        with pytest.raises(AgiRefusedError) as told:
            await line.execute("NoSuchApplication", "x")
        assert await line.play("no-such-sound", "1") is None
        refused.set_result(str(told.value))
        raise KeyError("a defect")

    async with menu(asterisk, script):
        await at_desk.originate("agi")
        over = await at_desk.next("UserEvent", UserEvent="AgiOver")
    assert refused.result() == "200 result=-2"
    # AGISTATUS adds up every command that failed, so the dialplan asks what the session left behind, not this.
    assert (over.fields["Left"], over.fields["Status"]) == ("", "FAILURE")


async def test_no_menu_server_leaves_the_call_alive(at_desk: Desk) -> None:
    await at_desk.originate("agi")
    over = await at_desk.next("UserEvent", UserEvent="AgiOver")
    assert over.fields["Status"] == "FAILURE"
