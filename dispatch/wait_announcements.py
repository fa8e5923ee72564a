"""What waiting callers are told of their place and time: keeps the expectations in step with the core's events.

The range of minutes comes from the published formula (`routing.waits.estimate`), is worked out anew for every
announcement, and never grows while the place does not rise (`routing.waits.announced`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import structlog

from calls.events import CallGone, Event, LegGone, OperatorAnswered
from calls.ids import CallId, GroupId, OperatorId
from calls.wait_history import Handled
from config.settings import LANGUAGES, Language
from dispatch.running import Action
from dispatch.watchers import Watcher
from routing.commands import Announce
from routing.core import Router
from routing.skills import Need
from routing.waits.announced import Announced, Minutes
from routing.waits.estimate import Staff
from routing.waits.expectation import Expectations, on_duty
from routing.waits.rates import Rates, observe, seen_in
from speech.expectation import wait_range
from speech.numbers import HIGHEST, position

log = structlog.get_logger(__name__)

STAFF_KEPT_MS = 1000
"""Counting a thousand operators for each of five hundred callers would cost more than the second it can be off."""
NOBODY = "nobody-now"


@dataclass(frozen=True, slots=True)
class Words:
    """What to say: ids of prompts; `wait_s` is the expected wait, None when nobody on duty serves the group."""

    prompts: tuple[str, ...]
    told: Announced
    wait_s: float | None


class WaitAnnouncements(Watcher):
    """Follows every wait beside the core, and learns from those that end."""

    def __init__(self, expectations: Expectations | None = None) -> None:
        self._expectations = expectations or Expectations()
        self._talks: dict[OperatorId, tuple[CallId, GroupId, int]] = {}
        self._staff: Staff[Need] = {}
        self._staff_until_ms = 0

    @property
    def tallies(self) -> Rates[GroupId]:
        """How long each group's calls keep an operator, and how soon its callers give up."""
        return self._expectations.tallies

    def begin_with(self, tallies: Rates[GroupId]) -> None:
        """Take these rates for what was seen so far: the few waits since the start count no more."""
        self._expectations.tallies = tallies

    def before(self, event: Event, router: Router, now_ms: int, said_ms: int) -> None:
        """Take what the core is about to be told: who answered or left is still in its line."""
        match event:
            case OperatorAnswered() if (caller := router.calls.get(event.call)) is not None:
                self._talks[event.operator] = (event.call, caller.group, now_ms)
                if came := self._expectations.answered(event.call, now_ms):
                    log.info(
                        "wait came true",
                        call=came.call,
                        expected_s=round(came.expected.mean_s, 1),
                        wait_s=round(came.wait_s, 1),
                    )
            case CallGone():
                self._expectations.gave_up(event.call, now_ms)
            case _:
                pass

    def after(self, event: Event, router: Router, now_ms: int) -> Iterable[Action]:
        """Take what the core has made of it."""
        if isinstance(event, LegGone) and (talk := self._talks.get(event.operator)):
            call, group, since_ms = talk
            operator = router.operators.get(event.operator)
            if operator is None or operator.call != call:
                del self._talks[event.operator]
                self._expectations.talked(group, (now_ms - since_ms) / 1000 + router.rules.wrap_up_of(group), now_ms)
        if (call_id := getattr(event, "call", None)) is not None:
            self._follow(call_id, router, now_ms)
        return ()

    def forget(self, call: CallId) -> None:
        """Follow the caller no more: who asks for a callback has neither an operator nor given up."""
        self._expectations.forget(call)

    def rebuilding(self, router: Router, told: dict[CallId, Announced], now_ms: int) -> Iterator[None]:
        """Follow those whom a rebuilt state knows, one at each step, and remember what they were told."""
        self._expectations.keep_only(router.calls)
        self._staff_until_ms = 0
        for caller in router.waiting():
            self._follow(caller.call, router, now_ms)
            if (said := told.get(caller.call)) is not None:
                self._expectations.recall(caller.call, said)
            yield
        for call, said in told.items():
            self._expectations.recall(call, said)
        yield

    def words(self, place: Announce, router: Router, now_ms: int) -> Words:
        """What to tell the caller now."""
        language: Language = next((each for each in LANGUAGES if each == place.language), LANGUAGES[0])
        staff, ahead = self._on_duty(router, now_ms), router.ahead(place.call)
        told = self._expectations.say(place.call, place.place, ahead, staff)
        prompts = position(min(place.place, HIGHEST), language)
        waiting = router.calls.get(place.call)
        if waiting is None or not any(waiting.need in serves for serves in staff):
            return Words((*prompts, NOBODY), told, None)
        expected = self._expectations.expected(waiting.need, ahead, staff)
        if told.minutes is not None:
            prompts += wait_range(told.minutes.low, told.minutes.high, language)
        return Words(prompts, told, expected.mean_s if expected else None)

    def _follow(self, call: CallId, router: Router, now_ms: int) -> None:
        caller = router.calls.get(call)
        if caller is not None and caller.offered_to is None and not self._expectations.waits(call):
            staff = self._on_duty(router, now_ms)
            self._expectations.began(call, caller.need, router.ahead(call), staff, now_ms)

    def _on_duty(self, router: Router, now_ms: int) -> Staff[Need]:
        if now_ms >= self._staff_until_ms:
            self._staff = on_duty(router.operators.values(), router.needs(), router.rules.steps)
            self._staff_until_ms = now_ms + STAFF_KEPT_MS
        return self._staff


def learnt(past: Iterable[Handled], wrap_up_s: Callable[[GroupId], float]) -> Rates[GroupId]:
    """The rates after these waits, oldest first; for a day's hours a third of a second of Python."""
    return observe({}, seen_in(past, wrap_up_s))


def kept(told: Announced) -> str:
    """What was told, as a channel variable keeps it: place, and the range that later ones stay within."""
    held = f":{told.held.low}:{told.held.high}" if told.held else ""
    return f"{told.place}{held}"


def recalled(text: str) -> Announced | None:
    """The reverse of `kept`; None for anything else."""
    parts = text.split(":")
    if len(parts) not in (1, 3) or not all(part.isascii() and part.isdecimal() for part in parts):
        return None
    numbers = [int(part) for part in parts]
    return Announced(numbers[0], None, Minutes(numbers[1], numbers[2]) if len(numbers) == 3 else None)
