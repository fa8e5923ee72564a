"""Keeps the day's average wait at its target: looks every few seconds, lends helpers, and tells people (rule 7).

The day's figures come from the ledger, the callers who wait and the operators on duty from the router. Both the look
into the ledger and the reckoning are done in threads: no call waits for them.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable, Mapping

import structlog

from calls.alarms import AlarmKind
from calls.ids import GroupId
from calls.journal import Fact
from calls.local_day import Span, local_date, local_day, local_time
from calls.wait_history import SoFar, Waited
from config.settings import Settings
from console.errors import UnavailableError
from console.operations.figures import TargetNow, TargetOfGroup
from dispatch.dispatcher import Dispatcher
from dispatch.notes import Notes
from dispatch.ports import Clock
from dispatch.recent_answers import listens
from routing.from_settings import reserves_of, target_rules_of
from routing.target.alarm import Notice, Warned, notices
from routing.target.control import Control, Outlook, control
from routing.target.day import RING_S, DaySoFar, GroupSoFar
from routing.target.ladder import Condition, Standing
from routing.target.on_duty import operators_on_duty
from routing.waits.rates import Tally
from storage.errors import LedgerUnavailableError
from storage.journal.writer import ControllerJournal

log = structlog.get_logger(__name__)

LEDGER_PATIENCE_S = 5.0
EVERYBODY = "all groups"

SoFarOf = Callable[[int, int, int], Awaitable[SoFar]]


class TargetWatch:
    """Looks, decides, tells; what it decided last is in `decided`."""

    def __init__(
        self, settings: Settings, dispatcher: Dispatcher, clock: Clock, journal: ControllerJournal, so_far: SoFarOf
    ) -> None:
        self._settings = settings
        self._zone = settings.hotline.time_zone
        self._rules, self._reserves = target_rules_of(settings), reserves_of(settings)
        self._dispatcher = dispatcher
        self._clock = clock
        self._notes = Notes(journal, clock)
        self._so_far = so_far
        self._told = SoFar(0, {}, {})
        self._asked: asyncio.Future[SoFar] | None = None
        self._away = False
        self._warned: Mapping[str, Warned] = {}
        self.decided = Control()
        self.looked_ms = 0

    @property
    def told_ms(self) -> int:
        """The instant that the ledger's figures are of; 0 before the first."""
        return self._told.at_ms

    async def look(self) -> None:
        """Look once. Raises nothing that a supervisor could mend: the ledger away is told and borne."""
        now_ms = self._clock.now_ms()
        today = local_day(local_date(now_ms, self._zone), self._zone)
        await self._ask_ledger(today, now_ms)
        if not self._dispatcher.synced:
            return
        before = self.decided
        day = self._day(today, now_ms)
        decided = await asyncio.to_thread(control, before, day, self._reserves, self._rules)
        self._dispatcher.lend(decided.lent)
        self.decided, self.looked_ms = decided, now_ms
        self._note_changes(before, decided)
        self._tell(decided, now_ms)

    async def _ask_ledger(self, today: Span, now_ms: int) -> None:
        """One question at a time: a database that hangs holds one thread, and its answer is taken when it comes."""
        if self._asked is None:
            since_ms = now_ms - round(self._rules.recent_s * 1000)
            self._asked = asyncio.ensure_future(self._so_far(today.from_ms, now_ms, since_ms))
        await asyncio.wait({self._asked}, timeout=LEDGER_PATIENCE_S)
        if not self._asked.done():
            self._ledger_away("no answer")
            return
        asked, self._asked = self._asked, None
        try:
            self._told = asked.result()
        except LedgerUnavailableError as error:
            self._ledger_away(str(error))
            return
        self._dispatcher.answers.forget(self._told.at_ms)
        if self._away:
            log.info("the target is kept by the ledger again")
        self._away = False

    def _ledger_away(self, why: str) -> None:
        if not self._away:
            log.warning("the target is kept by the last known figures", why=why, of_ms=self._told.at_ms)
        self._away = True

    def _day(self, today: Span, now_ms: int) -> DaySoFar:
        router, rates = self._dispatcher.router, self._dispatcher.announcements.tallies
        so_far = self._dispatcher.answers.on_top_of(self._told, today.from_ms)
        waiting: dict[GroupId, list[float]] = {}
        for caller in router.waiting():
            if listens(caller):
                waiting.setdefault(caller.group, []).append(max(0, now_ms - caller.rank_ms) / 1000)
        groups: dict[GroupId, GroupSoFar] = {}
        for group in self._settings.groups:
            name = GroupId(group.name)
            waited, tally = so_far.waited.get(name, Waited()), rates.get(name, Tally(now_ms))
            menu_s = waited.menu_s / waited.answered if waited.answered else 0.0
            groups[name] = GroupSoFar(
                target_s=group.target_s,
                answered=waited.answered,
                waited_s=waited.waited_s,
                abandoned=waited.abandoned,
                recent=so_far.came.get(name, 0),
                waiting_s=tuple(waiting.get(name, ())),
                before_s=menu_s + RING_S,
                busy_s=tally.talk_s,
                patience_s=1 / tally.giving_up,
            )
        operators = operators_on_duty(router.operators.values())
        return DaySoFar(now_ms, groups, operators, max(0, today.to_ms - now_ms) / 1000, self._rules.recent_s)

    def _note_changes(self, before: Control, decided: Control) -> None:
        for group, standing in decided.standings.items():
            known, helpers = before.standings.get(group, Standing()), decided.helpers(group)
            if known.rung == standing.rung and helpers == before.helpers(group):
                continue
            width = decided.widths.get(group)
            fields: dict[str, str | int] = {
                "group": group,
                "standing": standing.condition.value,
                "width": width.name.lower() if width else "",
                "helpers": ",".join(helpers),
                **_figures(decided.outlooks[group]),
            }
            log.info("target", **fields)
            self._notes.note(Fact.TARGET, **fields)

    def _tell(self, decided: Control, now_ms: int) -> None:
        outlooks = {str(group): outlook for group, outlook in decided.outlooks.items()}
        if decided.total is not None and len(outlooks) > 1:
            outlooks[EVERYBODY] = decided.total
        self._warned, said = notices(self._warned, outlooks, now_ms, self._rules)
        for notice in said:
            kind = AlarmKind.TARGET_MISSED if notice.missed else AlarmKind.TARGET_MET
            detail = words(notice, self._zone)
            (log.error if notice.missed else log.info)("alarm", kind=kind, detail=detail)
            self._notes.note(Fact.ALARM, kind=kind, detail=detail)


