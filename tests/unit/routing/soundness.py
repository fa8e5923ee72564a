"""What must be true of the core after every single event."""

from __future__ import annotations

from collections.abc import Iterable

from calls.ids import CallId
from routing.commands import Command, Offer
from routing.core import Router
from routing.skills import Need, reach, skills_of


def assert_sound(router: Router, now_ms: int) -> None:
    """One caller one place, one operator one call, nobody left beside an idle operator, no wake that spins."""
    line = router.waiting()
    assert line == sorted(line)
    assert len({one.call for one in line}) == len(line), "one caller, one place"
    assert {one.call for one in line} == {call for call, one in router.calls.items() if one.offered_to is None}
    assert all(router.place(one.call) for one in line)
    held = [one.call for one in router.operators.values() if one.call is not None]
    assert len(set(held)) == len(held), "one call, one operator"
    ringing = [one for one in router.operators.values() if one.call is not None and not one.talking]
    assert all(one.lease_ends_ms is not None for one in ringing), "a reservation is a lease that ends by itself"
    wake_ms = router.next_wake_ms()
    assert wake_ms is None or wake_ms > now_ms, "a wake that changes nothing would spin"
    assert_nobody_waits_beside_an_idle_operator(router, now_ms)


def offered_to_nobody(router: Router) -> set[CallId]:
    """Callers out of the line whom nobody is rung for: only those may be so whom the safety net is to give back."""
    return {
        one.call
        for one in router.calls.values()
        if one.offered_to is not None and router.operators[one.offered_to].call != one.call
    }


def assert_nobody_waits_beside_an_idle_operator(router: Router, now_ms: int) -> None:
    """Nor is there a step to come that nobody would be woken for."""
    idle = [one for one in router.operators.values() if one.may_be_offered(now_ms)]
    wake_ms = router.next_wake_ms()
    for caller in router.waiting():
        for one in idle:
            by = reach(skills_of(one), Need(caller.group, caller.language), router.rules.steps)
            if by is None:
                continue
            assert by.from_ms > max(now_ms - caller.turn_ms, 0), (caller, one)
            assert wake_ms is not None and wake_ms <= caller.turn_ms + by.from_ms, "the step would be slept through"


def assert_offers_are_fair(router: Router, decided: Iterable[Command]) -> None:
    """Nobody is offered twice, and no phone is rung that has a channel."""
    offers = [one for one in decided if isinstance(one, Offer)]
    assert len({one.operator for one in offers}) == len(offers), "an operator has at most one offer"
    assert len({one.call for one in offers}) == len(offers), "a caller has at most one offer"
    for offer in offers:
        chosen = router.operators[offer.operator]
        assert not chosen.legs, "nobody is rung while the phone has a channel"
        assert chosen.ready and chosen.reachable
        assert chosen.call == offer.call and not chosen.talking
