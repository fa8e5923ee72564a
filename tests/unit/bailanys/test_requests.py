"""The API's operations over the control socket: the same names and answers, and a few that are the machine's own."""

from __future__ import annotations

from typing import Any

import pytest

from bailanys.control import ControlError
from bailanys.requests import Requests
from console.operations.operators import SkillsBody
from console.operations.table import LIVE, OPERATIONS
from console.ports import Live
from console.route import Asks
from tests.unit.console.paper import (
    BODIES,
    CALLER,
    PATHS,
    TALKING,
    TARGET,
    WAITING,
    PaperDesk,
    PaperGuessers,
    PaperSupervision,
)


class Asking:
    """What is asked for, with a hotline on paper behind it."""

    def __init__(self, *, synced: bool = True) -> None:
        self.control = PaperDesk(in_truth=synced)
        self.supervision, self.guessers = PaperSupervision(), PaperGuessers()
        self.held = list[float]()
        live = Live(self.control, self.control, self.supervision, upkeep=self.control)
        self._requests = Requests(live, self.held.append, self.guessers)

    async def __call__(self, operation: str, part: str = "", *, by: str = "", **body: Any) -> dict[str, Any]:
        return await self._requests.answer({"do": operation, "part": part, "body": body, "by": by})


async def test_the_command_line_asks_the_same_hotline() -> None:
    asked = Asking(synced=False)
    assert (await asked("GET /health"))["in_truth"] is False
    (operator,) = (await asked("GET /operators"))["operators"]
    assert (operator["operator"], operator["levels"], operator["state"]) == ("101", {"portal": 2}, "talking")
    first, second = (await asked("GET /calls"))["calls"]
    assert (first["call"], first["place"], second["call"], second["place"]) == (TALKING, None, WAITING, 1)
    assert await asked("GET /target") == TARGET.model_dump(mode="json")
    assert (await asked("GET /callbacks"))["callbacks"][0]["number"] == CALLER
    assert await asked("POST /operators/{number}/ready", "101") == {"operator": "101", "state": "ready"}
    await asked("POST /operators/{number}/pause", "101", reason="lunch")
    assert (await asked("POST /operators/{number}/wrap-up", "101", do="extend"))["operator"] == "101"
    assert asked.control.said == [("101", None), ("101", "lunch"), ("101", "longer")]
    assert await asked("POST /calls/{id}/transfer", TALKING, to="ict") == {"call": TALKING, "to": "ict"}
    assert await asked("POST /calls/{id}/three-way", TALKING) == {"call": TALKING}
    assert await asked("POST /calls/{id}/consult", TALKING, to="ict") == {"call": TALKING, "to": "ict"}
    assert await asked("POST /calls/{id}/join", TALKING) == {"call": TALKING}
    assert await asked("POST /calls/{id}/take-back", TALKING) == {"call": TALKING, "operator": "101"}


@pytest.mark.parametrize("name", sorted(LIVE))
async def test_whatever_the_controller_answers_alone_is_answered_here(name: str) -> None:
    """The table is the API's: nothing is named twice, and nothing of the ledger's is asked of the controller."""
    route = LIVE[name]
    part = "" if route.part is None else PATHS[f"{{{route.part.name}}}"]
    said = await Asking()(name, part, by="aliya", **BODIES.get(route.handler.__name__, {}))
    assert route.answer is not None and said.keys() == route.answer.model_fields.keys()


def test_what_needs_the_ledger_is_not_asked_of_the_controller() -> None:
    others = [route for route in OPERATIONS if not route.live]
    assert others and all(route.asks in (Asks.LEDGER, Asks.ARCHIVE) for route in others)


async def test_a_reload_names_who_asked_and_a_controller_without_it_says_so() -> None:
    asked = Asking()
    assert (await asked("POST /reload", by="aliya"))["changed"] == ["operator 105 (Болат): new, serves ict"]
    assert asked.control.reloaded == ["cli:aliya"]
    alone = Requests(Live(asked.control, asked.control, asked.supervision), asked.held.append, asked.guessers)
    with pytest.raises(ControlError, match="cannot be told to reload"):
        await alone.answer({"do": "POST /reload"})