def _figures(outlook: Outlook) -> dict[str, str]:
    return {"asa_s": _rounded(outlook.asa_s), "projected_s": _rounded(outlook.projected_s)}


def _rounded(seconds: float | None) -> str:
    return "" if seconds is None else f"{seconds:.1f}"


def words(notice: Notice, zone: str) -> str:
    """One line for a supervisor, of a target that will be missed, or met again (rule 7)."""
    outlook = notice.outlook
    if outlook.asa_s is None:
        said = [f"{notice.name}: nobody answered today yet, target {outlook.target_s:g} s"]
    else:
        said = [f"{notice.name}: ASA today {outlook.asa_s:.1f} s of {outlook.target_s:g}"]
    if outlook.projected_s is None:
        pass
    elif math.isinf(outlook.projected_s):
        said.append("at the present rate nobody is on duty for calls that come")
    else:
        said.append(f"at the present rate the day ends at {outlook.projected_s:.0f} s")
    if notice.missed and outlook.missing:
        more = "1 more operator" if outlook.missing == 1 else f"{outlook.missing} more operators"
        said.append(f"{more} until {local_time(outlook.until_ms, zone):%H:%M} would mend it")
    elif notice.missed:
        said.append("no number of operators would mend it")
    else:
        said.append("the target will be met")
    return "; ".join(said)


def target_now(watch: TargetWatch, settings: Settings) -> TargetNow:
    """Each group against its target, as the last look had it. Raises UnavailableError until the first one."""
    decided = watch.decided
    if decided.total is None:
        raise UnavailableError("the day has not been looked at yet")
    worst = max(decided.standings.values(), key=lambda standing: standing.rung, default=Standing())
    return TargetNow(
        at_ms=watch.looked_ms,
        ledger_at_ms=watch.told_ms,
        time_zone=settings.hotline.time_zone,
        total=_row("", decided.total, worst.condition),
        groups=tuple(_group(decided, group) for group in decided.outlooks),
    )


def _group(decided: Control, group: GroupId) -> TargetOfGroup:
    width = decided.widths.get(group)
    return _row(
        group,
        decided.outlooks[group],
        decided.standings[group].condition,
        width.name.lower() if width else "",
        tuple(decided.helpers(group)),
    )


def _row(
    group: str, outlook: Outlook, condition: Condition, width: str = "", helpers: tuple[str, ...] = ()
) -> TargetOfGroup:
    projected_s = outlook.projected_s
    return TargetOfGroup(
        group=group,
        target_s=outlook.target_s,
        answered=outlook.answered,
        abandoned=outlook.abandoned,
        waiting=outlook.waiting,
        asa_s=outlook.asa_s,
        projected_s=projected_s if projected_s is not None and math.isfinite(projected_s) else None,
        state=condition.value,
        width=width,
        helpers=helpers,
        missed=outlook.missed,
        operators_missing=outlook.missing,
        until_ms=outlook.until_ms or None,
    )
