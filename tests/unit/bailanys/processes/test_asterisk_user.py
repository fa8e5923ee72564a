"""Whom Asterisk runs as where root starts the hotline; where another user starts it, it is that user's.

Both ways are tried wherever the tests run: without root only the words differ, and nothing changes hands.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from bailanys.processes.asterisk_user import NAMELESS, Account, AsteriskUserError, chosen, hand_over, settled
from config.load import load
from config.ownership import strangers
from config.places import Places, places_of
from config.settings import Settings
from dialplan.install import install
from telephony.embedded import AsteriskInstall

AS_ROOT = os.geteuid() == 0
CONFIG = Path("config/hotline.toml")


@pytest.fixture
def base() -> Iterator[Path]:
    """A folder that anybody may pass through; pytest's own is closed to others."""
    with tempfile.TemporaryDirectory(prefix="as") as name:
        Path(name).chmod(0o711)
        yield Path(name)


def asterisk_in(folder: Path) -> AsteriskInstall:
    folder.mkdir(exist_ok=True)
    (folder / "asterisk").write_text("#!/bin/sh\n")
    (folder / "asterisk").chmod(0o755)
    return AsteriskInstall("host", (22, 10), (str(folder / "asterisk"),), folder, folder)


def settings_with(base: Path, **over: str) -> tuple[Settings, Places]:
    settings = load(CONFIG, {"BAILANYS_STORAGE__STATE_DIR": str(base / "s"), **over})
    return settings, places_of(settings, base)


def test_root_starts_it_as_another_and_everybody_else_as_themselves(base: Path) -> None:
    account, said = chosen(*settings_with(base), asterisk_in(base / "program"))
    if AS_ROOT:
        assert account is not None and account.uid != 0 and account.gid != 0
        assert said == f"Asterisk runs as {account.name}, not as root"
    else:
        assert (account, said) == (None, "")


def test_a_closed_folder_is_named_with_what_helps(base: Path) -> None:
    closed = base / "closed"
    closed.mkdir(mode=0o700)
    program = asterisk_in(closed / "program")
    account, said = chosen(*settings_with(base), program)
    assert account is None
    named = {"BAILANYS_ASTERISK__USER": "nobody"}
    if AS_ROOT:
        assert said.startswith("Asterisk runs as root, since ")
        assert f"{closed} is closed to it: chmod o+x {closed}, or move what is in it" in said
        with pytest.raises(AsteriskUserError, match=f"Asterisk cannot run as nobody: {closed} is closed to it"):
            chosen(*settings_with(base, **named), program)
    else:
        assert chosen(*settings_with(base, **named), program) == (None, "")


def test_a_state_folder_in_a_closed_one_is_told_too(base: Path) -> None:
    (base / "home").mkdir(mode=0o700)
    account, said = chosen(*settings_with(base / "home"), asterisk_in(base / "program"))
    assert account is None
    assert (f"{base / 'home'} is closed to it" in said) is AS_ROOT


def test_an_account_that_is_not_there_is_told(base: Path) -> None:
    asked = settings_with(base, BAILANYS_ASTERISK__USER="nosuchuser")
    program = asterisk_in(base / "program")
    if AS_ROOT:
        with pytest.raises(AsteriskUserError, match=r'no account "nosuchuser".*useradd --system nosuchuser'):
            chosen(*asked, program)
    else:
        assert chosen(*asked, program) == (None, "")


def test_root_only_where_it_is_wanted_or_needed(base: Path) -> None:
    program = asterisk_in(base / "program")
    wanted = chosen(*settings_with(base, BAILANYS_ASTERISK__USER="root"), program)
    assert wanted == (None, "Asterisk runs as root, as the configuration has it" if AS_ROOT else "")
    _, said = chosen(*settings_with(base, BAILANYS_SIP__PORT="443"), program)
    assert ("port 443 needs the rights of root: use one from 1024 on" in said) is AS_ROOT


