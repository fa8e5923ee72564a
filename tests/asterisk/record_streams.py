"""Records what passes between the controller and a real Asterisk, for the replays of `tests/unit/dispatch`.

    make record                          every scene
    make record ARGS="transfer"          only this one

Each scene plays on a hotline of its own with real phones. Operators say by their phones' codes what they do, not by
command: everything that the controller is told comes from Asterisk, and so stands in the stream.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import tempfile
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hotline import ROOT, Centre, open_centre, passable

from bailanys.processes import watchdog
from bailanys.processes.hotline import controller_ready
from calls.journal import Fact
from phones import manners
from telephony.embedded import find_asterisk
from telephony.process import rx

STREAMS = ROOT / "tests/unit/dispatch/streams"
SETTINGS = {"waiting__announce_first_s": 1.0}
TRIES = 5
SETTLED_S = 1.5
"""So long after a scene's end all that the controller does of it is done."""


@dataclass
class Stage:
    """A hotline whose controller is recorded."""

    centre: Centre
    folder: Path

    async def console(self, command: str) -> str:
        """What Asterisk itself says."""
        return await rx(self.centre.up.asterisk, self.centre.up.places.asterisk_conf, command)

    async def dials(self, operator: str, code: str) -> None:
        """An operator's phone, registered, dials a code and hears the confirmation out."""
        phone = self.centre.operators.get(operator) or await self.centre.phone_of(operator)
        call = await phone.dial(code, self.centre.port)
        await call.ended()

    async def kill(self) -> None:
        """Kill the controller where it stands; it stays dead until `revive`."""
        supervisor = self.centre.up.supervisor
        pid = supervisor.pid
        assert pid is not None
        supervisor.may_start.clear()
        os.kill(pid, signal.SIGKILL)

    async def revive(self) -> None:
        """Let the controller live again, and wait until it knows the truth."""
        self.centre.up.supervisor.may_start.set()
        await controller_ready(self.centre.up.places)

    async def in_net(self, callers: int) -> None:
        """Wait until so many callers are in the safety net."""
        async with asyncio.timeout(15):
            while (await self.console("core show channels concise")).count("!Queue!") < callers:
                await asyncio.sleep(0.05)

    async def cut(self) -> None:
        """Cut the link, and keep it cut until `mend`."""
        (self.folder / "cut").touch()
        connected = (await self.console("manager show connected")).splitlines()
        session = next(line.split() for line in connected if line.split()[:1] == ["bailanys"])
        await self.console(f"manager kick session {session[4]}")

    def mend(self) -> None:
        """Let the link be made again."""
        (self.folder / "cut").unlink()


async def menu_to_rating(stage: Stage) -> None:
    """The caller waits, is told the place, and talks; the operator hangs up, and the caller rates the talk 5."""
    centre = stage.centre
    await centre.phone_of("101")
    visit = await centre.visit("77011234567")
    await visit.enters("state-services", "ru")
    await asyncio.sleep(2.5)  # the place is told after a second
    await stage.dials("101", "*1")
    talk = await centre.talk("101", visit)
    await talk.hang_up()
    await visit.fact(Fact.RATING_OFFERED)
    await asyncio.sleep(1.5)
    await visit.call.press("5")
    await visit.fact(Fact.RATED)
    await visit.call.ended()


async def transfer(stage: Stage) -> None:
    """The operator of one group transfers by REFER to another, whose operator is free; the caller hangs up."""
    centre = stage.centre
    for operator in ("101", "103"):
        await stage.dials(operator, "*1")
    visit = await centre.visit("77011234567")
    await visit.enters("state-services", "ru")
    first = await centre.talk("101", visit)
    await first.refer("62")
    await centre.talk("103", visit)
    await visit.call.hang_up()


async def lost_link(stage: Stage) -> None:
    """While one talks and two wait the link is lost; meanwhile the first of the line leaves and the talk ends."""
    centre = stage.centre
    await stage.dials("101", "*1")
    talking = await centre.visit("77011234567")
    await talking.enters("state-services", "ru")
    talk = await centre.talk("101", talking)
    leaving = await centre.visit("77011234568")
    await leaving.enters("state-services", "ru")
    staying = await centre.visit("77011234569")
    await staying.enters("state-services", "kk")
    await asyncio.sleep(1.5)  # each is told the place after a second
    await stage.cut()
    await leaving.call.hang_up()
    await talk.hang_up()
    await talking.fact(Fact.RATING_OFFERED)
    stage.mend()
    talk = await centre.talk("101", staying)
    await talking.call.hang_up()
    await staying.call.hang_up()


