"""Commands that ask the running controller: which operation, and how its answer is shown."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from bailanys import control
from bailanys.cli import calls, groups, operators
from console.operations.calls import CallNow, Calls
from console.operations.operators import OperatorNow, Operators

CONFIG = Path(__file__).parents[4] / "config" / "hotline.toml"
OPERATOR = OperatorNow(
    operator="101", name="Айгүл", groups=("portal", "ict"), levels={"portal": 2, "ict": 1}, languages=("kk", "ru"),
    changed=True, state="wrap-up", reason="hl1-1.1", until_ms=1_764_000_000_250,
)  # fmt: skip
CALL = CallNow(
    call="hl1-1.1", where="waiting", operator="", place=1, group="portal", language="kk", for_s=12, priority_s=0
)
Say = Callable[..., str]
Asked = tuple[str, str, dict[str, Any], str]


@pytest.fixture
def asked() -> list[Asked]:
    return []


@pytest.fixture
def say(monkeypatch: pytest.MonkeyPatch, asked: list[Asked]) -> Say:
    app = typer.Typer()
    for name, one in (("operators", operators.app), ("calls", calls.app), ("groups", groups.app)):
        app.add_typer(one, name=name)
    answers: dict[str, Any] = {
        "GET /operators": Operators(operators=(OPERATOR,)).model_dump(mode="json"),
        "GET /calls": Calls(calls=(CALL,)).model_dump(mode="json"),
    }

    async def answer(
        _: Path, operation: str, part: str = "", body: dict[str, Any] | None = None, *, by: str = ""
    ) -> dict[str, Any]:
        asked.append((operation, part, body or {}, by))
        told = {"operator": part, "call": part, "of": part, "state": "ready", "to": "ict", "most_s": 120}
        return answers.get(operation, told | {"priority_s": 60, "until_ms": 1_764_000_000_000, "levels": {"portal": 2},
                                              "languages": ["kk"], "changed": True})  # fmt: skip

    monkeypatch.setattr(control, "ask", answer)
    monkeypatch.setattr("bailanys.cli.calls.person", lambda: "aliya")
    monkeypatch.setattr("bailanys.cli.operators.person", lambda: "aliya")
    monkeypatch.setattr("bailanys.cli.groups.person", lambda: "aliya")

    def said(*words: str) -> str:
        result = CliRunner().invoke(app, [*words, "--config", str(CONFIG)], catch_exceptions=False)
        assert result.exit_code == 0, result.output
        return result.stdout

    return said


def test_operators_for_a_program_are_those_of_the_api_with_iso_beside_each_instant(say: Say) -> None:
    assert json.loads(say("operators", "list", "--json")) == [
        {
            "operator": "101", "name": "Айгүл", "groups": ["portal", "ict"], "levels": {"portal": 2, "ict": 1},
            "languages": ["kk", "ru"], "changed": True, "state": "wrap-up", "reason": "hl1-1.1",
            "until_ms": 1_764_000_000_250, "until": "2025-11-24T16:00:00.250Z",
        }
    ]  # fmt: skip


def test_calls_for_a_program_are_those_of_the_api(say: Say) -> None:
    assert json.loads(say("calls", "list", "--json")) == [
        {
            "call": "hl1-1.1", "where": "waiting", "group": "portal", "language": "kk", "operator": "", "place": 1,
            "for_s": 12, "priority_s": 0,
        }
    ]  # fmt: skip


def test_a_person_reads_local_times_and_no_column_that_says_nothing(say: Say) -> None:
    shown = say("operators", "list")
    assert "21:00:00" in shown and "1764000000" not in shown and "until ms" not in shown
    assert "priority" not in say("calls", "list") and "0:12" in say("calls", "list")


@pytest.mark.parametrize(
    ("words", "operation", "said"),
    [
        (["operators", "ready", "101"], ("POST /operators/{number}/ready", "101", {}, ""), "Operator 101: ready"),
        (
            ["operators", "pause", "101", "--reason", "lunch"],
            ("POST /operators/{number}/pause", "101", {"reason": "lunch"}, ""),
            "Operator 101: ready",
        ),
        (
            ["operators", "wrap-up", "101", "--extend"],
            ("POST /operators/{number}/wrap-up", "101", {"do": "extend"}, ""),
            "wrap-up until",
        ),
        (
            ["operators", "skill", "101", "portal=2", "--remove", "ict", "--speak", "en"],
            (
                "PATCH /operators/{number}",
                "101",
                {"levels": {"portal": 2}, "remove": ["ict"], "add_languages": ["en"], "remove_languages": [],
                 "reset": False},
                "aliya",
            ),
            "Operator 101: portal 2; kk",
        ),
        (
            ["groups", "priority", "portal", "60"],
            ("PATCH /groups/{name}", "portal", {"priority_s": 60}, "aliya"),
            "Group portal: priority 60 s",
        ),
        (
            ["groups", "priority", "portal", "-99999"],
            ("PATCH /groups/{name}", "portal", {"priority_s": -3600}, "aliya"),
            "Group portal",
        ),
        (
            ["calls", "priority", "hl1-1.1", "+60"],
            ("POST /calls/{id}/priority", "hl1-1.1", {"by_s": 60}, "aliya"),
            "Call hl1-1.1: priority 60 s",
        ),
        (
            ["calls", "priority", "hl1-1.1", "0"],
            ("POST /calls/{id}/priority", "hl1-1.1", {"to_s": 0}, "aliya"),
            "Call hl1-1.1",
        ),
        (
            ["calls", "transfer", "hl1-1.1", "--to", "ict"],
            ("POST /calls/{id}/transfer", "hl1-1.1", {"to": "ict"}, ""),
            "Call hl1-1.1: on its way to ict",
        ),
        (
            ["calls", "pause-recording", "hl1-1.1", "--reason", "card number"],
            ("POST /calls/{id}/recording/pause", "hl1-1.1", {"reason": "card number"}, "aliya"),
            "goes on by itself after 120 s",
        ),
        (
            ["calls", "resume-recording", "hl1-1.1"],
            ("POST /calls/{id}/recording/resume", "hl1-1.1", {}, "aliya"),
            "the recording goes on",
        ),
        (["calls", "three-way", "hl1-1.1"], ("POST /calls/{id}/three-way", "hl1-1.1", {}, ""), "the colleague joins"),
        (
            ["calls", "consult", "hl1-1.1", "--to", "ict"],
            ("POST /calls/{id}/consult", "hl1-1.1", {"to": "ict"}, ""),
            "its operator asks ict",
        ),
        (["calls", "join", "hl1-1.1"], ("POST /calls/{id}/join", "hl1-1.1", {}, ""), "on its way to the colleague"),
        (["calls", "take-back", "hl1-1.1"], ("POST /calls/{id}/take-back", "hl1-1.1", {}, ""), "with operator"),
    ],
)  # fmt: skip
def test_a_command_is_an_operation_of_the_table(
    say: Say, asked: list[Asked], words: list[str], operation: Asked, said: str
) -> None:
    assert said in say(*words)
    assert asked == [operation]
