"""Every file of the state folder that the product reads, damaged in every usual way: told by `check`, in one line.

Whatever command is given then says what is wrong in a line or does without: nobody sees a traceback. A real ledger
and archive; the commands run as a person types them.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from bailanys.processes.asterisk_keeper import put_damaged_aside
from bailanys.site.identity import claim_ledger, identity_or_nobody
from bailanys.site.secrets import site_secrets
from bench.archived import archived
from calls.audit import Note
from config.load import load
from config.places import Places, places_of
from console.token_file import TokenFile
from console.tokens import new_token
from dialplan.install import install
from recordings.errors import KeysUnreadableError
from recordings.upkeep.audit_checkpoints import AuditKeeper, read
from recordings.vault.vault import Vault
from storage.engine import open_engine
from storage.errors import LedgerTakenError
from storage.ledger import Ledger
from storage.owner import guard
from telephony.process import running_pid

ROOT = Path(__file__).parents[4]
CONFIG = ROOT / "config" / "hotline.toml"
CALL = "hl1-1764000000.1"
DAY = ("--date", "24.11.2025")
AS_ROOT, NOBODY = os.geteuid() == 0, 65_534

Say = Callable[..., tuple[int, str, str]]


def places_at(state: Path) -> Places:
    return places_of(load(CONFIG, {"BAILANYS_STORAGE__STATE_DIR": str(state)}), ROOT)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state folder after a day's work, with nothing that was ever rendered for Asterisk."""
    folder = tmp_path_factory.mktemp("made")
    archived(folder, 1, 1.0)
    state = folder / "var"
    places = places_at(state)
    claim_ledger(places)
    site_secrets(state, ["101"])
    TokenFile(places.tokens).add(new_token("wall", ["calls:read"], 1)[1])
    for name in ("lib", "log/cel-custom"):
        (state / name).mkdir(parents=True)
    with closing(sqlite3.connect(places.asterisk_database)) as database:
        database.execute("CREATE TABLE astdb (key VARCHAR(256), value VARCHAR(256))")
    engine = open_engine(places.database_url)
    ledger = Ledger(engine)
    keeper = AuditKeeper(places, ledger, lambda kind, detail: pytest.fail(f"{kind} {detail}"))
    asyncio.run(keeper.keep())
    asyncio.run(ledger.audit.note(Note("anna", "recording.heard", CALL, {})))
    asyncio.run(keeper.keep())
    engine.dispose()
    (state / "alarms-told.json").write_text("[]")
    return state


@pytest.fixture
def state(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "var"))


def emptied(path: Path) -> None:
    path.write_bytes(b"")


def halved(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


def garbled(path: Path) -> None:
    path.write_bytes(b"\xff\xfe\x00 nothing of ours")


def of_another_kind(path: Path) -> None:
    path.write_bytes(b"[]\n")


def a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


DAMAGES = (emptied, halved, garbled, of_another_kind, a_folder)
FILES = (
    "hotline.id",
    "secrets.json",
    "tokens.json",
    "alarms-told.json",
    "keys/archive.json",
    "keys/signing.pem",
    "log/audit-checkpoints.jsonl",
    "ledger.db",
    "lib/astdb.sqlite3",
)
SOUND = {("alarms-told.json", of_another_kind), ("lib/astdb.sqlite3", emptied)}
"""What is no damage: no alarm was handed on yet; SQLite takes an empty file for a new database."""
NOT_BY_ITSELF = {("log/audit-checkpoints.jsonl", halved), ("log/audit-checkpoints.jsonl", emptied)}
"""What only the ledger tells: see the tests of the audit log's keeper below."""


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("name", FILES)
def test_a_damaged_file_is_one_line_of_check(say: Say, state: Path, name: str, damage: Callable[[Path], None]) -> None:
    assert say("check")[0] == 0
    path = state / name
    damage(path)
    status, out, err = say("check")
    if (name, damage) in SOUND | NOT_BY_ITSELF:
        return
    assert (status, out) == (2, "") and len(err.splitlines()) == 1, err
    assert f": {path}" in err and err.startswith("environment: BAILANYS_STORAGE__STATE_DIR: " if "keys" not in name
                                                 and name != "ledger.db" else f"{CONFIG}:"), err  # fmt: skip


@pytest.mark.parametrize("name", ["secrets.json", "tokens.json", "keys/archive.json", "keys/signing.pem"])
def test_a_secret_that_others_can_read_is_told(say: Say, state: Path, name: str) -> None:
    (state / name).chmod(0o640)
    status, _, err = say("check")
    assert status == 2 and err.endswith(f": {state / name} can be read by others: chmod 600\n")


def test_a_file_that_the_hotline_cannot_read_is_told_to_root_too(made: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:  # which another user can enter
        state = Path(shutil.copytree(made, Path(folder) / "var"))
        if AS_ROOT:
            for path in (Path(folder), state, *state.rglob("*")):
                os.chown(path, NOBODY, NOBODY)
        for name in FILES:
            (state / name).chmod(0o600 if AS_ROOT else 0)
            if AS_ROOT:
                os.chown(state / name, 0, 0)
        env = {**os.environ, "BAILANYS_STORAGE__STATE_DIR": str(state)}
        words = (sys.executable, "-m", "bailanys", "check", "--config", str(CONFIG))
        ended = subprocess.run(words, env=env, cwd=ROOT, capture_output=True, text=True, check=False)
        lines = ended.stderr.splitlines()
        assert ended.returncode == 2 and "Traceback" not in ended.stderr
        for name in FILES:
            assert [line for line in lines if f"{state / name}: Permission denied" in line], (name, lines)


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("hotline.id", "the ledger belongs to the hotline at"),
        ("tokens.json", "tokens were made"),
        ("keys/archive.json", "is sealed by a key of it"),
        ("keys/signing.pem", "is signed by it"),
        ("ledger.db", "signs its audit log"),
    ],
)
def test_a_file_that_must_be_there_and_is_not_is_told(say: Say, state: Path, name: str, why: str) -> None:
    (state / name).unlink()
    status, _, err = say("check")
    assert status == 2 and len(err.splitlines()) == 1, err
    assert str(state / name) in err and why in err and "backup in place" in err


