"""The core beside a modelled Asterisk: what it is told truly, late, twice or not at all, and what it then still holds.

With every event told in order the core never errs. With events lost, doubled and out of order it may err until the
truth is rebuilt (`dispatch/snapshot.py`, the real one); then nobody is forgotten, and everybody is served.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calls.events import Event, SkillsChanged, Tick
from calls.ids import CallId, GroupId, OperatorId
from routing.commands import Command, Offer, Resync
from routing.core import Router, Rules
from routing.skills import Need, reach, skills_of
from tests.unit.routing.modelled_asterisk import ModelledAsterisk
from tests.unit.routing.scenarios import (
    GROUPS,
    LANGUAGES,
    OPERATORS,
    Staff,
    many,
    new_router,
    operators,
    rules,
    sequences,
    skills_now,
    staff,
)
from tests.unit.routing.soundness import assert_offers_are_fair, assert_sound

pytestmark = pytest.mark.filterwarnings("ignore:Generating overly large repr")


class Fate(Enum):
    """What becomes of an event on its way."""

    TOLD = "told"
    LOST = "lost"
    TWICE = "twice"
    LATE = "late"


@dataclass(frozen=True, repr=False)
class Deed:
    """One thing that happens: who does it, to what, after which pause, and how the news of it travel."""

    kind: str
    operator: OperatorId
    nth: int
    group: GroupId
    language: str
    wanted: OperatorId | None
    pause_ms: int
    fates: tuple[Fate, ...]

    def __repr__(self) -> str:
        """Short: hypothesis prints hundreds of them."""
        news = "" if set(self.fates) == {Fate.TOLD} else " " + ",".join(fate.value for fate in self.fates)
        who = f"{self.operator} {self.kind} {self.nth} {self.group} {self.language} {self.wanted or ''}"
        return f"<{self.pause_ms}: {who}{news}>"


@dataclass
class Scene:
    """A core, an Asterisk, and the wire between them."""

    router: Router
    asterisk: ModelledAsterisk
    now_ms: int = 10_000
    late: list[Event] = field(default_factory=list)
    decided: list[Command] = field(default_factory=list)

    def told(self, events: list[Event], fates: tuple[Fate, ...] = (Fate.TOLD,)) -> None:
        """Let the news travel, and do what the core makes of them, until all is quiet."""
        wire = deque(events)
        overdue, self.late = self.late, []
        nth = 0
        while wire or overdue:
            event = wire.popleft() if wire else overdue.pop()
            fate = fates[nth % len(fates)]
            nth += 1
            match fate:
                case Fate.LATE if wire or nth < len(events):
                    self.late.append(event)
                case Fate.LOST:
                    pass
                case Fate.TWICE:
                    wire.extend(self.handled(event))
                    wire.extend(self.handled(event))
                case _:
                    wire.extend(self.handled(event))

    def handled(self, event: Event) -> list[Event]:
        """The core takes one event; returns what comes of its commands."""
        decided = self.router.handle(event, self.now_ms)
        return self._performed(decided)

    def rebuilt(self, *, same: bool = True) -> None:
        """A truth is rebuilt, by the same controller or by a new one; older news count no more."""
        self.late.clear()
        older, self.router = self.router, new_router(skills_now(self.router), self.router.rules, ready=False)
        if same:
            self.router.adopt(older)
        decided = self.router.restore(self.asterisk.truth().events, self.now_ms)
        known = {call for call, one in self.asterisk.callers.items() if not one.talking}
        assert self.router.calls.keys() == known, "every caller is known again"
        self.told(self._performed(decided))

    def _performed(self, decided: list[Command]) -> list[Event]:
        assert_offers_are_fair(self.router, decided)
        self.decided += decided
        come: list[Event] = []
        for command in sorted(decided, key=lambda one: not isinstance(one, Offer)):
            come += self.asterisk.perform(command)
        assert_sound(self.router, self.now_ms)
        return come


def doing(scene: Scene, deed: Deed) -> list[Event]:
    """Do it in the modelled Asterisk."""
    asterisk = scene.asterisk
    who = deed.operator
    if deed.kind in WHO:
        who = asterisk.one_who(WHO[deed.kind], deed.nth) or who
    deeds: dict[str, Callable[[], list[Event]]] = {
        "wait": lambda: [Tick()],
        "arrive": lambda: asterisk.arrive(deed.group, deed.language, scene.now_ms - 100 * deed.nth),
        "prioritise": lambda: asterisk.prioritise(deed.nth, deed.pause_ms // 100 - 4),
        "hang up": lambda: asterisk.hang_up(deed.nth),
        "announced": lambda: asterisk.announced(deed.nth),
        "pick up": lambda: asterisk.pick_up(who),
        "miss": lambda: asterisk.let_go(who, "NOANSWER"),
        "refuse": lambda: asterisk.let_go(who, "BUSY"),
        "fail": lambda: asterisk.let_go(who, "CHANUNAVAIL"),
        "finish": lambda: asterisk.finish(who),
        "move": lambda: asterisk.move(who, deed.group, deed.wanted, 100 * deed.nth),
        "dial": lambda: asterisk.dial(who),
        "hang up own": lambda: asterisk.hang_up_own(who),
        "ask": lambda: asterisk.ask(who, deed.group, deed.wanted, scene.now_ms - 100 * deed.nth),
        "ask no more": lambda: asterisk.ask_no_more(who),
        "join": lambda: asterisk.join(who),
        "leave": lambda: asterisk.join(who),
        "pause": lambda: asterisk.say(who, ready=False, reason="break"),
        "ready": lambda: asterisk.say(who, ready=True),
        "vanish": lambda: asterisk.register(who, there=False),
        "register": lambda: asterisk.register(who, there=True),
    }
    return deeds[deed.kind]()


WHO = {
    "pick up": "rings", "miss": "rings", "refuse": "rings", "fail": "rings", "finish": "talks", "move": "talks",
    "ask": "talks", "ask no more": "asks", "join": "is answered", "leave": "asks", "hang up own": "dialled",
    "ready": "paused", "register": "gone",
}  # fmt: skip
"""For whom a deed makes sense."""

KINDS = (
    *("wait", "arrive", "arrive", "arrive", "pick up", "pick up", "pick up", "finish", "finish", "hang up"),
    *("announced", "miss", "refuse", "fail", "move", "dial", "hang up own", "hang up own", "ask", "ask no more"),
    *(
        "ask",
        "join",
        "join",
        "join",
        "leave",
        "pause",
        "ready",
        "ready",
        "ready",
        "vanish",
        "register",
        "register",
        "register",
        "reskill",
        "prioritise",
    ),
    *("restart", "new controller"),
)


def deeds(*fates: Fate) -> st.SearchStrategy[list[Deed]]:
    one = st.tuples(
        st.sampled_from(KINDS), operators, st.integers(0, 20), st.sampled_from(GROUPS), st.sampled_from(LANGUAGES),
        st.none() | operators, st.integers(0, 900), st.lists(st.sampled_from(fates), min_size=1, max_size=3).map(tuple),
    )  # fmt: skip
    return sequences(one.map(lambda drawn: Deed(*drawn)))


def played(skills: Staff, chosen: Rules, sequence: list[Deed], after: Callable[[Scene], None]) -> Scene:
    scene = Scene(new_router(skills, chosen), ModelledAsterisk(OPERATORS))
    for deed in sequence:
        scene.now_ms += deed.pause_ms
        match deed.kind:
            case "restart" | "new controller":
                scene.rebuilt(same=deed.kind == "restart")
            case "reskill":
                known = {group: 1 + deed.nth % 5 for group in GROUPS if group != deed.group or deed.nth % 2}
                spoken = LANGUAGES if deed.nth % 3 else [deed.language]
                scene.told([SkillsChanged(deed.operator, known, frozenset(spoken))])
            case _:
                scene.told(doing(scene, deed), deed.fates)
        if any(isinstance(one, Resync) for one in scene.decided):
            scene.rebuilt()
        scene.decided.clear()
        after(scene)
    return scene


def believes_what_is_so(scene: Scene) -> None:
    """Told everything in order, the core never errs."""
    assert scene.asterisk.faults == []
    waiting = {call for call, one in scene.asterisk.callers.items() if one.operator is None}
    assert {one.call for one in scene.router.waiting()} == waiting
    for number, phone in scene.asterisk.phones.items():
        operator = scene.router.operators[number]
        assert operator.legs == set(phone.legs)
        assert (operator.ready, operator.reachable) == (phone.ready, phone.reachable)
        with_them = [(one.call, one.talking) for one in scene.asterisk.callers.values() if one.operator == number]
        if with_them or not phone.legs:  # whose talk is over, but not every call of the phone, is busy still
            assert [(operator.call, operator.talking)] == (with_them or [(None, False)])


def served_in_the_end(scene: Scene) -> None:
    """Everybody comes to work and picks up: nobody is left whom anybody can serve."""
    scene.rebuilt()
    for number in OPERATORS:
        scene.told(scene.asterisk.hang_up_own(number))
        scene.told(scene.asterisk.register(number, there=True))
        scene.told(scene.asterisk.say(number, ready=True))
    for _ in range(len(scene.asterisk.callers) + 10):
        for number in OPERATORS:
            scene.told(scene.asterisk.pick_up(number))
            scene.told(scene.asterisk.finish(number))
            scene.told(scene.asterisk.ask_no_more(number))
        scene.now_ms += 5_000  # every step, wrap-up and rest is over
        scene.told([Tick()])
    left = [one for one in scene.asterisk.callers.values() if can_be_served(scene.router, one.call)]
    assert left == [], "a caller is lost for ever"


def can_be_served(router: Router, call: CallId) -> bool:
    if call not in router.calls:
        return True
    need = Need(router.calls[call].group, router.calls[call].language)
    return any(reach(skills_of(one), need, router.rules.steps) for one in router.operators.values())


@many()
@given(staff, rules, deeds(Fate.TOLD))
def test_told_everything_the_core_is_never_wrong(skills: Staff, chosen: Rules, sequence: list[Deed]) -> None:
    served_in_the_end(played(skills, chosen, sequence, believes_what_is_so))


@many()
@given(staff, rules, deeds(Fate.TOLD, *Fate))
def test_whatever_is_lost_doubled_or_late_nobody_is_lost_for_ever(
    skills: Staff, chosen: Rules, sequence: list[Deed]
) -> None:
    served_in_the_end(played(skills, chosen, sequence, lambda scene: None))
