"""What supervisors changed and still holds: over the configuration, which is never written, and over any restart.

Asterisk's own database keeps it, beside what the operators said last. The core is told anew at every rebuilt state.
"""

from __future__ import annotations

from collections.abc import Mapping

import structlog

from calls.events import Event, GroupPrioritised, SkillsChanged
from calls.ids import GroupId, OperatorId
from config.settings import Settings
from dialplan import names
from dispatch.ports import Asterisk
from dispatch.resync import kept
from dispatch.safety_net import serve_in_net
from routing.from_settings import operators_of
from routing.skill_overrides import SkillChange, Skilled, applied, read, written
from telephony import commands
from telephony.errors import AmiRefusedError

log = structlog.get_logger(__name__)

NOTHING = SkillChange()


class Overrides:
    """The changes in force, by operator and by group."""

    def __init__(self, settings: Settings, asterisk: Asterisk) -> None:
        self._asterisk = asterisk
        self._groups = tuple(GroupId(group.name) for group in settings.groups)
        self._configured: Mapping[OperatorId, Skilled] = {
            one.id: Skilled({group: one.levels.get(group, 1) for group in one.groups}, one.languages)
            for one in operators_of(settings)
        }
        self._changes: dict[OperatorId, SkillChange] = {}
        self._priorities_s: dict[GroupId, int] = {}

    async def recall(self) -> list[Event]:
        """Read what Asterisk keeps, as events for the core. Raises TelephonyError."""
        changes: dict[OperatorId, SkillChange] = {}
        for key, text in (await kept(self._asterisk, names.SKILLS_FAMILY)).items():
            change = read(text)
            if change is None:
                log.warning("a kept change of skills makes no sense", operator=key)
            elif OperatorId(key) in self._configured:
                changes[OperatorId(key)] = change
        priorities = await kept(self._asterisk, names.GROUP_PRIORITY_FAMILY)
        self._changes = changes
        self._priorities_s = {
            GroupId(key): int(text)
            for key, text in priorities.items()
            if key in self._groups and text.removeprefix("-").isdecimal()
        }
        return [
            *(self._said(operator) for operator in changes),
            *(GroupPrioritised(group, priority_s) for group, priority_s in self._priorities_s.items()),
        ]

    def change_of(self, operator: OperatorId) -> SkillChange:
        """What is changed at this operator; nothing for most."""
        return self._changes.get(operator, NOTHING)

    def skilled(self, operator: OperatorId, change: SkillChange | None = None) -> Skilled:
        """What the operator can do by the configuration and this change; by default the one in force."""
        if change is None:
            change = self.change_of(operator)
        return applied(change, self._configured[operator], self._groups)

    async def change(self, operator: OperatorId, change: SkillChange) -> SkillsChanged:
        """Keep the change instead of the one in force; the event is for the core. Raises TelephonyError."""
        if change:
            await self._asterisk.send(commands.db_put(names.SKILLS_FAMILY, operator, written(change)))
        else:
            await self._forget(names.SKILLS_FAMILY, operator)
        self._changes[operator] = change
        return self._said(operator)

    async def tell_net(self, operator: OperatorId, before: Skilled, *, paused: bool) -> None:
        """Let `app_queue` serve the same way, should we be away. Raises TelephonyError.

        What it was not told is put right by the next rebuilt state.
        """
        await serve_in_net(self._asterisk, operator, before.levels, self.skilled(operator).levels, paused=paused)

    def priority_s(self, group: GroupId) -> int:
        """The group's priority in seconds."""
        return self._priorities_s.get(group, 0)

    async def prioritise(self, group: GroupId, priority_s: int) -> GroupPrioritised:
        """Keep the group's priority; the event is for the core. Raises TelephonyError."""
        if priority_s:
            await self._asterisk.send(commands.db_put(names.GROUP_PRIORITY_FAMILY, group, str(priority_s)))
        else:
            await self._forget(names.GROUP_PRIORITY_FAMILY, group)
        self._priorities_s[group] = priority_s
        return GroupPrioritised(group, priority_s)

    def _said(self, operator: OperatorId) -> SkillsChanged:
        can = self.skilled(operator)
        return SkillsChanged(operator, can.levels, can.languages)

    async def _forget(self, family: str, key: str) -> None:
        try:
            await self._asterisk.send(commands.db_del(family, key))
        except AmiRefusedError:
            log.debug("nothing was kept", family=family, key=key)