COMMANDS = {
    "hotline.id": (("recordings", "hold", CALL, "--reason", "a trial"), ("recordings", "repair"), ("db", "take-over",
                   "--reason", "a trial")),
    "secrets.json": (("dialplan", "render", "OUT"),),
    "tokens.json": (("tokens", "list"), ("tokens", "add", "x", "--scope", "calls:read"), ("tokens", "revoke", "wall")),
    "keys/archive.json": (("recordings", "verify"), ("recordings", "rotate-key"),
                          ("recordings", "export", CALL, "--reason", "a trial", "--to", "OUT")),
    "keys/signing.pem": (("demands", "verifier"), ("audit", "verify"), ("audit", "begin-anew", "--reason", "a trial")),
    "log/audit-checkpoints.jsonl": (("audit", "verify"),),
    "ledger.db": (("audit", "verify"), ("audit", "list", CALL), ("calls", "show", CALL), ("stats",),
                  ("demands", "list"), ("recordings", "find", *DAY), ("recordings", "repair"), ("db", "upgrade")),
    "log/cel-custom/journal.csv": (("recordings", "repair"), ("recordings", "reconcile")),
}  # fmt: skip


@pytest.mark.parametrize("damage", [garbled, a_folder])
@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_that_needs_a_damaged_file_says_so_in_one_line(
    say: Say, state: Path, tmp_path: Path, name: str, damage: Callable[[Path], None]
) -> None:
    path = state / name
    if not path.exists():
        path.write_bytes(b"")
    damage(path)
    if name.endswith(".csv") and damage is garbled:  # a line that is none of ours is passed over, and told in the log
        assert say(*COMMANDS[name][0])[0] == 0
        return
    for words in COMMANDS[name]:
        status, out, err = say(*(str(tmp_path) if word == "OUT" else word for word in words))
        assert status == 1 and len(err.strip().splitlines()) == 1, (words, out, err)
        assert path.name in err or "`bailanys check` says where" in err or "faults in the audit log" in err, err


def test_what_asterisk_reads_is_made_anew_whatever_is_there(tmp_path: Path) -> None:
    etc = tmp_path / "etc"
    etc.mkdir()
    for content in (b"", b"\xff\xfe garbage", b"[directories]\n"):
        (etc / "asterisk.conf").write_bytes(content)
        assert running_pid(etc / "asterisk.conf") is None
        assert install({"asterisk.conf": "құжат\n"}, etc) == ("asterisk.conf",)
        assert (etc / "asterisk.conf").read_text(encoding="utf-8") == "құжат\n"


def test_passwords_are_never_made_anew_beside_a_damaged_file(state: Path) -> None:
    """Every phone would need a new one; a person decides that."""
    made = site_secrets(state, ["101"])
    for damaged in (b"", b'{"ami": "', b'{"ami": "x", "operators": {"101": null}}'):
        (state / "secrets.json").write_bytes(damaged)
        with pytest.raises(KeysUnreadableError, match=r"secrets\.json is damaged"):
            site_secrets(state, ["101"])
        assert (state / "secrets.json").read_bytes() == damaged
    (state / "secrets.json").unlink()
    assert site_secrets(state, ["101"]) != made


