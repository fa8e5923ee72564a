"""`bailanys simulate` as a supervisor types it."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import typer
from typer.testing import CliRunner

from bailanys.cli import simulate, wait_plot
from bailanys.cli.ledger import NoLedgerError
from bailanys.cli.simulate_wanted import WrongWishError
from calls.local_day import local_date
from planning.forecast import ForecastError
from planning.what_if import UnknownOperatorError
from storage.engine import open_engine, sqlite_url
from storage.migrate import upgrade
from tests.unit.storage.scene import START_MS, Caller, left_waiting, plain_call, projector_of, transferred_call

CONFIG = Path(__file__).parents[4] / "config" / "hotline.toml"
DAY = local_date(START_MS, "Asia/Almaty").isoformat()


@pytest.fixture
def app() -> typer.Typer:
    made = typer.Typer()
    simulate.add_to(made)
    made.callback()(lambda: None)
    return made


def ask(app: typer.Typer, *words: str | Path) -> str:
    asked = ["simulate", "--config", str(CONFIG), *map(str, words)]
    result = CliRunner().invoke(app, asked, catch_exceptions=False, env={"COLUMNS": "80"})
    assert result.exit_code == 0
    return result.stdout


def ask_json(app: typer.Typer, *words: str | Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(ask(app, "--json", "-", *words))
    return found


def test_a_made_up_day_under_two_policies_and_with_one_operator_more(app: typer.Typer) -> None:
    words = ("--calls", "600", "--policy", "longest_wait", "--policy", "foresight", "--add", "1", "--group", "ict")
    found = ask_json(app, *words)
    names = ["longest_wait", "longest_wait, changed", "foresight", "foresight, changed"]
    assert [one["name"] for one in found["results"]] == names
    before, after, *_ = found["results"]
    assert after["groups"]["ict"]["wait_s"]["mean_s"] < before["groups"]["ict"]["wait_s"]["mean_s"]
    assert after["occupancy"] < before["occupancy"] < 1
    assert before["times_real_time"] > 1000
    assert len(before["half_hours_mean_wait_s"]) == 48
    assert before["groups"]["all"]["wait_s"]["median_s"] >= 15  # twelve in the menu, three of ringing


def test_the_table_fits_a_terminal_and_names_what_is_played(app: typer.Typer) -> None:
    said = ask(app, "--calls", "400", "--patience", "200", "--without", "103", "--skill", "101:portal=2")
    assert max(map(len, said.splitlines())) <= 80
    assert "foresight, changed" in said
    assert "  state-services" in said
    assert "times as fast" in said
    assert "┄ 30 s" in said


def test_picture_and_figures_go_to_files(app: typer.Typer, tmp_path: Path) -> None:
    ask(app, "--calls", "300", "--svg", tmp_path / "wait.svg", "--json", tmp_path / "wait.json")
    assert json.loads((tmp_path / "wait.json").read_text())["results"][0]["name"] == "foresight"
    root = ElementTree.parse(tmp_path / "wait.svg").getroot()
    assert root.tag.endswith("svg")
    assert list(root.iter("{http://www.w3.org/2000/svg}polyline"))


def test_the_forecast_of_staffing_is_played_too(app: typer.Typer, tmp_path: Path) -> None:
    file = tmp_path / "forecast.csv"
    file.write_text("half_hour,calls,mean_talk_s,group\n09:00,20,100,portal\n09:30,10,100,ict\n", encoding="utf-8")
    found = ask_json(app, "--forecast", file, "--ring", "0", "--menu", "0")
    half_hours = found["results"][0]["half_hours_mean_wait_s"]
    assert [at for at, mean_s in enumerate(half_hours) if mean_s is not None] == [18, 19]
    file.write_bytes("half_hour;calls;mean_talk_s;Тобы".encode("cp1251"))
    with pytest.raises(ForecastError, match="UTF-8"):
        ask(app, "--forecast", file)


def test_a_group_that_loses_its_only_operator_is_told_of(app: typer.Typer) -> None:
    said = ask(app, "--calls", "200", "--without", "104")
    assert "callers were never served" in said


@pytest.mark.parametrize(
    ("words", "error"),
    [
        ((), "one of --day, --calls and --forecast"),
        (("--calls", "5", "--day", DAY), "one of --day, --calls and --forecast"),
        (("--calls", "5", "--policy", "best"), "--policy best: there are longest_wait"),
        (("--calls", "5", "--add", "2"), "--add and --group go together"),
        (("--calls", "5", "--group", "ict"), "--add and --group go together"),
        (("--calls", "5", "--add", "1", "--group", "taxes"), "--group taxes: there are state-services"),
        (("--calls", "5", "--add", "1", "--group", "ict", "--hours", "9 to 5"), "write 09:00-18:00"),
        (("--calls", "5", "--add", "1", "--group", "ict", "--hours", "09:00-25:00"), "write 09:00-18:00"),
        (("--calls", "5", "--skill", "101:portal=7"), "write 101:portal=2"),
        (("--calls", "5", "--share", "portal"), "write portal=0.3"),
        (("--calls", "5", "--share", "portal=-1"), "more than nothing"),
        (("--calls", "5", "--language", "de=1"), "there are kk, ru, en"),
        (("--calls", "5", "--curve", "bell"), "there are day, flat"),
        (("--day", DAY, "--patience", "60"), "a replayed day has its own"),
    ],
)
def test_a_wish_that_makes_no_sense_is_an_error_for_a_person(
    app: typer.Typer, words: tuple[str, ...], error: str
) -> None:
    with pytest.raises(WrongWishError, match=error):
        ask(app, *words)


def test_an_operator_who_is_not_there(app: typer.Typer) -> None:
    with pytest.raises(UnknownOperatorError, match="999"):
        ask(app, "--calls", "5", "--without", "999")


# -- a past day ------------------------------------------------------------------------------------------------------


def test_a_past_day_before_the_hotline_was_ever_started(
    app: typer.Typer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BAILANYS_STORAGE__STATE_DIR", str(tmp_path))
    with pytest.raises(NoLedgerError):
        ask(app, "--day", DAY)


@pytest.fixture
def ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Of DAY: eighty answered callers of the portal, ten who gave up, one who was transferred; nobody's presence."""
    file = tmp_path / "ledger.db"
    calls = [plain_call(at, START_MS + 20_000 * at) for at in range(1, 81)]
    calls += [left_waiting(at, START_MS + 150_000 * (at - 100)) for at in range(101, 111)]
    calls += [transferred_call(200)]
    asyncio.run(take_in(file, calls))
    monkeypatch.setenv("BAILANYS_STORAGE__DATABASE_URL", sqlite_url(file))
    return file


