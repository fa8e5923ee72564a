"""The same deeds over the control socket, in the form that the command line reads."""

from __future__ import annotations

import pytest

from bailanys.control import ControlError
from bailanys.requests import Requests
from console.operations.operators import SkillsBody
from tests.unit.console.paper import TALKING, WAITING, PaperDesk, PaperGuessers, PaperSupervision


async def test_the_command_line_asks_the_same_desk() -> None:
    desk = PaperDesk(in_truth=False)
    requests = Requests(desk, desk, PaperSupervision(), lambda _: None, PaperGuessers())
    assert await requests.answer({"do": "ready"}) == {"ready": False}
    assert await requests.answer({"do": "operators"}) == {
        "operators": [
            {
                "operator": "101",
                "name": "Айгүл",
                "groups": "portal 2",
                "languages": "kk, ru",
                "changed": "yes",
                "state": "talking",
                "reason": TALKING,
                "until_ms": None,
            }
        ]
    }
    told = {"group": "portal", "language": "kk", "for_s": "12", "priority_s": "60"}
    assert await requests.answer({"do": "calls"}) == {
        "calls": [
            {"call": TALKING, "where": "talking", "operator": "101", "place": "", **told},
            {"call": WAITING, "where": "waiting", "operator": "", "place": "1", **told},
        ]
    }
    assert (await requests.answer({"do": "target"}))["groups"][0]["helpers"] == ("104",)
    assert await requests.answer({"do": "duty", "operator": "101", "ready": True, "reason": "x"}) == {
        "operator": "101", "state": "ready",
    }  # fmt: skip
    await requests.answer({"do": "duty", "operator": "101", "ready": False, "reason": "lunch"})
    assert desk.said == [("101", None), ("101", "lunch")]
    assert await requests.answer({"do": "transfer", "call": TALKING, "to": "ict"}) == {"call": TALKING, "to": "ict"}
    assert await requests.answer({"do": "three-way", "call": TALKING}) == {"call": TALKING}
    assert await requests.answer({"do": "consult", "call": TALKING, "to": "ict"}) == {"call": TALKING, "to": "ict"}
    assert await requests.answer({"do": "join", "call": TALKING}) == {"call": TALKING}
    assert await requests.answer({"do": "take-back", "call": TALKING}) == {"call": TALKING, "operator": "101"}


async def test_a_recording_pauses_and_goes_on_for_whoever_asks() -> None:
    desk = PaperDesk()
    requests = Requests(desk, desk, PaperSupervision(), lambda _: None, PaperGuessers())
    request = {"do": "pause-recording", "call": TALKING, "reason": "card number", "by": "aliya"}
    assert await requests.answer(request) == {"call": TALKING, "paused": True, "most_s": 120}
    told = await requests.answer({"do": "resume-recording", "call": TALKING, "by": "aliya"})
    assert told == {"call": TALKING, "paused": False, "most_s": None}
    assert desk.paused == [(TALKING, "card number", "cli:aliya"), (TALKING, "", "cli:aliya")]


async def test_a_supervisor_is_named_with_what_is_changed() -> None:
    supervision = PaperSupervision()
    requests = Requests(desk := PaperDesk(), desk, supervision, lambda _: None, PaperGuessers())
    change = {"levels": {"portal": 2}, "remove": ["ict"]}
    told = await requests.answer({"do": "skills", "operator": "101", "change": change, "by": "aliya"})
    assert told == {"operator": "101", "levels": {"portal": 2}, "languages": ("kk",), "changed": True}
    await requests.answer({"do": "priority", "call": WAITING, "by_s": 60, "by": "aliya"})
    await requests.answer({"do": "priority", "call": WAITING, "to_s": 0, "by": "aliya"})
    await requests.answer({"do": "priority", "group": "portal", "to_s": 30, "by": "aliya"})
    assert supervision.done == [
        ("101", SkillsBody.model_validate(change), "cli:aliya"),
        (WAITING, 60, None, "cli:aliya"),
        (WAITING, None, 0, "cli:aliya"),
        ("portal", 30, "cli:aliya"),
    ]
    assert (await requests.answer({"do": "groups"}))["groups"][0]["priority_s"] == 30


async def test_who_is_slowed_is_shown_and_let_in() -> None:
    guessers = PaperGuessers()
    requests = Requests(desk := PaperDesk(), desk, PaperSupervision(), lambda _: None, guessers)
    row = {"address": "203.0.113.5", "from_ms": 1, "until_ms": 600_001, "times": 1}
    assert await requests.answer({"do": "guesses"}) == {"slowed": [row]}
    assert await requests.answer({"do": "let-in", "address": "203.0.113.5", "by": "aliya"}) == row
    assert guessers.let_in == [("203.0.113.5", "cli:aliya")]
    assert await requests.answer({"do": "guesses"}) == {"slowed": []}


@pytest.mark.parametrize(
    ("request_", "said"),
    [
        ({"do": "transfer", "call": WAITING, "to": "ict"}, "only a talk"),
        ({"do": "transfer", "call": "hl1-1.1", "to": "ict"}, "no such call"),
        ({"do": "duty", "operator": "999", "ready": True}, "no operator 999"),
        ({"do": "duty", "operator": "101", "ready": False, "reason": "ү" * 81}, "80 characters"),
        ({"do": "pause-recording", "call": TALKING, "reason": "ү" * 49, "by": "aliya"}, "48 characters"),
        ({"do": "pause-recording", "call": TALKING, "reason": "", "by": "aliya"}, "not empty"),
        ({"do": "skills", "operator": "999", "change": {}, "by": "x"}, "no operator 999"),
        ({"do": "skills", "operator": "101", "change": {"levels": {"it": 1}}, "by": "x"}, "there are: portal, ict"),
        ({"do": "priority", "call": "hl1-1.1", "by_s": 60, "by": "x"}, "no such call"),
        ({"do": "priority", "group": "none", "to_s": 60, "by": "x"}, "no group none"),
        ({"do": "let-in", "address": "192.0.2.9", "by": "x"}, "192.0.2.9 is not slowed"),
        ({"do": "dance"}, "no such request: dance"),
        ({}, "no such request: None"),
    ],
)
async def test_refusals_are_told_in_words(request_: dict[str, object], said: str) -> None:
    with pytest.raises(ControlError, match=said):
        await Requests(desk := PaperDesk(), desk, PaperSupervision(), lambda _: None, PaperGuessers()).answer(request_)