async def restart(stage: Stage) -> None:
    """The controller dies, two callers fall into the safety net, it lives again, and an operator is ready."""
    centre = stage.centre
    await centre.phone_of("101")
    first = await centre.visit("77011234568")
    await first.enters("state-services", "ru")
    second = await centre.visit("77011234569")
    await second.enters("state-services", "kk")
    await stage.kill()
    await stage.in_net(2)
    await stage.revive()
    await asyncio.sleep(2)
    await stage.dials("101", "*1")
    await centre.talk("101", first)
    await first.call.hang_up()
    await centre.talk("101", second)
    await second.call.hang_up()


async def offers_in_vain(stage: Stage) -> None:
    """One operator refuses, the next one does not answer; the first says ready again and has the caller."""
    centre = stage.centre
    refuses = await centre.phone_of("103", manners.Refuse())
    await stage.dials("103", "*1")
    await centre.phone_of("104", manners.Ring())
    await stage.dials("104", "*1")
    visit = await centre.visit("77011234567")
    await visit.enters("portal", "ru")
    await centre.offered("103", visit)
    missed = await centre.offered("104", visit)
    await missed.ended()
    await asyncio.sleep(0.5)
    await refuses.behave(manners.Answer())
    await stage.dials("103", "*1")
    await centre.talk("103", visit)
    await visit.call.hang_up()


async def consultation(stage: Stage) -> None:
    """The operator asks a colleague of another group on a second line and joins the two; the caller hangs up."""
    centre = stage.centre
    for operator in ("101", "103"):
        await stage.dials(operator, "*1")
    visit = await centre.visit("77011234567")
    await visit.enters("state-services", "ru")
    talk = await centre.talk("101", visit)
    await talk.hold()
    asking = await centre.operators["101"].dial("62")
    await asking.answered()
    await asyncio.sleep(1)
    await talk.refer_to_call(asking)
    await visit.fact(Fact.TALKING, seq="2")
    await asyncio.sleep(1)
    await visit.call.hang_up()


@dataclass(frozen=True)
class Scene:
    """What is played, and which of the controller's lives is kept."""

    play: Callable[[Stage], Awaitable[None]]
    life: int = 0
    settings: Mapping[str, object] = field(default_factory=dict)


SCENES = {
    "menu-to-rating": Scene(menu_to_rating),
    "transfer": Scene(transfer),
    "lost-link": Scene(lost_link),
    "restart": Scene(restart, life=1),
    "offers-in-vain": Scene(offers_in_vain),
    "consultation": Scene(consultation),
}


async def record(name: str, scene: Scene) -> bool:
    """Play a scene and keep its stream; not that of a machine so busy that an alarm was raised. Returns whether."""
    with tempfile.TemporaryDirectory(prefix="rec") as folder:
        path = passable(Path(folder))
        os.environ["AMI_STREAMS"] = folder
        settings = SETTINGS | dict(scene.settings)
        async with open_centre(**settings) as centre:
            await scene.play(Stage(centre, path))
            await asyncio.sleep(SETTLED_S)
            version = (await rx(centre.up.asterisk, centre.up.places.asterisk_conf, "core show version")).split()[1]
            lines = (path / f"{scene.life}.jsonl").read_text().splitlines()
    head: dict[str, Any] = {
        "scene": " ".join((scene.play.__doc__ or "").split()),
        "asterisk": version,
        "settings": settings,
        **json.loads(lines[0]),
    }
    if alarms := [line for line in lines if f'"fact":"{Fact.ALARM}"' in line]:
        print(f"{name}: not kept, since {alarms[0]}")
        return False
    kept = [json.dumps(head, ensure_ascii=False), *without_guessers(lines[1:])]
    STREAMS.mkdir(exist_ok=True)
    (STREAMS / f"{name}.jsonl").write_text("\n".join(kept) + "\n")
    print(f"{name}: {len(kept)} lines, {sum(map(len, kept)) // 1000} kB")
    return True


def without_guessers(lines: Iterable[str]) -> list[str]:
    """Without what is said to slow guessers: another matter (`dispatch/slowing.py`)."""
    left_out: set[int] = set()
    kept = []
    for line in lines:
        told = json.loads(line)
        if "guessers" in json.dumps(told.get("action", "")):
            left_out.add(told["ask"])
        elif told.get("answer") not in left_out:
            kept.append(line)
    return kept


def main() -> None:
    """Record the scenes that are named, or all."""
    find_asterisk(ROOT / ".cache")
    watchdog.COMMAND = (sys.executable, str(Path(__file__).with_name("recorded_controller.py")), "controller")
    for name in sys.argv[1:] or SCENES:
        if not any(asyncio.run(record(name, SCENES[name])) for _ in range(TRIES)):
            sys.exit(f"{name}: the machine is too busy")


if __name__ == "__main__":
    main()
