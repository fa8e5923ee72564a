"""What the running controller tells of this moment, once for the command line and for the HTTP API."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from calls.disks import DiskNow
from calls.ids import CallId
from calls.portions import in_portions
from config.settings import Settings
from console.operations.callbacks import OwedCallback, OwedState
from console.operations.calls import CallNow
from console.operations.figures import TargetNow
from console.operations.health import Floor, LoopNow
from console.operations.operators import OperatorNow
from dialplan import names
from dispatch.ami_events import operator_of
from dispatch.api_errors import done
from dispatch.channels import seen_channels
from dispatch.dispatcher import Dispatcher
from dispatch.ports import Asterisk, Clock
from dispatch.snapshot import is_caller
from dispatch.talks import operators_of
from routing.presence import State


class LiveState:
    """The controller's side of `console.ports.LiveState`."""

    def __init__(
        self,
        settings: Settings,
        dispatcher: Dispatcher,
        asterisk: Asterisk,
        clock: Clock,
        ledger_in_step_ms: Callable[[], int],
        target: Callable[[], TargetNow],
        disks: Callable[[], tuple[DiskNow, ...]],
        ledger_away: Callable[[], str] = lambda: "",
        loop: Callable[[], LoopNow | None] = lambda: None,
        faults: Callable[[], tuple[str, ...]] = tuple,
    ) -> None:
        """`ledger_in_step_ms`: the instant up to which the ledger holds all that the journal tells.

        `ledger_away`: why it cannot be written to, or nothing; `loop`: how the event loop does; `faults`: what is wrong
        with the hotline's own files.
        """
        self.target = target
        self._disks, self._ledger_away, self._loop = disks, ledger_away, loop
        self._faults = faults
        self._settings = settings
        self._dispatcher = dispatcher
        self._asterisk = asterisk
        self._clock = clock
        self._ledger_in_step_ms = ledger_in_step_ms

    def floor(self) -> Floor:
        """The hotline at this moment."""
        router, now_ms = self._dispatcher.router, self._clock.now_ms()
        waiting = Counter(str(caller.group) for caller in router.waiting())
        states = Counter(operator.state(now_ms)[0] for operator in router.operators.values())
        return Floor(
            in_truth=self._dispatcher.synced,
            waiting={group.name: waiting[group.name] for group in self._settings.groups},
            operators={state.value: states[state] for state in State},
            idle_beside_waiting=self._dispatcher.idle_watch.alarms,
            journal_lag_s=max(0, now_ms - self._ledger_in_step_ms()) / 1000,
            disks=self._disks(),
            ledger_away=self._ledger_away(),
            sip_refused=self._dispatcher.slowing.refused,
            loop=self._loop(),
            faults=self._faults(),
        )

    async def operators(self) -> list[OperatorNow]:
        """Every operator's state."""
        now_ms = self._clock.now_ms()
        people = {operator.number: operator for operator in self._settings.operators}
        rows = []
        async for operator in in_portions(list(self._dispatcher.router.operators.values())):
            state, reason = operator.state(now_ms)
            rows.append(
                OperatorNow(
                    operator=operator.id,
                    name=people[operator.id].name,
                    groups=tuple(sorted(operator.groups)),
                    levels={group: operator.levels.get(group, 1) for group in sorted(operator.groups)},
                    languages=tuple(sorted(operator.languages)),
                    changed=bool(self._dispatcher.overrides.change_of(operator.id)),
                    state=state.value,
                    reason=reason,
                    until_ms=operator.until_ms(now_ms),
                )
            )
        return rows

    async def callbacks(self) -> list[OwedCallback]:
        """Everybody who is to be called back, oldest place first."""
        router, callbacks, now_ms = self._dispatcher.router, self._dispatcher.callbacks, self._clock.now_ms()
        rows, calls = [], callbacks.made_for()
        async for owed in in_portions(callbacks.owed()):
            made = calls.get(owed.asked_in)
            place = None if made is None else router.place(made)
            state: OwedState = "later" if made is None else "calling" if place is None else "waiting"
            rows.append(
                OwedCallback(
                    call=owed.asked_in,
                    number=f"+{owed.number}",
                    group=owed.group,
                    language=owed.language,
                    asked_ms=owed.asked_ms,
                    tried=owed.tried,
                    state=state,
                    place=place,
                    not_before_ms=callbacks.not_before_ms(owed, now_ms) if state == "later" else None,
                )
            )
        return rows

    async def calls(self) -> list[CallNow]:
        """The calls of this moment, asked of Asterisk. Raises UnavailableError."""
        channels = await done(seen_channels(self._asterisk))
        theirs = (c for c in channels if c.uniqueid != c.linkedid)
        legs = {c.linkedid: c async for c in in_portions(theirs) if operator_of(c.name)}
        rows = []
        async for channel in in_portions(channels):
            if not is_caller(channel):
                continue
            leg = legs.get(channel.uniqueid)
            three = channel.context == names.THREE_WAY
            rows.append(
                CallNow(
                    call=channel.uniqueid,
                    where=channel.context if leg is None else ("talking" if leg.up else "offered"),
                    operator=operators_of(channel) if three else (operator_of(leg.name) or "") if leg else "",
                    group=channel.variables.get(names.GROUP, ""),
                    language=channel.variables.get(names.LANGUAGE, ""),
                    place=self._dispatcher.router.place(CallId(channel.uniqueid)),
                    priority_s=self._priority_s(CallId(channel.uniqueid)),
                    for_s=max(0, round(self._clock.now_ms() / 1000 - int(channel.variables[names.ARRIVED]) / 1000)),
                )
            )
        return rows

    def _priority_s(self, call: CallId) -> int:
        waiting = self._dispatcher.router.calls.get(call)
        return waiting.priority_s if waiting else 0
