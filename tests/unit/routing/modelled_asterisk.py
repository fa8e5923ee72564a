"""A model of Asterisk for the core: who really waits, rings and talks; what people do, and what it tells of that.

Only what the core can know of: callers, phones and their channels. What the core wants done is done at once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from calls.events import (
    CallGone,
    CallPrioritised,
    CallWaiting,
    DutyChanged,
    Event,
    LegGone,
    LegUp,
    OperatorAnswered,
    OperatorRung,
    Outcome,
    Reachability,
    TalkJoined,
    TalkLeft,
)
from calls.ids import CallId, GroupId, OperatorId
from dialplan import names
from dispatch.snapshot import SeenChannel, Snapshot, rebuild
from routing.commands import Announce, Command, KeepDuty, MoveOn, Offer

OUTCOMES = {"NOANSWER": Outcome.MISSED, "BUSY": Outcome.REFUSED, "CHANUNAVAIL": Outcome.FAILED}


@dataclass
class Caller:
    """Somebody who waits, is rung for, or talks: a caller, or an operator who asks a colleague."""

    call: CallId
    channel: str
    group: GroupId
    language: str
    rank_ms: int
    wanted: OperatorId | None = None
    giver: OperatorId | None = None
    """Who transferred by name, until that has come to something."""
    priority_s: int = 0
    offers: int = 0
    operator: OperatorId | None = None
    """Whose phone rings, or who talks to them."""
    talking: bool = False
    asker: OperatorId | None = None
    """The operator who asks, if it is no caller."""


@dataclass
class Phone:
    """An operator's phone, and what the operator said last."""

    ready: bool = True
    reachable: bool = True
    reason: str = ""
    legs: dict[str, CallId] = field(default_factory=dict)
    """Every channel, with the call that it belongs to: its own, if the operator dialled."""


