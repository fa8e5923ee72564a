"""`bailanys recordings`, `demands` and `audit` with bad input and with what was tampered with: a clear line, no more.

A real ledger and archive, made by the product's own finaliser; the commands run as a person types them.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from bench.archived import PHONE, archived
from config.places import Places
from recordings.upkeep.audit_checkpoints import AuditKeeper
from recordings.vault.folder import Folder
from recordings.vault.sidecar import recordings_in, sidecar_path
from storage.engine import open_engine
from storage.ledger import Ledger

CONFIG = Path(__file__).parents[4] / "config" / "hotline.toml"
DAY = "24.11.2025"
DAY_FIND = ("recordings", "find", "--date", DAY)
PATHS = ("../../etc/passwd", "/etc/passwd", "..\\..\\x", "hl1-1764000000.1/../x", "%", "hl1-1764000000.1\x00")

Say = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state folder with three recorded talks of a second, and a signed checkpoint of its audit log."""
    folder = tmp_path_factory.mktemp("made")
    archived(folder, 3, 1.0)
    return folder / "var"


@pytest.fixture
def state(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "var"))


def audio(state: Path) -> list[Path]:
    return [state / "archive" / one.recording.path for one in recordings_in(Folder(state / "archive"))]


def test_the_recordings_that_are_wanted_are_found_and_whole(say: Say) -> None:
    status, out, _ = say(*DAY_FIND, "--phone", PHONE, "--json")
    assert (status, [hit["status"] for hit in json.loads(out)]) == (0, ["ok"] * 3)
    status, out, _ = say("recordings", "verify")
    assert status == 0 and "3 recordings looked at, all as they were put there." in out


def test_keys_that_are_away_are_said_and_accuse_no_recording(say: Say, state: Path) -> None:
    (state / "keys").rename(state / "unmounted")
    for words in (("recordings", "verify"), ("recordings", "rotate-key")):
        status, out, err = say(*words)
        assert (status, out) == (1, "") and f"{state / 'keys' / 'archive.json'}: not there" in err
        assert len(err.splitlines()) == 1
    assert not (state / "keys").exists()


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("--date", "30.02.2026"), "no date"),
        (("--date", "2025-13-01"), "no date"),
        (("--date", "29.02.2023"), "no date"),
        (("--date", "yesterday"), "no date"),
        (("--date", "2024-02-29T25:00"), "no date"),
        (("--date", "2199-01-01"), "not yet"),
        (("--date", DAY, "--to-date", "23.11.2025"), "before the first"),
        (("--date", DAY, "--phone", ""), "no phone number"),
        (("--date", DAY, "--phone", " "), "no phone number"),
        (("--date", DAY, "--phone", "%"), "no phone number"),
        (("--date", DAY, "--phone", "_"), "no phone number"),
        (("--date", DAY, "--phone", "*"), "no phone number"),
        (("--date", DAY, "--phone", "+"), "no phone number"),
        (("--date", DAY, "--operator", "101' OR '1'='1"), "no operator's id"),
        (("--date", DAY, "--group", "../portal"), "no group's id"),
        (("--date", DAY, "--rating", "0-9"), "from 1 to 5"),
        (("--date", DAY, "--rating", "good"), "no range"),
        (("--date", DAY, "--length", "60-30"), "no range"),
        *((("--call", name), "no call's id") for name in PATHS),
    ],
)
def test_what_cannot_be_looked_for_is_one_line(say: Say, words: tuple[str, ...], why: str) -> None:
    status, out, err = say("recordings", "find", *words)
    assert status == 1 and why in err and len(err.splitlines()) == 1, err
    assert out == ""


@pytest.mark.parametrize("phone", ["8%", "+7705%", "8705111223?"])
def test_a_pattern_is_no_number(say: Say, phone: str) -> None:
    status, out, err = say(*DAY_FIND, "--phone", phone, "--json")
    assert (status, out, "no phone number" in err) == (1, "", True)


@pytest.mark.parametrize("phone", ["87051112___", "*" + PHONE[-5:]])
def test_a_pattern_within_a_number_matches_nothing(say: Say, phone: str) -> None:
    status, out, _ = say(*DAY_FIND, "--phone", phone, "--json")
    assert (status, json.loads(out)) == (0, [])
    status, out, _ = say(*DAY_FIND, "--phone", PHONE, "--json")
    assert (status, len(json.loads(out))) == (0, 3)


