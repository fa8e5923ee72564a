"""`bailanys target` as a supervisor types it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from bailanys import control
from bailanys.cli import target
from console.operations.figures import TargetNow, TargetOfGroup

CONFIG = Path(__file__).parents[4] / "config" / "hotline.toml"
AT_MS, SIX_MS = 1_764_065_700_000, 1_764_075_600_000  # 2025-11-25 15:15 and 18:00 in Almaty
PORTAL = TargetOfGroup(
    group="portal", target_s=30, answered=400, abandoned=3, waiting=5, asa_s=34.21, projected_s=38.04, state="widened",
    width="helpers", helpers=("103", "104"), missed=True, operators_missing=3, until_ms=SIX_MS,
)  # fmt: skip
ICT = TargetOfGroup(
    group="ict", target_s=30, answered=0, abandoned=0, waiting=0, asa_s=None, projected_s=None, state="calm",
    width="", helpers=(), missed=False, operators_missing=None, until_ms=None,
)  # fmt: skip

Say = Callable[..., str]


@pytest.fixture
def say(monkeypatch: pytest.MonkeyPatch) -> Say:
    app = typer.Typer()
    target.add_to(app)
    app.callback()(lambda: None)

    def said(*words: str, ledger_at_ms: int = AT_MS) -> str:
        now = TargetNow(
            at_ms=AT_MS,
            ledger_at_ms=ledger_at_ms,
            time_zone="Asia/Almaty",
            total=PORTAL.model_copy(update={"group": "", "width": "", "helpers": (), "operators_missing": None}),
            groups=(PORTAL, ICT),
        )

        async def answer(_: Path, operation: str, *__: object, **___: object) -> dict[str, Any]:
            assert operation == "GET /target"
            return json.loads(now.model_dump_json())  # type: ignore[no-any-return]

        monkeypatch.setattr(control, "ask", answer)
        result = CliRunner().invoke(
            app, ["target", "--config", str(CONFIG), *words], catch_exceptions=False, env={"COLUMNS": "200"}
        )
        assert result.exit_code == 0
        return result.stdout

    return said


def row(shown: str, group: str) -> list[str]:
    line = next(line for line in shown.splitlines() if line.startswith(f"{group} "))
    return re.split(" {2,}", line)


def test_each_group_stands_against_its_target(say: Say) -> None:
    shown = say()
    assert "2025-11-25 15:15:00 (Asia/Almaty)" in shown
    assert row(shown, "portal") == [
        "portal", "30", "34.2", "38.0", "400", "3", "5", "widened (helpers)", "103, 104", "3 until 18:00",
    ]  # fmt: skip
    assert row(shown, "ict") == ["ict", "30", "–", "–", "0", "0", "0", "calm", "–", "–"]
    assert row(shown, "all groups")[-3:] == ["widened", "–", "no number would do"]
    assert "ledger is away" not in shown


def test_old_figures_are_told(say: Say) -> None:
    assert "The ledger is away" in say(ledger_at_ms=AT_MS - 120_000)


def test_a_program_reads_json(say: Say) -> None:
    told = json.loads(say("--json"))
    assert [one["group"] for one in told["groups"]] == ["portal", "ict"]
    assert told["total"]["asa_s"] == 34.21
