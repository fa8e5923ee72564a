"""Scenes that play side by side: each has a hotline of its own, and most of a scene is waiting.

    @scene()
    async def test_in_the_rating(hotline): ...

All the tests of a module begin at once, so many at a time; each then waits for its own scene and tells how it went.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest
from mortal import Mortal, mortal

AT_ONCE = 4
"""Playing takes a few hundredths of a core."""

Play = Callable[[Mortal], Awaitable[None]]
Played = dict[int, asyncio.Task[None]]


def scene(**over: str) -> Callable[[Play], Callable[[Played], Awaitable[None]]]:
    """A test of a hotline with these settings over the usual ones."""

    def made(play: Play) -> Callable[[Played], Awaitable[None]]:
        async def with_a_hotline(starting: asyncio.Lock) -> None:
            async with AsyncExitStack() as stack:
                async with starting:
                    hotline = await stack.enter_async_context(mortal(**over))
                await play(hotline)

        return _test(with_a_hotline)

    return made


def scene_alone(play: Callable[[asyncio.Lock], Awaitable[None]]) -> Callable[[Played], Awaitable[None]]:
    """A test that brings up by itself what it needs; it holds the lock while a hotline starts in this process."""
    return _test(play)


def _test(play: Callable[[asyncio.Lock], Awaitable[None]]) -> Callable[[Played], Awaitable[None]]:
    async def test(played: Played) -> None:
        await played[id(play)]

    test.play = play  # type: ignore[attr-defined]
    return test


@asynccontextmanager
async def perform(request: pytest.FixtureRequest) -> AsyncIterator[Played]:
    """Begin all scenes of the module that were chosen to run. Hotlines start one by one: Alembic wants it so."""
    turns, starting = asyncio.Semaphore(AT_ONCE), asyncio.Lock()
    chosen: list[Any] = [item for item in request.session.items if getattr(item, "module", None) is request.module]
    plays = [getattr(request.module, item.originalname).play for item in chosen]
    played = {id(play): asyncio.create_task(_in_turn(play, turns, starting)) for play in plays}
    try:
        yield played
    finally:
        for task in played.values():
            task.cancel()
        await asyncio.gather(*played.values(), return_exceptions=True)


async def _in_turn(
    play: Callable[[asyncio.Lock], Awaitable[None]], turns: asyncio.Semaphore, starting: asyncio.Lock
) -> None:
    async with turns:
        await play(starting)