async def take_in(file: Path, calls: list[Caller]) -> None:
    upgrade(sqlite_url(file))
    journal = file.with_name("journal.csv")
    journal.write_bytes(b"".join(line for call in calls for line in call.lines))
    engine = open_engine(sqlite_url(file))
    projector = projector_of(engine, [journal])
    while await projector.project_once():
        pass
    engine.dispose()


def test_a_past_day_stands_beside_what_really_happened(app: typer.Typer, ledger: Path) -> None:
    found = ask_json(app, "--day", DAY, "--policy", "longest_wait", "--without", "103", "--without", "102")
    then, same, fewer = found["results"]
    assert [one["name"] for one in found["results"]] == ["in the ledger", "longest_wait", "longest_wait, changed"]
    assert "everybody on duty all day" in found["title"]
    assert (then["groups"]["all"]["calls"], then["groups"]["all"]["answered"]) == (91, 81)
    assert then["times_real_time"] is None
    assert {one["groups"]["all"]["calls"] for one in (then, same, fewer)} == {91}
    assert fewer["groups"]["portal"]["abandonment"] > same["groups"]["portal"]["abandonment"]


def test_presence_of_that_day_counts(app: typer.Typer, ledger: Path) -> None:
    told = Caller(300, START_MS - 1000).fact(
        "presence", operator="104", state="ready", reason="", at_ms=START_MS - 1000
    )
    asyncio.run(take_in(ledger, [told]))
    found = ask_json(app, "--day", DAY)
    assert "presence as it was" in found["title"]
    assert found["results"][1]["never_served"] + found["results"][1]["groups"]["all"]["calls"] == 91


def test_a_day_without_calls(app: typer.Typer, ledger: Path) -> None:
    with pytest.raises(WrongWishError, match="nobody waited"):
        ask(app, "--day", "2020-01-01")


def test_many_results_have_a_place_in_the_legend_and_a_gap_breaks_a_line(app: typer.Typer, tmp_path: Path) -> None:
    assert wait_plot.BLOCKS[8] == "█"
    policies = ("longest_wait", "recommended", "foresight", "balanced", "queue_ratio")
    words = [word for policy in policies for word in ("--policy", policy)]
    file = tmp_path / "wait.svg"
    ask(app, "--calls", "40", *words, "--add", "1", "--group", "ict", "--hours", "22:00-06:00", "--svg", file)
    root = ElementTree.parse(file).getroot()
    texts = [one.text for one in root.iter("{http://www.w3.org/2000/svg}text")]
    assert sum(text in {p + end for p in policies for end in ("", ", changed")} for text in texts if text) == 10
    assert len(list(root.iter("{http://www.w3.org/2000/svg}polyline"))) > 10
