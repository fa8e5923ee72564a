"""Has a running Asterisk take its changed files, and looks whether it did: its own word is "reloaded" either way."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable
from pathlib import Path

from config.ownership import name_of
from config.places import Places
from config.settings import Settings
from dialplan import names
from telephony.embedded import AsteriskError, AsteriskInstall
from telephony.process import running_pid, rx

RELOADS = (
    "dialplan reload",
    "module reload res_pjsip.so",
    "module reload res_rtp_asterisk.so",
    "queue reload all",
    "moh reload",
    "manager reload",
)
"""What can change while calls go on."""

_TRANSPORT = re.compile(r"^Transport:\s+(\S+)\s+(\w+)\s+\d+\s+\d+\s+(\S+)\s*$", re.MULTILINE)


class NotTakenError(AsteriskError):
    """Asterisk goes on with something else than what its files say."""

    error_id = "not-taken"


async def reload_asterisk(asterisk: AsteriskInstall, conf: Path) -> None:
    """Have it read its files again. Raises AsteriskSilentError."""
    for command in RELOADS:
        await rx(asterisk, conf, command)


async def not_taken(asterisk: AsteriskInstall, places: Places, settings: Settings) -> list[str]:
    """What of its files the running Asterisk does not have: one line for each. Raises AsteriskSilentError."""
    conf = places.asterisk_conf
    wanted = edition_of(places.etc / "extensions.conf")
    found = [*unreadable(places, running_pid(conf))]
    if wanted != _value(await rx(asterisk, conf, "dialplan show globals"), names.EDITION):
        found.append("extensions.conf: the dialplan is still the one of before")
    if f"{wanted}" not in (await rx(asterisk, conf, f"pjsip show auth {names.EDITION_AUTH}")):
        found.append("pjsip.conf: accounts and trunks are still those of before")
    queues = {line.split(" ")[0] for line in (await rx(asterisk, conf, "queue show")).splitlines() if line[:1].strip()}
    for group in settings.groups:
        if group.name not in queues:
            found.append(f"queues.conf: there is no queue of the group {group.name}")
    return found


async def wants_restart(asterisk: AsteriskInstall, places: Places, settings: Settings) -> list[str]:
    """What the running Asterisk takes only at its start, and has otherwise. Raises AsteriskSilentError."""
    conf, sip = places.asterisk_conf, settings.sip
    found = await not_listening(asterisk, places, settings)
    pid = running_pid(conf)
    if sip.tls_port and pid is not None:
        for path in (places.state / sip.tls_certificate, places.state / sip.tls_key):
            if _changed_since_start(path, pid):
                found.append(f"{path} is newer than the running Asterisk")
    running = _words(await rx(asterisk, conf, "module show"))
    modules = re.findall(r"^load\s*=>?\s*(\S+?)(?:\.so)?\s*$", _text(places.etc / "modules.conf"), re.MULTILINE)
    found += [f"the module {module} is not loaded" for module in modules if f"{module}.so" not in running]
    return found


async def not_listening(asterisk: AsteriskInstall, places: Places, settings: Settings) -> list[str]:
    """Where SIP does not listen though it should, or does though it should not. Raises AsteriskSilentError."""
    sip = settings.sip
    told = _TRANSPORT.findall(await rx(asterisk, places.asterisk_conf, "pjsip show transports"))
    listens = {name: address for name, _, address in told}
    wanted = {"udp": sip.port, "tcp": sip.port} | ({"tls": sip.tls_port} if sip.tls_port else {})
    found = []
    for name, port in wanted.items():
        address = f"{sip.bind}:{port}"
        if name not in listens:
            found.append(f"SIP over {name.upper()} does not listen on {address}")
        elif listens[name] != address:
            found.append(f"SIP over {name.upper()} listens on {listens[name]}, and not on {address}")
    gone = sorted(listens.keys() - wanted.keys())
    return found + [f"SIP over {name.upper()} still listens on {listens[name]}" for name in gone]


def unreadable(places: Places, pid: int | None) -> list[str]:
    """Files of Asterisk's that the user and group it runs as cannot read."""
    if pid is None:
        return []
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return []
    uid, gid = (int(line.split()[2]) for line in status.splitlines() if line.startswith(("Uid:", "Gid:")))
    found = []
    for path in sorted(places.etc.glob("*.conf")):
        kept = path.stat()
        needed = stat.S_IRUSR if kept.st_uid == uid else stat.S_IRGRP if kept.st_gid == gid else stat.S_IROTH
        if uid != 0 and not kept.st_mode & needed:
            found.append(f"{path} belongs to {name_of(kept.st_uid)}, and Asterisk runs as {name_of(uid)}")
    return found


def edition_of(file: Path) -> str:
    """The mark of all files that were rendered together, as this one has it. Raises OSError."""
    return _value(_text(file), names.EDITION)


def _text(file: Path) -> str:
    return file.read_text(encoding="utf-8", errors="replace")  # damaged, it has nothing that is looked for


def _value(text: str, name: str) -> str:
    """Of `NAME=value` on a line of its own."""
    lines: Iterable[tuple[str, str, str]] = (line.strip().partition("=") for line in text.splitlines())
    return next((value.strip() for key, _, value in lines if key.strip() == name), "")


def _changed_since_start(path: Path, pid: int) -> bool:
    try:
        return path.stat().st_mtime > _started_s(pid)
    except (OSError, ValueError, IndexError):
        return False


def _started_s(pid: int) -> float:
    """When a process began, epoch seconds."""
    ticks = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19])
    boot_s = next(int(line.split()[1]) for line in Path("/proc/stat").read_text().splitlines() if line[:5] == "btime")
    return boot_s + ticks / os.sysconf("SC_CLK_TCK")


def _words(text: str) -> set[str]:
    return {line.split()[0] for line in text.splitlines() if line.strip()}
