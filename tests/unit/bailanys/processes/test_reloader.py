"""The controller's part in a reload: the work is another process's, and only what was taken up ends the controller."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

import pytest

from bailanys.processes import reloader
from bailanys.processes.reloader import Reloader
from config.load import load
from console.errors import AtWorkError, NotTakenUpError, UnfitConfigurationError
from console.operations.upkeep import Reloaded

SETTINGS = load(Path("config/hotline.toml"), {})
DONE = """
import json, sys
before = json.load(sys.stdin)
print("something else first")
print(json.dumps({"changed": ["sip.port: %d → 1" % before["sip"]["port"]], "wants_start": ["SIP"]}))
"""


class Reloading:
    """A controller that is told to reload by a process that runs this program."""

    def __init__(self, program: str) -> None:
        self.audited: list[tuple[str, tuple[str, ...]]] = []
        self.ended = asyncio.Event()
        self.does = Reloader(
            [sys.executable, "-c", program], SETTINGS, lambda *said: self.audited.append(said), self.ended.set
        )


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reloader, "ANSWER_S", 0.01)


async def test_what_was_taken_up_is_answered_and_audited_and_the_controller_makes_way() -> None:
    reloading = Reloading(DONE)
    told = await reloading.does.reload("api:desk")
    assert told == Reloaded(changed=("sip.port: 5060 → 1",), wants_start=("SIP",))
    assert reloading.audited == [("api:desk", told.changed)]
    assert not reloading.ended.is_set()  # the answer leaves first
    async with asyncio.timeout(5):
        await reloading.ended.wait()
    with pytest.raises(AtWorkError):
        await reloading.does.reload("api:desk")


@pytest.mark.parametrize(
    ("program", "error", "words"),
    [
        (
            "import sys; print('a:1: x\\nb:2: y', file=sys.stderr); sys.exit(2)",
            UnfitConfigurationError,
            "a:1: x\nb:2: y",
        ),
        ("import sys; print('noise\\nnot taken', file=sys.stderr); sys.exit(1)", NotTakenUpError, "not taken"),
        ("import os; os.kill(os.getpid(), 9)", NotTakenUpError, "it ended with status -9"),
    ],
)
async def test_what_was_not_taken_up_is_told_and_the_controller_goes_on(
    program: str, error: type[Exception], words: str
) -> None:
    reloading = Reloading(f"import sys; sys.stdin.read()\n{program}")
    for _ in range(2):  # and may be tried again
        with pytest.raises(error) as told:
            await reloading.does.reload("cli:aliya")
        assert str(told.value) == words
    assert reloading.audited == [] and not reloading.ended.is_set()


async def test_work_that_hangs_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reloader, "MOST_S", 0.2)
    reloading = Reloading("import time; time.sleep(60)")
    with pytest.raises(NotTakenUpError, match=r"not done in 0\.2 s"):
        await reloading.does.reload("cli:aliya")


async def test_who_goes_away_meanwhile_stops_nothing_and_a_second_one_is_told() -> None:
    reloading = Reloading(f"import time; time.sleep(0.3)\n{DONE}")
    asked = asyncio.create_task(reloading.does.reload("api:desk"))
    await asyncio.sleep(0.05)
    with pytest.raises(AtWorkError):
        await reloading.does.reload("api:other")
    asked.cancel()
    async with asyncio.timeout(5):
        await reloading.ended.wait()
    assert [by for by, _ in reloading.audited] == ["api:desk"]


def test_the_work_is_the_commands_own() -> None:
    assert reloader.command(Path("/srv/h.toml"))[1:] == ["-m", "bailanys", "take-up", "--config", "/srv/h.toml"]
    assert json.loads(SETTINGS.model_dump_json()) == SETTINGS.model_dump(mode="json")
