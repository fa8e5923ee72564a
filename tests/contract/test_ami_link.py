"""The life of the link: refusals, silence, reconnects, and that nothing is ever sent twice or injected."""

from __future__ import annotations

import asyncio
import time

import pytest
from fake_manager import FakeManager, message
from linked import LinkTo

from telephony.ami import AmiLink
from telephony.ami_event import LinkDown, LinkUp
from telephony.errors import AmiDownError


async def test_wrong_secret_is_told_once_and_tried_again(link_to: LinkTo, capsys: pytest.CaptureFixture[str]) -> None:
    """Trap 4: panoramisk tells nobody of a refused log-in. The secret is in no log (trap 10)."""
    async with FakeManager() as manager, link_to(manager, secret="top-secret-word") as linked:
        assert await linked.down() == "login refused: Authentication failed"
        await manager.next_action("Login")
        await manager.next_action("Login")
        assert linked.inbox.empty()
        manager.secret = "top-secret-word"
        assert await linked.next() == LinkUp()
    seen = capsys.readouterr()
    assert "login refused" in seen.out + seen.err
    assert "top-secret-word" not in seen.out + seen.err


async def test_nothing_is_sent_again_after_a_reconnect(link_to: LinkTo) -> None:
    """Trap 8: panoramisk sends an `Originate` again whose answer was lost, which is a second call."""
    async with FakeManager() as manager, link_to(manager) as linked:
        await linked.up()
        asked = asyncio.create_task(linked.link.send({"Action": "Originate", "Channel": "Local/s@x"}))
        await manager.next_action("Originate")
        await manager.hang_up()
        with pytest.raises(AmiDownError) as told:
            await asked
        assert not told.value.retryable
        await linked.up()
        manager.answer = lambda a: message("Response: Success", f"ActionID: {a['ActionID']}")
        manager.write(message("Event: FullyBooted"))
        await linked.link.send({"Action": "Getvar"})
        assert len(manager.actions("Originate")) == 1


async def test_sending_without_a_link_fails_at_once_and_may_be_retried(link_to: LinkTo) -> None:
    async with FakeManager() as manager, link_to(manager) as linked:
        await linked.up()
        await manager.stop()
        await linked.down()
        with pytest.raises(AmiDownError) as told:
            await linked.link.send({"Action": "Ping"})
        assert told.value.retryable


async def test_asterisk_restarts(link_to: LinkTo) -> None:
    async with FakeManager() as manager, link_to(manager) as linked:
        await linked.up()
        await manager.stop()
        assert await linked.down() == "closed by Asterisk"
        assert "cannot connect" in await linked.down()
        await manager.listen()
        assert await linked.next() == LinkUp()


async def test_silent_peer_is_noticed_in_time(link_to: LinkTo) -> None:
    """Trap 7: panoramisk does not look whether its pings are answered."""
    async with FakeManager() as manager, link_to(manager, ping_every_s=0.05, silence_s=0.3) as linked:
        await linked.up()
        manager.silent = True
        began = time.monotonic()
        assert await linked.down() == "no sign of life for 0.3 s"
        assert 0.2 < time.monotonic() - began < 1.5


async def test_events_are_signs_of_life(link_to: LinkTo) -> None:
    async with FakeManager() as manager, link_to(manager, ping_every_s=0.2, silence_s=2.0) as linked:
        await linked.up()
        manager.mute_pings = True
        for _ in range(7):
            await manager.next_action("Ping")
            await manager.next_action("Ping")
            manager.write(message("Event: Hangup"))
            assert (await linked.event()).name == "Hangup"
        assert manager.connections == 1


async def test_peer_that_accepts_and_says_nothing(link_to: LinkTo) -> None:
    async with FakeManager() as manager:
        manager.silent = True
        async with link_to(manager, ping_every_s=0.05, silence_s=0.2) as linked:
            assert await linked.down() == "cannot connect: no answer within 0.2 s"
            manager.silent = False
            await linked.up()


async def test_close_in_the_middle_of_a_back_off_is_for_good(link_to: LinkTo, monkeypatch: pytest.MonkeyPatch) -> None:
    """Trap 4: panoramisk's `close()` does not stop a reconnect that is under way."""
    async with FakeManager() as manager, link_to(manager) as linked:
        await linked.up()
        await manager.stop()
        await linked.down()
        await linked.down()
        await linked.link.close()
        await manager.listen()
        before = manager.connections
        await asyncio.sleep(0.3)  # three times the longest back-off: an absence has no event to wait for
        assert manager.connections == before


async def test_close_tells_whoever_waits(link_to: LinkTo) -> None:
    async with FakeManager() as manager, link_to(manager) as linked:
        await linked.up()
        asked = asyncio.create_task(linked.link.send({"Action": "Redirect"}))
        await manager.next_action("Redirect")
        await linked.link.close()
        with pytest.raises(AmiDownError, match="closed"):
            await asked
        assert await linked.next() == LinkDown("closed")
        with pytest.raises(AmiDownError):
            await linked.link.send({"Action": "Redirect"})


@pytest.mark.parametrize(
    "fields",
    [
        {"Action": "Setvar", "Value": "a\r\nAction: Hangup"},
        {"Action": "Setvar", "Value": "a\nb"},
        {"Action": "Setvar", "Value": "a\0b"},
        {"Action": "Setvar", "Value": "\udc80"},
        {"Action": "Setvar", "Variable": ["ok", "a\rb"]},
        {"Action": "Setvar", "Va\nlue": "a"},
        {"Action": "Setvar", "Value: x": "a"},
        {"Action": "Setvar", "ActionID": "mine"},
        {"Action": "Setvar", "Value": "ә" * 600},
        {"Action": "Setvar", "Variable": ["x"] * 200},
    ],
    ids=str,
)
async def test_injection_is_refused_before_a_byte_is_sent(link_to: LinkTo, fields: dict[str, str]) -> None:
    """Trap 9: a line break in a value is a second action."""
    async with FakeManager() as manager, link_to(manager) as linked:
        await linked.up()
        with pytest.raises(ValueError, match=r".") as told:
            await linked.link.send(fields)
        assert "Hangup" not in str(told.value)
        assert manager.actions("Setvar") == []


async def test_peer_that_is_not_a_manager_is_left(link_to: LinkTo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("telephony.ami_wire.MESSAGE_BYTES", 100_000)
    async with FakeManager() as manager, link_to(manager) as linked:
        await linked.up()
        manager.write(b"x" * 200_000)
        assert "without an end" in await linked.down()
        await linked.up()


def test_settings_that_cannot_work_are_refused() -> None:
    with pytest.raises(ValueError, match="unbounded"):
        AmiLink("127.0.0.1", 1, "u", "s", asyncio.Queue(10))
    with pytest.raises(ValueError, match="shorter"):
        AmiLink("127.0.0.1", 1, "u", "s", asyncio.Queue(), ping_every_s=3, silence_s=3)
