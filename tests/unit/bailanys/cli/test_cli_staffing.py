"""`bailanys staffing` as a supervisor types it."""

from __future__ import annotations

import asyncio
import json
import re
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from bailanys.cli import staffing, staffing_tables
from bailanys.cli.ledger import NoLedgerError
from calls.ids import GroupId, OperatorId
from calls.local_day import local_date, local_day
from calls.wait_history import HALF_HOUR_MS, HalfHour
from planning.forecast import ForecastError
from planning.staffing import TargetOutOfReachError
from planning.training import Advice, Lesson
from storage.engine import open_engine, sqlite_url
from storage.migrate import upgrade
from tests.unit.storage.scene import plain_call, projector_of

CONFIG = Path(__file__).parents[4] / "config" / "hotline.toml"
FORECAST = """half_hour,calls,mean_talk_s,group
09:00,250,240,state-services
09:00,120,200,portal
09:00,30,400,ict
03:00,3,240,portal
"""


@pytest.fixture
def app() -> typer.Typer:
    made = typer.Typer()
    staffing.add_to(made)
    made.callback()(lambda: None)
    return made


@pytest.fixture
def forecast(tmp_path: Path) -> Path:
    path = tmp_path / "forecast.csv"
    path.write_text(FORECAST, encoding="utf-8")
    return path


def ask(app: typer.Typer, *words: str | Path) -> str:
    asked = ["staffing", "--config", str(CONFIG), *map(str, words)]
    result = CliRunner().invoke(app, asked, catch_exceptions=False, env={"COLUMNS": "160"})
    assert result.exit_code == 0
    return result.stdout


