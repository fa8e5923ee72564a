from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from fake_manager import FakeManager
from linked import Linked, LinkTo

from telephony.ami import AmiLink
from telephony.ami_event import LinkItem


@pytest.fixture
def link_to(monkeypatch: pytest.MonkeyPatch) -> LinkTo:
    """Open a link to a fake manager; its back-off is a twentieth of the real one."""
    monkeypatch.setattr("telephony.ami.BACKOFF_FIRST_S", 0.01)
    monkeypatch.setattr("telephony.ami.BACKOFF_LAST_S", 0.1)
    monkeypatch.setattr("telephony.ami.REFUSED_PAUSE_S", 0.05)

    @asynccontextmanager
    async def opened(
        manager: FakeManager, *, secret: str = "right", ping_every_s: float = 0.05, silence_s: float = 2.0
    ) -> AsyncIterator[Linked]:
        inbox: asyncio.Queue[LinkItem] = asyncio.Queue()
        link = AmiLink("127.0.0.1", manager.port, "bailanys", secret, inbox, ping_every_s, silence_s)
        await link.start()
        try:
            yield Linked(link, inbox)
        finally:
            await link.close()

    return opened
