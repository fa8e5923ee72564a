"""A second real Asterisk as a telephone that speaks Opus, which no other phone here does: a caller or an operator's."""

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

MODULES = (
    *("res_timing_timerfd", "res_sorcery_config", "res_sorcery_memory", "res_sorcery_astdb", "res_pjproject"),
    *("res_pjsip", "res_pjsip_session", "res_pjsip_pubsub", "res_pjsip_caller_id", "res_pjsip_endpoint_identifier_ip"),
    *("res_pjsip_outbound_authenticator_digest", "res_pjsip_outbound_registration", "res_pjsip_sdp_rtp"),
    *("res_pjsip_rfc3326", "chan_pjsip", "res_rtp_asterisk", "codec_opus", "codec_opus_open_source"),
    *("res_format_attr_opus", "codec_resample", "bridge_simple", "pbx_config", "app_playtones", "app_senddtmf"),
    *("res_indications", "res_clioriginate", "func_callerid", "app_record", "format_wav", "app_mixmonitor"),
)

PJSIP = """
[global]
type=global
endpoint_identifier_order=ip
[udp]
type=transport
protocol=udp
bind=127.0.0.1:{port}
[hotline]
type=endpoint
context=phone
aors=hotline
disallow=all
allow={codec}
direct_media=no
from_user={number}
media_address=127.0.0.1
bind_rtp_to_media_address=yes
[hotline]
type=aor
contact=sip:127.0.0.1:{server_port}
[hotline-address]
type=identify
endpoint=hotline
match=127.0.0.1
"""

REGISTRATION = """
[account]
type=registration
outbound_auth=account
server_uri=sip:127.0.0.1:{server_port}
client_uri=sip:{user}@127.0.0.1:{server_port}
contact_user={user}
[account]
type=auth
auth_type=userpass
username={user}
password={password}
"""

DIALPLAN = """
[phone]
exten => caller,1,Answer()
 same => n,MixMonitor({home}/heard-by-caller.wav,r({home}/heard.wav))
 same => n,PlayTones({hz})
 same => n,Wait(1)
 same => n,SendDTMF(2)
 same => n,PlayTones({hz})
 same => n,Wait(120)
exten => {user},1,Answer(0,i)
 same => n,MixMonitor({home}/heard-by-operator.wav,r({home}/heard.wav))
 same => n,PlayTones({hz})
 same => n,Wait(120)
"""


@dataclass(frozen=True)
class FarPhone:
    """Where it lives, and what it says."""

    install: AsteriskInstall
    home: Path
    hz: int

    @property
    def heard(self) -> Path:
        """What the other side said, as a WAV; whole once the call is over."""
        return self.home / "heard.wav"

    async def console(self, command: str) -> str:
        return await rx(self.install, self.home / "asterisk.conf", command)

    async def dial(self, number: str) -> None:
        """Call the hotline, say the tone and press 2 for the language."""
        await self.console(f"channel originate PJSIP/{number}@hotline extension caller@phone")

    async def hang_up(self) -> None:
        await self.console("channel request hangup all")


@asynccontextmanager
async def far_phone(
    server_port: int, *, hz: int, codec: str = "opus", number: str = "77015550000", user: str = "", password: str = ""
) -> AsyncIterator[FarPhone]:
    """A phone of one codec; with a user it is registered as that operator's, and answers at once."""
    install = find_asterisk(CACHE)
    with tempfile.TemporaryDirectory(prefix="far") as name:
        made = FarPhone(install, Path(name), hz)
        at = {"server_port": server_port, "user": user or "nobody", "password": password, "number": number}
        _configure(made, at | {"codec": codec}, registered=bool(user))
        process = await start_asterisk(install, made.home / "asterisk.conf", made.home / "console")
        try:
            yield made
        finally:
            await stop_asterisk(install, made.home / "asterisk.conf", process.pid)
            await process.wait()


def _configure(made: FarPhone, at: dict[str, object], *, registered: bool) -> None:
    home, install = made.home, made.install
    (home / "documentation").symlink_to(install.data_dir / "documentation")  # stasis does not start without
    names = ("varlib", "db", "key", "agi", "spool", "run", "data", "etc", "log")
    directories = [*(f"ast{name}dir => {home}" for name in names), f"astmoddir => {install.module_dir}"]
    loaded = [name for name in MODULES if (install.module_dir / f"{name}.so").exists()]
    values = at | {"port": own_ports().server(), "home": home, "hz": made.hz}
    files = {
        "asterisk.conf": "\n".join(["[directories]", *directories, ""]),
        "modules.conf": "\n".join(["[modules]", "autoload=no", *(f"load={name}.so" for name in loaded), ""]),
        "logger.conf": "[general]\n[logfiles]\nfull => notice,warning,error\n",
        "rtp.conf": "[general]\nrtpstart=12000\nrtpend=19999\nicesupport=no\n",
        "indications.conf": "[general]\ncountry=us\n[us]\n",
        "features.conf": "",
        "pjsip.conf": PJSIP.format(**values) + (REGISTRATION.format(**values) if registered else ""),
        "extensions.conf": DIALPLAN.format(**values),
    }
    for file, text in files.items():
        (home / file).write_text(text)
