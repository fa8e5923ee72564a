"""The routing core: events in, commands out. Pure, the time passed in: live dispatcher and tests drive the same object.

Invariants: one caller has one place; an operator has at most one offer; no caller waits while an operator who could
serve them is idle; a reservation is a lease that ends by itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import product

from calls.alarms import AlarmKind
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
from routing.announcing import Announcing
from routing.commands import Alarm, Command, MoveOn, Offer, Reclaim, Resync
from routing.deadlines import Deadlines
from routing.direct_transfer import is_by_name, next_by_name
from routing.idle_operators import Floor
from routing.matching import Matching
from routing.offer_outcomes import offer_ended
from routing.presence import Operator
from routing.queue import Lines, Waiting
from routing.reservations import LEASE_GRACE_S, Reservations
from routing.rules import Rules
from routing.skills import Need
from routing.state_changes import StateChanges
from routing.target.day import Helps, Lent
from routing.traffic import Traffic, Waits

LONGEST_WAIT_MS = 366 * 24 * 3_600_000
"""Nobody has waited for longer: such a rank is no instant of a caller's, and would go before everybody."""
CLOCKS_MS = 60_000
"""What another clock may be ahead of ours."""

__all__ = ["LEASE_GRACE_S", "Router", "Rules", "Waiting"]