def test_it_gets_what_it_needs_and_nothing_else(base: Path) -> None:
    settings, places = settings_with(base)
    ours = Account(NAMELESS, NAMELESS, "user") if AS_ROOT else Account(os.getuid(), os.getgid(), "we")
    site(places)
    if AS_ROOT:
        hand_over(settings, places, ours)
        hand_over(settings, places, ours)
        assert reached(places.etc / "pjsip.conf", "r") and not reached(places.etc / "pjsip.conf", "w")
        assert reached(places.state / "data/sounds/kk/welcome.wav", "r")
        for path in ("lib", "spool", "log", "log/cel-custom", "log/cel-custom/journal.csv", "log/messages.log", "run"):
            assert reached(places.state / path, "w"), path
        for path in ("keys/archive.json", "secrets.json", "ledger.db", "archive"):
            assert not reached(places.state / path, "r"), path
        for path in ("log/controller.csv", "state", "etc", "keys", "secrets.json"):
            assert not reached(places.state / path, "w"), path
    assert strangers(places.state) == []


def test_a_spool_on_another_disk_is_given_or_told(base: Path) -> None:
    settings, places = settings_with(base)
    site(places)
    program = asterisk_in(base / "program")
    places.spool.rmdir()
    for name, closed in (("disk", False), ("closed", True)):
        (base / name / "spool").mkdir(parents=True)
        (base / name).chmod(0o700 if closed else 0o711)
        places.spool.unlink(missing_ok=True)
        places.spool.symlink_to(base / name / "spool")
        account, said = settled(settings, places, program)
        assert (account is not None) is (AS_ROOT and not closed), said
        assert (f"{places.spool} is closed to it" in said) is (AS_ROOT and closed), said
        assert (places.spool.stat().st_uid == NAMELESS) is AS_ROOT


def test_what_is_installed_later_can_be_read_too(base: Path) -> None:
    settings, places = settings_with(base)
    site(places)
    if AS_ROOT:
        hand_over(settings, places, Account(NAMELESS, NAMELESS, "user"))
    assert install({"pjsip.conf": "; new\n", "sip.conf": "; more\n"}, places.etc) == ("pjsip.conf", "sip.conf")
    for name in ("pjsip.conf", "sip.conf"):
        found = (places.etc / name).stat()
        assert found.st_mode & 0o777 == (0o640 if AS_ROOT else 0o600)
        assert found.st_gid == (NAMELESS if AS_ROOT else os.getgid())


def test_a_link_that_it_left_leads_root_nowhere(base: Path) -> None:
    settings, places = settings_with(base)
    site(places)
    secret = base / "secret"
    secret.write_text("root's")
    (places.spool / "link").symlink_to(secret)
    (places.spool / "second").hardlink_to(secret)
    if AS_ROOT:
        hand_over(settings, places, Account(NAMELESS, NAMELESS, "user"))
    assert secret.stat().st_uid == os.geteuid()


def site(places: Places) -> None:
    for name in ("etc", "lib", "spool", "log/cel-custom", "run", "data/sounds/kk", "keys", "archive"):
        (places.state / name).mkdir(parents=True)
    places.state.chmod(0o750)
    for name in ("etc/pjsip.conf", "etc/asterisk.conf", "keys/archive.json", "secrets.json", "ledger.db"):
        (places.state / name).touch(mode=0o600)
    (places.state / "archive").chmod(0o750)
    for name in ("log/messages.log", "log/controller.csv", "lib/astdb.sqlite3", "data/sounds/kk/welcome.wav"):
        (places.state / name).touch()
    (places.state / "data/sounds/kk/welcome.wav").chmod(0o600)


def reached(path: Path, right: str) -> bool:
    """Whether Asterisk's user could open it."""
    seen = subprocess.run(
        ["/bin/sh", "-c", f'test -{right} "$0"', str(path)],
        user=NAMELESS, group=NAMELESS, extra_groups=(), cwd="/", check=False,
    )  # fmt: skip
    assert sys.platform == "linux"
    return seen.returncode == 0
