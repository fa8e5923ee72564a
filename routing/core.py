"""The routing core: events in, commands out. Pure, the time passed in: live dispatcher and tests drive the same object.

Invariants: one caller has one place; an operator has at most one offer; no caller waits while an operator who could
serve them is idle; a reservation is a lease that ends by itself.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterable
from dataclasses import dataclass

from calls.events import (
    CallGone,
    CallWaiting,
    DutyChanged,
    Event,
    LegGone,
    LegUp,
    OperatorAnswered,
    OperatorRung,
    Outcome,
    Reachability,
    Tick,
)
from calls.ids import CallId, GroupId, OperatorId
from routing.commands import Alarm, Announce, Command, KeepDuty, Offer, Reclaim, Resync, ShowState
from routing.presence import Operator, State

LEASE_GRACE_S = 5.0
"""How long after the ringing time an offer without any outcome is believed."""


@dataclass(frozen=True, slots=True)
class Rules:
    """The durations the core works with, in seconds (see `[offers]` and `[waiting]` of the configuration)."""

    ring_s: float = 15.0
    wrap_up_s: float = 5.0
    refusal_rest_s: float = 10.0
    backoff_first_s: float = 5.0
    backoff_last_s: float = 300.0
    announce_first_s: float = 10.0
    announce_every_s: float = 30.0


@dataclass(slots=True)
class Waiting:
    """A caller with a place in the line."""

    call: CallId
    channel: str
    group: GroupId
    language: str
    rank_ms: int
    announce_ms: int
    offers: int = 0
    offered_to: OperatorId | None = None

    def __lt__(self, other: Waiting) -> bool:
        return (self.rank_ms, self.call) < (other.rank_ms, other.call)


class Router:
    """First come first served by rank within what an operator can serve; among idle operators the longest idle."""

    def __init__(self, operators: Iterable[Operator], rules: Rules) -> None:
        self.rules = rules
        self.operators = {operator.id: operator for operator in operators}
        self.calls: dict[CallId, Waiting] = {}
        self._line: list[Waiting] = []
        self._shown: dict[OperatorId, tuple[State, str]] = {}

    def handle(self, event: Event, now_ms: int) -> list[Command]:
        """Take one event; unknown calls and operators are no-ops, and a repeated event changes nothing."""
        out: list[Command] = []
        self._take(event, now_ms, out)
        self._match(now_ms, out)
        return out

    def restore(self, events: Iterable[Event], now_ms: int) -> list[Command]:
        """Take a whole rebuilt truth first, and only then offer."""
        out: list[Command] = []
        for event in events:
            self._take(event, now_ms, out)
        self._match(now_ms, out)
        return out

    def adopt(self, older: Router) -> None:
        """Keep what only we know of the operators over a rebuild: wrap-up, back-off, idle time, states shown."""
        for operator in self.operators.values():
            if known := older.operators.get(operator.id):
                operator.wrap_up_ends_ms = known.wrap_up_ends_ms
                operator.rest_ends_ms, operator.rest_reason = known.rest_ends_ms, known.rest_reason
                operator.failures, operator.idle_since_ms = known.failures, known.idle_since_ms
        self._shown = dict(older._shown)

    def _take(self, event: Event, now_ms: int, out: list[Command]) -> None:
        touched: OperatorId | None = None
        match event:
            case CallWaiting():
                touched = self._call_waiting(event, now_ms, out)
            case CallGone():
                touched = self._call_gone(event.call, now_ms)
            case Tick():
                self._tick(now_ms, out)
            case _:
                touched = event.operator
                if operator := self.operators.get(event.operator):
                    self._operator_event(operator, event, now_ms, out)
        if isinstance(event, Tick):
            self._show(self.operators.values(), now_ms, out)
        elif touched in self.operators:
            self._show([self.operators[touched]], now_ms, out)

    def next_wake_ms(self) -> int | None:
        """The next instant at which a Tick changes something."""
        wakes = [at for operator in self.operators.values() for at in operator.wakes_ms()]
        wakes += [waiting.announce_ms for waiting in self._line]
        return min(wakes, default=None)

    def place(self, call: CallId) -> int | None:
        """The caller's place among those who wait for the same group, from 1; None when not waiting."""
        own = self.calls.get(call)
        if own is None or own.offered_to is not None:
            return None
        return 1 + sum(1 for other in self._line if other.group == own.group and other < own)

    def waiting(self) -> list[Waiting]:
        """Callers without an offer, longest wait first."""
        return list(self._line)

    # -- calls ---------------------------------------------------------------------------------------------------

    def _call_waiting(self, event: CallWaiting, now_ms: int, out: list[Command]) -> OperatorId | None:
        touched = None
        known = self.calls.get(event.call)
        holder = self._holder(event.call)
        if known is not None and holder is not None and holder.ours and event.offers <= known.offers:
            return None  # said before our offer reached the channel
        if holder is not None:
            if holder.talking and event.returned_from is None and known is None:
                # A transferred caller can be faster than the news of the first operator's hang-up.
                self._free(holder, now_ms)
            else:
                self._offer_ended(holder, event.outcome or Outcome.CANCELLED, now_ms, out)
            touched = holder.id
        elif event.returned_from is not None and (operator := self.operators.get(event.returned_from)):
            touched = operator.id
        if known is not None and known.offered_to is None:
            self._line.remove(known)
        announce_ms = known.announce_ms if known else now_ms + round(self.rules.announce_first_s * 1000)
        place = Waiting(
            event.call, event.channel, event.group, event.language, event.rank_ms, announce_ms, event.offers
        )
        self.calls[event.call] = place
        insort(self._line, place)
        return touched

    def _call_gone(self, call: CallId, now_ms: int) -> OperatorId | None:
        known = self.calls.pop(call, None)
        if known is not None and known.offered_to is None:
            self._line.remove(known)
        holder = self._holder(call)
        if holder is None or holder.talking:
            return None  # a talk ends with the operator's own leg
        self._clear(holder, now_ms)
        return holder.id

    def _holder(self, call: CallId) -> Operator | None:
        known = self.calls.get(call)
        if known is not None and known.offered_to is not None:
            holder = self.operators.get(known.offered_to)
            if holder is not None and holder.call == call:
                return holder
        return next((operator for operator in self.operators.values() if operator.call == call), None)

    # -- operators -----------------------------------------------------------------------------------------------

    def _operator_event(self, operator: Operator, event: Event, now_ms: int, out: list[Command]) -> None:
        match event:
            case LegUp():
                operator.legs.add(event.channel)
            case LegGone():
                operator.legs.discard(event.channel)
                if operator.legs:
                    return
                operator.idle_since_ms = now_ms
                if operator.call is not None and operator.talking:
                    self._free(operator, now_ms)
                elif operator.call is not None and not operator.ours:
                    self._net_offer_ended(operator, now_ms, out)
            case OperatorRung():
                if operator.call != event.call:  # the safety net rings by itself
                    self._contradicted(operator, event.call, now_ms, out)
                    self._reserve(operator, event.call, now_ms, ours=not event.by_net)
                    if (known := self.calls.get(event.call)) and known.offered_to is None:
                        self._line.remove(known)
                        known.offered_to = operator.id
            case OperatorAnswered():
                self._contradicted(operator, event.call, now_ms, out)
                operator.call, operator.talking, operator.lease_ends_ms = event.call, True, None
                operator.failures, operator.rest_ends_ms = 0, None
                if (known := self.calls.pop(event.call, None)) and known.offered_to is None:
                    self._line.remove(known)
            case DutyChanged():
                self._duty(operator, event.ready, event.reason)
            case Reachability():
                if event.reachable and not operator.reachable:
                    operator.failures, operator.rest_ends_ms = 0, None
                operator.reachable = event.reachable
            case _:
                pass

    def _contradicted(self, operator: Operator, call: CallId, now_ms: int, out: list[Command]) -> None:
        """Asterisk says another than we believe: what became of our call, only Asterisk knows."""
        if operator.call is not None and operator.call != call:
            self.calls.pop(operator.call, None)
            out.append(Resync(f"operator {operator.id} has another call than ours"))
        other = self._holder(call)
        if other is not None and other is not operator:
            self._clear(other, now_ms)

    def _duty(self, operator: Operator, ready: bool, reason: str) -> None:
        operator.ready = ready
        operator.reason = "" if ready else reason
        if ready:  # pressing "ready" also ends wrap-up and rest
            operator.wrap_up_ends_ms = operator.rest_ends_ms = None
            operator.failures = 0

    def _reserve(self, operator: Operator, call: CallId, now_ms: int, *, ours: bool) -> None:
        operator.call, operator.talking, operator.ours, operator.offered_ms = call, False, ours, now_ms
        operator.lease_ends_ms = now_ms + round((self.rules.ring_s + LEASE_GRACE_S) * 1000)

    def _clear(self, operator: Operator, now_ms: int) -> None:
        operator.call, operator.talking, operator.lease_ends_ms = None, False, None
        operator.idle_since_ms = now_ms

    def _free(self, operator: Operator, now_ms: int) -> None:
        """The talk ended: wrap-up belongs to the operator, whatever group the call was of."""
        self._clear(operator, now_ms)
        if self.rules.wrap_up_s > 0:
            operator.wrap_up_ends_ms = now_ms + round(self.rules.wrap_up_s * 1000)

    def _offer_ended(self, operator: Operator, outcome: Outcome, now_ms: int, out: list[Command]) -> None:
        if outcome is Outcome.MISSED and now_ms - operator.offered_ms < self.rules.ring_s * 900:
            outcome = Outcome.REFUSED  # "no answer" before its time is a phone saying no
        self._clear(operator, now_ms)
        match outcome:
            case Outcome.MISSED:
                self._duty(operator, ready=False, reason="missed-call")
                out.append(KeepDuty(operator.id, ready=False, reason="missed-call"))
            case Outcome.REFUSED:
                operator.rest_ends_ms = now_ms + round(self.rules.refusal_rest_s * 1000)
                operator.rest_reason = "refused"
            case Outcome.FAILED:
                rest_s = min(self.rules.backoff_first_s * 2**operator.failures, self.rules.backoff_last_s)
                operator.failures += 1
                operator.rest_ends_ms = now_ms + round(rest_s * 1000)
                operator.rest_reason = "phone failed"
                out.append(Alarm("phone-failed", f"operator {operator.id}: put away for {rest_s:g} s"))
            case Outcome.CANCELLED:
                pass

    def _net_offer_ended(self, operator: Operator, now_ms: int, out: list[Command]) -> None:
        call = operator.call
        self._clear(operator, now_ms)
        if call is not None and (known := self.calls.get(call)) is not None:
            out.append(Reclaim(call, known.channel))

    # -- time ----------------------------------------------------------------------------------------------------

    def _tick(self, now_ms: int, out: list[Command]) -> None:
        for operator in self.operators.values():
            if operator.lease_ends_ms is not None and now_ms >= operator.lease_ends_ms:
                operator.lease_ends_ms = now_ms + round((self.rules.ring_s + LEASE_GRACE_S) * 1000)
                out.append(Resync(f"the offer to {operator.id} has no outcome"))
            if operator.wrap_up_ends_ms is not None and now_ms >= operator.wrap_up_ends_ms:
                operator.wrap_up_ends_ms = None
                operator.idle_since_ms = now_ms
            if operator.rest_ends_ms is not None and now_ms >= operator.rest_ends_ms:
                operator.rest_ends_ms = None
        ahead: dict[GroupId, int] = {}
        for waiting in self._line:
            ahead[waiting.group] = ahead.get(waiting.group, 0) + 1
            if now_ms >= waiting.announce_ms:
                waiting.announce_ms = now_ms + round(self.rules.announce_every_s * 1000)
                out.append(Announce(waiting.call, waiting.channel, waiting.language, ahead[waiting.group]))

    # -- matching ------------------------------------------------------------------------------------------------

    def _match(self, now_ms: int, out: list[Command]) -> None:
        if not self._line:
            return
        idle = [operator for operator in self.operators.values() if operator.may_be_offered(now_ms)]
        if not idle:
            return
        idle.sort(key=lambda operator: (operator.idle_since_ms, operator.id))
        for waiting in list(self._line):
            chosen = self._choose(waiting, idle)
            if chosen is None:
                continue
            idle.remove(chosen)
            self._line.remove(waiting)
            waiting.offered_to = chosen.id
            self._reserve(chosen, waiting.call, now_ms, ours=True)
            out.append(Offer(waiting.call, waiting.channel, chosen.id))
            self._show([chosen], now_ms, out)
            if not idle:
                return

    @staticmethod
    def _choose(waiting: Waiting, idle: list[Operator]) -> Operator | None:
        able = [operator for operator in idle if waiting.group in operator.groups]
        speaks = [operator for operator in able if waiting.language in operator.languages]
        return next(iter(speaks or able), None)

    def _show(self, operators: Iterable[Operator], now_ms: int, out: list[Command]) -> None:
        for operator in operators:
            state = operator.state(now_ms)
            if self._shown.get(operator.id) != state:
                self._shown[operator.id] = state
                out.append(ShowState(operator.id, state[0].value, state[1]))
