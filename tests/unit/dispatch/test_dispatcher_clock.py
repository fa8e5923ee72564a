"""What Asterisk says counts by its place in the queue: a clock that was set back makes nobody unheard."""

from __future__ import annotations

import asyncio
from pathlib import Path

from calls.callback import Callback
from calls.ids import CallId
from config.load import load
from dialplan import names
from dispatch.dispatcher import Dispatcher, Inbox
from storage.journal.writer import ControllerJournal
from telephony.ami_event import AmiEvent, LinkUp
from telephony.quoting import ActionFields
from tests.unit.dispatch.virtual_time import NOON_MS, VirtualClock

CONFIG = Path(__file__).resolve().parents[3] / "config" / "hotline.toml"
HOUR_S, NOW_S = 3600.0, NOON_MS / 1000


class EmptyAsterisk:
    """Answers every question: nobody calls, nothing is kept."""

    def __init__(self, inbox: Inbox) -> None:
        self.inbox = inbox
        self.meanwhile: list[AmiEvent] = []
        """Said while the truth is asked for."""

    async def send(self, action: ActionFields, timeout_s: float = 2.0) -> AmiEvent:
        return AmiEvent("Success")

    async def collect(self, action: ActionFields, timeout_s: float = 5.0) -> list[AmiEvent]:
        while self.meanwhile:
            self.inbox.put_nowait(self.meanwhile.pop())
        return []


def waits(call: str, said_s: float) -> AmiEvent:
    rank = str(round(NOW_S * 1000))
    return AmiEvent(
        "UserEvent",
        {
            "UserEvent": names.WAITING_EVENT,
            "Timestamp": f"{said_s:.6f}",
            "Channel": f"PJSIP/carrier-{call[-1]}",
            "Uniqueid": call,
            "Call": call,
            "Group": "portal",
            "Speaks": "kk",
            "Rank": rank,
            "Added": "",
            "Offers": "0",
            "Operator": "",
            "Outcome": "",
            "Wanted": "",
            "Giver": "",
        },
    )


async def nobody_owed() -> list[Callback]:
    return []


async def test_events_after_the_truth_count_though_the_clock_was_set_back(tmp_path: Path) -> None:
    inbox: Inbox = asyncio.Queue()
    link = EmptyAsterisk(inbox)
    settings = load(CONFIG, {})
    journal = ControllerJournal(tmp_path / "controller.csv")
    dispatcher = Dispatcher(settings, link, VirtualClock(), inbox, journal, lambda: None, nobody_owed)  # type: ignore[arg-type]
    inbox.put_nowait(LinkUp())
    inbox.put_nowait(waits("hl1-1.1", NOW_S + HOUR_S))  # said before we asked: the truth holds it, or it is over
    link.meanwhile = [waits("hl1-1.2", NOW_S - HOUR_S)]
    running = asyncio.create_task(dispatcher.run())
    try:
        async with asyncio.timeout(5):
            while CallId("hl1-1.2") not in dispatcher.router.calls:
                await asyncio.sleep(0.01)
        inbox.put_nowait(waits("hl1-1.3", NOW_S - 2 * HOUR_S))
        async with asyncio.timeout(5):
            while CallId("hl1-1.3") not in dispatcher.router.calls:
                await asyncio.sleep(0.01)
        assert sorted(dispatcher.router.calls) == ["hl1-1.2", "hl1-1.3"]
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
