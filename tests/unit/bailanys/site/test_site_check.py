"""What `bailanys check` looks at and tries out beside the document itself."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from bailanys.site import folders_fit
from bailanys.site.check import doubts, outside_problems, start_problems
from bailanys.site.folders_fit import state_findings, unfit
from bailanys.site.own_ports import ports_of
from config.load import load
from config.places import places_of
from config.source import read
from recordings.vault.keyring import begin_anew
from storage.engine import open_engine
from storage.reachable import unreached
from tests.unit.storage.postgres import private_server

ROOT = Path(__file__).resolve().parents[4]
SHIPPED = ROOT / "config" / "hotline.toml"
AS_ROOT = os.geteuid() == 0


def told(state: Path, more: str = "", **over: str) -> list[str]:
    env = {f"BAILANYS_{key.upper()}": value for key, value in over.items()}
    env.setdefault("BAILANYS_STORAGE__STATE_DIR", str(state))
    file = state.parent / "hotline.toml"
    text = SHIPPED.read_text()
    file.write_text(text.replace('prompt = "menu-portal"', f'prompt = "{more}"') if more else text)
    settings, source = load(file, env), read(file, env)
    places = places_of(settings, ROOT)
    found = [*start_problems(settings, source, places, ROOT, ROOT / ".cache"), *doubts(settings, source, places)]
    return [str(one) for one in found]


def test_a_new_hotline_is_in_order_and_nothing_is_made(tmp_path: Path) -> None:
    assert told(tmp_path / "state") == []
    assert [path.name for path in tmp_path.iterdir()] == ["hotline.toml"]


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("/dev/null", "/dev/null is no folder"),
        ("/dev/null/state", "/dev/null is no folder"),
        ("/proc/state", "/proc/state cannot be made: /proc"),
        ("/", "/ is not the hotline's alone"),
        ("/tmp", "/tmp is not the hotline's alone"),
        (str(ROOT), "is not the hotline's alone"),
        ("/tmp/" + 90 * "x", "would be longer than 107 bytes"),
    ],
)
def test_a_state_folder_that_cannot_be_is_told(tmp_path: Path, state: str, words: str) -> None:
    found = told(tmp_path / "s", storage__state_dir=state)
    assert any(one.startswith("environment: BAILANYS_STORAGE__STATE_DIR: ") and words in one for one in found), found


def test_every_folder_that_is_named_is_tried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    state = tmp_path / "state"
    (tmp_path / "file").write_text("")
    (found,) = told(state, storage__archive_dir=str(tmp_path / "file"))
    assert found.endswith(f"ARCHIVE_DIR: {tmp_path}/file is no folder")
    (found,) = told(state, recordings__keys_file=str(tmp_path / "file" / "keys.json"))
    assert "KEYS_FILE: " in found
    (found,) = told(state, speech__override_dir=str(tmp_path / "none"))
    assert found.endswith(f"OVERRIDE_DIR: there is no folder {tmp_path}/none: make it, or leave the key out")
    state.mkdir()
    keys = state / "keys"
    keys.mkdir()
    begin_anew(keys / "archive.json")
    (keys / "archive.json.lock").unlink(missing_ok=True)
    (keys / "archive.json").chmod(0o644)
    (found,) = told(state)
    assert found.endswith("archive.json can be read by others: chmod 600")
    (keys / "archive.json").chmod(0o600)
    assert told(state) == []
    assert unfit(state) == "" and [path.name for path in state.iterdir()] == ["keys"]  # nothing is left of the trial
    good = (keys / "archive.json").read_bytes()
    for damaged in (b"", b"{}", b"\xff\xfe", good[:40]):
        (keys / "archive.json").write_bytes(damaged)
        (found,) = told(state)
        assert "KEYS_FILE" in found or "recordings.keys_file" in found
        assert "archive.json: no ring of keys; put its backup in place" in found
    (keys / "archive.json").write_bytes(good)
    monkeypatch.setattr(folders_fit, "strangers", lambda folder: [(folder / "tokens.json", 0)])
    (found,) = told(state)
    assert "but not all in it: tokens.json (root); chown -R" in found


def test_a_read_only_place_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if not AS_ROOT:
        tmp_path.chmod(0o500)
        try:
            assert unfit(tmp_path).endswith("Permission denied")
            assert unfit(tmp_path / "s") == f"{tmp_path}/s cannot be made: {tmp_path}: Permission denied"
        finally:
            tmp_path.chmod(0o700)

    def full(*_: object, **__: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.open", full)
    assert unfit(tmp_path) == f"{tmp_path}: No space left on device"
    assert list(state_findings(tmp_path, ROOT)) == []  # told, and calls are answered all the same (ADR 14)


def test_a_start_is_refused_only_where_calls_would_not_be_answered_as_meant(tmp_path: Path) -> None:
    env = {
        "BAILANYS_STORAGE__STATE_DIR": str(tmp_path / "state"),
        "BAILANYS_SIP__RTP_LAST": "10003",
        "BAILANYS_SPEECH__OVERRIDE_DIR": str(tmp_path / "none"),
        "BAILANYS_RECORDINGS__STORE": "s3://records/x",
    }
    settings, source = load(SHIPPED, env), read(SHIPPED, env)
    places = places_of(settings, ROOT)
    assert start_problems(settings, source, places, ROOT, ROOT / ".cache") == []
    told_only = [one.key for one in doubts(settings, source, places)]
    assert told_only == ["BAILANYS_SIP__RTP_LAST", "BAILANYS_SPEECH__OVERRIDE_DIR", "recordings.store_secrets"]


def test_tls_that_could_not_be_had_is_told_with_its_line(tmp_path: Path) -> None:
    found = told(tmp_path / "state", sip__tls_port="5061")
    assert len(found) == 2
    assert all("there would be no SIP over TLS" in one for one in found)
    assert f"{tmp_path}/hotline.toml:9: sip.tls_certificate: there is no {tmp_path}/state/keys/sip.pem" in found[0]


def test_a_prompt_without_a_sound_is_told_once_with_its_line_and_what_to_do(tmp_path: Path) -> None:
    (found,) = told(tmp_path / "state", more="menu-portl")
    assert 'menu.choices[1].prompt: no sound for the prompt "menu-portl" in kk, ru, en' in found
    assert '(did you mean "menu-portal"?)' in found
    assert f"put a WAV at {ROOT}/studio/kk/menu-portl.wav" in found


def test_a_relative_studio_is_one_place_wherever_the_command_is_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    studio = ROOT / ".cache" / f"studio-{os.getpid()}"
    try:
        for language in ("kk", "ru", "en"):
            (studio / language).mkdir(parents=True)
            (studio / language / "menu-new.wav").write_bytes((ROOT / "speech/sounds/en/hello.wav").read_bytes())
        monkeypatch.chdir(tmp_path)
        relative = str(studio.relative_to(ROOT))
        assert told(tmp_path / "state", more="menu-new", speech__override_dir=relative) == []
    finally:
        for path in sorted(studio.rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() else path.unlink()
        studio.rmdir()


def test_programs_and_accounts_that_are_not_there_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    state = tmp_path / "state"
    script = tmp_path / "wake me"
    (found,) = told(state, alarms__command=f"'{script}' --hotline 1414")
    assert found.endswith(f'ALARMS__COMMAND: the program "{script}" is not there: write its whole path')
    script.write_text("#!/bin/sh\n")
    (found,) = told(state, alarms__command=f"'{script}' --hotline 1414")
    assert found.endswith(f'the program "{script}" cannot be run: chmod +x')
    script.chmod(0o755)
    assert told(state, alarms__command=f"'{script}' --hotline 1414") == []
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    (found,) = told(state, asterisk__user="nobodi")
    assert 'there is no account "nobodi" on this machine (did you mean "nobody"?): useradd' in found
    assert told(state, asterisk__user="nobody") == []


def test_a_database_in_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    (found,) = told(tmp_path / "state", storage__database_url=f"sqlite:///{tmp_path}/none/ledger.db")
    assert found.endswith(f"DATABASE_URL: there is no folder {tmp_path}/none: make it, nothing else does")
    assert told(tmp_path / "state", storage__database_url=f"sqlite:///{tmp_path}/ledger.db") == []


def test_our_own_ports_are_in_nobodys_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        assert port in ports_of([os.getpid()])
        env = {"BAILANYS_STORAGE__STATE_DIR": str(tmp_path / "s"), "BAILANYS_PORTS__AMI": str(port)}
        settings, source = load(SHIPPED, env), read(SHIPPED, env)
        places = places_of(settings, ROOT)

        def found() -> list[str]:
            return [one.message for one in outside_problems(settings, source, places, ROOT) if one.key.endswith("AMI")]

        assert found() == [f"port {port} on 127.0.0.1 is in use by another program"]
        monkeypatch.setattr("bailanys.site.check.holder_of", lambda state: os.getpid())
        assert found() == []


def test_a_database_that_lets_nobody_in_is_told_without_its_password(tmp_path: Path) -> None:
    assert unreached(f"sqlite:///{tmp_path}/new.db") == ""
    (tmp_path / "text.db").write_text("no database at all")
    assert (
        unreached(f"sqlite:///{tmp_path}/text.db")
        == f"{tmp_path}/text.db is no database of SQLite: put its backup in place"
    )
    assert unreached(f"sqlite:///{tmp_path}") == f"{tmp_path} is a folder: name a file"
    away = unreached("postgresql://bailanys:secret@127.0.0.1:1/ledger")
    assert "Connection refused" in away
    with private_server() as server:
        url = server.url("postgres")
        assert unreached(url) == ""
        engine = open_engine(url)
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("CREATE ROLE clerk LOGIN PASSWORD 'right'")
            rules = Path(str(connection.exec_driver_sql("SHOW hba_file").scalar()))
            rules.write_text("local all clerk scram-sha-256\n" + rules.read_text())
            connection.exec_driver_sql("SELECT pg_reload_conf()")
        engine.dispose()
        told_of = {
            name: unreached(url.replace("bailanys@", f"{name}@").replace("/postgres", f"/{database}"))
            for name, database in (("clerk:wrong", "postgres"), ("clerk:right", "postgres"), ("bailanys", "none"))
        }
    assert "password authentication failed" in told_of["clerk:wrong"]
    assert told_of["clerk:right"].startswith("the user clerk may make no tables there: GRANT CREATE")
    assert 'database "none" does not exist' in told_of["bailanys"]
    assert not [one for one in (away, *told_of.values()) if "secret" in one or "wrong" in one or "\n" in one]
