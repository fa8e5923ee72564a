"""Has Asterisk refuse whoever guesses at accounts before it does any work for it, for a bounded time.

Asterisk holds every request against its lists of addresses first (`res_pjsip_acl`), and it keeps those in a memory
that forgets (`sorcery.conf`): what is put there is gone after a minute and a half unless it is said again, so nobody
stays shut out by a controller that has died. The database that the memory is filled from holds them for that moment
only.
"""

from __future__ import annotations

import asyncio
import json
from functools import partial

import structlog

from calls.alarms import AlarmKind
from calls.journal import Fact
from calls.local_day import local_time
from config.settings import Settings
from console.errors import UnavailableError
from dialplan import names
from dispatch.notes import Notes
from dispatch.ports import Asterisk, Clock
from dispatch.sip_guesses import Guessed, Guesses, address_of
from dispatch.slowed_addresses import Slowed, SlowedAddresses, Spared, denied
from telephony import commands
from telephony.errors import AmiRefusedError, TelephonyError
from telephony.quoting import ActionFields

log = structlog.get_logger(__name__)

LOOK_EVERY_S = 1.0
SAY_AGAIN_MS = 30_000
"""A third of what Asterisk forgets it after (`object_lifetime_maximum`)."""
PHONES_HOLD_MS = 10_000
"""So old a list of registered phones will do: who registers since is told by an event."""
LONGEST_TEXT = 900


