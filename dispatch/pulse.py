"""Whether the two sides of a talk, and callers in any state, are still there when they send no voice.

Who is muted sends none, and who is on hold neither: silence alone ends nothing. An operator's phone is dead when it is
silent and does not answer Asterisk's look at it (`[sip] phone_look_s`), or is silent and another life of it has
registered. Whoever else is silent is asked within the call (UPDATE, or INVITE for who knows no UPDATE): a side that
does not answer, or knows nothing of the call, is hung up by the SIP stack itself (RFC 3261 12.2.1.2).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import structlog

from calls.alarms import AlarmKind
from calls.events import Event, OperatorAnswered, Reachability
from calls.ids import OperatorId
from dialplan import names
from dispatch.ami_events import operator_of
from dispatch.channels import has_contact, seen_channels
from dispatch.notes import Notes
from dispatch.ports import Asterisk, Clock
from dispatch.running import Action
from dispatch.snapshot import SeenChannel
from dispatch.watchers import Watcher
from routing.core import Router
from telephony import commands
from telephony.errors import TelephonyError
from telephony.quoting import ActionFields

log = structlog.get_logger(__name__)

LOOKS = 3
LOOK_EVERY_S = 0.5
PACKETS = 2
"""Fewer in `LOOKS` looks are the tail of what was on its way, or a keep-alive of the media."""
LOST = "phone lost in a talk"


@dataclass(slots=True)
class Voice:
    """What is known of one channel's incoming voice."""

    packets: int
    since_s: float
    """Since when nothing has come, or since it was asked last."""
    looked_s: float


class Pulse(Watcher):
    """Looks at silent channels; an operator whose phone died in a talk is an alarm, and an event for the core."""

    def __init__(self, asterisk: Asterisk, clock: Clock, notes: Notes, silent_s: float) -> None:
        self._asterisk = asterisk
        self._clock = clock
        self._notes = notes
        self._silent_s = silent_s
        self._voices: dict[str, Voice] = {}
        self._lives: dict[OperatorId, str] = {}
        """The Call-ID of the registration that an operator's talk began with: another one is another life (RFC 3261
        10.2: the same from one boot of the phone to the next)."""
        self._doubted: set[OperatorId] = set()

    def after(self, event: Event, router: Router, now_ms: int) -> Iterable[Action]:
        """A talk has begun: remember with which life of the phone."""
        return (self.talk_began(event.operator),) if isinstance(event, OperatorAnswered) else ()

    async def talk_began(self, operator: OperatorId) -> None:
        """Remember which life of the phone has this talk. Raises TelephonyError."""
        if life := await self._life(operator):
            self._lives[operator] = life

    async def doubt(self, operator: OperatorId, lines: Collection[str]) -> Sequence[Event]:
        """Find out whether the talk on these channels of the phone still is one; else end it. Raises TelephonyError."""
        if operator in self._doubted or not lines:
            return ()
        self._doubted.add(operator)
        try:
            return await self._doubt(operator, lines)
        finally:
            self._doubted.discard(operator)

    async def _doubt(self, operator: OperatorId, lines: Collection[str]) -> Sequence[Event]:
        if await self._speaks(lines):
            return ()
        life, there = await self._life(operator), await has_contact(self._asterisk, operator)
        known = self._lives.get(operator, life)
        if life and (not there or life != known):
            return await self._end(operator, lines, there=there)
        for line in lines:
            await self._ask(line)
        return ()

    async def _end(self, operator: OperatorId, lines: Iterable[str], *, there: bool) -> Sequence[Event]:
        """The callers first: the dialplan must know why it goes on with them."""
        for channel in await seen_channels(self._asterisk):
            if channel.variables.get(names.TALKED) == operator and operator_of(channel.name) is None:
                await self._tolerate(commands.setvar(channel.name, names.LOST, operator))
        for line in lines:
            await self._tolerate(commands.hangup(line))
        self._notes.alarm(AlarmKind.PHONE_LOST, operator)
        return (Reachability(operator, there, LOST),)

    async def listen(
        self, talking: Mapping[OperatorId, Collection[str]], channels: Iterable[SeenChannel]
    ) -> list[Event]:
        """Look at every channel that is due; run every few seconds with what is there. Raises TelephonyError."""
        found: list[Event] = []
        there = {one.name: one for one in channels if one.up and one.name.startswith("PJSIP/")}
        for gone in self._voices.keys() - there.keys():
            del self._voices[gone]
        for operator, lines in talking.items():  # the news of it may have been lost, or be older than we are
            if not await has_contact(self._asterisk, operator) and await self._life(operator):
                found += await self.doubt(operator, lines)
        now_s = self._clock.passed_s()
        for name, one in there.items():
            voice = self._voices.get(name)
            if voice is None or now_s - voice.looked_s >= self._silent_s / 4:
                await self._look(one, voice, now_s)
        return found

    async def _look(self, one: SeenChannel, voice: Voice | None, now_s: float) -> None:
        packets = await self._packets(one.name)
        if packets is None:
            return
        if voice is None or packets != voice.packets:
            self._voices[one.name] = Voice(packets, now_s, now_s)
            return
        voice.looked_s = now_s
        if now_s - voice.since_s >= self._silent_s:
            voice.since_s = now_s
            await self._ask(one.name, called_us=operator_of(one.name) is None and one.uniqueid == one.linkedid)

    async def _speaks(self, lines: Iterable[str]) -> bool:
        before = {line: await self._packets(line) for line in lines}
        for _ in range(LOOKS):
            await self._clock.sleep(LOOK_EVERY_S)
            for line, packets in before.items():
                now = await self._packets(line)
                if packets is not None and now is not None and now - packets > PACKETS:
                    return True
        return False

    async def _ask(self, channel: str, *, called_us: bool = False) -> None:
        """Within the call: by UPDATE where the INVITE that came said so, else by what everybody knows."""
        allowed = await self._value(channel, "PJSIP_HEADER(read,Allow)") if called_us else ""
        method = "update" if "UPDATE" in allowed else "invite"
        log.info("a silent side is asked whether it is there", channel=channel, method=method)
        await self._tolerate(commands.setvar(channel, "PJSIP_SEND_SESSION_REFRESH()", method))

    async def _packets(self, channel: str) -> int | None:
        said = await self._value(channel, "CHANNEL(rtcp,rxcount)")
        return int(said) if said.isdecimal() else None

    async def _life(self, operator: OperatorId) -> str:
        """The Call-ID of the phone's registration; empty when it has none."""
        contacts = await self._value(None, f"PJSIP_AOR({names.account(operator)},contact)")
        contact = contacts.partition(",")[0]
        return await self._value(None, f"PJSIP_CONTACT({contact},call_id)") if contact else ""

    async def _value(self, channel: str | None, name: str) -> str:
        try:
            answer = await self._asterisk.send(commands.getvar(channel, name))
        except (TelephonyError, ValueError):
            return ""  # gone meanwhile
        return answer.fields.get("Value", "").strip()

    async def _tolerate(self, action: ActionFields) -> None:
        try:
            await self._asterisk.send(action)
        except TelephonyError as error:
            log.info("gone meanwhile", action=action.get("Action"), answer=str(error))