@pytest.mark.parametrize("words", [("verify", "--date"), ("find", "--date"), ("find", "--date", DAY, "--to-date")])
@pytest.mark.parametrize("day", ["01.01.0001", "9999-12-31"])
def test_a_date_that_no_call_can_have_is_said(say: Say, words: tuple[str, ...], day: str) -> None:
    status, _, err = say("recordings", *words, day)
    assert status == 1 and "no date of a call" in err and len(err.splitlines()) == 1, err


@pytest.mark.parametrize("name", PATHS)
@pytest.mark.parametrize("command", ["export", "verify", "hold", "release"])
def test_an_id_that_is_a_path_or_a_pattern_leads_nowhere(say: Say, tmp_path: Path, command: str, name: str) -> None:
    (tmp_path / "copies").mkdir()
    options = {
        "export": (name, "--reason", "x", "--to", str(tmp_path / "copies")),
        "verify": ("--call", name),
    }.get(command, (name, "--reason", "x"))
    status, _, err = say("recordings", command, *options)
    assert status == 1 and "no call" in err and len(err.splitlines()) == 1, err
    assert list((tmp_path / "copies").iterdir()) == []


LETTER = (
    "demands",
    "add",
    "--authority",
    "service-quality",
    "--letter",
    "14-2/118",
    "--ground",
    "rule 14",
    "--confirm-dates",
)


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (("--date", "2026-02-30", "--phone", PHONE), "no date"),
        (("--date", "2199-01-01", "--phone", PHONE), "not yet"),
        (("--date", DAY, "--phone", "%"), "no phone number"),
        (("--date", DAY, "--phone", ""), "no number is in it"),
        (("--date", DAY, "--phone", PHONE, "--received", "2199-01-01T10:00"), "future"),
        (("--date", "2024-01-01", "--phone", PHONE, "--received", "2024-02-29T23:30"), "write it with its offset"),
        (("--date", "2024-01-01", "--phone", PHONE, "--received", "29.02.2024"), "no instant"),
        (("--date", "2024-01-01", "--phone", PHONE, "--received", "0001-01-01T00:00"), "no instant of a letter"),
        (("--date", "2024-01-01", "--phone", PHONE, "--received", "9999-12-31T23:59-12:00"), "no instant of a letter"),
    ],
)
def test_a_demand_that_cannot_be_is_one_line(say: Say, options: tuple[str, ...], why: str) -> None:
    """On 29 February 2024 the hour from 23:00 came twice in Almaty."""
    status, out, err = say(*LETTER, *options)
    assert status == 1 and why in err and len(err.splitlines()) == 1, err
    assert out == "" and say("demands", "list", "--all", "--json")[1].strip() == "[]"


def test_what_a_letter_says_is_shown_as_written_and_has_no_power_over_a_terminal(say: Say, state: Path) -> None:
    assert say(*LETTER[:5], "[/14] [red]", *LETTER[6:], "--date", DAY, "--phone", PHONE)[0] == 0
    with closing(sqlite3.connect(state / "ledger.db")) as ledger, ledger:
        ledger.execute("update demand set ground = ?", ("rule \x1b[2J\u202e14",))  # as an older program kept it
    (demand,) = json.loads(say("demands", "list", "--json")[1])
    assert "[/14] [red]" in say("demands", "list")[1]
    status, shown, _ = say("demands", "show", demand["demand"])
    assert status == 0 and "rule \\x1b[2J\\u202e14" in shown and "\x1b" not in shown
    status, told, _ = say("demands", "show", demand["demand"], "--json")
    assert status == 0 and "\x1b" not in told and "\u202e" not in told
    assert json.loads(told)[0]["ground"] == "rule \x1b[2J\u202e14"


def test_what_is_said_of_a_letter_in_a_line_has_no_power_either(say: Say, state: Path) -> None:
    assert say(*LETTER, "--date", DAY, "--phone", "87059998877")[0] == 0
    with closing(sqlite3.connect(state / "ledger.db")) as ledger, ledger:
        ledger.execute("update demand set phone = ?", ("8 705 999-88-77\x1b[2J\u202e",))
    (demand,) = json.loads(say("demands", "list", "--json")[1])
    status, out, _ = say("demands", "search", demand["demand"])
    assert (status, out) == (
        0,
        "No talk found on 2025-11-24 of 8 705 999-88-77\\x1b[2J\\u202e: `select --none` answers so.\n",
    )
    status, _, err = say("demands", "show", "D-1\x1b[2J")
    assert status == 1 and "D-1\\x1b[2J" in err and len(err.splitlines()) == 1


