"""The same deeds over the control socket, in the form that the command line reads."""

from __future__ import annotations

import pytest
from paper import TALKING, WAITING, PaperDesk

from bailanys.control import ControlError
from bailanys.requests import Requests


async def test_the_command_line_asks_the_same_desk() -> None:
    desk = PaperDesk(in_truth=False)
    requests = Requests(desk)
    assert await requests.answer({"do": "ready"}) == {"ready": False}
    assert await requests.answer({"do": "operators"}) == {
        "operators": [
            {
                "operator": "101",
                "name": "Айгүл",
                "groups": "portal",
                "state": "talking",
                "reason": TALKING,
                "until_ms": None,
            }
        ]
    }
    told = {"group": "portal", "language": "kk", "for_s": "12"}
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


@pytest.mark.parametrize(
    ("request_", "said"),
    [
        ({"do": "transfer", "call": WAITING, "to": "ict"}, "only a talk"),
        ({"do": "transfer", "call": "hl1-1.1", "to": "ict"}, "no such call"),
        ({"do": "duty", "operator": "999", "ready": True}, "no operator 999"),
        ({"do": "dance"}, "no such request: dance"),
        ({}, "no such request: None"),
    ],
)
async def test_refusals_are_told_in_words(request_: dict[str, object], said: str) -> None:
    with pytest.raises(ControlError, match=said):
        await Requests(PaperDesk()).answer(request_)