def ask_json(app: typer.Typer, *words: str | Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(ask(app, "--json", *words))
    return found


def test_a_forecast_becomes_a_table_of_half_hours_groups_and_advice(app: typer.Typer, forecast: Path) -> None:
    said = ask(app, "--forecast", forecast, "--lessons", "1")
    assert "average wait of 30 s from the arrival (rule 7): 12 s menu, 3 s ringing" in said
    night, morning = (next(line for line in said.splitlines() if line.startswith(at)) for at in ("03:00", "09:00"))
    assert re.split(" {2,}", night)[4:6] == ["2", "3"]
    assert re.split(" {2,}", morning)[4:6] == ["61", "88"]
    assert "groups apart" in said
    assert "102 Нұрлан" in said
    assert "state-services" in said


def test_the_same_for_a_program(app: typer.Typer, forecast: Path) -> None:
    found = ask_json(app, "--forecast", forecast, "--lessons", "1", "--shrinkage", "0.5", "--patience", "240")
    night, morning = found["half_hours"]
    assert (night["from"], morning["from"]) == ("03:00", "09:00")
    assert morning["rostered"] == 2 * morning["operators"]
    assert morning["average_wait_s"] <= found["target_s"] == 30
    assert morning["if_callers_give_up"]["operators"] < morning["operators"] < morning["separate"]
    assert morning["groups"]["ict"]["calls"] == 30
    (lesson,) = found["advice"]["lessons"]
    assert lesson["mean_wait_after_s"] < lesson["mean_wait_before_s"]
    assert found["advice"]["load_taken_after"] > found["advice"]["load_taken_before"]


def test_a_forecast_without_groups_gives_needs_without_advice(app: typer.Typer, tmp_path: Path) -> None:
    path = tmp_path / "whole.csv"
    path.write_text("half_hour,calls,mean_talk_s\n12:30,500,240\n", encoding="utf-8")
    found = ask_json(app, "--forecast", path, "--menu", "0", "--ring", "0")
    assert found["half_hours"][0]["separate"] is None
    assert found["advice"] is None
    assert "not told apart by group" in found["no_advice"]
    assert "No advice on skills" in ask(app, "--forecast", path)


def test_a_broken_forecast_and_an_impossible_target_are_errors_for_a_person(
    app: typer.Typer, tmp_path: Path, forecast: Path
) -> None:
    path = tmp_path / "broken.csv"
    path.write_text(FORECAST + "25:00,1,1,portal\n", encoding="utf-8")
    with pytest.raises(ForecastError, match="line 6"):
        ask(app, "--forecast", path)
    path.write_bytes("half_hour;calls;mean_talk_s;Тобы".encode("cp1251"))
    with pytest.raises(ForecastError, match="UTF-8"):
        ask(app, "--forecast", path)
    with pytest.raises(TargetOutOfReachError):
        ask(app, "--forecast", forecast, "--menu", "40")


def test_past_days_before_the_hotline_was_ever_started(
    app: typer.Typer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BAILANYS_STORAGE__STATE_DIR", str(tmp_path))
    with pytest.raises(NoLedgerError):
        ask(app, "--days", "3")


async def a_ledger_of_yesterday(file: Path, calls: int) -> None:
    url, journal = sqlite_url(file), file.with_name("journal.csv")
    upgrade(url)
    yesterday = local_date(time.time_ns() // 1_000_000, "Asia/Almaty") - timedelta(days=1)
    nine_ms = local_day(yesterday, "Asia/Almaty").from_ms + 9 * 3_600_000
    lines = [line for at in range(calls) for line in plain_call(at + 1, nine_ms + 1000 * at).lines]
    journal.write_bytes(b"".join(lines))
    engine = open_engine(url)
    projector = projector_of(engine, [journal])
    while await projector.project_once():
        pass
    engine.dispose()


def test_yesterdays_calls_are_planned_for(app: typer.Typer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "ledger.db"
    asyncio.run(a_ledger_of_yesterday(file, calls=40))
    monkeypatch.setenv("BAILANYS_STORAGE__DATABASE_URL", sqlite_url(file))
    found = ask_json(app, "--days", "2", "--shrinkage", "0")
    (nine,) = found["half_hours"]
    assert (nine["from"], nine["calls"]) == ("09:00", 20)  # of two days, one without calls
    assert nine["talk_s"] == pytest.approx(61.5, abs=0.1)  # the minute, after the operator's number was told
    assert nine["erlang"] == pytest.approx(20 / 1800 * (nine["talk_s"] + 5 + 3), abs=0.01)
    assert (found["menu_s"], found["patience_s"]) == (7.0, None)
    assert list(nine["groups"]) == ["portal"]


def test_past_days_give_the_menu_and_the_patience_too(app: typer.Typer, monkeypatch: pytest.MonkeyPatch) -> None:
    def past(settings: object, days: int) -> object:
        from planning.forecast import habits, past_demand

        rows = [
            HalfHour(
                GroupId(group), 1_763_924_400_000 + at * HALF_HOUR_MS, 300, 280, 280 * 200.0, 6000.0, 20, 300, 2100.0
            )
            for group in ("portal", "ict")
            for at in (18, 19)
        ]
        return past_demand(rows, days, "Asia/Almaty"), habits(rows)

    monkeypatch.setattr(staffing, "_past", past)
    found = ask_json(app, "--days", "2", "--lessons", "0")
    assert (found["menu_s"], found["patience_s"]) == (7.0, 300.0)
    assert [one["from"] for one in found["half_hours"]] == ["09:00", "09:30"]
    assert found["half_hours"][0]["calls"] == 300
    assert found["advice"] is None


def test_days_without_calls_plan_nothing(app: typer.Typer, monkeypatch: pytest.MonkeyPatch) -> None:
    from planning.forecast import habits

    monkeypatch.setattr(staffing, "_past", lambda settings, days: ((), habits([])))
    assert "nothing to plan from" in ask(app)
    assert ask_json(app)["half_hours"] == []


def test_when_nothing_is_worth_learning_that_is_said() -> None:
    none = Advice((), 12.0, 0.98, 0.98)
    assert "No second skill is worth learning" in staffing_tables.advice_none(none)
    lesson = Lesson((OperatorId("101"),), frozenset({GroupId("portal")}), GroupId("ict"), 80.4, 40.0)
    assert staffing_tables.lesson_rows({"101": "Айгүл"}, Advice((lesson,), 12.0, 0.8, 0.9)) == [
        {
            "operators": "101 Айгүл",
            "serve": "portal",
            "should learn": "ict",
            "mean wait before s": "80",
            "after s": "40",
        }
    ]
