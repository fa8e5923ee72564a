import asyncio

import pytest

from bailanys.api.cache import TimedCache


async def test_many_who_ask_at_once_share_one_look_up() -> None:
    asked: list[str] = []

    async def look_up(key: str) -> str:
        asked.append(key)
        await asyncio.sleep(0)
        return key.upper()

    kept = TimedCache(look_up, kept_s=60)
    assert await asyncio.gather(*(kept.get(key) for key in "aaba")) == ["A", "A", "B", "A"]
    assert await kept.get("a") == "A"
    assert asked == ["a", "b"]


async def test_an_old_answer_is_looked_up_again_and_the_oldest_key_is_dropped() -> None:
    asked: list[str] = []

    async def look_up(key: str) -> int:
        asked.append(key)
        return len(asked)

    fresh = TimedCache(look_up, kept_s=-1)
    assert [await fresh.get("a"), await fresh.get("a")] == [1, 2]
    few = TimedCache(look_up, kept_s=60, most=1)
    assert [await few.get(key) for key in "abba"] == [3, 4, 4, 5]


async def test_a_failure_is_told_to_all_who_asked_and_not_kept() -> None:
    fails = [True, False]

    async def look_up(_: str) -> str:
        await asyncio.sleep(0)
        if fails.pop(0):
            raise OSError("away")
        return "here"

    kept = TimedCache(look_up, kept_s=60)
    said = await asyncio.gather(kept.get("a"), kept.get("a"), return_exceptions=True)
    assert [str(error) for error in said] == ["away", "away"]
    assert await kept.get("a") == "here"


async def test_who_gives_up_does_not_take_the_look_up_from_the_others() -> None:
    end = asyncio.Event()

    async def look_up(_: str) -> str:
        await end.wait()
        return "here"

    kept = TimedCache(look_up, kept_s=60)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(kept.get("a"), 0.01)
    patient = asyncio.create_task(kept.get("a"))
    await asyncio.sleep(0)
    end.set()
    assert await patient == "here"