@pytest.mark.parametrize(
    ("to", "way"), [("", ""), ("A. Serikova", " "), ("\u200b", "courier"), ("A\x1b[2J", "courier")]
)
def test_who_received_a_package_and_how_is_said_or_nothing_is_delivered(say: Say, to: str, way: str) -> None:
    assert say(*LETTER, "--date", DAY, "--phone", PHONE)[0] == 0
    (demand,) = (row["demand"] for row in json.loads(say("demands", "list", "--json")[1]))
    status, out, err = say("demands", "deliver", demand, "--to", to, "--way", way)
    assert (status, out) == (1, "") and "is missing or no line of text" in err and len(err.splitlines()) == 1


@pytest.mark.parametrize("number", ["nan", "inf", "-inf", "NaN"])
@pytest.mark.parametrize("words", [("stop", "--within"), ("staffing", "--ring"), ("simulate", "--talk")])
def test_what_is_no_number_of_anything_is_said(say: Say, words: tuple[str, str], number: str) -> None:
    status, out, err = say(*words, number)
    assert (status, out) == (2, "") and "Invalid value" in err


def test_dates_that_look_mistyped_are_one_line_and_confirmed_they_are_entered(say: Say) -> None:
    wanted = (*LETTER[:-1], "--phone", PHONE, "--date")
    for dates, why in (
        (("01.01.2001",), "a talk of 2001-01-01, "),
        ((DAY, "--received", "2025-11-24T14:05"), "a receipt at 2025-11-24 14:05, "),
    ):
        status, out, err = say(*wanted, *dates)
        assert (status, out) == (1, "") and err.startswith(why) and "--confirm-dates" in err, err
        assert len(err.splitlines()) == 1
        assert say(*wanted, *dates, "--confirm-dates")[0] == 0
    (*_, last) = json.loads(say("demands", "list", "--json")[1])
    assert (last["received"], last["received_ms"]) == ("2025-11-24T09:05:00.000Z", 1_763_975_100_000)


@pytest.mark.parametrize("reason", ["\x1b[2Jx", "x\u202ey"])
def test_words_that_no_eye_sees_are_no_reason(say: Say, tmp_path: Path, reason: str) -> None:
    assert say(*LETTER, "--date", DAY, "--phone", PHONE)[0] == 0
    (demand,) = (row["demand"] for row in json.loads(say("demands", "list", "--json")[1]))
    assert say("demands", "select", demand, "--none")[0] == 0
    for words in (
        ("recordings", "hold", "hl1-1764000000.1", "--reason", reason),
        ("demands", "withdraw", demand, "--letter", reason),
        ("demands", "listen", demand, "hl1-1764000000.1-1-1", "--reason", reason, "--to", str(tmp_path)),
    ):
        status, _, err = say(*words)
        assert status == 1 and "line of text" in err and len(err.splitlines()) == 1, err


def test_no_copy_without_a_reason(say: Say, tmp_path: Path) -> None:
    status, _, err = say("recordings", "export", "hl1-1764000000.1", "--reason", " ", "--to", str(tmp_path))
    assert status == 1 and "say why" in err
    assert [path.name for path in tmp_path.iterdir()] == ["var"]


