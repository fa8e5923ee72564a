"""The core's invariants under any order of any events: possible or not, repeated, lost, with restarts in between."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from calls.events import (
    CallGone,
    CallPrioritised,
    CallWaiting,
    DutyChanged,
    Event,
    GroupPrioritised,
    LegGone,
    LegUp,
    OperatorAnswered,
    OperatorRung,
    Outcome,
    Reachability,
    SkillsChanged,
    TalkJoined,
    TalkLeft,
    Tick,
    WrapUpSet,
)
from calls.ids import CallId, GroupId, OperatorId
from routing.commands import Command, Reclaim
from routing.core import Router, Rules
from routing.loans import Width
from tests.unit.routing.scenarios import (
    GROUPS,
    LANGUAGES,
    LENGTH,
    Staff,
    levels,
    many,
    new_router,
    operators,
    rules,
    sequences,
    skills_now,
    staff,
)
from tests.unit.routing.soundness import assert_offers_are_fair, assert_sound, offered_to_nobody

CALLS = [CallId(f"c{number}") for number in range(8)]


@dataclass(frozen=True)
class Restart:
    """The truth is rebuilt: by the same controller, which remembers wrap-ups and rests, or by a new one."""

    same: bool


@dataclass(frozen=True)
class Widen:
    """Target control lends operators, or takes them back."""

    lent: dict[OperatorId, dict[GroupId, Width]]


@dataclass(frozen=True)
class Again:
    """An event that was told so many events ago is told once more."""

    back: int


Happening = Event | Restart | Widen | Again

calls = st.sampled_from(CALLS)
legs = st.sampled_from(["PJSIP/op-1", "PJSIP/op-2"])
groups, languages = st.sampled_from(GROUPS), st.sampled_from(LANGUAGES)
happenings: st.SearchStrategy[Happening] = st.one_of(
    st.just(Tick()),
    st.builds(CallWaiting, calls, st.just("ch"), groups, languages, st.just(3000)),
    st.builds(
        CallWaiting, calls, st.just("ch"), groups, languages, st.integers(0, 200_000), offers=st.integers(0, 3),
        returned_from=st.none() | operators, outcome=st.none() | st.sampled_from(Outcome),
        wanted=st.none() | operators, giver=st.none() | operators,
    ),
    st.builds(CallGone, calls),
    st.builds(OperatorRung, operators, calls),
    st.builds(OperatorAnswered, operators, calls),
    st.builds(LegUp, operators, legs),
    st.builds(LegGone, operators, legs),
    st.builds(LegGone, operators, legs),
    st.builds(DutyChanged, operators, st.booleans()),
    st.builds(Reachability, operators, st.booleans()),
    st.builds(TalkJoined, calls, operators),
    st.builds(TalkLeft, calls, st.just("ch"), calls),
    st.builds(WrapUpSet, operators, st.integers(0, 100_000), st.integers(0, 200_000)),
    st.builds(Restart, st.booleans()),
    st.builds(SkillsChanged, operators, levels, st.frozensets(languages, min_size=1)),
    st.builds(CallPrioritised, calls, st.integers(-5, 5)),
    st.builds(GroupPrioritised, groups, st.integers(-5, 5)),
    st.builds(Widen, st.dictionaries(operators, st.dictionaries(groups, st.sampled_from(Width), min_size=1))),
    st.builds(Again, st.integers(1, 20)),
)  # fmt: skip
sequence = sequences(st.tuples(happenings, st.integers(0, 900)))


def truth(router: Router) -> list[Event]:
    """What Asterisk would tell of the same centre."""
    told: list[Event] = []
    for one in router.operators.values():
        told += [Reachability(one.id, one.reachable), DutyChanged(one.id, one.ready, one.reason)]
        told += [LegUp(one.id, leg) for leg in sorted(one.legs)]
        if one.call is not None and one.talking:
            told.append(OperatorAnswered(one.id, one.call))
    for known in router.calls.values():
        told.append(
            CallWaiting(
                known.call, known.channel, known.group, known.language, known.rank_ms,
                offers=known.offers, priority_s=known.priority_s,
            )
        )  # fmt: skip
        if known.offered_to is not None and router.operators[known.offered_to].call == known.call:
            told.append(OperatorRung(known.offered_to, known.call, by_net=False))
    return told


def played(skills: Staff, chosen: Rules, sequence: list[tuple[Happening, int]]) -> list[list[Command]]:
    """Play it, looking after every event whether all is well; returns what was decided."""
    router, now_ms = new_router(skills, chosen), 3000
    decided: list[list[Command]] = []
    told: list[Event] = []
    reclaimed: set[CallId] = set()
    for happening, pause_ms in sequence:
        now_ms += pause_ms
        if isinstance(happening, Again):
            happening = told[-min(happening.back, len(told))] if told else Tick()
        match happening:
            case Restart(same):
                older, router = router, new_router(skills_now(router), chosen, ready=False)
                if same:
                    router.adopt(older)
                decided.append(router.restore(truth(older), now_ms))
                assert router.calls.keys() == older.calls.keys(), "nobody is lost"
            case Widen(lent):
                decided.append(router.widen(lent, now_ms))
            case event:
                told.append(event)
                decided.append(router.handle(event, now_ms))
        assert_offers_are_fair(router, decided[-1])
        assert_sound(router, now_ms)
        reclaimed |= {one.call for one in decided[-1] if isinstance(one, Reclaim)}
        assert offered_to_nobody(router) <= reclaimed
    return decided


@many()
@given(staff, rules, sequence)
def test_invariants_hold_under_any_order_of_events(
    skills: Staff, chosen: Rules, sequence: list[tuple[Happening, int]]
) -> None:
    played(skills, chosen, sequence)


@many(0.2)
@given(staff, rules, sequence)
def test_same_events_are_always_decided_the_same(
    skills: Staff, chosen: Rules, sequence: list[tuple[Happening, int]]
) -> None:
    assert played(skills, chosen, sequence) == played(skills, chosen, sequence)


def test_sequences_are_as_long_as_is_said() -> None:
    lengths: list[int] = []

    @settings(max_examples=1000, derandomize=True, database=None)  # what is asked is about the strategy, not about luck
    @given(sequences(st.booleans()))
    def measured(one: list[bool]) -> None:
        lengths.append(len(one))

    measured()
    assert max(lengths) > LENGTH * 0.9
    assert sum(lengths) / len(lengths) > LENGTH * 0.3
