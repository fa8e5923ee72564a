"""Every kind of alarm: spelt one way, raised by its name, told in three languages, with a remedy in the handbook."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

import pytest

from calls.alarms import ENDS, AlarmKind, spelt

ROOT = Path(__file__).resolve().parents[4]
CODE = ("bailanys", "console", "demands", "dispatch", "recordings", "routing", "storage")
RAISES = {"Alarm", "alarm", "_alarm", "raise_alarm", "_tell_away"}


def test_every_kind_is_told_in_three_languages_and_nothing_else_is() -> None:
    for language in ("kk", "ru", "en"):
        words = json.loads((ROOT / "bailanys" / "alarms" / "words" / f"{language}.json").read_text(encoding="utf-8"))
        assert {kind for kind in words if kind} == set(AlarmKind), language
        assert all(words.values()), language


def test_the_handbook_says_what_to_do_about_every_kind() -> None:
    handbook = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    shown = set(re.findall(r"`(?:alarm kind=)?([a-z]+(?:-[a-z]+)*)`", handbook))
    endings = set(re.findall(r"`…-([a-z]+)`", handbook))
    assert {kind for kind in AlarmKind if kind not in shown and kind.rpartition("-")[2] not in endings} == set()


def test_no_alarm_is_raised_by_a_text_of_its_own() -> None:
    found = []
    for file in (file for folder in CODE for file in (ROOT / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
                name = getattr(node.func, "attr", getattr(node.func, "id", ""))
                if name in RAISES and isinstance(node.args[0].value, str):
                    found.append(f"{file.relative_to(ROOT)}:{node.lineno} {node.args[0].value}")
    assert found == []


def test_the_dialplan_raises_no_other() -> None:
    templates = (ROOT / "dialplan" / "templates").glob("*.*")
    texts = [file.read_text(encoding="utf-8") for file in templates]
    raised = {kind for text in texts for kind in re.findall(r"\(alarm,kind=([^&)]+)", text)}
    assert raised
    assert raised <= set(AlarmKind)


def test_what_ends_and_what_says_so_are_kinds() -> None:
    assert {*ENDS, *ENDS.values()} <= set(AlarmKind)


@pytest.mark.parametrize("older", ["recording_missing", "dialog_not_own", "talk_taken_over", "recording-missing"])
def test_a_journal_of_an_older_version_tells_the_same_kinds(older: str) -> None:
    assert AlarmKind(spelt(older)) in AlarmKind
