"""One packs at a time; what is seen is whole; what a kill left hidden is gone once somebody packs."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from demands import package
from demands.package import hidden


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(package, "LOOK_EVERY_S", 0.001)


async def test_the_second_waits_until_the_first_is_shown(tmp_path: Path) -> None:
    target, let_go, story = tmp_path / "packages" / "D-1.zip", asyncio.Event(), []

    async def packs(name: str) -> None:
        async with hidden(target) as fresh:
            story.append(f"{name} begins")
            assert list(target.parent.glob(".*")) == []
            fresh.write_text(name)
            await let_go.wait()
            story.append(f"{name} ends")

    first = asyncio.create_task(packs("first"))
    while not story:
        await asyncio.sleep(0)
    second = asyncio.create_task(packs("second"))
    await asyncio.sleep(0.05)
    assert story == ["first begins"] and not target.exists()
    let_go.set()
    await asyncio.gather(first, second)
    assert story == ["first begins", "first ends", "second begins", "second ends"]
    assert [path.name for path in target.parent.iterdir()] == ["D-1.zip"] and target.read_text() == "second"


async def test_what_went_wrong_is_not_shown_and_what_a_kill_left_is_swept(tmp_path: Path) -> None:
    target, left = tmp_path / "packages" / "D-1.zip", tmp_path / "packages" / ".D-7.zip"
    left.parent.mkdir()
    left.write_text("half")
    with pytest.raises(ValueError, match="no"):
        async with hidden(target) as fresh:
            assert not left.exists()
            fresh.write_text("half")
            raise ValueError("no")
    assert list(target.parent.iterdir()) == []
