"""The table of the menu, and the plan behind it."""

import re
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from config.load import load
from ivr.menu import NEXT, Event, Position, State, advance, begin
from ivr.plan import menu_plan

CENTRE = Path("config/hotline.toml")
PLAN = menu_plan(load(CENTRE, {}))


def test_the_keys_are_the_languages_in_their_order() -> None:
    assert PLAN.language_keys == {"1": "kk", "2": "ru", "3": "en"}
    plan = menu_plan(load(CENTRE, {"BAILANYS_HOTLINE__LANGUAGES": '["ru", "kk"]'}))
    assert plan.language_keys == {"1": "ru", "2": "kk"}


def test_the_keys_of_the_menu_are_those_of_the_file() -> None:
    assert PLAN.topic_keys == {"1": "state-services", "2": "portal", "3": "ict"}
    assert PLAN.repeat_keys == {"9"}
    assert PLAN.change_language_key == "0"


def test_the_table_names_every_event_that_can_come_at_a_question() -> None:
    at_language = {event for state, event in NEXT if state is State.LANGUAGE}
    at_topic = {event for state, event in NEXT if state is State.TOPIC}
    assert at_language == {Event.CHOSE, Event.WRONG, Event.SILENT, Event.GAVE_UP}
    assert at_topic == at_language | {Event.REPEAT, Event.CHANGE}
    assert not any(state is State.DONE for state, _ in NEXT)


def test_a_key_after_the_menu_changes_nothing() -> None:
    position, _ = begin(PLAN, "ru")
    done, _ = advance(PLAN, position, "1")
    assert done.state is State.DONE
    assert advance(PLAN, done, "2") == (done, ())
    assert advance(PLAN, done, None) == (done, ())


@given(st.lists(st.sampled_from([*"0123456789*#", None])), st.sampled_from([None, "kk", "ru", "en"]))
def test_the_tries_are_never_exceeded(keys: list[str | None], known: str | None) -> None:
    position: Position
    position, _ = begin(PLAN, known)
    for key in keys:
        position, _ = advance(PLAN, position, key)
        assert position.state is State.DONE or 1 <= position.asked <= PLAN.tries


def test_the_built_in_menu_speaks_with_the_same_sounds() -> None:
    """The dialplan's own menu, for when the controller is dead, must not need a sound that nobody renders."""
    template = Path("dialplan/templates/extensions.conf").read_text(encoding="utf-8")
    menu = template.split("\n[net-menu]\n")[1].split("\n[")[0]
    named = re.findall(r"bailanys/([a-z-]+)\)|\?([a-z-]+):([a-z-]+)\)\}", menu)
    spoken = {sound for names in named for sound in names if sound}
    assert spoken == {"welcome", "choose-language", "menu-first", "menu", "wrong-key"}
