"""The callbacks that are owed: each waits in the core without a channel until an operator is free for it.

A call made for one is begun only for a reserved operator, so never are more in flight than operators were free. What
is owed survives us: the ledger holds what was asked and tried, and Asterisk what is in flight. Nobody is called before
both were heard: after a start, and after every moment in which news may have been lost, calls out wait until the
ledger has taken in all that the journal told by then, however long the database is away.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

import structlog

from calls.callback import REACHED, Callback, call_of
from calls.events import CallGone, CallPrioritised, CallWaiting, Event, OperatorAnswered
from calls.ids import CallId, GroupId
from calls.local_day import local_time
from config.settings import Callback as Rules
from dialplan import names
from dispatch.ports import Clock
from dispatch.running import Action
from dispatch.watchers import Watcher
from routing.core import Router

log = structlog.get_logger(__name__)

AGAIN_MS = 5_000
"""After an attempt that did not come to the caller (the operator hung up, Asterisk died)."""
VAIN_ATTEMPTS = 20
"""More than this many attempts without ringing the caller, and something is wrong."""
OPERATOR_LEFT = "CANCEL"
"""DIALSTATUS when the operator hung up while the caller's phone rang."""
LIMIT_MS = 24 * 3_600_000
"""Within so long a number is called `most_per_number` times at most."""
BEGINS_MS = 20_000
"""A call that Asterisk was asked for has a channel after so long, or never (`Timeout` of the Originate is 15 s)."""
WRITTEN_MS = 1_000
"""What happened before an instant is in Asterisk's journal so long after it."""


@dataclass(frozen=True, slots=True)
class Recalled:
    """What the ledger holds: the callbacks owed, and when each number was called within `LIMIT_MS`."""

    as_of_ms: int
    """All that the journals told before this instant is in it."""
    owed: tuple[Callback, ...]
    dialled: tuple[tuple[str, int], ...]


