"""What the wire says reaches the inbox whole: in order, in every script, past every broken message."""

from __future__ import annotations

import asyncio
import time

import pytest
from fake_manager import Action, FakeManager, message
from linked import LinkTo

from telephony.ami_event import AmiEvent, LinkUp, event_of
from telephony.errors import AmiRefusedError, AmiTimeoutError


def accepted(action: Action) -> str:
    return message("Response: Success", f"ActionID: {action['ActionID']}", "Message: Done")


async def test_link_is_announced_before_the_first_event(link_to: LinkTo) -> None:
    async with FakeManager() as manager:
        manager.at_login = message("Event: FullyBooted", "Status: Fully Booted").encode()
        async with link_to(manager) as linked:
            assert await linked.next() == LinkUp()
            assert await linked.event() == AmiEvent("FullyBooted", {"Event": "FullyBooted", "Status": "Fully Booted"})


async def test_name_cut_between_segments_is_whole(link_to: LinkTo) -> None:
    """Trap 6: panoramisk decodes each segment alone and loses the letter that was cut."""
    wire = message("Event: Newchannel", "CallerIDName: Қайрат").encode()
    async with FakeManager() as manager, link_to(manager) as linked:
        await linked.up()
        manager.mute_pings = True  # an answer must not come between the halves
        for cut in range(1, len(wire)):
            manager.write(wire[:cut])
            await asyncio.sleep(0)
            manager.write(wire[cut:])
            assert (await linked.event()).fields["CallerIDName"] == "Қайрат"


async def test_bytes_that_are_not_utf8_are_kept_escaped(link_to: LinkTo) -> None:
    async with FakeManager() as manager, link_to(manager) as linked:
        await linked.up()
        manager.write(b"Event: Newchannel\r\nCallerIDName: \xcf\xf0\r\n\r\n")
        assert (await linked.event()).fields["CallerIDName"] == r"\xcf\xf0"


async def test_repeated_and_empty_headers_are_kept(link_to: LinkTo) -> None:
    async with FakeManager() as manager, link_to(manager) as linked:
        await linked.up()
        manager.write(message("Event: Status", "Variable: A=1", "Variable: B=x=y", "Variable: C=(null)", "Account: "))
        event = await linked.event()
        assert event.lists == {"Variable": ["A=1", "B=x=y", "C=(null)"]}
        assert event.fields["Account"] == ""
        assert event.pairs("Variable") == {"A": "1", "B": "x=y"}
        assert event.pairs("ChanVariable") == {}


async def test_words_of_the_dialplan_win_over_the_channels_own(link_to: LinkTo) -> None:
    """As Asterisk 22 sends `UserEvent`: first the channel with its `Language` and `Priority`, then what was said."""
    async with FakeManager() as manager, link_to(manager) as linked:
        await linked.up()
        channel = ("Channel: PJSIP/carrier-00000001", "Language: en", "Priority: 7")
        manager.write(message("Event: UserEvent", *channel, "UserEvent: BailanysWaiting", "Language: kk", "Rank: 5"))
        event = await linked.event()
        assert (event.fields["Language"], event.fields["Priority"], event.fields["Rank"]) == ("kk", "7", "5")
        assert event.all_of("Channel") == ["PJSIP/carrier-00000001"]


async def test_header_named_content_is_kept(link_to: LinkTo) -> None:
    """panoramisk keeps a body of its own under this name and overwrites the header."""
    async with FakeManager() as manager, link_to(manager) as linked:
        await linked.up()
        manager.write(message("Event: UserEvent", "Content: ours"))
        assert (await linked.event()).fields == {"Event": "UserEvent", "Content": "ours"}


async def test_broken_messages_do_not_hurt_the_next_one(link_to: LinkTo) -> None:
    """Trap 5: an error while an event is handled drops panoramisk's connection and the rest of the segment."""
    async with FakeManager() as manager, link_to(manager) as linked:
        await linked.up()
        broken = [
            "",
            "\r\n",
            message("no colon"),
            message(": "),
            message("Event: A", "Event: B", "ActionID: 1", "ActionID: 2"),
        ]
        manager.write("".join(broken) + message("Event: Hangup", "Channel: PJSIP/op101-00000001"))
        assert (await linked.event()).name == "A"
        assert (await linked.event()).name == "Hangup"
        assert linked.inbox.empty()


async def test_events_keep_their_order_and_their_answers(link_to: LinkTo) -> None:
    """Trap 10: events that bear a pending ActionID never reach panoramisk's callbacks."""

    def originate(action: Action) -> str:
        number = f"ActionID: {action['ActionID']}"
        return (
            message("Event: Newchannel", "Uniqueid: 1")
            + message("Event: OriginateResponse", number, "Response: Failure")
            + message("Response: Success", number, "Message: Originate successfully queued")
            + message("Event: Hangup", "Uniqueid: 1")
        )

    async with FakeManager(originate) as manager, link_to(manager) as linked:
        await linked.up()
        answer = await linked.link.send({"Action": "Originate", "Async": "true", "Channel": "Local/s@x"})
        assert answer.fields["Message"] == "Originate successfully queued"
        assert [(await linked.event()).name for _ in range(3)] == ["Newchannel", "OriginateResponse", "Hangup"]