class Router:
    """Who waits, who is idle, and who rings for whom: the policy of the rules decides, one event at a time."""

    def __init__(self, operators: Iterable[Operator], rules: Rules, shares: Mapping[Need, float] | None = None) -> None:
        """Begin with nobody waiting; known `shares` of the traffic are taken as they are, not learnt."""
        self.rules = rules
        self.operators = {operator.id: operator for operator in operators}
        self.calls: dict[CallId, Waiting] = {}
        self._by_name: list[tuple[Waiting, CallWaiting]] = []
        self._lines = Lines()
        self._floor = Floor(rules.steps)
        self._traffic = Traffic(shares)
        self._waits = Waits(rules.targets_s)
        self._matching = Matching(self._lines, self._floor, self._traffic, self._waits, rules)
        self._operator_wakes: Deadlines[OperatorId] = Deadlines()
        self._announcing = Announcing(self.calls, self._lines, rules)
        self._touched: dict[OperatorId, None] = {}
        self._reservations = Reservations(self.operators, rules, self._touched)
        self._shown = StateChanges(self.operators)
        for operator in self.operators.values():
            self._floor.enlist(operator)
            self._settle(operator, operator.idle_since_ms)
        served = {need for operator in self.operators.values() for need in product(operator.groups, operator.languages)}
        for need in sorted(served):
            self._floor.know(Need(*need))
        self._know_traffic()

    def handle(self, event: Event, now_ms: int) -> list[Command]:
        """Take one event; unknown calls and operators are no-ops, and a repeated event changes nothing."""
        return self._decide((event,), now_ms)

    def restore(self, events: Iterable[Event], now_ms: int) -> list[Command]:
        """Take a whole rebuilt truth first, and only then offer.

        Where it contradicts itself (a phone took two calls at once), asking again would bring the same.
        """
        return [command for command in self._decide(events, now_ms) if not isinstance(command, Resync)]

    def _decide(self, events: Iterable[Event], now_ms: int) -> list[Command]:
        out: list[Command] = []
        for event in events:
            self._take(event, now_ms, out)
        self._settle_touched(now_ms, out)
        self._operators_due(now_ms, out)
        callers = self._announcing.due(now_ms)
        for caller in callers:  # more operators may serve them now
            self._matching.more_able(caller.need)
        self._match(now_ms, out)
        out += self._announcing.announce(callers, now_ms)
        return out

    def adopt(self, older: Router) -> None:
        """Keep what only we know over a rebuild: wrap-up, back-off, idle time, loans, states shown, traffic."""
        for operator in self.operators.values():
            if known := older.operators.get(operator.id):
                operator.adopt(known)
                self._touched[operator.id] = None
                self._lend(operator, known.helps)
        self._shown.adopt(older._shown)
        self._traffic.adopt(older._traffic)
        self._waits.adopt(older._waits)
        self._know_traffic()

    def _know_traffic(self) -> None:
        for need in self._traffic.shares():
            self._floor.know(need)

    def widen(self, lent: Lent, now_ms: int) -> list[Command]:
        """Lend these operators to groups in danger, and nobody else (rule 7); calls that ring or talk go on."""
        for operator in self.operators.values():
            self._lend(operator, lent.get(operator.id, {}))
        return self._decide((), now_ms)

    def _lend(self, operator: Operator, helps: Helps) -> None:
        if operator.helps != helps:
            operator.helps = helps
            self._floor.enlist(operator)
            self._touched[operator.id] = None

    def next_wake_ms(self) -> int | None:
        """The next instant at which a Tick changes something."""
        wakes = (self._operator_wakes.next_ms(), self._announcing.next_ms())
        return min((at_ms for at_ms in wakes if at_ms is not None), default=None)

    def place(self, call: CallId) -> int | None:
        """The caller's place among those who wait for the same group, from 1; None when not waiting."""
        own = self.calls.get(call)
        return None if own is None or own.offered_to is not None else self._lines.place(own)

    def ahead(self, call: CallId) -> dict[Need, int]:
        """Callers who wait and came before this one, by need; empty for an unknown call."""
        own = self.calls.get(call)
        return {} if own is None else self._lines.ahead(own)

    def group_priority_s(self, group: GroupId) -> int:
        """Seconds that this group's callers count as waiting longer, compared with other groups'."""
        return self._matching.priorities_s.get(group, 0)

    def needs(self) -> list[Need]:
        """Every need that a call has had."""
        return list(self._floor.idle_for)

    def waiting(self) -> list[Waiting]:
        """Callers without an offer, oldest turn first."""
        return [self.calls[call] for _, call in self._lines.everybody()]

    def _take(self, event: Event, now_ms: int, out: list[Command]) -> None:
        match event:
            case CallWaiting():
                self._call_waiting(event, now_ms, out)
            case CallGone():
                self._call_gone(event.call, now_ms)
            case TalkLeft():
                self._call_gone(event.consultation, now_ms)
                if (first := self._reservations.holder(event.call)) is not None and first.talking:
                    self._reservations.free(first, now_ms)
                else:  # the news of the talk was lost
                    self._call_gone(event.call, now_ms)
                out.append(MoveOn(event.call, event.channel))
            case CallPrioritised():
                self._prioritised(event, now_ms)
            case GroupPrioritised(group, priority_s):
                self._matching.priorities_s[group] = priority_s
            case Tick():
                self._touched.update(self._shown.never)
            case _:
                if operator := self.operators.get(event.operator):
                    self._touched[operator.id] = None
                    self._operator_event(operator, event, now_ms, out)

    # -- calls ---------------------------------------------------------------------------------------------------

    def _call_waiting(self, event: CallWaiting, now_ms: int, out: list[Command]) -> None:
        known = self.calls.get(event.call)
        holder = self._reservations.holder(event.call)
        ours = holder if known is not None and holder is not None and holder.ours else None
        if known is not None and ours is not None and event.offers <= known.offers and event.returned_from != ours.id:
            return  # said before our offer reached the channel
        if holder is not None:
            if holder.talking and event.returned_from is None and known is None:
                # A transferred caller can be faster than the news of the first operator's hang-up.
                self._reservations.free(holder, now_ms)
            else:
                self._reservations.clear(holder, now_ms)
                out += offer_ended(holder, event.outcome or Outcome.CANCELLED, now_ms, self.rules)
        if known is None and not event.offers:
            self._traffic.came(Need(event.group, event.language))
        elif known is not None and known.offered_to is None:
            self._leave(known)
        announce_ms = known.announce_ms if known else self._announcing.first_ms(now_ms)
        rank_ms = event.rank_ms
        if not now_ms - LONGEST_WAIT_MS <= rank_ms <= now_ms + CLOCKS_MS:
            out.append(Alarm(AlarmKind.RANK_REFUSED, f"{event.call} says {rank_ms}: counted from now on"))
            rank_ms = now_ms
        place = Waiting(
            event.call, event.channel, event.group, event.language, rank_ms, announce_ms, event.offers,
            priority_s=known.priority_s if known else event.priority_s,
        )  # fmt: skip
        self.calls[event.call] = place
        self._enter(place, now_ms)
        if is_by_name(event):
            self._by_name.append((place, event))

    def _call_gone(self, call: CallId, now_ms: int) -> None:
        known = self.calls.pop(call, None)
        if known is not None and known.offered_to is None:
            self._leave(known)
            self._waits.ended(known, now_ms)
        holder = self._reservations.holder(call)
        if holder is not None and not holder.talking:  # a talk ends with the operator's own leg
            self._reservations.clear(holder, now_ms)

    def _prioritised(self, event: CallPrioritised, now_ms: int) -> None:
        known = self.calls.get(event.call)
        if known is None:
            return
        if known.offered_to is None:
            self._leave(known)
        known.priority_s = event.priority_s
        if known.offered_to is None:
            self._enter(known, now_ms)

    def _enter(self, caller: Waiting, now_ms: int) -> None:
        self._floor.know(caller.need)
        self._traffic.know(caller.need)
        self._lines.enter(caller)
        self._matching.more_able(caller.need)
        self._announcing.plan(caller, now_ms)

    def _leave(self, caller: Waiting) -> None:
        self._lines.leave(caller)
        self._announcing.forget(caller)

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
                    self._reservations.free(operator, now_ms)
                elif operator.call is not None and not operator.ours:
                    self._net_offer_ended(operator, operator.call, now_ms, out)
            case OperatorRung():
                if operator.call != event.call:  # the safety net rings by itself
                    self._contradicted(operator, event.call, now_ms, out)
                    self._reservations.reserve(operator, event.call, now_ms, ours=not event.by_net)
                    if known := self.calls.get(event.call):
                        if known.offered_to is None:
                            self._leave(known)
                        known.offered_to = operator.id
                elif not operator.talking:  # a caller given back is told first: the ringing counts from here
                    self._reservations.reserve(operator, event.call, now_ms, ours=operator.ours)
            case OperatorAnswered():
                self._contradicted(operator, event.call, now_ms, out)
                self._talks(operator, event.call, event.group)
            case TalkJoined():
                self._takes_over(operator, event.call, now_ms)
            case DutyChanged(kept=True):
                operator.ready, operator.reason = event.ready, "" if event.ready else event.reason
            case DutyChanged():
                operator.say(event.ready, event.reason)
            case WrapUpSet():
                operator.wrap_up(event.from_ms, event.ends_ms)
                operator.age(now_ms)
            case Reachability():
                if event.reachable and not operator.reachable:
                    operator.failures, operator.rest_ends_ms = 0, None
                operator.reachable = event.reachable
                operator.away_reason = "" if event.reachable else event.reason or operator.away_reason
            case SkillsChanged():
                operator.learn(event.levels, event.languages)
                self._floor.enlist(operator)
            case _:
                pass

    def _takes_over(self, operator: Operator, call: CallId, now_ms: int) -> None:
        """The consultation becomes the talk; who consulted is done, though the phone may not have hung up yet."""
        if operator.call is not None and operator.call != call:
            self.calls.pop(operator.call, None)
        if (first := self._reservations.holder(call)) is not None and first is not operator:
            self._reservations.free(first, now_ms)
        self._talks(operator, call, None)

    def _talks(self, operator: Operator, call: CallId, group: GroupId | None) -> None:
        known = self.calls.pop(call, None)
        self._reservations.talk(operator, call, known.group if known else group)
        if known is not None and known.offered_to is None:
            self._leave(known)

    def _contradicted(self, operator: Operator, call: CallId, now_ms: int, out: list[Command]) -> None:
        """Asterisk says another than we believe: what became of our call, only Asterisk knows."""
        if operator.call is not None and operator.call != call:
            self.calls.pop(operator.call, None)
            out.append(Resync(f"operator {operator.id} has another call than ours"))
        other = self._reservations.holder(call)
        if other is not None and other is not operator:
            self._reservations.clear(other, now_ms)

    def _net_offer_ended(self, operator: Operator, call: CallId, now_ms: int, out: list[Command]) -> None:
        self._reservations.clear(operator, now_ms)
        if (known := self.calls.get(call)) is not None:
            out.append(Reclaim(call, known.channel))

    # -- time ----------------------------------------------------------------------------------------------------

    def _operators_due(self, now_ms: int, out: list[Command]) -> None:
        for operator in [self.operators[one] for one in self._operator_wakes.due(now_ms)]:
            if operator.lease_ends_ms is not None and now_ms >= operator.lease_ends_ms:
                self._reservations.prolong(operator, now_ms)
                out.append(Resync(f"the offer to {operator.id} has no outcome"))
            operator.age(now_ms)
            self._touched[operator.id] = None
        self._settle_touched(now_ms, out)

    # -- matching ------------------------------------------------------------------------------------------------

    def _match(self, now_ms: int, out: list[Command]) -> None:
        self._settle_touched(now_ms, out)
        self._offer_by_name(now_ms, out)
        while pair := self._matching.next_pair(now_ms):
            self._offer(self.calls[pair[0]], self.operators[pair[1]], now_ms, out)

    def _offer_by_name(self, now_ms: int, out: list[Command]) -> None:
        """Only at this moment: who finds nobody in particular free waits like everybody."""
        for caller, said in self._by_name:
            if self.calls.get(caller.call) is not caller or caller.offered_to is not None:
                continue
            if chosen := next_by_name(said, self.operators, now_ms):
                self._offer(caller, chosen.operator, now_ms, out, given_back=chosen.given_back)
        self._by_name.clear()

    def _offer(
        self, caller: Waiting, chosen: Operator, now_ms: int, out: list[Command], *, given_back: bool = False
    ) -> None:
        self._leave(caller)
        self._waits.ended(caller, now_ms)
        caller.offered_to = chosen.id
        self._reservations.reserve(chosen, caller.call, now_ms, ours=True)
        out.append(Offer(caller.call, caller.channel, chosen.id, given_back))
        self._settle(chosen, now_ms)
        out += self._shown.show(chosen, now_ms)

    def _settle_touched(self, now_ms: int, out: list[Command]) -> None:
        for operator in [self.operators[one] for one in self._touched]:
            self._settle(operator, now_ms)
            out += self._shown.show(operator, now_ms)
        self._touched.clear()

    def _settle(self, operator: Operator, now_ms: int) -> None:
        """Keep the floor and the wakes in step with what changed at this operator."""
        self._operator_wakes.put(operator.id, min(operator.wakes_ms(), default=None))
        if operator.may_be_offered(now_ms):
            self._matching.more_idle(self._floor.release(operator.id, operator.idle_since_ms))
        else:
            self._floor.engage(operator.id)
