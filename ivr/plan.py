"""The menu as data: what each key means, made from the settings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from calls.ids import GroupId

if TYPE_CHECKING:
    from collections.abc import Mapping

    from config.settings import Language, Settings


@dataclass(frozen=True, slots=True)
class MenuPlan:
    """What is asked and what each key means. `answer_s` is the wait for a key after the last word, in seconds."""

    languages: tuple[Language, ...]
    default_language: Language
    language_keys: Mapping[str, Language]
    topic_keys: Mapping[str, GroupId]
    default_group: GroupId
    repeat_keys: frozenset[str]
    change_language_key: str
    answer_s: float
    tries: int


def menu_plan(settings: Settings) -> MenuPlan:
    """Make the plan: the keys 1, 2, 3 are the languages in their configured order."""
    hotline, menu = settings.hotline, settings.menu
    return MenuPlan(
        languages=hotline.languages,
        default_language=hotline.default_language,
        language_keys={str(key): language for key, language in enumerate(hotline.languages, start=1)},
        topic_keys={choice.key: GroupId(choice.group) for choice in menu.choices if choice.group is not None},
        default_group=GroupId(hotline.default_group),
        repeat_keys=frozenset(choice.key for choice in menu.choices if choice.repeat),
        change_language_key=menu.change_language_key,
        answer_s=menu.answer_s,
        tries=menu.tries,
    )
