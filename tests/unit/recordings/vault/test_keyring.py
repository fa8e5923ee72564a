"""The ring of keys: made once and only where nothing is sealed, never by two at once, never losing a key."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from recordings import secret_file
from recordings.errors import KeysAwayError
from recordings.vault.keyring import KeyRing, begin_anew, first_ring, join, ring_at, rotate


def test_a_ring_is_made_once_kept_private_and_rotated(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "archive.json"
    ring = first_ring(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert first_ring(path) == ring == ring_at(path)
    key, wrapped = ring.new_key()
    newer = rotate(path)
    assert ring_at(path) == newer and newer.current != ring.current
    assert newer.unwrap(wrapped) == key
    assert newer.unwrap(newer.wrap(key)) == key and newer.wrap(key).by == newer.current
    assert sorted(one.name for one in path.parent.iterdir()) == ["archive.json", "archive.json.lock"]
    assert "secret" not in repr(KeyRing("k1", {"k1": b"secret"}))


@pytest.mark.parametrize("how", ["folder moved", "file moved", "no folder", "a link to nowhere", "a file for a folder"])
def test_a_ring_that_is_away_is_not_made_anew_where_something_is_sealed(tmp_path: Path, how: str) -> None:
    path = tmp_path / "keys" / "archive.json"
    ring, hidden = first_ring(path), tmp_path / "hidden"
    text = path.read_text()
    match how:
        case "folder moved" | "a file for a folder":
            path.parent.rename(hidden)
        case _:
            path.rename(hidden)
    if how == "no folder":
        (path.parent / "archive.json.lock").unlink()
        path.parent.rmdir()
    if how == "a link to nowhere":
        path.symlink_to(tmp_path / "not mounted")
    if how == "a file for a folder":
        path.parent.write_text("")
    before = sorted(tmp_path.rglob("*"))
    for deed in (first_ring, rotate):
        with pytest.raises(KeysAwayError, match=str(path)):
            deed(path, lambda: "x.flac.enc is sealed by a key of it")
    with pytest.raises(KeysAwayError, match=str(path)):
        ring_at(path)
    assert sorted(tmp_path.rglob("*")) == before
    assert ring.current in text


def test_what_cannot_be_asked_makes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "archive.json"

    def asked() -> str:
        raise OSError("the store does not answer")

    with pytest.raises(OSError, match="does not answer"):
        first_ring(path, asked)
    assert not path.exists()


def test_the_first_rotation_makes_the_first_ring(tmp_path: Path) -> None:
    ring = rotate(tmp_path / "keys" / "archive.json")
    assert ring_at(tmp_path / "keys" / "archive.json") == ring and len(ring.keys) == 1


def test_rotations_at_once_keep_every_key(tmp_path: Path) -> None:
    path = tmp_path / "archive.json"
    first = first_ring(path)
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: rotate(path), range(24)))
    names = {ring.current for ring in made}
    assert len(names) == 24 and ring_at(path).keys.keys() == names | {first.current}


ROTATES = """
import sys
from pathlib import Path
from recordings.vault.keyring import first_ring, rotate
path = Path(sys.argv[1])
sys.stdin.readline()
print(first_ring(path).current)
for _ in range(10):
    print(rotate(path).current)
"""


def test_processes_that_begin_and_rotate_at_once_keep_every_key(tmp_path: Path) -> None:
    path = tmp_path / "archive.json"
    command = [sys.executable, "-c", ROTATES, str(path)]
    children = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    for child in children:
        assert child.stdin is not None
        child.stdin.write("now\n")
        child.stdin.flush()
    named = [child.communicate()[0].split() for child in children]
    assert [len(names) for names in named] == [11, 11, 11]
    assert {name for names in named for name in names} == ring_at(path).keys.keys()


def test_what_a_kill_left_is_swept_and_whoever_holds_the_turn_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "archive.json"
    (tmp_path / "archive.json.0123456789abcdef.new").write_text("a half")
    first_ring(path)
    assert sorted(one.name for one in tmp_path.iterdir()) == ["archive.json", "archive.json.lock"]
    monkeypatch.setattr(secret_file, "WAIT_S", 0.05)
    with secret_file.turn(path), pytest.raises(OSError, match="another program is changing it"):
        rotate(path)


def test_two_rings_that_were_made_by_one_name_are_joined_and_open_all(tmp_path: Path) -> None:
    """An older version numbered its keys: a ring made instead of one that was away has the same name."""
    ours, others = KeyRing("k1", {"k1": os.urandom(32)}), KeyRing("k1", {"k1": os.urandom(32)})
    key, wrapped = ours.new_key()
    other_key, other_wrapped = others.new_key()
    both = ours.joined(others)
    assert both.current == "k1" and both.unwrap(wrapped) == key and both.unwrap(other_wrapped) == other_key
    assert both.joined(others) == both
    path = tmp_path / "archive.json"
    first_ring(path)
    joined = join(path, both)
    assert ring_at(path) == joined and joined.unwrap(other_wrapped) == other_key and len(joined.keys) == 3


def test_a_lost_ring_is_begun_anew_only_where_there_is_none(tmp_path: Path) -> None:
    path = tmp_path / "archive.json"
    ring = first_ring(path)
    with pytest.raises(FileExistsError):
        begin_anew(path)
    assert ring_at(path) == ring
    path.unlink()
    assert begin_anew(path) == ring_at(path) != ring
