"""Two hotlines to compare: ours, and one whose controller is dead, so that `app_queue` serves its callers alone.

The same Asterisk, the same phones, the same trace of callers. `app_queue` is this hotline's own safety net:
`leastrecent`, `retry=1` (0 would mean 5 s), `wrapuptime=0`, `ringinuse=no`, `autofill=yes`, a queue for each group with
the group's operators. The menu is left out on both sides: callers enter at `[enter]` and at `[net]`.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jinja2 import Environment, StrictUndefined

from bench.centre import Centre, MediaPorts, centre
from bench.idle import LONGEST_MS, idle_beside_waiting
from bench.report import Tell
from bench.waits import Served, served
from phones.legs import Leg
from phones.load import Arrival, Load, callers
from phones.sipp import SippRun
from speech.compose import SUBFOLDER
from speech.files import write
from speech.sound import RATE_HZ

OURS, NET = "91", "92"
"""Numbers of the benchmarks alone that lead past the menu; the group's place among the groups, from 1, follows."""

PATIENCE_S = 180.0
"""How long after the last arrival a trace may go on before something is wrong."""

_ENTRANCES = Path(__file__).with_name("entrances.conf")
_NO_RATING = {"BAILANYS_RATING__TRIES": "1", "BAILANYS_RATING__ANSWER_S": "0.5"}


@dataclass(frozen=True, slots=True)
class Caller:
    """One caller of a trace: when, seconds; the number the call comes from; the group it is for."""

    at_s: float
    number: str
    group: str


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two that are compared, with its phones up."""

    centre: Centre
    phones: SippRun
    entrance: str

    async def play(self, trace: Sequence[Caller], *, tone_hz: float | None = 440) -> float:
        """Let the callers come and go; when it began, epoch seconds. Raises SippError, TimeoutError."""
        begun_s = time.time()
        groups = self.centre.groups
        arrivals = [Arrival(one.at_s, one.number, f"{self.entrance}{groups.index(one.group) + 1}") for one in trace]
        async with self.centre.sipp(callers(arrivals, time.time() + 1.0, tone_hz=tone_hz)) as run:
            await run.done(trace[-1].at_s + PATIENCE_S)
        return begun_s

    def legs(self, since_s: float) -> list[Leg]:
        """What the operators' phones saw since then."""
        return [leg for leg in self.phones.legs() if leg.invite_at >= since_s]

    def served(self, since_s: float) -> list[Served]:
        """The callers since then who reached an operator, as they came to wait."""
        return served([one for one in self.centre.waits().values() if one.arrived_s >= since_s], self.legs(since_s))

    def idle_beside_waiting(self, since_s: float, tell: Tell) -> dict[str, float]:
        """How often, since then, an operator was left idle beside a caller whom they serve, and how long at the most.

        `beside_longest_ms` counts the moments, too, that every offer takes. Tells what the logs say of such a caller.
        `idle_alarms`: what the hotline's own live watch raised.
        """
        found = idle_beside_waiting(self.centre.journal_lines(), self.centre.staff, longest_ms=0)
        found = [one for one in found if one.from_ms >= since_s * 1000]
        left = [one for one in found if one.lasted_ms > LONGEST_MS]
        for one in left:
            tell(f"{one.operator} idle beside {one.call} for {one.lasted_ms} ms from {one.from_ms}")
        for line in (line for call in dict.fromkeys(one.call for one in left) for line in self.centre.history(call)):
            tell(line)
        return {
            "idle_beside_waiting": len(left),
            "idle_alarms": self.centre.idle_alarms(since_s),
            "beside_longest_ms": max((one.lasted_ms for one in found), default=0),
        }


@contextlib.asynccontextmanager
async def two_sides(
    operators: int, phones: Load, over: Mapping[str, str] | None = None, *, telling_s: float | None = None
) -> AsyncIterator[tuple[Side, Side]]:
    """Bring both up with so many operators, all in every group unless `over` says otherwise: ours first.

    `telling_s`: cut what operator and caller are told at the beginning of a talk, which is ours alone, to this length.
    """
    media = MediaPorts()
    async with contextlib.AsyncExitStack() as stack:
        ours, net = [
            await stack.enter_async_context(_side(operators, phones, media, entrance, over or {}, telling_s))
            for entrance in (OURS, NET)
        ]
        await net.centre.lose_controller()
        yield ours, net


@contextlib.asynccontextmanager
async def _side(
    operators: int, phones: Load, media: MediaPorts, entrance: str, over: Mapping[str, str], telling_s: float | None
) -> AsyncIterator[Side]:
    async with centre(operators, media, {**_NO_RATING, **over}) as made:
        await made.open_ways_in(entrances(made.groups, made.up.settings.hotline.default_language))
        if telling_s is not None:
            cut_telling(made.up.places.state / "data" / "sounds", telling_s)
        async with made.phones(phones) as up:
            yield Side(made, up, entrance)


def cut_telling(sounds: Path, telling_s: float) -> None:
    """Put so short a silence in the place of the operators' numbers and of the whispers to operators."""
    for name in ("operator", "whisper"):
        for told in sounds.glob(f"*/{SUBFOLDER}/{name}-*.wav"):
            write(told, np.zeros(round(telling_s * RATE_HZ)))


def entrances(groups: Sequence[str], language: str) -> str:
    """The dialplan that leads past the menu."""
    # Asterisk's own syntax, not HTML; the values are ours.
    template = Environment(undefined=StrictUndefined, trim_blocks=True, keep_trailing_newline=True)  # noqa: S701
    return template.from_string(_ENTRANCES.read_text()).render(groups=groups, language=language, ours=OURS, net=NET)
