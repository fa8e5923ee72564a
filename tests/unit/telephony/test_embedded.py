"""Which Asterisk and which SIPp are taken."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from telephony import embedded
from telephony.embedded import AsteriskMissingError, find_asterisk, find_sipp, host_asterisk, parse_version


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with nothing on it; its programs are in `bin`."""
    programs = tmp_path / "bin"
    programs.mkdir()
    monkeypatch.setenv("PATH", str(programs))
    monkeypatch.setattr(embedded, "_SYSTEM_PATH", str(programs))
    monkeypatch.setattr(embedded, "_HOST_MODULES", (f"{tmp_path}/*/modules",))
    monkeypatch.setattr(embedded, "_HOST_DATA", (str(tmp_path / "data"),))
    (tmp_path / "data").mkdir()
    return tmp_path


def program(path: Path, says: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\necho '{says}'\n")
    path.chmod(0o755)
    return path


def modules(folder: Path) -> Path:
    folder.mkdir(parents=True)
    for name in ("chan_pjsip.so", "app_queue.so", "app_mixmonitor.so", "cel_custom.so"):
        (folder / name).touch()
    return folder


def prefix(cache: Path) -> Path:
    """What the set-up leaves in the cache, as far as it is looked at."""
    folder = cache / "asterisk"
    for name in ("usr/sbin/asterisk", "usr/bin/sipp", "usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2"):
        program(folder / name, "")
    (folder / "prefix.json").write_text(json.dumps({"packages": {"asterisk": "1:22.10.1+dfsg+~cs6.17-1"}}))
    return folder


def test_nothing_anywhere_says_what_to_do(host: Path) -> None:
    with pytest.raises(AsteriskMissingError, match="make setup") as caught:
        find_asterisk(host / "cache")
    assert (caught.value.error_id, caught.value.retryable) == ("asterisk-missing", False)
    with pytest.raises(AsteriskMissingError, match="make setup"):
        find_sipp(host / "cache")


def test_the_fetched_asterisk_runs_through_its_own_loader(host: Path) -> None:
    folder = prefix(host / "cache")
    found = find_asterisk(host / "cache")
    libraries = folder / "usr/lib/x86_64-linux-gnu"
    assert (found.kind, found.version) == ("prefix", (22, 10, 1))
    assert found.run == (
        str(libraries / "ld-linux-x86-64.so.2"),
        "--library-path",
        f"{libraries}:{folder / 'usr/lib'}",
        str(folder / "usr/sbin/asterisk"),
    )
    assert found.module_dir == libraries / "asterisk/modules"
    assert find_sipp(host / "cache")[-1] == str(folder / "usr/bin/sipp")


def test_half_a_prefix_is_none(host: Path) -> None:
    folder = prefix(host / "cache")
    (folder / "prefix.json").write_text("{")
    with pytest.raises(AsteriskMissingError):
        find_asterisk(host / "cache")


def test_the_hosts_own_is_taken_before_the_fetched_one(host: Path) -> None:
    prefix(host / "cache")
    own = program(host / "bin/asterisk", "Asterisk 20.6.0~dfsg+~cs6.13.40431414-2build5")
    sipp = program(host / "bin/sipp", "SIPp v3.6.1")
    folder = modules(host / "lib/modules")
    found = find_asterisk(host / "cache")
    assert (found.kind, found.version, found.run) == ("host", (20, 6, 0), (str(own),))
    assert (found.module_dir, found.data_dir) == (folder, host / "data")
    assert find_sipp(host / "cache") == (str(sipp),)


def test_a_host_asterisk_that_is_too_old_is_left_alone(host: Path) -> None:
    program(host / "bin/asterisk", "Asterisk 18.9.0")
    modules(host / "lib/modules")
    assert host_asterisk() is None


def test_a_host_asterisk_without_queues_is_left_alone(host: Path) -> None:
    program(host / "bin/asterisk", "Asterisk 22.1.0")
    (modules(host / "lib/modules") / "app_queue.so").unlink()
    assert host_asterisk() is None


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("Asterisk 22.10.1+dfsg+~cs6.17.60671434-1", (22, 10, 1)),
        ("1:22.10.1+dfsg", (22, 10, 1)),
        ("Asterisk certified/20.7-cert1", (20, 7)),
        ("Asterisk GIT-master-1234abc", ()),
        ("", ()),
    ],
)
def test_versions_as_asterisk_writes_them(text: str, version: tuple[int, ...]) -> None:
    assert parse_version(text) == version
