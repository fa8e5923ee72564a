"""Alarms read together: what stands, what is over."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bailanys.cli.app import app
from calls.alarms import Alarm, AlarmSpan, spans_of
from storage.journal.alarms import alarms_in_journals
from storage.journal.writer import ControllerJournal, raise_alarm


def test_an_alarm_stands_until_its_end_is_told() -> None:
    told = [
        Alarm(1, "spool-full", "no space"),
        Alarm(2, "archive-full", "no space"),
        Alarm(5, "spool-writable", "again"),
    ]
    assert [(one.kind, one.to_ms, one.open) for one in spans_of(told)] == [
        ("spool-full", 5, False),
        ("archive-full", None, True),
    ]


def test_each_group_has_its_own_target() -> None:
    told = [
        Alarm(1, "target-missed", "portal: ASA today 40.0 s of 30"),
        Alarm(2, "target-missed", "ict: ASA today 50.0 s of 30"),
        Alarm(3, "target-met", "portal: ASA today 29.0 s of 30"),
    ]
    assert [one.open for one in spans_of(told)] == [False, True]


def test_what_is_of_an_instant_is_never_open_and_said_again_is_counted() -> None:
    found = spans_of([Alarm(at_ms, "phone-failed", "operator 101") for at_ms in (1, 2, 3)])
    assert found == [AlarmSpan("phone-failed", "operator 101", 1, times=3, last_ms=3)]
    assert not found[0].open


def test_an_end_without_a_beginning_is_nothing() -> None:
    assert spans_of([Alarm(1, "store-caught-up", "")]) == []


def test_one_that_comes_again_after_its_end_is_another() -> None:
    told = [Alarm(1, "store-away", "x"), Alarm(2, "store-caught-up", ""), Alarm(3, "store-away", "x")]
    assert [(one.from_ms, one.to_ms) for one in spans_of(told)] == [(1, 2), (3, None)]


def test_the_journal_tells_them_when_the_ledger_is_away(tmp_path: Path) -> None:
    journal = ControllerJournal(tmp_path / "controller.csv")
    raise_alarm(journal, "keys-away", "no «file», there", 1000)
    (tmp_path / "controller.csv").rename(tmp_path / "controller.csv.1")
    raise_alarm(journal, "keys-back", "", 2000)
    assert alarms_in_journals([journal.path, tmp_path / "none.csv"], 0) == [
        Alarm(1000, "keys-away", "no «file», there"),
        Alarm(2000, "keys-back", ""),
    ]
    assert alarms_in_journals([journal.path], 1500) == [Alarm(2000, "keys-back", "")]


def test_the_command_says_in_one_line_that_the_ledger_is_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BAILANYS_STORAGE__STATE_DIR", str(tmp_path))
    monkeypatch.setenv("BAILANYS_STORAGE__DATABASE_URL", "postgresql://nobody:secret@127.0.0.1:1/nothing")
    raise_alarm(ControllerJournal(tmp_path / "log" / "controller.csv"), "keys-away", "no file")
    done = CliRunner().invoke(app, ["alarms", "--open", "--json"])
    assert done.exit_code == 0
    assert done.stderr.count("\n") == 1
    assert "secret" not in done.stderr
    assert [(row["state"], row["kind"]) for row in json.loads(done.stdout)] == [("open", "keys-away")]