async def test_refusal_is_an_error_with_asterisks_words(link_to: LinkTo) -> None:
    async with (
        FakeManager(
            lambda a: message("Response: Error", f"ActionID: {a['ActionID']}", "Message: Channel does not exist.")
        ) as manager,
        link_to(manager) as linked,
    ):
        await linked.up()
        with pytest.raises(AmiRefusedError, match="Channel does not exist"):
            await linked.link.send({"Action": "Redirect", "Channel": "PJSIP/a-1"})
        with pytest.raises(AmiRefusedError):
            await linked.link.collect({"Action": "Status"})


async def test_list_is_collected_and_other_events_pass_by(link_to: LinkTo) -> None:
    def channels(action: Action) -> str:
        number = f"ActionID: {action['ActionID']}"
        return (
            message("Response: Success", number, "EventList: start", "Message: Channels will follow")
            + message("Event: CoreShowChannel", number, "Channel: PJSIP/a-1")
            + message("Event: Hangup", "Channel: PJSIP/b-1")
            + message("Event: CoreShowChannel", number, "Channel: PJSIP/c-1")
            + message("Event: CoreShowChannelsComplete", number, "EventList: Complete", "ListItems: 2")
        )

    async with FakeManager(channels) as manager, link_to(manager) as linked:
        await linked.up()
        found = await linked.link.collect({"Action": "CoreShowChannels"})
        assert [event.fields["Channel"] for event in found] == ["PJSIP/a-1", "PJSIP/c-1"]
        assert (await linked.event()).name == "Hangup"


async def test_success_without_a_list_is_an_empty_list(link_to: LinkTo) -> None:
    async with FakeManager(accepted) as manager, link_to(manager) as linked:
        await linked.up()
        assert await linked.link.collect({"Action": "Status"}) == []


async def test_late_answer_is_dropped(link_to: LinkTo) -> None:
    """Trap 7: panoramisk's actions have no time-out."""
    async with FakeManager() as manager, link_to(manager) as linked:
        await linked.up()
        with pytest.raises(AmiTimeoutError, match="Redirect") as told:
            await linked.link.send({"Action": "Redirect"}, timeout_s=0.05)
        assert not told.value.retryable
        manager.write(accepted(manager.actions("Redirect")[0]))
        manager.answer = accepted
        assert (await linked.link.send({"Action": "Redirect"})).name == "Success"
        assert linked.inbox.empty()


async def test_many_actions_at_once_get_each_its_own_answer(link_to: LinkTo) -> None:
    waiting: list[Action] = []

    def shuffled(action: Action) -> str | None:
        waiting.append(action)
        if len(waiting) < 50:
            return None
        return "".join(
            message("Response: Success", f"ActionID: {a['ActionID']}", f"Value: {a['Variable']}")
            for a in reversed(waiting)
        )

    async with FakeManager(shuffled) as manager, link_to(manager) as linked:
        await linked.up()
        asked = [linked.link.send({"Action": "Getvar", "Variable": f"V{n}"}) for n in range(50)]
        assert [a.fields["Value"] for a in await asyncio.gather(*asked)] == [f"V{n}" for n in range(50)]


async def test_an_event_costs_less_than_100_us(link_to: LinkTo) -> None:
    wire = message("Event: Newchannel", *(f"Header{n}: value {n}" for n in range(20))).encode()
    async with FakeManager() as manager, link_to(manager) as linked:
        await linked.up()
        connection = linked.link._connection
        assert connection is not None
        protocol = connection.protocol
        costs = []
        for number in range(1, 6):  # the least of several: another process can make any one of them slower
            began = time.process_time()
            protocol.data_received(wire * 1000)
            while linked.inbox.qsize() < number * 1000:
                await asyncio.sleep(0)
            costs.append((time.process_time() - began) / 1000)
        assert min(costs) < 100e-6
        assert linked.inbox.qsize() == 5000


async def test_a_thousand_messages_at_once_let_the_loop_do_something_else(link_to: LinkTo) -> None:
    wire = b"".join(message("Event: Status", f"Uniqueid: {n}", *(["Variable: A=1"] * 30)).encode() for n in range(3000))
    async with FakeManager() as manager, link_to(manager) as linked:
        await linked.up()
        connection = linked.link._connection
        assert connection is not None
        protocol = connection.protocol
        protocol.data_received(wire)
        turns = 0
        while linked.inbox.qsize() < 3000:
            turns += 1
            await asyncio.sleep(0)
        assert turns > 3
        assert [(await linked.event()).fields["Uniqueid"] for _ in range(3000)] == [str(n) for n in range(3000)]


async def test_what_came_before_the_end_of_the_link_is_read(link_to: LinkTo) -> None:
    wire = b"".join(message("Event: Status", f"Uniqueid: {n}").encode() for n in range(3000))
    async with FakeManager() as manager, link_to(manager) as linked:
        await linked.up()
        connection = linked.link._connection
        assert connection is not None
        connection.protocol.data_received(wire)
        connection.protocol.connection_lost(None)
        assert linked.inbox.qsize() >= 3000


def test_answer_is_named_by_its_outcome() -> None:
    assert event_of({"Response": "Goodbye"}).name == "Goodbye"
    assert event_of({"Response": ["Error", "Success"]}).name == "Error"
