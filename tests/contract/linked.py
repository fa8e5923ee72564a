"""A link under test, and what it heard."""

from __future__ import annotations

import asyncio
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

from fake_manager import FakeManager

from telephony.ami import AmiLink
from telephony.ami_event import AmiEvent, LinkDown, LinkItem, LinkUp


@dataclass
class Linked:
    """A link under test with its inbox."""

    link: AmiLink
    inbox: asyncio.Queue[LinkItem]

    async def next(self) -> LinkItem:
        return await asyncio.wait_for(self.inbox.get(), 5)

    async def up(self) -> None:
        while not isinstance(await self.next(), LinkUp):
            pass

    async def down(self) -> str:
        while not isinstance(item := await self.next(), LinkDown):
            pass
        return item.reason

    async def event(self) -> AmiEvent:
        item = await self.next()
        assert isinstance(item, AmiEvent), item
        return item


class LinkTo(Protocol):
    def __call__(
        self, manager: FakeManager, *, secret: str = "right", ping_every_s: float = 0.05, silence_s: float = 2.0
    ) -> AbstractAsyncContextManager[Linked]: ...
