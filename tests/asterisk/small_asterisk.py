"""A real Asterisk with only what the link's tests need: Local channels, AGI, a journal, no SIP."""

from __future__ import annotations

import os
import signal
import tempfile
import wave
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from phones.own_ports import own_ports
from telephony.embedded import AsteriskInstall, find_asterisk
from telephony.process import rx, start_asterisk, stop_asterisk

CACHE = Path(__file__).resolve().parents[2] / ".cache"

SECRET = "loopback-only"

MODULES = (
    *("pbx_config", "res_speech", "res_agi", "app_celgenuserevent", "res_cdrel_custom", "cel_custom", "func_channel"),
    *(
        "func_global",
        "func_uri",
        "func_strings",
        "func_callerid",
        "app_senddtmf",
        "app_userevent",
        "app_playback",
        "format_wav",
    ),
    *("codec_ulaw", "codec_alaw", "bridge_simple", "bridge_builtin_features", "func_db", "app_echo", "func_cdr"),
)

DIALPLAN = """
[general]
[globals]
[link]
exten => wait,1,Answer()
 same => n,Set(CALL_NOTE=бірінші)
 same => n,Wait(60)
exten => moved,1,NoOp()
 same => n,UserEvent(Arrived,Place: moved)
 same => n,Wait(60)
exten => agi,1,Answer()
 same => n,Set(AGISIGHUP=no)
 same => n,AGI(agi://127.0.0.1:${AGI_PORT}/menu,kk,"two words")
 same => n,UserEvent(AgiOver,Status: ${AGISTATUS},Left: ${LEFT})
 same => n,Hangup()
exten => caller,1,Answer()
 same => n,Wait(60)
exten => press,1,Answer()
 same => n,Wait(0.3)
 same => n,SendDTMF(5,,200)
 same => n,Wait(60)
exten => quick,1,Answer()
 same => n,Wait(0.3)
 same => n,Hangup()
"""


@dataclass(frozen=True)
class SmallAsterisk:
    """Where it listens, and its folder."""

    install: AsteriskInstall
    home: Path
    ami_port: int
    agi_port: int

    async def console(self, command: str) -> str:
        return await rx(self.install, self.home / "asterisk.conf", command)

    def journal(self) -> list[str]:
        return (self.home / "log/cel-custom/journal.csv").read_text().splitlines()


@asynccontextmanager
async def small_asterisk(event_filter: str = "") -> AsyncIterator[SmallAsterisk]:
    """Run an Asterisk in a folder of its own on free ports."""
    install = find_asterisk(CACHE)
    with tempfile.TemporaryDirectory(prefix="lnk") as name:
        asterisk = SmallAsterisk(install, Path(name), own_ports().server(), own_ports().server())
        _configure(asterisk, event_filter)
        process = await start_asterisk(install, asterisk.home / "asterisk.conf", asterisk.home / "console")
        try:
            yield asterisk
        finally:
            await stop_asterisk(install, asterisk.home / "asterisk.conf", process.pid)
            await process.wait()


def freeze(pid: int, *, frozen: bool) -> None:
    """Stop a process where it stands, or let it go on."""
    os.kill(pid, signal.SIGSTOP if frozen else signal.SIGCONT)


def _configure(asterisk: SmallAsterisk, event_filter: str) -> None:
    home = asterisk.home
    for folder in ("log/cel-custom", "sounds/en/bailanys", "sounds/ru/bailanys", "db"):
        (home / folder).mkdir(parents=True)
    (home / "documentation").symlink_to(asterisk.install.data_dir / "documentation")  # stasis does not start without
    _sound(home / "sounds/en/bailanys/hello.wav", seconds=0.2)
    _sound(home / "sounds/ru/bailanys/hello.wav", seconds=0.4)
    _sound(home / "sounds/en/bailanys/long.wav", seconds=20)
    names = ("astvarlibdir", "astkeydir", "astagidir", "astspooldir", "astrundir", "astdatadir", "astetcdir")
    directories = [f"{key} => {home}" for key in names]
    directories += [f"astdbdir => {home}/db", f"astlogdir => {home}/log", f"astmoddir => {asterisk.install.module_dir}"]
    files = {
        "asterisk.conf": ["[directories]", *directories, "[options]", "systemname = hl1"],
        "modules.conf": ["[modules]", "autoload=no", *(f"load={name}.so" for name in MODULES)],
        "logger.conf": ["[general]", "[logfiles]", "full => notice,warning,error"],
        "manager.conf": [
            *("[general]", "enabled=yes", f"port={asterisk.ami_port}", "bindaddr=127.0.0.1"),
            *("[bailanys]", f"secret={SECRET}", "read=all", "write=all", event_filter),
        ],
        "cel.conf": ["[general]", "enable=yes", "events=HANGUP,USER_DEFINED", "dateformat=%s.%6q"],
        "cel_custom.conf": [
            "[mappings]",
            "journal.csv => ${eventtype},${CHANNEL(uniqueid)},${userdeftype},${eventextra}",
        ],
        "extensions.conf": [DIALPLAN.replace("${AGI_PORT}", str(asterisk.agi_port))],
    }
    for file, lines in files.items():
        (home / file).write_text("\n".join(lines) + "\n")


def _sound(path: Path, *, seconds: float) -> None:
    with wave.open(str(path), "wb") as sound:
        sound.setparams((1, 2, 8000, 0, "NONE", ""))
        sound.writeframes(bytes(int(16000 * seconds)))
