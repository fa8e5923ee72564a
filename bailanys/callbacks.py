"""The callbacks that are owed: each waits in the core without a channel until an operator is free for it.

A call made for one is begun only for a reserved operator, so never are more in flight than operators were free. What
is owed survives us: the ledger holds what was asked and tried, and Asterisk what is in flight.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import timedelta

import structlog

from calls.callback import REACHED, Callback, call_of
from calls.events import CallWaiting
from calls.ids import CallId, GroupId
from calls.local_day import local_time
from config.settings import Callback as Rules
from dialplan import names

log = structlog.get_logger(__name__)

AGAIN_MS = 5_000
"""After an attempt that did not come to the caller (the operator hung up, Asterisk died)."""
VAIN_ATTEMPTS = 20
"""More than this many attempts without ringing the caller, and something is wrong."""


class Callbacks:
    """Who is to be called, and which calls are waiting or being made for them."""

    def __init__(self, rules: Rules, time_zone: str) -> None:
        self._rules = rules
        self._time_zone = time_zone
        self._owed: dict[CallId, Callback] = {}
        self._made: dict[CallId, CallId] = {}
        """Call made, or waiting to be made -> the call it was asked in."""
        self._settled: set[CallId] = set()
        self._held_until_s = 0.0

    def hold(self, seconds: float) -> None:
        """Let none enter the line for so long: the hotline is about to be stopped."""
        self._held_until_s = time.monotonic() + seconds

    def asked(self, callback: Callback) -> None:
        """Owe it, unless it is known: from the caller, or from the ledger after a restart."""
        if callback.asked_in not in self._owed and callback.asked_in not in self._settled:
            self._owed[callback.asked_in] = callback

    def made_by_another(self, call: CallId, asked_in: CallId) -> None:
        """Asterisk has a call made for it by a controller before us."""
        self._made.setdefault(call, asked_in)

    def due(self, now_ms: int) -> list[CallWaiting]:
        """Those who may enter the line now, each with the place it had."""
        if not self.may_call(now_ms) or time.monotonic() < self._held_until_s:
            return []
        flying = set(self._made.values())
        waiting = []
        for owed in list(self._owed.values()):
            if owed.asked_in in flying or now_ms < owed.ready_ms:
                continue
            if now_ms - owed.asked_ms > self._rules.keep_hours * 3_600_000 or owed.made >= VAIN_ATTEMPTS:
                self._settle(owed.asked_in, "given up")
                continue
            call = call_of(owed)
            self._made[call] = owed.asked_in
            waiting.append(_waiting(call, owed))
        return waiting

    def unseen(self, there: Collection[CallId]) -> list[CallWaiting]:
        """Those in the line or in flight without a channel: to be put into a rebuilt core."""
        return [
            _waiting(call, self._owed[asked_in])
            for call, asked_in in self._made.items()
            if call not in there and asked_in in self._owed
        ]

    def variables(self, call: CallId, now_ms: int) -> Mapping[str, str] | None:
        """What the stand-in's channel carries; None for a call that is none of ours any more."""
        owed = self._owed.get(self._made.get(call, CallId("")))
        if owed is None:
            return None
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
        }

    def tried(self, asked_in: CallId, status: str, now_ms: int) -> None:
        """The caller was called."""
        owed = self._owed.get(asked_in)
        if owed is None:
            return
        tried = owed.tried + 1
        if status == REACHED or tried >= self._rules.tries:
            self._settle(asked_in, "reached" if status == REACHED else "not reached")
        else:
            self._owed[asked_in] = replace(owed, tried=tried, ready_ms=now_ms + round(self._rules.retry_s * 1000))

    def gone(self, call: CallId, now_ms: int) -> None:
        """A call made for one is over, however it ended."""
        asked_in = self._made.pop(call, None)
        if asked_in is not None and (owed := self._owed.get(asked_in)):
            self._owed[asked_in] = replace(owed, made=owed.made + 1, ready_ms=max(owed.ready_ms, now_ms + AGAIN_MS))

    def talked(self, call: CallId) -> None:
        """The caller got an operator in the very moment of asking."""
        if call in self._owed and call not in self._made.values():
            self._settle(call, "talked already")

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

    def cancel(self, asked_in: CallId) -> None:
        """Owe it no more. Whoever is being called at this moment still is."""
        if asked_in in self._owed:
            self._settle(asked_in, "cancelled")

    def _settle(self, asked_in: CallId, how: str) -> None:
        del self._owed[asked_in]
        self._settled.add(asked_in)
        log.info("callback settled", call=asked_in, how=how)


def in_hours(rules: Rules, time_zone: str, now_ms: int) -> bool:
    """Whether people may be called at this local hour."""
    return rules.from_hour <= local_time(now_ms, time_zone).hour < rules.until_hour


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
