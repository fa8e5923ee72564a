"""Whatever a command writes for a person, onto a disk that gets full: one line, no half of a file, no traceback."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bailanys.cli import person
from bench.archived import PHONE, archived
from config.whole_file import write_whole
from tests.small_disk import FILLING, SmallDisk, small_disk

CONFIG = Path(__file__).parents[4] / "config" / "hotline.toml"
CALL = "hl1-1764000000.1"
LONG_S = 30.0

Say = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def disk() -> Iterator[SmallDisk]:
    with small_disk(8) as made:
        yield made


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made")
    archived(folder, 1, LONG_S)
    return folder / "var"


@pytest.fixture
def demand(say: Say) -> str:
    return _selected(say)


@pytest.fixture(autouse=True)
def _emptied(disk: SmallDisk) -> Iterator[None]:
    yield
    disk.do("rm -rf /mnt/* /mnt/.[!.]*")


WRITES = {
    "wav": ("recordings", "export", CALL, "--reason", "a trial", "--to", "DISK"),
    "flac": ("recordings", "export", CALL, "--reason", "a trial", "--format", "flac", "--to", "DISK"),
    "opus": ("recordings", "export", CALL, "--reason", "a trial", "--format", "opus", "--to", "DISK"),
    "opus to listen to": ("demands", "listen", "DEMAND", f"{CALL}-1-1", "--reason", "a trial", "--to", "DISK"),
    "verifier": ("demands", "verifier", "--to", "DISK"),
    "plot": ("simulate", "--calls", "300", "--share", "portal=1", "--svg", "DISK/day.svg"),
    "figures": ("simulate", "--calls", "300", "--share", "portal=1", "--json", "DISK/day.json"),
    "Asterisk's files": ("dialplan", "render", "DISK/etc"),
    "units": ("units", "DISK"),
    "announcement": ("prompts", "join", "hello", "--language", "kk", "--out", "DISK/hello.wav"),
}


@pytest.mark.parametrize("free_bytes", [0, 4096])
@pytest.mark.parametrize("what", WRITES)
def test_a_full_disk_is_one_line_that_names_the_file_and_leaves_no_half_of_it(
    say: Say, disk: SmallDisk, demand: str, what: str, free_bytes: int
) -> None:
    disk.fill()
    if free_bytes:
        disk.leave(free_bytes)
    place = {"DISK": str(disk.path), "DEMAND": demand}
    words = [re.sub("DISK|DEMAND", lambda found: place[found[0]], word) for word in WRITES[what]]
    status, _, err = say(*words)
    left = [path for path in disk.path.rglob("*") if path.is_file() and path.name != FILLING]
    if status == 0:  # so little is written that it fits
        assert free_bytes and err == "" and left
        return
    assert status == 1 and err.count("\n") == 1, err
    assert str(disk.path) in err and "No space left on device" in err, err
    assert not [path for path in left if path.name.startswith(".") or not path.stat().st_size], left


def test_what_was_there_stays_where_no_room_is_for_what_is_to_come(say: Say, disk: SmallDisk) -> None:
    plot = disk.path / "day.svg"
    plot.write_text("the plot of yesterday")
    disk.fill()
    assert say("simulate", "--calls", "300", "--share", "portal=1", "--svg", str(plot))[0] == 1
    assert plot.read_text() == "the plot of yesterday"


def test_a_package_on_a_full_disk_is_one_line_and_none_is_seen(
    say: Say, disk: SmallDisk, state: Path, demand: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (disk.path / "packages").mkdir()
    (state / "packages").symlink_to(disk.path / "packages")
    monkeypatch.setattr(person, "person", lambda: "berik")
    assert say("demands", "approve", demand)[0] == 0
    for free_bytes in (0, 40_960, 409_600):
        disk.fill()
        if free_bytes:
            disk.leave(free_bytes)
        status, _, err = say("demands", "package", demand)
        assert status == 1 and err.count("\n") == 1 and "No space left on device" in err and demand in err, err
        assert list((disk.path / "packages").iterdir()) == []
    disk.empty()
    assert say("demands", "package", demand)[0] == 0
    assert [path.name for path in (disk.path / "packages").iterdir()] == [f"{demand}.zip"]


def _selected(say: Say) -> str:
    """A demand of which the talk is chosen."""
    day, letter = "24.11.2025", ("--letter", "14-2/118", "--ground", "rule 14")
    added = (
        "demands",
        "add",
        "--authority",
        "service-quality",
        *letter,
        "--date",
        day,
        "--phone",
        PHONE,
        "--confirm-dates",
    )
    assert say(*added)[0] == 0
    demand: str = json.loads(say("demands", "list", "--json")[1])[-1]["demand"]
    assert say("demands", "select", demand, f"{CALL}-1-1")[0] == 0
    return demand


@pytest.mark.parametrize("words", [("prompts", "list", "--json"), ("calls", "show", CALL), ("--help",)])
def test_a_full_disk_behind_the_answer_is_one_line(state: Path, words: tuple[str, ...]) -> None:
    env = {**os.environ, "BAILANYS_STORAGE__STATE_DIR": str(state)}
    with Path("/dev/full").open("w") as full:
        ended = subprocess.run(
            (sys.executable, "-m", "bailanys", *words), env=env, cwd=CONFIG.parents[1], stdout=full,
            stderr=subprocess.PIPE, text=True, check=False,
        )  # fmt: skip
    assert (ended.returncode, ended.stderr) == (1, "No space left on device\n")


def test_a_file_is_written_whole_through_a_link_and_into_what_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    link = tmp_path / "link"
    link.symlink_to("there/file")
    write_whole(link, "one")
    write_whole(link, "two")
    assert link.is_symlink() and (tmp_path / "there" / "file").read_text() == "two"
    assert [path.name for path in (tmp_path / "there").iterdir()] == ["file"]
    write_whole(Path("/dev/null"), "nothing is put in its place")
    assert Path("/dev/null").is_char_device()
    (tmp_path / "round").symlink_to("round")
    with pytest.raises(OSError, match="round"):
        write_whole(tmp_path / "round", "x")
    with pytest.raises(FileNotFoundError, match="none"):
        write_whole(tmp_path / "none" / "file", "x")
