"""One call's way through the menu, from the first word to the group that will answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from ivr.effects import Effect, Play, Speak, Tell
from ivr.menu import State, advance, begin

if TYPE_CHECKING:
    from calls.ids import GroupId
    from calls.ports import CallerLine
    from config.settings import Language
    from ivr.plan import MenuPlan

KEYS = "0123456789*#"
"""Every key cuts every sound short: who knows the menu need not hear it."""


@dataclass(frozen=True, slots=True)
class Destination:
    """Where the caller waits, in which language, and whether that was their choice."""

    group: GroupId
    language: Language
    language_by: Literal["key", "known", "default"]
    topic_by: Literal["key", "default"]


async def answer(line: CallerLine, plan: MenuPlan, known_language: str | None) -> Destination:
    """Greet the caller, ask for the language and the topic, and return where the call goes.

    Always returns: a caller who presses nothing, or the wrong keys, reaches the default group. Raises CallerGoneError.
    """
    position, effects = begin(plan, known_language)
    while position.state is not State.DONE:
        key = await _ask(line, effects, plan.answer_s)
        position, effects = advance(plan, position, key)
    await _ask(line, effects, None)
    return Destination(position.group, position.language, position.language_by, position.topic_by)


async def _ask(line: CallerLine, effects: tuple[Effect, ...], answer_s: float | None) -> str | None:
    """Do what the menu says, and return the key that answered, or None for silence."""
    for effect in effects:
        match effect:
            case Speak(language):
                await line.speak_language(language)
            case Tell(step, detail):
                await line.step(step, detail)
            case Play(sound):
                key = await line.play(sound, KEYS)
                if key is not None:
                    return key
    return await line.wait_key(answer_s) if answer_s is not None else None
