"""How long one routing decision takes: 100, 1,000 and 10,000 operators, half as many waiting callers, every policy.

Two situations, each kept steady. The rush: everybody talks, half as many callers as operators wait, and a talk ends.
The calm: half of the operators are idle, and a call arrives. A decision is the event through the core until the offer,
and the question when to wake next, as the live dispatcher asks it each time. Twelve groups, three languages; operators
have one to four groups at levels one to three and one to three languages, so that hardly two are alike.

`decision_p99_ms` is the worst policy's, with 1,000 operators and 500 waiting callers; `decision_cpu_p99_ms` leaves out
the time that the machine gave to others. `growth` is the time with 10,000 operators over that with 100, divided by
what n log n would grow; `exponent` is that of n alone.
"""

from __future__ import annotations

import asyncio
import math
import random
import statistics
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import count

from bench.figures import Run, Target, percentile
from bench.report import Tell, run
from calls.events import CallGone, CallWaiting, DutyChanged, Event, LegGone, LegUp, OperatorAnswered, Reachability
from calls.ids import CallId, GroupId, OperatorId
from routing.commands import Offer
from routing.core import Router, Rules
from routing.policy import POLICIES
from routing.presence import Operator
from routing.skills import Step

SIZES = (100, 1_000, 10_000)
MEASURED = 1_000
"""The size whose percentile counts."""
GROUPS = tuple(GroupId(f"group-{number}") for number in range(12))
LANGUAGES = ("kk", "ru", "en")
STEPS = (Step(0.0, 1, any_language=False), Step(20.0, 2, any_language=False), Step(40.0, 3))

LONGEST_MS = 100_000
"""The rush finds callers who have waited up to so long."""

TARGETS = (Target("decision_p99_ms", 1.0), Target("growth", 1.0))


@dataclass(frozen=True, slots=True)
class Took:
    """How long a decision took: by the clock, and of the processor."""

    wall_s: float
    cpu_s: float


@dataclass(frozen=True, slots=True)
class Size:
    """Decisions of each situation, and runs."""

    decisions: int
    runs: int


FULL, QUICK = Size(2_000, 3), Size(300, 1)


async def measure(quick: bool, tell: Tell) -> Sequence[Run]:
    """Measure all sizes and policies, run after run, in one thread."""
    size = QUICK if quick else FULL
    return [await asyncio.to_thread(one_run, number, size, tell) for number in range(size.runs)]


def one_run(number: int, size: Size, tell: Tell) -> Run:
    """Measure every policy at every size."""
    found: dict[str, float] = {}
    medians: dict[int, list[float]] = {operators: [] for operators in SIZES}
    cpu_ms: list[float] = []
    for policy in POLICIES:
        for operators in SIZES:
            rush = Hall(operators, policy, number).rush(size.decisions)
            calm = Hall(operators, policy, number).calm(size.decisions)
            took_ms = [1000 * took.wall_s for took in (*rush, *calm)]
            medians[operators].append(statistics.median(took_ms))
            tell(
                f"{policy:12} {operators:6} operators: median {statistics.median(took_ms):.3f} ms, "
                f"p99 in the rush {1000 * percentile([one.wall_s for one in rush], 0.99):.3f} ms, "
                f"in the calm {1000 * percentile([one.wall_s for one in calm], 0.99):.3f} ms"
            )
            if operators == MEASURED:
                found[f"decision_{policy}_p99_ms"] = percentile(took_ms, 0.99)
                cpu_ms.append(1000 * percentile([one.cpu_s for one in (*rush, *calm)], 0.99))
    found["decision_p99_ms"] = max(found.values())
    found["decision_cpu_p99_ms"] = max(cpu_ms)
    grown = max(last / first for first, last in zip(medians[SIZES[0]], medians[SIZES[-1]], strict=True))
    times = SIZES[-1] / SIZES[0]
    found["growth"] = grown / (times * math.log(SIZES[-1]) / math.log(SIZES[0]))
    found["exponent"] = math.log(grown) / math.log(times)
    return found


