"""A real Asterisk with only what phones need: a trunk by address, two operators, no product of ours."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from phones.own_ports import own_ports
from telephony.embedded import AsteriskInstall, find_asterisk
from telephony.process import rx, start_asterisk, stop_asterisk

CACHE = Path(__file__).resolve().parents[2] / ".cache"
PASSWORD = "for tests on the loopback"

MODULES = (
    *("res_timing_timerfd", "res_sorcery_config", "res_sorcery_memory", "res_sorcery_astdb", "res_pjproject"),
    *("res_pjsip", "res_pjsip_session", "res_pjsip_pubsub", "res_pjsip_authenticator_digest", "res_pjsip_caller_id"),
    *("res_pjsip_dtmf_info", "res_pjsip_endpoint_identifier_ip", "res_pjsip_endpoint_identifier_user"),
    *("res_pjsip_nat", "res_pjsip_refer", "res_pjsip_registrar", "res_pjsip_rfc3326", "res_pjsip_sdp_rtp"),
    *("chan_pjsip", "res_rtp_asterisk", "codec_alaw", "codec_ulaw", "bridge_simple", "bridge_builtin_features"),
    *("bridge_native_rtp", "bridge_softmix", "pbx_config", "app_dial", "app_read", "app_echo", "func_callerid"),
    *("func_channel", "func_global", "func_logic", "res_indications", "app_playtones", "app_verbose", "app_queue"),
    *("res_musiconhold", "format_wav", "app_stack"),
)

DIALPLAN = """
[general]
[from-trunk]
exten => 1414,1,Dial(PJSIP/op101,30,g)
 same => n,Set(GLOBAL(FATE)=${DIALSTATUS})
 same => n,Hangup(${HANGUPCAUSE})
exten => keys,1,Answer()
 same => n,Read(KEYS,,4,,1,10)
 same => n,Set(GLOBAL(KEYS)=${KEYS})
 same => n,Hangup()
exten => tone,1,Answer(0,i)
 same => n,PlayTones(1300)
 same => n,Wait(60)
exten => late,1,Progress()
 same => n,Wait(0.3)
 same => n,Answer(0,i)
 same => n,Wait(0.5)
 same => n,PlayTones(1300)
 same => n,Wait(60)
exten => queue,1,Answer()
 same => n,Dial(PJSIP/op101&PJSIP/op102,60)
 same => n,Hangup()
[operators]
exten => *1,1,Answer()
 same => n,Wait(0.2)
 same => n,Set(GLOBAL(CODE)=${CALLERID(num)})
 same => n,Hangup()
exten => _1XX,1,Dial(PJSIP/op${EXTEN},30)
 same => n,Hangup(${HANGUPCAUSE})
[transfer]
exten => 62,1,Dial(PJSIP/op102,30,g)
 same => n,Hangup()
[local]
exten => op102,1,Dial(PJSIP/op102,30)
"""

OPERATOR = """
[op{number}]
type=endpoint
context=operators
identify_by=username
auth=op{number}
aors=op{number}
disallow=all
allow=alaw,ulaw
direct_media=no
dtmf_mode=auto_info
callerid={number} <{number}>
set_var=TRANSFER_CONTEXT=transfer
media_address=127.0.0.1
bind_rtp_to_media_address=yes
[op{number}]
type=aor
max_contacts=1
remove_existing=yes
minimum_expiration=30
[op{number}]
type=auth
auth_type=userpass
username=op{number}
password={password}
"""

PJSIP = """
[global]
type=global
endpoint_identifier_order=username,ip
[udp]
type=transport
protocol=udp
bind=127.0.0.1:{port}
[carrier]
type=endpoint
context=from-trunk
identify_by=ip
disallow=all
allow=alaw,ulaw
direct_media=no
trust_id_inbound=yes
dtmf_mode=auto_info
media_address=127.0.0.1
bind_rtp_to_media_address=yes
[carrier-addresses]
type=identify
endpoint=carrier
match=127.0.0.1
"""


@dataclass(frozen=True)
class Exchange:
    """Where it listens, and its folder."""

    install: AsteriskInstall
    home: Path
    port: int

    async def console(self, command: str) -> str:
        return await rx(self.install, self.home / "asterisk.conf", command)

    async def remembered(self, name: str) -> str:
        """A global variable that the dialplan set."""
        found = [line for line in (await self.console("dialplan show globals")).split("\n") if f" {name}=" in line]
        return found[0].split("=", 1)[1].strip() if found else ""


@asynccontextmanager
async def exchange(operators: int = 2, allow: str = "alaw,ulaw") -> AsyncIterator[Exchange]:
    """Run an Asterisk in a folder of its own on free ports."""
    install = find_asterisk(CACHE)
    with tempfile.TemporaryDirectory(prefix="exc") as name:
        made = Exchange(install, Path(name), own_ports().server())
        _configure(made, operators, allow)
        process = await start_asterisk(install, made.home / "asterisk.conf", made.home / "console")
        try:
            yield made
        finally:
            await stop_asterisk(install, made.home / "asterisk.conf", process.pid)
            await process.wait()


def _configure(made: Exchange, operators: int, allow: str) -> None:
    home = made.home
    (home / "documentation").symlink_to(made.install.data_dir / "documentation")  # stasis does not start without
    names = (
        "astvarlibdir",
        "astdbdir",
        "astkeydir",
        "astagidir",
        "astspooldir",
        "astrundir",
        "astdatadir",
        "astetcdir",
    )
    directories = [*(f"{key} => {home}" for key in (*names, "astlogdir")), f"astmoddir => {made.install.module_dir}"]
    accounts = "".join(OPERATOR.format(number=101 + at, password=PASSWORD) for at in range(operators))
    files = {
        "asterisk.conf": "\n".join(["[directories]", *directories, ""]),
        "modules.conf": "\n".join(["[modules]", "autoload=no", *(f"load={name}.so" for name in MODULES), ""]),
        "logger.conf": "[general]\n[logfiles]\nfull => notice,warning,error\n",
        "rtp.conf": "[general]\nrtpstart=12000\nrtpend=19999\nstrictrtp=yes\nicesupport=no\n",
        "indications.conf": "[general]\ncountry=us\n[us]\n",
        "musiconhold.conf": "",
        "features.conf": "",
        "pjsip.conf": (PJSIP.format(port=made.port) + accounts).replace("alaw,ulaw", allow),
        "extensions.conf": DIALPLAN,
    }
    for file, text in files.items():
        (home / file).write_text(text)