class Slowing:
    """Takes Asterisk's security events; `look`, run each second, slows and lets go."""

    def __init__(self, settings: Settings, asterisk: Asterisk, clock: Clock, notes: Notes) -> None:
        self._asterisk = asterisk
        self._clock = clock
        self._notes = notes
        self._on = settings.sip.slow_guesses_s > 0
        self._local_time = partial(local_time, zone=settings.hotline.time_zone)
        self._guesses = Guesses([names.account(operator.number) for operator in settings.operators])
        self._spared = Spared(settings)
        self._slowed = SlowedAddresses(settings.sip.slow_guesses_s)
        self._asked: dict[str, Guessed] = {}
        self._phones_ms = -PHONES_HOLD_MS
        self._said_ms: int | None = None
        """When Asterisk was told last; None before it has forgotten what a controller before us said."""
        self._turn = asyncio.Lock()

    @property
    def refused(self) -> int:
        """Requests refused since the controller's start."""
        return self._guesses.refused

    @property
    def slowed(self) -> list[Slowed]:
        """Who is slowed now, the first to end before the others."""
        return sorted(
            (one for one in self._slowed if one.until_ms > self._clock.now_ms()), key=lambda one: one.until_ms
        )

    def heard(self, name: str, fields: dict[str, str], now_ms: int) -> None:
        """Take an event of Asterisk's own."""
        if name == "ContactStatus":
            self._spared.phone_at(fields.get("URI", ""), now_ms)
        elif guessed := self._guesses.heard(name, fields, now_ms):
            before = self._asked.get(guessed.address, guessed)
            words, hasty = before.words or guessed.words, before.hasty or guessed.hasty
            self._asked[guessed.address] = Guessed(guessed.address, words, hasty)

    def say_again(self) -> None:
        """Asterisk may be another one."""
        self._said_ms = None

    async def look(self) -> None:
        """Do what is due."""
        now_ms = self._clock.now_ms()
        asked, self._asked = self._asked, {}
        over = self._slowed.end(now_ms)
        for one in over:
            log.info("no longer slowed", address=one.address)
        outcomes = await self._begin([one.address for one in asked.values() if one.hasty and self._on], now_ms)
        begun = [one for one in outcomes.values() if isinstance(one, Slowed)]
        due = self._said_ms is None or (len(self._slowed) > 0 and now_ms - self._said_ms >= SAY_AGAIN_MS)
        if over or begun or due:
            try:
                await self._say()
            except TelephonyError as error:  # said again in a second
                log.info("slowing not said", error_id=error.error_id, answer=str(error))
                for one in begun:
                    self._slowed.lift(one.address)
                    outcomes[one.address] = f"Asterisk did not take it: {error}"
        for guessed in asked.values():
            self._tell(guessed, outcomes.get(guessed.address))

    async def lift(self, address: str, by: str) -> Slowed | None:
        """Let an address in again at once; None for one that is not slowed. Raises UnavailableError."""
        lifted = self._slowed.lift(address) or self._slowed.lift(address_of(address))
        if lifted is None:
            return None
        until = f"slowed until {self._local_time(lifted.until_ms):%Y-%m-%d %H:%M:%S}"
        self._notes.note(Fact.CHANGED, kind="guesses", subject=lifted.address, by=by, before=until, after="")
        try:
            await self._say()
        except TelephonyError as error:
            then = f"{lifted.address} is let in as soon as it does"
            raise UnavailableError(f"Asterisk did not answer ({error}): {then}") from error
        return lifted

    async def _begin(self, addresses: list[str], now_ms: int) -> dict[str, Slowed | str]:
        """Slow these; for each the reason if it is not."""
        if not addresses:
            return {}
        try:
            await self._look_at_phones(now_ms)
        except TelephonyError as error:
            return dict.fromkeys(addresses, f"Asterisk does not say where phones are: {error}")
        return {one: self._spared.why(one, now_ms) or self._slowed.begin(one, now_ms) for one in addresses}

    async def _look_at_phones(self, now_ms: int) -> None:
        """Learn where phones are registered at this moment. Raises TelephonyError."""
        if 0 <= now_ms - self._phones_ms < PHONES_HOLD_MS:
            return
        try:
            contacts = await self._asterisk.collect(commands.contacts())
        except AmiRefusedError:
            contacts = []  # there is none
        for contact in contacts:
            self._spared.phone_at(contact.fields.get("Uri", ""), now_ms)
        self._phones_ms = now_ms

    def _tell(self, guessed: Guessed, outcome: Slowed | str | None) -> None:
        if isinstance(outcome, Slowed):
            until = f"refused unread until {self._local_time(outcome.until_ms):%H:%M:%S}"
            log.info("slowed", address=guessed.address, until_ms=outcome.until_ms, times=outcome.times)
            if guessed.words or outcome.times == 1:
                self._notes.alarm(AlarmKind.SIP_GUESSES, f"{guessed.words or guessed.address}; {until}")
        elif guessed.words:
            self._notes.alarm(AlarmKind.SIP_GUESSES, guessed.words + (f"; not slowed: {outcome}" if outcome else ""))

    async def _say(self) -> None:
        """Have Asterisk hold all that is slowed, and nothing else. Raises TelephonyError."""
        async with self._turn:
            said_ms, self._said_ms = self._clock.now_ms(), None
            empty = commands.db_del_tree(names.GUESSERS_FAMILY)
            texts = denied((one.address for one in self._slowed), LONGEST_TEXT)
            puts = [self._entry(number, text) for number, text in enumerate(texts)]
            # All at once, so that no death of ours falls in between: the database would hold it until our next start.
            actions = [empty, *puts, commands.populate(names.GUESSERS_CACHE), empty]
            answers = await asyncio.gather(*(self._asterisk.send(one) for one in actions), return_exceptions=True)
            failed = [
                answer
                for action, answer in zip(actions, answers, strict=True)
                if isinstance(answer, BaseException)
                and not (action is empty and isinstance(answer, AmiRefusedError))  # there was nothing
            ]
            if all(isinstance(error, AmiRefusedError) for error in failed):
                self._said_ms = said_ms  # an Asterisk of before, say, will not do it in a second either
            if failed:
                raise failed[0]

    @staticmethod
    def _entry(number: int, addresses: str) -> ActionFields:
        value = json.dumps({names.GUESSERS_MARK: "yes", "deny": addresses}, separators=(",", ":"))
        return commands.db_put(f"{names.GUESSERS_FAMILY}/acl", str(number), value)
