"""A broken configuration through the real command: one line each with file and key, status 2, nothing started."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from command_line import bailanys
from hotline import CONFIG

from bailanys.site.free_ports import own_place

Edit = Callable[[str], str]


def replaced(old: str, new: str) -> Edit:
    def edit(text: str) -> str:
        assert old in text
        return text.replace(old, new, 1)

    return edit


BROKEN: dict[str, tuple[Edit, tuple[str, ...]]] = {
    "unknown key": (replaced("ring_s = ", "rings_s = "), (r":\d+: offers\.rings_s: ",)),
    "unknown section": (lambda text: text + "\n[sms]\non = true\n", (r":\d+: sms: ",)),
    "operator twice": (replaced('number = "102"', 'number = "101"'), (r':\d+: operators\[1\]\.number: .*"101"',)),
    "menu to nowhere": (
        replaced('group = "portal", prompt', 'group = "portl", prompt'),
        (r':\d+: menu\.choices\[1\]\.group: no group called "portl" \(did you mean "portal"\?\)',),
    ),
    "missing prompt": (replaced('prompt = "menu-ict"', 'prompt = "menu-taxes"'), (r": menu.*: .*menu-taxes",)),
    "certificate that is not there": (
        replaced('bind = "127.0.0.1"', 'bind = "127.0.0.1"\ntls_port = 5061'),
        (
            r":\d+: sip\.tls_certificate: there is no .*sip\.pem",
            r":\d+: sip\.tls_key: there is no .*sip\.key",
        ),
    ),
    "not TOML": (replaced("[rating]", "[rating"), (r":\d+: not correct TOML",)),
    "wrong type": (replaced("ring_s = 2.0", 'ring_s = "soon"'), (r":\d+: offers\.ring_s: ",)),
    "three at once": (
        lambda text: text.replace("tries = 3", "tries = 0").replace('"127.0.0.1"]', '"nowhere"]') + "x = 1\n",
        (r"menu\.tries: ", r"trunks\[0\]\.addresses: ", r"rating\.x: "),
    ),
}


@pytest.mark.parametrize(("what", "command"), [*((what, "run") for what in BROKEN), ("three at once", "check")])
async def test_broken_configuration_is_told_and_nothing_started(tmp_path: Path, what: str, command: str) -> None:
    edit, told = BROKEN[what]
    config = tmp_path / "hotline.toml"
    config.write_text(edit(CONFIG.read_text()))
    said = await bailanys(command, env=own_place(tmp_path / "state"), config=config)
    assert said.status == 2, said.err
    assert said.out == ""
    lines = said.err.splitlines()
    assert "Traceback" not in said.err
    for pattern in told:
        assert [line for line in lines if line.startswith(str(config)) and re.search(pattern, line)], said.err
    if what != "missing prompt":  # told once for each language
        assert len(lines) == len(told)
    assert not (tmp_path / "state").exists()


async def test_missing_file_is_told(tmp_path: Path) -> None:
    said = await bailanys("run", env=own_place(tmp_path / "state"), config=tmp_path / "none.toml")
    assert (said.status, said.err) == (2, f"{tmp_path / 'none.toml'}: there is no such file\n")


@pytest.mark.parametrize(
    ("command", "key", "kind"),
    [
        ("run", "sip.port", socket.SOCK_DGRAM),
        ("run", "sip.port", socket.SOCK_STREAM),
        ("run", "ports.ami", socket.SOCK_STREAM),
        ("run", "ports.agi", socket.SOCK_STREAM),
        ("check", "sip.port", socket.SOCK_DGRAM),
    ],
)
async def test_port_in_use_is_told_and_nothing_started(
    tmp_path: Path, command: str, key: str, kind: socket.SocketKind
) -> None:
    env = own_place(tmp_path / "state")
    port = int(env.pop(f"BAILANYS_{key.replace('.', '__').upper()}"))  # not among those of voice
    with socket.socket(socket.AF_INET, kind) as other:
        other.bind(("127.0.0.1", port))
        if kind == socket.SOCK_STREAM:
            other.listen()
        config = tmp_path / "hotline.toml"
        config.write_text(_with(CONFIG.read_text(), key, port))
        said = await bailanys(command, env=env, config=config)
    assert said.status == 2, said.err
    (line,) = said.err.splitlines()
    assert re.fullmatch(rf"{re.escape(str(config))}:\d+: {key}: port {port} on 127\.0\.0\.1 is in use.*", line)
    assert not (tmp_path / "state" / "etc").exists()


def _with(text: str, key: str, value: int) -> str:
    section, name = key.split(".")
    header = f"[{section}]\n"
    if header not in text:
        text = f"{text}\n{header}"
    return text.replace(header, f"{header}{name} = {value}\n", 1)