def test_no_byte_leaves_before_the_audit_log_holds_it(
    say: Say, state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Promise 10: a ledger that takes no entry lets no audio out; with one, who asked and why is there first."""
    (tmp_path / "copies").mkdir()
    words = ("recordings", "export", "hl1-1764000000.1", "--reason", "a trial", "--to", str(tmp_path / "copies"))
    monkeypatch.setattr("storage.engine.BUSY_MS", 50)
    with closing(sqlite3.connect(state / "ledger.db")) as writer:
        writer.execute("BEGIN IMMEDIATE")
        status, _, err = say(*words)
        assert status == 1 and "locked" in err and len(err.splitlines()) == 1, err
        assert list((tmp_path / "copies").iterdir()) == []
        writer.rollback()
        assert say(*words)[0] == 0
        told = "SELECT kind, detail FROM audit WHERE subject = 'hl1-1764000000.1-1-1' ORDER BY seq"
        (kept, _), (exported, detail) = writer.execute(told).fetchall()
        assert (kept, exported) == ("recording.kept", "recording.exported") and '"reason":"a trial"' in detail
    assert [path.suffix for path in (tmp_path / "copies").iterdir()] == [".wav"]


def corrupted(one: Path, _: Path) -> None:
    content = bytearray(one.read_bytes())
    content[len(content) // 2] ^= 1
    one.write_bytes(bytes(content))


def truncated(one: Path, _: Path) -> None:
    one.write_bytes(one.read_bytes()[:-100])


def swapped(one: Path, other: Path) -> None:
    for mine, its in ((one, other), (sidecar_path(one), sidecar_path(other))):
        kept = mine.read_bytes()
        mine.write_bytes(its.read_bytes())
        its.write_bytes(kept)


def missing(one: Path, _: Path) -> None:
    one.unlink()


@pytest.mark.parametrize(
    ("deed", "why", "faulty"),
    [
        (corrupted, "was changed", 1),
        (truncated, "not as long as it was", 1),
        (swapped, "belongs to", 2),
        (missing, "the file is missing", 1),
    ],
)
def test_a_recording_that_is_not_what_it_was_is_found_and_never_handed_out(
    say: Say, state: Path, tmp_path: Path, deed: Callable[[Path, Path], None], why: str, faulty: int
) -> None:
    """Promise 9, by the command line: found and named; no byte of it leaves."""
    one, other, _ = audio(state)
    deed(one, other)
    status, out, err = say("recordings", "verify")
    assert status == 1 and f"{faulty} of 3 recordings are not what they were" in err
    assert why in out and one.name.removesuffix(".flac.enc") in out
    (tmp_path / "copies").mkdir()
    call = one.name.partition("-1-1")[0]
    for form in ("flac", "wav", "opus"):
        where = ("--format", form, "--to", str(tmp_path / "copies"))
        status, out, err = say("recordings", "export", call, "--reason", "a trial", *where)
        assert status == 1 and one.name.split(".flac")[0] in err and len(err.splitlines()) == 1, err
        assert out == "" and list((tmp_path / "copies").iterdir()) == []


async def signed(state: Path) -> None:
    """Sign the end of the audit log, as the controller does every minute."""
    engine = open_engine(f"sqlite:///{state}/ledger.db")
    places = Places(state, state / "archive", state / "keys" / "archive.json", "", state)
    try:
        await AuditKeeper(places, Ledger(engine), lambda kind, detail: pytest.fail(f"{kind} {detail}")).keep()
    finally:
        engine.dispose()


def written(state: Path, *statements: str) -> None:
    """What somebody does who has the database's file: the triggers are no wall to them."""
    with sqlite3.connect(state / "ledger.db") as database:
        for name in [row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")]:
            database.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            database.execute(statement)
    database.close()


@pytest.mark.parametrize(
    "statements",
    [
        ("UPDATE audit SET actor = 'somebody' WHERE seq = 2",),
        ("DELETE FROM audit WHERE seq = 3",),
        ("DELETE FROM audit WHERE seq = 1",),
        (
            "UPDATE audit SET seq = -1 WHERE seq = 1",
            "UPDATE audit SET seq = 1 WHERE seq = 2",
            "UPDATE audit SET seq = 2 WHERE seq = -1",
        ),
        ("DELETE FROM audit",),
    ],
    ids=["edited", "cut at the end", "cut at the beginning", "reordered", "emptied"],
)
async def test_an_audit_log_that_was_tampered_with_is_told(say: Say, state: Path, statements: tuple[str, ...]) -> None:
    """Promise 9, by the command line."""
    await signed(state)
    written(state, *statements)
    status, out, err = _in_thread(say, "audit", "verify")
    assert status == 1 and "faults in the audit log" in err and "not what was written" in out


def put_back(backup: Path, state: Path) -> None:
    for left in state.glob("ledger.db-*"):
        left.unlink()
    shutil.copy(backup, state / "ledger.db")


async def test_an_audit_log_from_an_old_backup_is_told(say: Say, state: Path, tmp_path: Path) -> None:
    """Promise 9: the old database put back, even after it has been gone on with."""
    await signed(state)
    backup = Path(shutil.copy(state / "ledger.db", tmp_path / "backup.db"))
    assert _in_thread(say, "recordings", "hold", "hl1-1764000000.1", "--reason", "a trial")[0] == 0
    await signed(state)
    assert _in_thread(say, "audit", "verify")[0] == 0
    put_back(backup, state)
    status, out, err = _in_thread(say, "audit", "verify")
    assert status == 1 and "faults" in err, out
    assert _in_thread(say, "recordings", "hold", "hl1-1764000000.2", "--reason", "another")[0] == 0
    status, out, err = _in_thread(say, "audit", "verify")
    assert status == 1 and "faults" in err, out


def _in_thread(say: Say, *words: str) -> tuple[int, str, str]:
    """A command has a loop of its own."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(say, *words).result()