async def test_a_recording_pauses_and_goes_on_for_whoever_asks() -> None:
    asked = Asking()
    told = await asked("POST /calls/{id}/recording/pause", TALKING, by="aliya", reason="card number")
    assert told == {"call": TALKING, "paused": True, "most_s": 120}
    told = await asked("POST /calls/{id}/recording/resume", TALKING, by="aliya")
    assert told == {"call": TALKING, "paused": False, "most_s": None}
    assert asked.control.paused == [(TALKING, "card number", "cli:aliya"), (TALKING, "", "cli:aliya")]


async def test_a_supervisor_is_named_with_what_is_changed() -> None:
    asked = Asking()
    change: dict[str, Any] = {"levels": {"portal": 2}, "remove": ["ict"]}
    told = await asked("PATCH /operators/{number}", "101", by="aliya", **change)
    assert told == {"operator": "101", "levels": {"portal": 2}, "languages": ["kk"], "changed": True}
    await asked("POST /calls/{id}/priority", WAITING, by="aliya", by_s=60)
    await asked("POST /calls/{id}/priority", WAITING, by="aliya", to_s=0)
    await asked("PATCH /groups/{name}", "portal", by="aliya", priority_s=30)
    assert asked.supervision.done == [
        ("101", SkillsBody.model_validate(change), "cli:aliya"),
        (WAITING, 60, None, "cli:aliya"),
        (WAITING, None, 0, "cli:aliya"),
        ("portal", 30, "cli:aliya"),
    ]
    assert (await asked("GET /groups"))["groups"][0]["priority_s"] == 30


async def test_who_is_slowed_is_shown_and_let_in() -> None:
    asked = Asking()
    row = {"address": "203.0.113.5", "from_ms": 1, "until_ms": 600_001, "times": 1}
    assert await asked("GET /guesses") == {"slowed": [row]}
    assert await asked("DELETE /guesses/{address}", "203.0.113.5", by="aliya") == row
    assert asked.guessers.let_in == [("203.0.113.5", "cli:aliya")]
    assert await asked("GET /guesses") == {"slowed": []}


async def test_disks_are_told_and_callbacks_held() -> None:
    asked = Asking()
    assert await asked("GET /disks") == {"disks": []}
    assert await asked("POST /callbacks/hold", seconds=90) == {}
    assert asked.held == [90.0]


@pytest.mark.parametrize(
    ("operation", "part", "body", "said"),
    [
        ("POST /calls/{id}/transfer", WAITING, {"to": "ict"}, "only a talk"),
        ("POST /calls/{id}/transfer", "hl1-1.1", {"to": "ict"}, "no such call"),
        ("POST /operators/{number}/ready", "999", {}, "no operator 999"),
        ("POST /operators/{number}/pause", "101", {"reason": "ү" * 81}, "--reason: 80 characters at most.* has 81"),
        ("POST /calls/{id}/recording/pause", TALKING, {"reason": "ү" * 49}, "48 characters"),
        ("POST /calls/{id}/recording/pause", TALKING, {"reason": ""}, "not empty; it has 0"),
        ("POST /calls/{id}/priority", WAITING, {}, "give either by_s or to_s"),
        ("PATCH /operators/{number}", "999", {}, "no operator 999"),
        ("PATCH /operators/{number}", "101", {"levels": {"it": 1}}, "there are: portal, ict"),
        ("POST /calls/{id}/priority", "hl1-1.1", {"by_s": 60}, "no such call"),
        ("PATCH /groups/{name}", "none", {"priority_s": 60}, "no group none"),
        ("DELETE /guesses/{address}", "192.0.2.9", {}, "192.0.2.9 is not slowed"),
        ("GET /recordings", "", {}, "no such request: GET /recordings"),
        ("dance", "", {}, "no such request: dance"),
    ],
)
async def test_refusals_are_told_in_words(operation: str, part: str, body: dict[str, Any], said: str) -> None:
    with pytest.raises(ControlError, match=said):
        await Asking()(operation, part, by="x", **body)
