"""What a session leaves on the caller's channel: the menu's outcome, and the number to be called back at."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from calls.ids import CallId
from calls.ports import CallerGoneError
from dialplan import names
from dispatch.agi_sessions import serve_callback, serve_menu
from ivr.plan import menu_plan
from tests.unit.dispatch.paper_asterisk import CALL, hotline
from tests.unit.ivr.fake_line import FakeLine

PLAN = menu_plan(hotline())


class Line(FakeLine):
    """A caller's line that keeps what it is left."""

    def __init__(self, *presses: str, caller: str = "77011234567", language: str = "ru") -> None:
        super().__init__(presses)
        self.languages.append(language)
        self.call_id = CallId(CALL)
        self.variables = {"agi_callerid": caller, "agi_language": language}
        self.left: dict[str, str] = {}
        self.executed: list[tuple[str, ...]] = []

    async def set_variable(self, name: str, value: str) -> None:
        self.left[name] = value

    async def execute(self, application: str, *arguments: str) -> str:
        self.executed.append((application, *arguments))
        return ""


def knows(language: str | None) -> Callable[[str], Awaitable[str | None]]:
    async def language_of(key: str) -> str | None:
        assert key == "+77011234567"
        return language

    return language_of


async def served(line: Line, language_of: Callable[[str], Awaitable[str | None]] | None = None) -> Line:
    made: Any = line
    await serve_menu(made, PLAN, language_of or knows(None))
    return line


async def test_a_caller_chooses_language_and_topic_and_the_channel_knows() -> None:
    line = await served(Line("3", "2"))
    assert line.left == {names.LANGUAGE: "en", names.LANGUAGE_BY: "key", names.GROUP: "portal"}
    assert list(line.left)[-1] == names.GROUP, "the last: with it the dialplan knows that the menu is done"
    assert line.executed == [("CELGenUserEvent", "language", "language=en&by=key")]
    assert line.languages[-1] == "en"
    assert ("language-chosen", "en") in line.steps


async def test_a_chosen_language_is_on_the_channel_before_the_topic_is() -> None:
    line = await served(Line("3", "hang up"))
    assert line.left == {names.LANGUAGE: "en", names.LANGUAGE_BY: "key"}
    assert line.executed == []


async def test_a_caller_who_is_known_hears_their_language_at_once() -> None:
    line = await served(Line("1"), knows("ru"))
    assert line.left == {names.LANGUAGE: "ru", names.LANGUAGE_BY: "known", names.GROUP: "state-services"}
    assert {sound.partition("/")[0] for sound in line.heard} == {"ru"}


async def test_who_presses_nothing_reaches_the_default_group() -> None:
    line = await served(Line())
    assert line.left[names.GROUP] == "state-services"
    assert line.left[names.LANGUAGE_BY] == "default"


async def test_a_ledger_that_hangs_keeps_nobody_waiting() -> None:
    async def hangs(key: str) -> str | None:
        await asyncio.sleep(3600)
        raise AssertionError

    began_s = asyncio.get_running_loop().time()
    line = await served(Line("3", "2"), hangs)
    assert line.left[names.LANGUAGE] == "en"
    assert asyncio.get_running_loop().time() - began_s == pytest.approx(0.15), "or the first word is late"


async def test_a_ledger_that_fails_makes_everybody_a_new_caller() -> None:
    async def fails(key: str) -> str | None:
        raise RuntimeError("locked")

    assert (await served(Line("3", "2"), fails)).left[names.LANGUAGE_BY] == "key"


async def test_a_caller_without_a_number_is_not_looked_for() -> None:
    async def asked(key: str) -> str | None:
        raise AssertionError(key)

    assert (await served(Line("3", "2", caller="unknown"), asked)).left[names.GROUP] == "portal"


async def called_back(line: Line, *refused: str, later: bool = False) -> Line:
    made: Any = line
    await serve_callback(made, ("+7",), refused.__contains__, later=later)
    return line


@pytest.mark.parametrize("later", [False, True])
async def test_the_agreed_number_is_left_and_whether_it_is_for_later(later: bool) -> None:
    line = await called_back(Line("1", "1", "1"), later=later)
    assert line.left == {names.CALLBACK_LATER: "1" if later else "", names.CALLBACK_TO: "77011234567"}


async def test_a_caller_who_hangs_up_while_asked_leaves_nothing() -> None:
    line = Line("hang up")
    await called_back(line)
    assert line.left == {}


async def test_who_speaks_none_of_our_languages_is_asked_in_the_first() -> None:
    line = Line(caller="unknown", language="de")
    await called_back(line)
    other = Line(caller="unknown", language="kk")
    await called_back(other)
    assert [sound.partition("/")[2] for sound in line.heard] == [sound.partition("/")[2] for sound in other.heard]


async def test_a_number_that_was_called_too_often_is_not_promised() -> None:
    line = await called_back(Line(), "77011234567")
    assert line.left == {}
    assert line.heard[0] == "ru/callback-wrong"


async def test_a_gone_caller_is_ordinary() -> None:
    class Gone(Line):
        async def set_variable(self, name: str, value: str) -> None:
            raise CallerGoneError

    assert (await served(Gone("3", "2"))).left == {}