class Hall:
    """A centre that is kept in one situation."""

    def __init__(self, operators: int, policy: str, seed: int) -> None:
        self._chance = random.Random(seed)  # noqa: S311 - the same hall each time is meant
        self._waiting = operators // 2
        self._now_ms = 1_000_000
        self._calls = count()
        self._talking: list[tuple[OperatorId, CallId]] = []
        staff = [self._operator(number) for number in range(operators)]
        self._router = Router(staff, Rules(wrap_up_s=0.0, policy=policy, steps=STEPS))
        for one in staff:
            self._router.handle(Reachability(one.id, True), self._now_ms)
            self._router.handle(DutyChanged(one.id, True), self._now_ms)

    def _operator(self, number: int) -> Operator:
        groups = self._chance.sample(GROUPS, self._chance.randint(1, 4))
        levels = {group: self._chance.randint(1, 3) for group in groups}
        languages = self._chance.sample(LANGUAGES, self._chance.randint(1, 3))
        return Operator(OperatorId(f"{10_000 + number}"), frozenset(groups), frozenset(languages), levels=levels)

    def rush(self, decisions: int) -> list[Took]:
        """Talks end while callers wait; the time of each decision."""
        self._all_talk(self._router.operators)
        while len(self._router.waiting()) < self._waiting:
            self._arrive(waited_ms=self._chance.randrange(LONGEST_MS))
        took: list[Took] = []
        while len(took) < decisions:
            self._end_talk(took)
            while len(self._router.calls) < self._waiting:
                self._arrive(waited_ms=self._chance.randrange(LONGEST_MS))
        return took

    def calm(self, decisions: int) -> list[Took]:
        """Calls arrive while operators are idle; the time of each decision."""
        self._all_talk(list(self._router.operators)[::2])
        took: list[Took] = []
        while len(took) < decisions:
            while len(self._talking) > self._waiting:
                self._end_talk()
            self._arrive(took)
            if len(self._router.calls) > self._waiting // 10:  # those whose step has not come: they give up
                self._router.handle(CallGone(next(iter(self._router.calls))), self._now_ms)
        return took

    def _all_talk(self, operators: Iterable[OperatorId]) -> None:
        for operator in operators:
            self._answer(operator, CallId(f"hl1-{next(self._calls)}"))

    def _arrive(self, took: list[Took] | None = None, waited_ms: int = 0) -> None:
        call = CallId(f"hl1-{next(self._calls)}")
        group, language = self._chance.choice(GROUPS), self._chance.choice(LANGUAGES)
        self._decide(CallWaiting(call, f"PJSIP/{call}", group, language, self._now_ms - waited_ms), took)

    def _end_talk(self, took: list[Took] | None = None) -> None:
        at = self._chance.randrange(len(self._talking))
        self._talking[at], self._talking[-1] = self._talking[-1], self._talking[at]
        operator, call = self._talking.pop()
        self._decide(LegGone(operator, f"PJSIP/op{operator}-{call}"), took)

    def _decide(self, event: Event, took: list[Took] | None) -> None:
        """Take the event; its time counts when somebody is offered a call."""
        self._now_ms += 10
        wall_s, cpu_s = time.perf_counter(), time.thread_time()
        commands = self._router.handle(event, self._now_ms)
        self._router.next_wake_ms()
        needed = Took(time.perf_counter() - wall_s, time.thread_time() - cpu_s)
        offers = [command for command in commands if isinstance(command, Offer)]
        if offers and took is not None:
            took.append(needed)
        for offer in offers:
            self._answer(offer.operator, offer.call)

    def _answer(self, operator: OperatorId, call: CallId) -> None:
        self._router.handle(LegUp(operator, f"PJSIP/op{operator}-{call}"), self._now_ms)
        self._router.handle(OperatorAnswered(operator, call), self._now_ms)
        self._talking.append((operator, call))


if __name__ == "__main__":
    run("decision", "one routing decision", measure, TARGETS)