class ModelledAsterisk:
    """Every deed returns what the manager interface would tell of it, in order."""

    def __init__(self, operators: list[OperatorId]) -> None:
        self.callers: dict[CallId, Caller] = {}
        self.phones = {operator: Phone() for operator in operators}
        self.faults: list[str] = []
        """What a core that knows the truth never does."""
        self._channels = 0

    # -- people ----------------------------------------------------------------------------------------------------

    def arrive(self, group: GroupId, language: str, rank_ms: int) -> list[Event]:
        """A caller comes out of the menu."""
        number = self._next()
        caller = Caller(CallId(f"hl1-1.{number}"), f"PJSIP/carrier-{number:08x}", group, language, rank_ms)
        self.callers[caller.call] = caller
        return [self._waits(caller)]

    def announced(self, nth: int) -> list[Event]:
        """A caller was told the place, and says that they wait."""
        caller = self._nth([one for one in self.callers.values() if one.operator is None], nth)
        return [self._waits(caller)] if caller else []

    def prioritise(self, nth: int, priority_s: int) -> list[Event]:
        """A supervisor puts a caller forward or back."""
        caller = self._nth([one for one in self.callers.values() if not one.talking], nth)
        if caller is None:
            return []
        caller.priority_s = priority_s
        return [CallPrioritised(caller.call, priority_s)]

    def hang_up(self, nth: int) -> list[Event]:
        """A caller gives up, or an asking operator does, or a caller ends the talk."""
        caller = self._nth(list(self.callers.values()), nth)
        return self._leaves(caller) if caller else []

    def pick_up(self, operator: OperatorId) -> list[Event]:
        """The operator answers the phone, if it rings."""
        caller = self._with(operator, talking=False)
        if caller is None:
            return []
        caller.talking, caller.giver = True, None
        return [OperatorAnswered(operator, caller.call)]

    def let_go(self, operator: OperatorId, status: str) -> list[Event]:
        """The offer ends without a talk."""
        caller = self._with(operator, talking=False)
        if caller is None:
            return []
        gone = self._drop_leg(operator, caller.call)
        caller.operator = None
        return [*gone, self._waits(caller, operator, OUTCOMES[status])]

    def finish(self, operator: OperatorId) -> list[Event]:
        """The operator ends the talk; the caller goes on to the rating."""
        caller = self._with(operator, talking=True)
        if caller is None:
            return []
        del self.callers[caller.call]
        return [*self._drop_leg(operator, caller.call), *self._hung_up(caller)]

    def move(self, operator: OperatorId, group: GroupId, wanted: OperatorId | None, talked_ms: int) -> list[Event]:
        """The operator, or a supervisor, transfers the caller."""
        caller = self._with(operator, talking=True)
        if caller is None or caller.asker is not None:
            return []
        gone = self._drop_leg(operator, caller.call)
        caller.operator, caller.talking, caller.giver = None, False, operator if wanted else None
        caller.group, caller.wanted, caller.rank_ms = group, wanted, caller.rank_ms + talked_ms
        return [*gone, self._waits(caller)]

    def dial(self, operator: OperatorId) -> list[Event]:
        """The operator dials something of no matter, once at a time."""
        phone = self.phones[operator]
        if any(leg == call for leg, call in phone.legs.items()):
            return []
        return [LegUp(operator, self._leg(operator, None))]

    def hang_up_own(self, operator: OperatorId) -> list[Event]:
        """And hangs up."""
        own = [leg for leg, call in self.phones[operator].legs.items() if leg == call]
        return [event for leg in own for event in (CallGone(CallId(leg)), *self._drop_leg(operator, CallId(leg)))]

    def ask(self, operator: OperatorId, group: GroupId, wanted: OperatorId | None, rank_ms: int) -> list[Event]:
        """The operator, with the caller on hold, asks a colleague."""
        caller = self._with(operator, talking=True)
        if caller is None or caller.asker is not None or self._asked_by(operator):
            return []
        call = CallId(f"hl1-1.{self._next()}")
        leg = self._leg(operator, call)
        self.callers[call] = Caller(call, leg, group, caller.language, rank_ms, wanted, asker=operator)
        return [LegUp(operator, leg), self._waits(self.callers[call])]

    def ask_no_more(self, operator: OperatorId) -> list[Event]:
        """The operator hangs up on the colleague, or on the wait for one."""
        asked = self._asked_by(operator)
        return self._leaves(asked) if asked else []

    def join(self, operator: OperatorId) -> list[Event]:
        """The operator who asked puts the caller and the colleague together, or the caller in the place that waits."""
        caller = next(
            (one for one in self.callers.values() if one.operator == operator and one.talking and not one.asker), None
        )
        asked = self._asked_by(operator)
        if caller is None or asked is None or (asked.operator is not None and not asked.talking):
            return []
        del self.callers[asked.call]
        colleague = asked.operator
        told: Event
        if colleague is None:
            told = TalkLeft(caller.call, caller.channel, asked.call)
            caller.operator, caller.talking, caller.group, caller.wanted = None, False, asked.group, asked.wanted
        else:
            (leg,) = [leg for leg, call in self.phones[colleague].legs.items() if call == asked.call]
            self.phones[colleague].legs[leg] = caller.call
            caller.operator = colleague
            told = TalkJoined(caller.call, colleague)
        gone = [*self._drop_leg(operator, caller.call), *self._drop_leg(operator, asked.call)]
        return [told, *gone, CallGone(asked.call)]

    def say(self, operator: OperatorId, ready: bool, reason: str = "") -> list[Event]:
        """The operator says ready or paused."""
        phone = self.phones[operator]
        phone.ready, phone.reason = ready, "" if ready else reason
        return [DutyChanged(operator, ready, phone.reason)]

    def register(self, operator: OperatorId, there: bool) -> list[Event]:
        """The phone registers, or its registration goes; a talk goes on."""
        self.phones[operator].reachable = there
        return [Reachability(operator, there)]

    def one_who(self, can: str, nth: int) -> OperatorId | None:
        """One of the operators for whom a deed makes sense now, so that random deeds are deeds."""
        able: dict[str, Callable[[OperatorId, Phone], object]] = {
            "rings": lambda one, _: self._with(one, talking=False),
            "talks": lambda one, _: (with_them := self._with(one, talking=True)) and with_them.asker is None,
            "asks": lambda one, _: self._asked_by(one),
            "is answered": lambda one, _: (asked := self._asked_by(one)) and asked.talking,
            "dialled": lambda _, phone: any(leg == call for leg, call in phone.legs.items()),
            "paused": lambda _, phone: not phone.ready,
            "gone": lambda _, phone: not phone.reachable,
        }
        found = [one for one, phone in self.phones.items() if able[can](one, phone)]
        return found[nth % len(found)] if found else None

    # -- the core's commands -----------------------------------------------------------------------------------------

    def perform(self, command: Command) -> list[Event]:
        """Do what the core wants; what comes of it."""
        match command:
            case Offer():
                return self._offer(command)
            case Announce(call) | MoveOn(call):
                caller = self.callers.get(call)
                return [self._waits(caller)] if caller and caller.operator is None else []
            case KeepDuty(operator, ready, reason):
                self.phones[operator].ready, self.phones[operator].reason = ready, reason
        return []

    def _offer(self, offer: Offer) -> list[Event]:
        caller, phone = self.callers.get(offer.call), self.phones[offer.operator]
        if caller is None:
            self.faults.append(f"{offer}: the caller is gone")
            return [CallGone(offer.call)]  # as the dispatcher says when Asterisk refuses
        torn: list[Event] = []
        if caller.operator is not None:
            self.faults.append(f"{offer}: the caller is with {caller.operator}")
            torn = self._drop_leg(caller.operator, caller.call)
        if offer.given_back or offer.operator != caller.wanted:
            caller.giver = None
        caller.operator, caller.talking, caller.wanted = None, False, None
        caller.offers += 1
        if phone.legs or not phone.ready:
            self.faults.append(f"{offer}: the phone is in use or its operator paused")
        if phone.legs or not phone.reachable:
            return [*torn, self._waits(caller, offer.operator, Outcome.REFUSED if phone.legs else Outcome.FAILED)]
        caller.operator = offer.operator
        leg = self._leg(offer.operator, caller.call)
        return [*torn, LegUp(offer.operator, leg), OperatorRung(offer.operator, caller.call)]

    # -- what Status, AstDB and the device states show ---------------------------------------------------------------

    def truth(self) -> Snapshot:
        """What a controller that starts now is told."""
        channels = [self._seen(caller) for caller in self.callers.values()]
        for operator, phone in self.phones.items():
            for leg, call in phone.legs.items():
                if leg == call:
                    channels.append(SeenChannel(leg, leg, leg, True, "operators", "", {}))
                elif self.callers[call].channel != leg:
                    up = self.callers[call].talking and self.callers[call].operator == operator
                    channels.append(SeenChannel(leg, f"of-{leg}", call, up, "operators", "AppDial", {}))
        duties = {one: "ready:" if phone.ready else f"paused:{phone.reason}" for one, phone in self.phones.items()}
        devices = {one: "NOT_INUSE" if phone.reachable else "UNAVAILABLE" for one, phone in self.phones.items()}
        return rebuild(channels, duties, devices)

    def _seen(self, caller: Caller) -> SeenChannel:
        said = {
            names.ID: caller.call,
            (names.ARRIVED if caller.asker is None else names.CONSULT): "1",
            names.GROUP: caller.group,
            names.LANGUAGE: caller.language,
            names.RANK: str(caller.rank_ms),
            names.PRIORITY: str(caller.priority_s),
            names.OFFER: str(caller.offers),
            names.WANTED: caller.wanted or "",
            names.GIVER: caller.giver or "",
        }
        seen = SeenChannel(caller.channel, caller.call, caller.call, True, names.WAITING, "", said, "s")
        return seen if caller.operator is None else replace(seen, context=names.CONNECT, extension=caller.operator)

    # -- small change ------------------------------------------------------------------------------------------------

    def _waits(
        self, caller: Caller, returned_from: OperatorId | None = None, outcome: Outcome | None = None
    ) -> CallWaiting:
        return CallWaiting(
            caller.call, caller.channel, caller.group, caller.language, caller.rank_ms, caller.offers,
            returned_from, outcome, caller.wanted, caller.giver, caller.priority_s,
        )  # fmt: skip

    def _leaves(self, caller: Caller) -> list[Event]:
        del self.callers[caller.call]
        rung = self._drop_leg(caller.operator, caller.call) if caller.operator is not None else []
        return [*rung, *self._hung_up(caller)]

    def _hung_up(self, caller: Caller) -> list[Event]:
        """The channel that waited or talked, which is an operator's own when it asked a colleague."""
        own = self._drop_leg(caller.asker, caller.call) if caller.asker is not None else []
        return [CallGone(caller.call), *own]

    def _with(self, operator: OperatorId, *, talking: bool) -> Caller | None:
        found = [one for one in self.callers.values() if one.operator == operator and one.talking is talking]
        return found[0] if found else None

    def _asked_by(self, operator: OperatorId) -> Caller | None:
        return next((one for one in self.callers.values() if one.asker == operator), None)

    def _leg(self, operator: OperatorId, call: CallId | None) -> str:
        leg = f"PJSIP/op{operator}-{self._next():08x}"
        self.phones[operator].legs[leg] = call or CallId(leg)
        return leg

    def _drop_leg(self, operator: OperatorId, call: CallId) -> list[Event]:
        phone = self.phones[operator]
        gone = [leg for leg, of in phone.legs.items() if of == call]
        for leg in gone:
            del phone.legs[leg]
        return [LegGone(operator, leg) for leg in gone]

    def _nth(self, callers: list[Caller], nth: int) -> Caller | None:
        return callers[nth % len(callers)] if callers else None

    def _next(self) -> int:
        self._channels += 1
        return self._channels
