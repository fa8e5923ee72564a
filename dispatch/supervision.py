"""What supervisors change while calls wait: who serves what, and who is served first. At once, kept, and audited."""

from __future__ import annotations

import asyncio
from collections import Counter

import structlog

from calls.events import CallPrioritised
from calls.ids import CallId, GroupId, OperatorId
from calls.journal import Fact
from calls.portions import in_portions
from config.settings import LANGUAGES, Settings
from console.answers import LARGEST_S, Prioritised
from console.errors import (
    NoSuchGroupError,
    NothingLeftError,
    UnknownCallError,
    UnknownGroupError,
    UnknownLanguageError,
    UnknownOperatorError,
)
from console.operations.groups import GroupNow
from console.operations.operators import SkillsBody, SkillsNow
from dialplan import names
from dispatch.api_errors import done
from dispatch.channels import seen_channels
from dispatch.dispatcher import Dispatcher
from dispatch.notes import Notes
from dispatch.ports import Asterisk, Clock
from dispatch.running import Running
from routing.skill_overrides import SkillChange, Skilled, merged
from storage.journal.writer import ControllerJournal
from telephony import commands

log = structlog.get_logger(__name__)


KEPT = 1000
"""Letters of what changed, in the audit log."""


class LiveSupervision:
    """The controller's side of `console.ports.Supervision`."""

    def __init__(
        self, settings: Settings, dispatcher: Dispatcher, asterisk: Asterisk, clock: Clock, journal: ControllerJournal
    ) -> None:
        self._groups = [group.name for group in settings.groups]
        self._dispatcher = dispatcher
        self._asterisk = asterisk
        self._clock = clock
        self._notes = Notes(journal, clock)
        self._turn = asyncio.Lock()
        """One change after the other: each is a delta to the one before."""
        self._running = Running(dispatcher.say)

    async def skills(self, number: str, asked: SkillsBody, by: str) -> SkillsNow:
        """Change what an operator serves; the configuration stays as it is.

        Raises UnknownOperatorError, UnknownGroupError, UnknownLanguageError, NothingLeftError, UnavailableError.
        """
        overrides, operator = self._dispatcher.overrides, OperatorId(number)
        if operator not in self._dispatcher.router.operators:
            raise UnknownOperatorError(f"no operator {number}")
        wanted = self._change(asked)
        async with self._turn:
            before = overrides.skilled(operator)
            change = wanted if asked.reset else merged(overrides.change_of(operator), wanted)
            after = overrides.skilled(operator, change)
            if not after.levels or not after.languages:
                left = "group" if not after.levels else "language"
                raise NothingLeftError(f"operator {number} would be left without a {left}: pause them instead")
            self._dispatcher.say(await done(overrides.change(operator, change)))
            ready = self._dispatcher.router.operators[operator].ready
            self._running.begin([self._dispatcher.overrides.tell_net(operator, before, paused=not ready)])
            self._audit("operator.skills", number, by, str(before), str(after))
        return skills_now(number, after, changed=bool(change))

    async def prioritise_call(self, call: str, by_s: int | None, to_s: int | None, by: str) -> Prioritised:
        """Give a caller seconds of waiting: more or fewer than now (`by_s`), or so many (`to_s`).

        Raises UnknownCallError, UnavailableError.
        """
        async with self._turn:
            known = self._dispatcher.router.calls.get(CallId(call))
            channels = await done(seen_channels(self._asterisk))
            channel = next((one for one in channels if one.uniqueid == call and one.linkedid == call), None)
            if known is None and (channel is None or not channel.variables.get(names.ARRIVED)):
                raise UnknownCallError(f"no such call now: {call}")
            kept = channel.variables.get(names.PRIORITY, "") if channel else ""
            before_s = known.priority_s if known else (int(kept) if kept.removeprefix("-").isdecimal() else 0)
            after_s = _limited(before_s + by_s if by_s is not None else to_s or 0)
            if channel is not None:
                await done(self._asterisk.send(commands.setvar(channel.name, names.PRIORITY, str(after_s))))
            self._dispatcher.say(CallPrioritised(CallId(call), after_s))
            self._audit("call.priority", call, by, str(before_s), str(after_s))
        return Prioritised(of=call, priority_s=after_s)

    async def groups(self) -> list[GroupNow]:
        """Every group with its priority, those who wait for it and those who serve it."""
        router, now_ms = self._dispatcher.router, self._clock.now_ms()
        waiting = Counter(caller.group for caller in router.waiting())
        serving, ready = Counter[GroupId](), Counter[GroupId]()
        async for one in in_portions(list(router.operators.values())):
            serving.update(one.groups)
            ready.update(one.groups if one.may_be_offered(now_ms) else ())
        return [
            GroupNow(
                group=group,
                priority_s=router.group_priority_s(GroupId(group)),
                waiting=waiting[GroupId(group)],
                operators=serving[GroupId(group)],
                ready=ready[GroupId(group)],
            )
            for group in self._groups
        ]

    async def prioritise_group(self, group: str, priority_s: int, by: str) -> Prioritised:
        """Let a group's callers count as waiting so many seconds longer than they do, compared with other groups'.

        Raises NoSuchGroupError, UnavailableError.
        """
        if group not in self._groups:
            raise NoSuchGroupError(f"no group {group}; there are: {', '.join(self._groups)}")
        async with self._turn:
            before_s = self._dispatcher.overrides.priority_s(GroupId(group))
            after_s = _limited(priority_s)
            self._dispatcher.say(await done(self._dispatcher.overrides.prioritise(GroupId(group), after_s)))
            self._audit("group.priority", group, by, str(before_s), str(after_s))
        return Prioritised(of=group, priority_s=after_s)

    def took_up(self, by: str, changed: tuple[str, ...]) -> None:
        """Keep in the audit log who had the changed configuration taken up, and what was other in it."""
        said = "; ".join(changed)
        self._audit("configuration.taken-up", "configuration", by, "", said if len(said) <= KEPT else said[:KEPT] + "…")

    def _change(self, asked: SkillsBody) -> SkillChange:
        for group in (*asked.levels, *asked.remove):
            if group not in self._groups:
                raise UnknownGroupError(f"no group {group}; there are: {', '.join(self._groups)}")
        for language in (*asked.add_languages, *asked.remove_languages):
            if language not in LANGUAGES:
                raise UnknownLanguageError(f"no language {language}; there are: {', '.join(LANGUAGES)}")
        return SkillChange(
            {GroupId(group): level for group, level in asked.levels.items()},
            frozenset(GroupId(group) for group in asked.remove if group not in asked.levels),
            frozenset(asked.add_languages),
            frozenset(asked.remove_languages) - frozenset(asked.add_languages),
        )

    def _audit(self, kind: str, subject: str, by: str, before: str, after: str) -> None:
        said = {"kind": kind, "subject": subject, "by": by, "before": before, "after": after}
        log.info("changed by a supervisor", **said)
        self._notes.note(Fact.CHANGED, **said)


def skills_now(number: str, can: Skilled, *, changed: bool) -> SkillsNow:
    """An operator's skills as the API answers them."""
    return SkillsNow(
        operator=number,
        levels=dict(sorted(can.levels.items())),
        languages=tuple(sorted(can.languages)),
        changed=changed,
    )


def _limited(priority_s: int) -> int:
    return max(-LARGEST_S, min(LARGEST_S, priority_s))
