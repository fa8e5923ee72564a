"""The spool: what is in it, and who is still writing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from recordings.capture.spool import SpoolFile, alone, being_written, look, raw_path, remove, size_of
from tests.unit.recordings.raw_talk import BEGAN_MS, FILE, two_voices, write_raw


def test_only_our_recordings_are_seen(tmp_path: Path) -> None:
    write_raw(tmp_path, two_voices(1.0))
    for stranger in ("notes.txt", "voice.raw", f"{FILE}.wav"):
        (tmp_path / stranger).write_bytes(b"x")
    (tmp_path / "hl1-1.1-1-1.raw").mkdir()
    (tmp_path / "hl1-1.1-1-2.raw").symlink_to("/etc/hostname")
    assert look(tmp_path) == {FILE: SpoolFile(FILE, 32_000, BEGAN_MS + 5_000, False)}


def test_a_file_that_another_process_writes_is_known_to_be_written(tmp_path: Path) -> None:
    path = write_raw(tmp_path, two_voices(1.0))
    hold = "import sys; file = open(sys.argv[1], 'ab'); print('open', flush=True); sys.stdin.read()"
    command = [sys.executable, "-c", hold, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as writer:
        assert writer.stdout is not None
        writer.stdout.readline()
        assert being_written(path) is True
        assert look(tmp_path)[FILE].being_written is True
        writer.communicate(timeout=30)
    assert being_written(path) is False


def test_a_reader_is_no_writer(tmp_path: Path) -> None:
    path = write_raw(tmp_path, two_voices(1.0))
    with path.open("rb"):
        assert being_written(path) is False


def test_a_file_is_removed_once(tmp_path: Path) -> None:
    path = write_raw(tmp_path, two_voices(1.0))
    assert size_of(tmp_path, FILE) == 32_000
    remove(tmp_path, FILE)
    remove(tmp_path, FILE)
    assert path == raw_path(tmp_path, FILE) and not path.exists()
    assert size_of(tmp_path, FILE) is None


def test_a_file_that_goes_while_the_spool_is_looked_at_is_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [f"hl1-1764000000.12-{seq}-1" for seq in range(1, 6)]
    for name in names:
        write_raw(tmp_path, two_voices(1.0), name)
    gone: list[str] = []

    def asked(path: Path) -> bool | None:
        if len(gone) < 2 and path.stem not in gone:
            gone.append(path.stem)
            path.unlink()
            raise FileNotFoundError(path)
        return False

    monkeypatch.setattr("recordings.capture.spool.being_written", asked)
    assert len(gone) == 0 and set(look(tmp_path)) == set(names) - set(gone)
    assert len(gone) == 2


def test_of_two_who_finish_a_spool_one_is_alone(tmp_path: Path) -> None:
    with alone(tmp_path) as first:
        with alone(tmp_path) as second:
            assert (first, second) == (True, False)
        with alone(tmp_path) as third:
            assert third is False
    with alone(tmp_path) as after:
        assert after is True
    (tmp_path / "file").touch()
    with pytest.raises(NotADirectoryError), alone(tmp_path / "file"):
        pass
