"""A caller who hears the menu on the wire and presses each key one second after its option was said."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from bench.alaw import KnownSound, known_sound
from bench.centre import Centre
from bench.ear import Ear
from bench.leg import Leg
from calls.phone import caller_key
from config.settings import Language
from speech.compose import SUBFOLDER
from speech.timing import Spoken
from storage.engine import open_engine
from storage.ledger import Ledger

AFTER_OPTION_S = 1.0
_JOURNAL_S = 10.0


@dataclass(frozen=True, slots=True)
class Prompts:
    """The prompts of a hotline as they are played, and when each option in them has been said."""

    folder: Path
    spoken: Spoken

    @classmethod
    def of(cls, hotline: Centre) -> Self:
        """Read what the hotline laid out at its start. Raises OSError."""
        folder = hotline.up.places.state / "data" / "sounds"
        receipt = json.loads((folder / "spoken.json").read_text(encoding="utf-8"))
        return cls(folder, Spoken.from_json(receipt["spoken"]))

    def sound(self, language: Language, name: str) -> KnownSound:
        """What the prompt is known by on the wire."""
        return known_sound(self.folder / language / SUBFOLDER / f"{name}.wav")

    def said_s(self, language: Language, name: str, key: str) -> float:
        """When the option of that key has been said, seconds from the prompt's begin."""
        return self.spoken.languages[language].option_ends_s[name][key]


async def new_caller_s(hotline: Centre, prompts: Prompts, leg: Leg, language: Language, number: str) -> float:
    """Walk a new caller through the menu: seconds from the INVITE to the start of the wait. Raises TimeoutError."""
    settings, ear = hotline.up.settings.hotline, Ear(leg)
    key = str(1 + settings.languages.index(language))
    await _answer_prompt(leg, ear, prompts, settings.default_language, "welcome", key)
    await _answer_prompt(leg, ear, prompts, language, "menu-first", most_wanted(hotline))
    return await _queued_s(hotline, number) - leg.seen.invited_at


async def known_caller_s(hotline: Centre, prompts: Prompts, leg: Leg, language: Language, number: str) -> float:
    """Walk a caller whose language is known through the menu. Raises TimeoutError, also when greeted as a new one."""
    await _answer_prompt(leg, Ear(leg), prompts, language, "menu-known", most_wanted(hotline))
    return await _queued_s(hotline, number) - leg.seen.invited_at


async def languages_kept(hotline: Centre, callers: dict[Language, str]) -> None:
    """Wait until the ledger knows each caller's language, as it does when they call again another day."""
    engine = open_engine(hotline.up.places.database_url)
    ledger = Ledger(engine)
    try:
        async with asyncio.timeout(_JOURNAL_S):
            for language, number in callers.items():
                while await ledger.language_of(caller_key(number)) != language:
                    await asyncio.sleep(0.1)  # the projector follows the journal
    finally:
        engine.dispose()


def most_wanted(hotline: Centre) -> str:
    """The key of the first choice: the menu says the most wanted one first."""
    return next(choice.key for choice in hotline.up.settings.menu.choices if choice.group is not None)


async def _answer_prompt(leg: Leg, ear: Ear, prompts: Prompts, language: Language, name: str, key: str) -> None:
    said_s = await ear.begun_at(prompts.sound(language, name)) + prompts.said_s(language, name, key)
    await asyncio.sleep(max(0.0, said_s + AFTER_OPTION_S - time.time()))
    leg.press(key)


async def _queued_s(hotline: Centre, number: str) -> float:
    """When the caller's latest call began to wait; the line is held until the journal says so."""
    async with asyncio.timeout(_JOURNAL_S):
        while True:
            latest = [one for one in hotline.waits().values() if one.caller == number][-1:]
            if latest and latest[0].queued_s is not None:
                return latest[0].queued_s
            await asyncio.sleep(0.05)  # a growing file tells nobody that it grows
