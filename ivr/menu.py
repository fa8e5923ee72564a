"""The menu as a pure state machine: which language the caller speaks, and what the call is about.

`begin` and `advance` return the next position and the effects; who performs them (a line, a test, a simulation) is
none of this module's business. Nobody is ever turned away for not pressing a key: who is silent, or presses wrongly,
as often as `MenuPlan.tries` gets the default (rules 4 and 6).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Literal

from ivr.effects import Effect, Play, Speak, Tell

if TYPE_CHECKING:
    from calls.ids import GroupId
    from config.settings import Language
    from ivr.plan import MenuPlan

MOST_REPEATS = 5
"""How often the menu is said again without counting as a try: a stuck key must not hold a line for ever."""

MOST_CHANGES = 3
"""How often the caller may go back to the choice of language; after that the key counts as a wrong one."""


class State(StrEnum):
    """Which question the caller has before them."""

    ARRIVED = "arrived"
    LANGUAGE = "language"
    TOPIC = "topic"
    DONE = "done"


class Event(StrEnum):
    """What the caller did, or failed to do."""

    NEW = "new"  # a caller whose language we do not know
    KNOWN = "known"  # the language is known, or there is only one
    CHOSE = "chosen"
    REPEAT = "repeat"
    CHANGE = "change-language"
    WRONG = "wrong-key"
    SILENT = "silent"
    GAVE_UP = "default"  # wrong or silent at the last try


NEXT: dict[tuple[State, Event], State] = {
    (State.ARRIVED, Event.NEW): State.LANGUAGE,
    (State.ARRIVED, Event.KNOWN): State.TOPIC,
    (State.LANGUAGE, Event.CHOSE): State.TOPIC,
    (State.LANGUAGE, Event.WRONG): State.LANGUAGE,
    (State.LANGUAGE, Event.SILENT): State.LANGUAGE,
    (State.LANGUAGE, Event.GAVE_UP): State.TOPIC,
    (State.TOPIC, Event.CHOSE): State.DONE,
    (State.TOPIC, Event.REPEAT): State.TOPIC,
    (State.TOPIC, Event.CHANGE): State.LANGUAGE,
    (State.TOPIC, Event.WRONG): State.TOPIC,
    (State.TOPIC, Event.SILENT): State.TOPIC,
    (State.TOPIC, Event.GAVE_UP): State.DONE,
}


@dataclass(frozen=True, slots=True)
class Position:
    """How far the caller has come. `asked` counts the tries of the present question."""

    state: State
    language: Language
    group: GroupId
    language_by: Literal["key", "known", "default"] = "default"
    topic_by: Literal["key", "default"] = "default"
    asked: int = 0
    repeats: int = 0
    changes: int = 0
    told_of_recording: bool = False


def begin(plan: MenuPlan, known_language: str | None) -> tuple[Position, tuple[Effect, ...]]:
    """Greet a caller: in the language of last time, else with the choice of language.

    A language that is no longer offered counts as unknown.
    """
    known = next((language for language in plan.languages if language == known_language), None)
    event = Event.KNOWN if known or len(plan.languages) == 1 else Event.NEW
    position = Position(
        NEXT[State.ARRIVED, event],
        language=known or plan.default_language,
        group=plan.default_group,
        language_by="known" if known else "default",
    )
    asked, effects = _ask(position, greeting=True)
    return asked, (Speak(position.language), *effects)


def advance(plan: MenuPlan, position: Position, key: str | None) -> tuple[Position, tuple[Effect, ...]]:
    """Take a key, or None for silence, and return the new position and what to do.

    Once the caller is through (`State.DONE`) a key changes nothing.
    """
    event = _event(plan, position, key)
    if (position.state, event) not in NEXT:
        return position, ()
    after = _answered(plan, replace(position, state=NEXT[position.state, event]), position.state, event, key)
    told = Tell(f"{position.state}-{event}", _detail(position.state, after))
    spoken = (Speak(after.language),) if after.language != position.language else ()
    if after.state is State.DONE:
        return after, (*spoken, told)
    asked, question = _ask(after)
    wrong = (Play("wrong-key"),) if event is Event.WRONG else ()
    return asked, (*spoken, told, *wrong, *question)


def _event(plan: MenuPlan, position: Position, key: str | None) -> Event:
    """Say what the key means at this question."""
    in_topic = position.state is State.TOPIC
    if key is not None and key in (plan.topic_keys if in_topic else plan.language_keys):
        return Event.CHOSE
    if in_topic and key in plan.repeat_keys and position.repeats < MOST_REPEATS:
        return Event.REPEAT
    if in_topic and key == plan.change_language_key and len(plan.languages) > 1 and position.changes < MOST_CHANGES:
        return Event.CHANGE
    if position.asked >= plan.tries:
        return Event.GAVE_UP
    if key is None or (in_topic and key in plan.repeat_keys):  # a repeat too many is no better than silence
        return Event.SILENT
    return Event.WRONG


def _answered(plan: MenuPlan, position: Position, question: State, event: Event, key: str | None) -> Position:
    """Keep the answer and count."""
    if event is Event.CHOSE and key is not None:
        if question is State.LANGUAGE:
            return replace(position, language=plan.language_keys[key], language_by="key", asked=0)
        return replace(position, group=plan.topic_keys[key], topic_by="key")
    if event is Event.REPEAT:
        return replace(position, repeats=position.repeats + 1, asked=position.asked - 1)
    if event is Event.CHANGE:
        return replace(position, changes=position.changes + 1, asked=0)
    return replace(position, asked=0) if position.state is not question else position


def _ask(position: Position, *, greeting: bool = False) -> tuple[Position, tuple[Effect, ...]]:
    """Ask the present question; the first one greets, and the first menu tells of the recording, once."""
    if position.state is State.LANGUAGE:
        sound = "welcome" if greeting else "choose-language"
    elif greeting:
        sound = "menu-known"
    else:
        sound = "menu" if position.told_of_recording else "menu-first"
    told = position.told_of_recording or position.state is State.TOPIC
    asked = replace(position, asked=position.asked + 1, told_of_recording=told)
    return asked, (Tell(f"{position.state}-asked", sound), Play(sound))


def _detail(question: State, after: Position) -> str:
    if question is State.LANGUAGE:
        return after.language if after.state is State.TOPIC else ""
    return after.group if after.state is State.DONE else ""