def test_calls_go_on_without_an_identity_and_nothing_is_written_by_nobody(state: Path) -> None:
    places = places_at(state)
    (state / "hotline.id").write_text("f00")
    nobody = identity_or_nobody(places)
    assert nobody.id == ""
    engine = guard(open_engine(places.database_url), nobody)
    with pytest.raises(LedgerTakenError, match=r"put its hotline\.id back, then end the controller"):
        asyncio.run(Ledger(engine).audit.note(Note("anna", "recording.heard", CALL, {})))
    engine.dispose()


def test_asterisks_own_database_that_it_cannot_open_is_put_aside_and_a_sound_one_never(state: Path) -> None:
    database = places_at(state).asterisk_database
    assert put_damaged_aside(database) is None
    for damage in (garbled, halved, a_folder):
        good = database.read_bytes()
        damage(database)
        aside = put_damaged_aside(database)
        assert aside is not None and aside.exists() and not database.exists()
        database.write_bytes(good)
    assert put_damaged_aside(database) is None
    database.unlink()
    assert put_damaged_aside(database) is None


def test_a_database_that_died_in_the_middle_is_no_damaged_one(state: Path, tmp_path: Path) -> None:
    """The pages are half written, and the journal beside has them as they were: SQLite takes them back."""
    database = places_at(state).asterisk_database
    writer = sqlite3.connect(database, isolation_level=None)
    writer.execute("PRAGMA cache_size = 2")
    writer.execute("BEGIN")
    writer.executemany("INSERT INTO astdb VALUES (?, ?)", (("key", "x" * 500) for _ in range(200)))
    died = tmp_path / "astdb.sqlite3"
    for left in database.parent.glob("astdb.sqlite3*"):
        shutil.copy(left, tmp_path / left.name)
    writer.close()
    assert (tmp_path / "astdb.sqlite3-journal").exists()
    assert put_damaged_aside(died) is None
    with closing(sqlite3.connect(died)) as reader:
        assert reader.execute("SELECT count(*) FROM astdb").fetchone() == (0,)


@pytest.fixture
def kept(state: Path) -> tuple[Places, list[str], AuditKeeper, Ledger]:
    places, told = places_at(state), list[str]()
    ledger = Ledger(open_engine(places.database_url))
    return places, told, AuditKeeper(places, ledger, lambda kind, detail: told.append(f"{kind} {detail}")), ledger


Kept = tuple[Places, list[str], AuditKeeper, Ledger]


async def test_a_file_of_checkpoints_that_loses_lines_while_we_run_is_alarmed(kept: Kept) -> None:
    places, told, keeper, ledger = kept
    await keeper.keep()
    assert told == []
    lines = places.checkpoints.read_bytes().splitlines(keepends=True)
    for left in (lines[:-1], []):
        places.checkpoints.write_bytes(b"".join(left))
        await keeper.keep()
        assert "not there, empty or cut" in told.pop() and told == []
        assert places.checkpoints.read_bytes() == b"".join(left)  # nothing is signed into its place
        places.checkpoints.write_bytes(b"".join(lines))
        await keeper.keep()
        assert told == []
    ledger.engine.dispose()


async def test_what_is_no_line_of_ours_is_told_and_never_wiped_away(kept: Kept) -> None:
    places, told, keeper, ledger = kept
    places.checkpoints.write_bytes(b"\xff\xfe garbage")
    await keeper.keep()
    assert told and "cannot be read" in told[0]
    await ledger.audit.note(Note("anna", "recording.heard", CALL, {}))
    await keeper.keep()
    assert places.checkpoints.read_bytes().startswith(b"\xff\xfe garbage\n{")
    written = read(places.checkpoints, Vault(places).signer().public_key)
    assert (len(written.points), len(written.faults)) == (2, 1)
    ledger.engine.dispose()


@pytest.mark.parametrize("left", [b'{"seq":3,"dig', b"{", b'{"seq":3\0\0\0', b"\0" * 200])
async def test_what_a_full_disk_or_a_power_cut_left_of_a_line_is_taken_away(kept: Kept, left: bytes) -> None:
    places, told, keeper, ledger = kept
    whole = places.checkpoints.read_bytes()
    places.checkpoints.write_bytes(whole + left)
    await keeper.keep()
    await ledger.audit.note(Note("anna", "recording.heard", CALL, {}))
    await keeper.keep()
    assert told == [] and read(places.checkpoints, Vault(places).signer().public_key).faults == ()
    assert places.checkpoints.read_bytes().startswith(whole + b"{")
    ledger.engine.dispose()
