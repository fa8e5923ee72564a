"""The units and the words to the service manager, without a service manager."""

from __future__ import annotations

import os
import pwd
import shlex
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from bailanys.cli.service import _tell_how_to_use
from bailanys.processes.notify import ALIVE, READY, Manager, manager_of
from bailanys.processes.unit_files import NoSuchUserError, units
from config.load import load
from config.places import Places, places_of
from config.settings import Settings

ROOT = Path(__file__).resolve().parents[4]
CONFIG = ROOT / "config" / "hotline.toml"
KNOWN = {
    "Unit": "Description Documentation Wants After StartLimitIntervalSec",
    "Service": """Type NotifyAccess User Group WorkingDirectory ExecStart ExecStop Environment KillMode KillSignal
        TimeoutStartSec TimeoutStopSec WatchdogSec Restart RestartSec RestartPreventExitStatus OOMPolicy OOMScoreAdjust
        LimitNOFILE TasksMax LimitCORE UMask NoNewPrivileges AmbientCapabilities CapabilityBoundingSet ProtectSystem
        ReadWritePaths ProtectHome PrivateDevices ProtectClock ProtectControlGroups ProtectHostname ProtectKernelLogs
        ProtectKernelModules ProtectKernelTunables LockPersonality RestrictAddressFamilies RestrictNamespaces
        RestrictSUIDSGID SystemCallArchitectures RemainAfterExit""",
    "Install": "WantedBy",
}
"""What systemd.unit(5), systemd.service(5), systemd.exec(5) and systemd.kill(5) name so."""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load(CONFIG, {"BAILANYS_STORAGE__STATE_DIR": str(tmp_path / "state")})


@pytest.fixture
def made(settings: Settings, tmp_path: Path) -> dict[str, str]:
    (tmp_path / "state").mkdir()
    return units(settings, places_of(settings, ROOT), CONFIG, ROOT, me())


@pytest.fixture
def ear(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(tmp_path / "n"))
        listening.settimeout(5)
        yield listening


def me() -> str:
    return pwd.getpwuid(os.geteuid()).pw_name


def said(unit: str) -> Iterator[tuple[str, str, str]]:
    section = ""
    for line in unit.splitlines():
        if line.startswith("["):
            section = line.strip("[]")
        elif line and not line.startswith("#"):
            key, sign, value = line.partition("=")
            assert sign, line
            yield section, key, value


def test_units_say_only_what_systemd_knows_and_their_commands_are_ours(made: dict[str, str], tmp_path: Path) -> None:
    assert sorted(made) == ["bailanys-calls.service", "bailanys.service"]
    for unit in made.values():
        for section, key, value in said(unit):
            assert key in KNOWN[section].split(), f"{section}: {key}"
            assert "{{" not in value
            if key in ("ExecStart", "ExecStop") and value != "/bin/true":
                program, *words = shlex.split(value)
                assert os.access(program, os.X_OK)
                done = subprocess.run([program, *words, "--help"], cwd=ROOT, capture_output=True, check=False)
                assert done.returncode == 0, done.stderr
            if key in ("User", "Group"):
                assert value
    main = {(section, key): value for section, key, value in said(made["bailanys.service"])}
    assert main["Service", "KillMode"] == "process"  # Asterisk lives in the group, and must outlive a restart
    assert main["Service", "Type"] == "notify"
    assert main["Service", "Restart"] == "on-failure"  # after `bailanys stop` it ends well and stays so
    assert main["Service", "OOMPolicy"] == "continue"
    assert str(tmp_path / "state") in made["bailanys.service"]


def test_systemd_takes_the_units(made: dict[str, str], tmp_path: Path) -> None:
    """Beside the test above, which needs no systemd: wherever systemd is, it has the last word."""
    for name, unit in made.items():
        (tmp_path / name).write_text(unit)
    program = shutil.which("systemd-analyze")
    if program is None:
        assert not Path("/run/systemd/system").exists(), "a systemd that cannot be asked"
        return
    words = [program, "verify", "--man=no", *(str(tmp_path / name) for name in made)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert not [line for line in done.stderr.splitlines() if "nobody" not in line and str(tmp_path) in line]


def test_units_fit_the_place(settings: Settings, tmp_path: Path) -> None:
    low = settings.model_copy(update={"sip": settings.sip.model_copy(update={"port": 506})})
    places = places_of(settings, ROOT)
    assert "AmbientCapabilities=CAP_NET_BIND_SERVICE" in units(low, places, CONFIG, ROOT, me())["bailanys.service"]
    apart = Places(tmp_path / "s", tmp_path / "r" / "archive", tmp_path / "s" / "keys" / "k.json", "", tmp_path)
    (tmp_path / "s").mkdir()
    (tmp_path / "r").mkdir()
    unit = units(settings, apart, CONFIG, Path("/opt/100% blank"), me())["bailanys.service"]
    folders = [value for _, key, value in said(unit) if key == "ReadWritePaths"]
    assert folders == [f"{tmp_path}/r", f"{tmp_path}/s", "-/tmp -/var/tmp"]
    assert "WorkingDirectory=/opt/100%% blank" in unit
    with pytest.raises(NoSuchUserError, match="useradd"):
        units(settings, apart, CONFIG, ROOT, "no-such-user-here")


def test_manager_is_told_and_hidden_from_our_children(ear: socket.socket, tmp_path: Path) -> None:
    env = {"NOTIFY_SOCKET": str(tmp_path / "n"), "WATCHDOG_USEC": "3000000", "WATCHDOG_PID": str(os.getpid()), "A": "b"}
    manager = manager_of(env)
    assert (env, manager.watchdog_s) == ({"A": "b"}, 3.0)
    manager.tell(READY, "STATUS=x")
    assert ear.recv(100) == b"READY=1\nSTATUS=x"
    assert manager_of({"WATCHDOG_USEC": "3000000", "WATCHDOG_PID": "1"}).watchdog_s is None  # another process's
    Manager().tell(READY)
    Manager(str(tmp_path / "gone")).tell(READY)
    name = f"bailanys-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as abstract:
        abstract.bind(f"\0{name}")
        abstract.settimeout(5)
        Manager(f"@{name}").tell(ALIVE)
        assert abstract.recv(100) == b"WATCHDOG=1"


@pytest.mark.parametrize("terminal", [True, False])
def test_passwords_are_shown_on_a_terminal_alone(
    settings: Settings, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, terminal: bool
) -> None:
    passwords = {operator.number: f"word-{operator.number}" for operator in settings.operators}
    up = SimpleNamespace(
        settings=settings, secrets=SimpleNamespace(operators=passwords), places=places_of(settings, ROOT)
    )
    monkeypatch.setattr(sys.stdout, "isatty", lambda: terminal)
    _tell_how_to_use(up)  # type: ignore[arg-type]  # what it reads of a hotline
    shown = capsys.readouterr().out
    assert [password for password in passwords.values() if password in shown] == (
        list(passwords.values()) if terminal else []
    )
    assert "secrets.json" in shown or terminal
