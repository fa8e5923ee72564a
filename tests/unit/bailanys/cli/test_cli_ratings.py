"""`bailanys ratings` over a real ledger."""

from __future__ import annotations

import asyncio
import json
import re
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from bailanys.cli.app import main
from calls.local_day import local_day
from storage.engine import open_engine, sqlite_url
from storage.migrate import upgrade
from tests.unit.storage.scene import Caller, projector_of
from tests.unit.storage.test_rating_book import talked, transferred_and_rated

CONFIG = Path(__file__).parents[4] / "config" / "hotline.toml"
DAY = date(2025, 11, 25)
NIGHT_MS = local_day(DAY, "Asia/Almaty").from_ms + 60_000
"""A minute into the local day, which is still the day before in UTC."""

Say = Callable[..., tuple[int, str, str]]


@pytest.fixture
def say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Say:
    asyncio.run(_ledger(tmp_path / "ledger.db"))
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("BAILANYS_STORAGE__STATE_DIR", str(tmp_path))
    monkeypatch.setenv("BAILANYS_STORAGE__DATABASE_URL", sqlite_url(tmp_path / "ledger.db"))

    def said(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["bailanys", "ratings", *words, "--config", str(CONFIG)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capsys.readouterr()
        return (ended.value.code if isinstance(ended.value.code, int) else 0), out, err

    return said


async def _ledger(file: Path) -> None:
    """Of one day: 103 rated 5 and 5, one hung up; 104 rated 1 after a transfer from 103, with 105 in the talk."""
    upgrade(sqlite_url(file))
    journal, engine = file.with_name("journal.csv"), open_engine(sqlite_url(file))
    callers: list[Caller] = [
        transferred_and_rated(1, 1, NIGHT_MS),
        talked(2, "103", 5, NIGHT_MS),
        talked(3, "103", 5, NIGHT_MS),
        talked(4, "103", None, NIGHT_MS),
    ]
    journal.write_bytes(b"".join(line for caller in callers for line in caller.lines))
    projector = projector_of(engine, [journal])
    while await projector.project_once():
        pass
    engine.dispose()


def test_by_operator_with_how_many_answered_and_those_of_the_same_call_apart(say: Say) -> None:
    status, out, _ = say("--from", DAY.isoformat())
    assert status == 0
    rows = {words[0]: words for line in out.splitlines() if (words := re.split(" {2,}", line))[1:]}
    assert rows["all"][1:5] == ["3.67", "3 of 4 (75%)", "1 0 0 0 2", "1.89"]
    assert rows["103"][1:6] == ["5.00", "2 of 3 (67%)", "0 0 0 0 2", "0.00", "1.00, 1 of 1 (100%)"]
    assert rows["104"][1:6] == ["1.00", "1 of 1 (100%)", "1 0 0 0 0", "0.00", "–"]
    assert rows["105"][1:6] == ["–", "0 of 0", "–", "–", "1.00, 1 of 1 (100%)"]


def test_as_json_by_day_and_language(say: Say) -> None:
    told = _json(say("--from", "2025-11-24", "--to", "2025-11-26", "--by", "day", "--json"))
    assert (told["from_day"], told["to_day"], told["time_zone"]) == ("2025-11-24", "2025-11-26", "Asia/Almaty")
    assert [(line["of"], line["rated"]["given"], line["rated"]["mean"]) for line in told["lines"]] == [
        ("2025-11-24", 0, None), ("2025-11-25", 3, pytest.approx(11 / 3)), ("2025-11-26", 0, None),
    ]  # fmt: skip
    told = _json(say("--from", DAY.isoformat(), "--by", "language", "--json"))
    assert [(line["of"], line["rated"]["offered"], line["same_call"]) for line in told["lines"]] == [("ru", 4, None)]
    told = _json(say("--from", DAY.isoformat(), "--by", "group", "--json"))
    assert [(line["of"], line["rated"]["distribution"]) for line in told["lines"]] == [
        ("ict", [1, 0, 0, 0, 0]),
        ("portal", [0, 0, 0, 0, 2]),
    ]


def test_low_talks_are_listed_without_a_number(say: Say) -> None:
    status, out, _ = say("--from", DAY.isoformat(), "--low")
    assert status == 0
    (row,) = [re.split(" {2,}", line) for line in out.splitlines() if "hl1-" in line]
    assert row == ["hl1-1764000000.1", "2025-11-25 00:01:00", "1", "104", "103, 105", "ict", "ru", "no"]
    assert "7701" not in out.replace("hl1-1764000000.1", "")
    told = _json(say("--from", DAY.isoformat(), "--low", "--json"))
    assert (told["at_most"], [talk["call"] for talk in told["talks"]]) == (2, ["hl1-1764000000.1"])
    assert not {"caller_key", "caller_raw", "phone", "number"} & told["talks"][0].keys()
    assert _json(say("--from", "2025-11-24", "--low", "--json"))["talks"] == []


def test_what_counts_as_low_is_a_setting(say: Say, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BAILANYS_RATING__LOW", "4")
    assert "Talks rated 4 or less" in say("--from", DAY.isoformat(), "--low")[1]
    monkeypatch.setenv("BAILANYS_RATING__LOW", "5")
    status, _, err = say("--from", DAY.isoformat(), "--low")
    assert (status, err.count("\n"), "4" in err) == (2, 1, True)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--from", "2025-11-25", "--to", "2025-11-24"), "the last date 2025-11-24 is before the first"),
        (("--from", "2020-01-01", "--to", "2025-11-24"), "over 366 days"),
        (("--from", "yesterday"), "is no date"),
        (("--low", "--by", "day"), "leave --by out"),
    ],
)
def test_what_cannot_be_told_is_one_line(say: Say, words: tuple[str, ...], said: str) -> None:
    status, out, err = say(*words)
    assert (status, out, err.count("\n")) == (1, "", 1)
    assert said in err


def _json(said: tuple[int, str, str]) -> Any:
    status, out, err = said
    assert status == 0, err
    return json.loads(out)
