"""Root's commands in a folder of another user's: all in it stays that user's. With root really, else on paper."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from pathlib import Path
from types import SimpleNamespace

import pytest

from bailanys.site.secrets import site_secrets
from config import ownership
from config.ownership import as_caller, as_owner_alone, become_owner, owner_to_become, strangers, work_as_owner
from console.token_file import TokenFile
from console.tokens import new_token
from dialplan.install import former, install
from recordings import durable, secret_file

NOBODY = 65_534
AS_ROOT = os.geteuid() == 0


def test_who_has_to_become_whom(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mine = tmp_path.stat().st_uid
    monkeypatch.setattr("os.geteuid", lambda: 0)
    assert owner_to_become(tmp_path) == (mine or None)
    assert owner_to_become(tmp_path / "none") is None  # the first start makes it, as whoever starts it
    monkeypatch.setattr(Path, "stat", lambda self, **_: SimpleNamespace(st_uid=NOBODY))
    assert owner_to_become(tmp_path) == NOBODY
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    assert owner_to_become(tmp_path) is None  # who is not root has only their own rights anyhow


def test_who_starts_what_stays_gives_root_up_for_good(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    did: list[tuple[object, ...]] = []
    monkeypatch.setattr(ownership, "owner_to_become", lambda folder: NOBODY)
    for name in ("setgroups", "setresgid", "setresuid"):
        monkeypatch.setattr(f"os.{name}", lambda *words, name=name: did.append((name, *words)))
    monkeypatch.setattr("os.execve", lambda program, words, env: did.append((program, tuple(words), env["HOME"])))
    become_owner(tmp_path, ["/p", "-m", "bailanys", "run"])
    names = [deed[0] for deed in did]
    assert names == ["setgroups", "setresgid", "setresuid", "/p"]  # the user last: then nothing can be set any more
    assert did[2] == ("setresuid", NOBODY, NOBODY, NOBODY)
    assert did[3][2] != os.environ.get("HOME")

    def closed(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("os.execve", closed)
    with pytest.raises(PermissionError, match="who cannot run: '/p'"):
        become_owner(tmp_path, ["/p"])


async def _work_in(state: Path) -> None:
    """What commands write: tokens, secrets, keys, Asterisk's files, and SQLite's side files, from threads, too."""
    work_as_owner(state)
    (state / "etc").mkdir()
    await asyncio.to_thread(install, {"a.conf": "one"}, state / "etc")
    TokenFile(state / "tokens.json").add(new_token("wall", ["stats:read"], 1)[1])
    site_secrets(state, ["101"])
    durable.make_folder(state / "keys")
    await asyncio.to_thread(secret_file.write, state / "keys" / "signing.pem", b"key")
    database = sqlite3.connect(state / "ledger.db")
    database.execute("PRAGMA journal_mode=WAL")
    database.execute("CREATE TABLE t (x)")
    assert (state / "ledger.db-wal").exists()
    assert strangers(state) == []
    database.close()


def _in_a_process_of_its_own(state: Path, outside: Path) -> None:
    """Whose files are is a matter of the whole process: not of the one that runs the tests."""
    child = os.fork()
    if child == 0:
        try:
            asyncio.run(_work_in(state))
            if AS_ROOT:
                closed = outside / "roots"  # no one else may read or write here
                assert (closed / "letter").read_text() == "read all the same"
                with pytest.raises(PermissionError):
                    (closed / "copy").write_text("x")
                with as_caller():
                    (closed / "copy").write_text("x")
                with pytest.raises(PermissionError), as_owner_alone():
                    (closed / "letter").read_text()
            os._exit(0)
        except BaseException:
            import traceback

            traceback.print_exc()
            os._exit(1)
    assert os.waitpid(child, 0)[1] == 0


def test_what_a_command_makes_belongs_to_the_folders_owner(tmp_path: Path) -> None:
    state, closed = tmp_path / "state", tmp_path / "roots"
    state.mkdir()
    closed.mkdir(mode=0o700)
    (closed / "letter").write_text("read all the same")
    (closed / "letter").chmod(0o600)
    if AS_ROOT:
        for folder in (tmp_path, *tmp_path.parents[:2]):
            folder.chmod(0o755)
        os.chown(state, NOBODY, NOBODY)
    _in_a_process_of_its_own(state, tmp_path)
    owner = state.stat().st_uid
    made = list(state.rglob("*"))
    assert {"tokens.json", "secrets.json", "signing.pem", "ledger.db", "a.conf"} <= {path.name for path in made}
    assert {path.stat().st_uid for path in made} == {owner}
    if AS_ROOT:
        assert (closed / "copy").stat().st_uid == 0
        (state / "tokens.json").unlink()
        (state / "tokens.json").write_text("as it was done once")
        assert strangers(state) == [(state / "tokens.json", 0)]


def test_former_files_are_put_back_as_they_were(tmp_path: Path) -> None:
    install({"a.conf": "one", "b.conf": "two"}, tmp_path)
    inode = (tmp_path / "a.conf").stat().st_ino
    with former(tmp_path) as before:
        install({"a.conf": "changed", "c.conf": "new"}, tmp_path)
        before.put_back()
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"a.conf": "one", "b.conf": "two"}
    assert (tmp_path / "a.conf").stat().st_ino == inode
    with former(tmp_path):
        install({"a.conf": "kept"}, tmp_path)
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"a.conf": "kept", "b.conf": "two"}


def test_nothing_is_written_through_a_link_that_somebody_put_there(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("theirs")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / ".a.conf.new").symlink_to(victim)
    install({"a.conf": "ours"}, tmp_path / "out")
    assert (victim.read_text(), (tmp_path / "out" / "a.conf").read_text()) == ("theirs", "ours")