class Callbacks(Watcher):
    """Who is to be called, and which calls are waiting or being made for them."""

    def __init__(self, rules: Rules, time_zone: str, clock: Clock) -> None:
        self._clock = clock
        self._rules = rules
        self._time_zone = time_zone
        self._owed: dict[CallId, Callback] = {}
        self._made: dict[CallId, CallId] = {}
        """Call made, or waiting to be made -> the call it was asked in."""
        self._begun: dict[CallId, int] = {}
        """Of them, those that Asterisk was asked for, and when."""
        self._settled: dict[CallId, int] = {}
        """Owed no more, and since when: the ledger may be behind."""
        self._dialled: dict[str, list[int]] = defaultdict(list)
        self._dropped: list[tuple[CallId, str]] = []
        self._doubt_ms: int | None = 0
        """News from before this instant may be missing here; None: we know all."""
        self._last_id_ms = 0
        self._held_until_s = 0.0

    def hold(self, seconds: float) -> None:
        """Let none enter the line for so long: the hotline is about to be stopped."""
        self._held_until_s = self._clock.passed_s() + seconds

    def after(self, event: Event, router: Router, now_ms: int) -> Iterable[Action]:
        """Take what became of a call made for one, or of a caller who asked for one."""
        match event:
            case CallGone():
                self.gone(event.call, now_ms)
            case OperatorAnswered():
                self.talked(event.call)
            case CallPrioritised():
                self.prioritised(event.call, event.priority_s)
            case _:
                pass
        return ()

    def asked(self, callback: Callback) -> None:
        """Owe it, unless it is known: from the caller, or from the ledger after a restart.

        Who asks again for the same topic at the same number has a place already, the better one.
        """
        if callback.asked_in in self._owed or callback.asked_in in self._settled:
            return
        if any((one.number, one.group) == (callback.number, callback.group) for one in self._owed.values()):
            self._settled[callback.asked_in] = callback.asked_ms
            self._dropped.append((callback.asked_in, "same-number"))
            return
        self._owed[callback.asked_in] = callback

    def doubt(self, there: Mapping[CallId, CallId], now_ms: int) -> None:
        """News may have been lost: call nobody until `recalled` has told. `there`: the calls in flight at Asterisk."""
        coming = [at_ms for call, at_ms in self._begun.items() if call not in there]
        self._made, self._begun = dict(there), dict.fromkeys(there, now_ms)
        self._doubt_ms = max((now_ms, *(at_ms + BEGINS_MS for at_ms in coming)))

    def recalled(self, known: Recalled) -> None:
        """Take in what the ledger holds; when it has caught up with our doubt it is right."""
        if self._doubt_ms is not None and known.as_of_ms > self._doubt_ms + WRITTEN_MS:
            owed = {one.asked_in for one in known.owed}
            flying = set(self._made.values())
            for one in list(self._owed.values()):
                if one.asked_in not in owed and one.asked_in not in flying and one.asked_ms < self._doubt_ms:
                    self._settle(one.asked_in, "over, as the ledger says", known.as_of_ms)
            for one in known.owed:
                if mine := self._owed.get(one.asked_in):
                    self._owed[one.asked_in] = replace(mine, tried=max(mine.tried, one.tried))
            self._dialled.clear()
            for number, at_ms in known.dialled:
                self._dialled[number].append(at_ms)
            self._doubt_ms = None
        for one in known.owed:
            self.asked(one)
        for old in [call for call, at_ms in self._settled.items() if known.as_of_ms - at_ms > self._kept_ms()]:
            del self._settled[old]

    def due(self, now_ms: int) -> list[CallWaiting]:
        """Those who may enter the line now, each with the place it had."""
        if self._doubt_ms is not None or not self.may_call(now_ms) or self._clock.passed_s() < self._held_until_s:
            return []
        flying = set(self._made.values())
        ringing = {self._owed[asked_in].number for asked_in in flying if asked_in in self._owed}
        waiting = []
        for owed in self.owed():
            if owed.number in ringing or now_ms < owed.ready_ms:  # its own call rings its number, too
                continue
            if now_ms - owed.asked_ms > self._kept_ms() or owed.made >= VAIN_ATTEMPTS:
                self._settle(owed.asked_in, "given up", now_ms)
                continue
            if self._called(owed.number, now_ms) >= self._rules.most_per_number:
                self._settle(owed.asked_in, "called too often", now_ms)
                self._dropped.append((owed.asked_in, "too-often"))
                continue
            self._last_id_ms = max(now_ms, self._last_id_ms + 1)
            call = call_of(owed, self._last_id_ms)
            self._made[call] = owed.asked_in
            ringing.add(owed.number)
            waiting.append(_waiting(call, owed))
        return waiting

    def leaving(self, now_ms: int) -> list[CallId]:
        """Those in the line for whom no call may begin any more: the hours are over. Asked again they are due."""
        if self.may_call(now_ms):
            return []
        return [call for call in self._made if call not in self._begun]

    def dropped(self) -> list[tuple[CallId, str]]:
        """Those that nobody will be called for, each once, with the reason: to be written down."""
        dropped, self._dropped = self._dropped, []
        return dropped

    def refuses(self, number: str, now_ms: int) -> bool:
        """Whether this number, digits only, is called so often already that no more is promised."""
        promised = sum(owed.number == number for owed in self._owed.values())
        return self._called(number, now_ms) + promised >= self._rules.most_per_number

    def begin(self, call: CallId, now_ms: int) -> Mapping[str, str] | None:
        """A call is made now: what the stand-in's channel carries.

        None for a call that is none of ours any more, or that may not begin: the hours are over, the number was
        called too often meanwhile, or news may be missing.
        """
        owed = self._owed.get(self._made.get(call, CallId("")))
        if owed is None or self._doubt_ms is not None or not self.may_call(now_ms):
            return None
        if self._called(owed.number, now_ms) >= self._rules.most_per_number:
            return None
        self._begun[call] = now_ms
        return {
            names.ARRIVED: str(now_ms),
            names.RANK: str(owed.rank_ms),
            names.PRIORITY: str(owed.priority_s),
            names.SEQ: "1",
            names.OFFER: "0",
            names.LANGUAGE: owed.language,
            names.GROUP: owed.group,
            names.CALLBACK_TO: owed.number,
            names.CALLBACK_OF: owed.asked_in,
            names.CALLBACK_UNTIL: str(closing_ms(self._rules, self._time_zone, now_ms) // 1000),
        }

    def tried(self, asked_in: CallId, status: str, now_ms: int) -> None:
        """The caller was called; when the operator hung up meanwhile, that was no try, but the phone rang."""
        owed = self._owed.get(asked_in)
        if owed is None:
            return
        self._dialled[owed.number].append(now_ms)
        if status == OPERATOR_LEFT:
            return
        tried = owed.tried + 1
        if status == REACHED or tried >= self._rules.tries:
            self._settle(asked_in, "reached" if status == REACHED else "not reached", now_ms)
        else:
            self._owed[asked_in] = replace(owed, tried=tried, ready_ms=now_ms + round(self._rules.retry_s * 1000))

    def gone(self, call: CallId, now_ms: int) -> None:
        """A call made for one is over, however it ended, or has left the line before it began."""
        asked_in, begun = self._made.pop(call, None), self._begun.pop(call, None)
        if begun is not None and asked_in is not None and (owed := self._owed.get(asked_in)):
            self._owed[asked_in] = replace(owed, made=owed.made + 1, ready_ms=max(owed.ready_ms, now_ms + AGAIN_MS))

    def talked(self, call: CallId) -> None:
        """The caller got an operator in the very moment of asking."""
        if call in self._owed and call not in self._made.values():
            self._settle(call, "talked already", self._owed[call].asked_ms)

    def prioritised(self, call: CallId, priority_s: int) -> None:
        """A supervisor gave the place seconds of waiting: every further try has them, too."""
        if owed := self._owed.get(self._made.get(call, CallId(""))):
            self._owed[owed.asked_in] = replace(owed, priority_s=priority_s)

    def may_call(self, now_ms: int) -> bool:
        """Whether people may be called at this local hour."""
        return in_hours(self._rules, self._time_zone, now_ms)

    def owed(self) -> list[Callback]:
        """All that are owed, oldest place first."""
        return sorted(self._owed.values(), key=lambda one: one.rank_ms)

    def call_for(self, asked_in: CallId) -> CallId | None:
        """The call that is waiting to be made for it, or being made; None for neither."""
        return next((call for call, of in self._made.items() if of == asked_in), None)

    def made_for(self) -> dict[CallId, CallId]:
        """The same of all: by the call it was asked in."""
        return {of: call for call, of in self._made.items()}

    def not_before_ms(self, owed: Callback, now_ms: int) -> int:
        """When it may enter the line, if it is not there already: after a try's pause, inside the hours."""
        at_ms = max(owed.ready_ms, now_ms)
        if self.may_call(at_ms):
            return at_ms
        local = local_time(at_ms, self._time_zone)
        opening = local.replace(hour=self._rules.from_hour, minute=0, second=0, microsecond=0)
        if opening <= local:
            opening += timedelta(days=1)
        return round(opening.timestamp() * 1000)

    def cancel(self, asked_in: CallId, now_ms: int) -> None:
        """Owe it no more. Whoever is being called at this moment still is."""
        if asked_in in self._owed:
            self._settle(asked_in, "cancelled", now_ms)

    def _settle(self, asked_in: CallId, how: str, now_ms: int) -> None:
        del self._owed[asked_in]
        self._settled[asked_in] = now_ms
        log.info("callback settled", call=asked_in, how=how)

    def _called(self, number: str, now_ms: int) -> int:
        """How often the number was called within `LIMIT_MS`."""
        recent = [at_ms for at_ms in self._dialled.get(number, ()) if now_ms - at_ms < LIMIT_MS]
        if recent:
            self._dialled[number] = recent
        else:
            self._dialled.pop(number, None)
        return len(recent)

    def _kept_ms(self) -> int:
        return self._rules.keep_hours * 3_600_000


def in_hours(rules: Rules, time_zone: str, now_ms: int) -> bool:
    """Whether people may be called at this local hour."""
    return rules.from_hour <= local_time(now_ms, time_zone).hour < rules.until_hour


def closing_ms(rules: Rules, time_zone: str, now_ms: int) -> int:
    """UTC epoch ms at which the hours end that `now_ms` is in."""
    midnight = local_time(now_ms, time_zone).replace(hour=0, minute=0, second=0, microsecond=0)
    days, hour = divmod(rules.until_hour, 24)
    return round((midnight + timedelta(days=days)).replace(hour=hour).timestamp() * 1000)


def callback_of(fields: Mapping[str, str], now_ms: int) -> Callback | None:
    """The callback that the dialplan's event asks for; None when it makes no sense."""
    call, number, rank = (fields.get(name, "") for name in ("Call", "Number", "Rank"))
    if not (call and fields.get("Group") and number.isdecimal() and rank.isdecimal()):
        return None
    group, language = GroupId(fields["Group"]), fields.get("Speaks", "")
    said = fields.get("Added", "")
    priority_s = int(said) if said.removeprefix("-").isdecimal() else 0
    return Callback(CallId(call), number, group, language, int(rank), now_ms, priority_s=priority_s)


def _waiting(call: CallId, owed: Callback) -> CallWaiting:
    return CallWaiting(call, "", owed.group, owed.language, owed.rank_ms, priority_s=owed.priority_s)
