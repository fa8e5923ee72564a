"""Serves one caller's menu over FastAGI and leaves the outcome in the channel's own variables."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import structlog

from calls.ids import CallId
from calls.journal import Fact
from calls.phone import ANONYMOUS, caller_key
from calls.ports import CallerGoneError, CallerLine
from config.settings import LANGUAGES, Language
from dialplan import names
from ivr.callback import ask_number
from ivr.plan import MenuPlan
from ivr.session import Destination, answer
from telephony.agi_line import AgiLine

log = structlog.get_logger(__name__)

RECALL_S = 0.15
"""How long the first word may wait for the ledger to say in which language."""

LanguageOf = Callable[[str], Awaitable[str | None]]


class MarkedLine(CallerLine):
    """A line that marks a chosen language on the channel at once: the safety net then need not ask again."""

    def __init__(self, line: AgiLine) -> None:
        self._line = line

    async def play(self, sound: str, keys: str) -> str | None:
        """Play a sound; one of `keys` ends it."""
        return await self._line.play(sound, keys)

    async def wait_key(self, seconds: float) -> str | None:
        """Wait for a key."""
        return await self._line.wait_key(seconds)

    async def speak_language(self, language: str) -> None:
        """From now on speak this language."""
        await self._line.speak_language(language)

    async def step(self, step: str, detail: str = "") -> None:
        """Log the step; a chosen language is also kept on the channel."""
        await self._line.step(step, detail)
        if step == "language-chosen" and detail:
            await self._line.set_variable(names.LANGUAGE, detail)
            await self._line.set_variable(names.LANGUAGE_BY, "key")


async def serve_menu(line: AgiLine, plan: MenuPlan, language_of: LanguageOf) -> None:
    """One caller's way through the menu. A caller who hangs up in between is ordinary."""
    key = caller_key(line.variables.get("agi_callerid", ""))
    known = await _recall(line.call_id, key, language_of)
    try:
        chosen = await answer(MarkedLine(line), plan, known)
        await _leave(line, chosen)
    except CallerGoneError:
        log.info("the caller hung up in the menu", call_id=line.call_id)


async def serve_callback(
    line: AgiLine, prefixes: Sequence[str], refused: Callable[[str], bool], *, later: bool
) -> None:
    """Agree with a waiting caller on the number to be called back at. Who hangs up in between is ordinary.

    `refused`: numbers that were called too often already. `later`: nobody is called at this hour, and the caller is
    told so in the end.
    """
    spoken = line.variables.get("agi_language", "")
    language: Language = next((each for each in LANGUAGES if each == spoken), LANGUAGES[0])
    try:
        number = await ask_number(line, line.variables.get("agi_callerid", ""), language, prefixes, refused)
        if number is not None:
            await line.set_variable(names.CALLBACK_LATER, "1" if later else "")
            await line.set_variable(names.CALLBACK_TO, number)
    except CallerGoneError:
        log.info("the caller left while asking for a callback", call_id=line.call_id)


async def _recall(call: CallId, key: str, language_of: LanguageOf) -> str | None:
    if key == ANONYMOUS:
        return None
    try:
        async with asyncio.timeout(RECALL_S):
            return await language_of(key)
    except Exception as error:  # the ledger may be away in any way: then everybody is a new caller
        log.warning("no language recalled", call_id=call, error=repr(error))
        return None


async def _leave(line: AgiLine, chosen: Destination) -> None:
    await line.execute("CELGenUserEvent", Fact.LANGUAGE.value, f"language={chosen.language}&by={chosen.language_by}")
    await line.set_variable(names.LANGUAGE, chosen.language)
    await line.set_variable(names.LANGUAGE_BY, chosen.language_by)
    # The group last: with it the dialplan knows that the menu was gone through.
    await line.set_variable(names.GROUP, chosen.group)
    log.info("menu done", call_id=line.call_id, group=chosen.group, topic_by=chosen.topic_by)
