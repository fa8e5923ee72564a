"""All that Asterisk reads, rendered from the settings: a pure function from values to texts."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from config.ports_free import HTTP_ADDRESS
from config.settings import Settings
from dialplan import names
from dialplan.caller_headers import HEAD, OF_THE_CALLER, OF_THE_WAY, TAIL
from dialplan.dialled import OPEN_BRACKETS, dialled_by_operators, operator_patterns
from rating.survey import survey_plan

TEMPLATES = Path(__file__).parent / "templates"

EVENTS = (
    "UserEvent",
    "Newchannel",
    "DialBegin",
    "DialEnd",
    "AttendedTransfer",
    "Hangup",
    "DeviceStateChange",
    "ContactStatus",
    "FullyBooted",
    "InvalidAccountID",
    "InvalidPassword",
    "ChallengeResponseFailed",
    "FailedACL",
)
"""The manager events the controller hears; all others are filtered at the source."""

# Only what is in use, so that start-up is quick and the log has no errors.
MODULES = (
    "res_timing_timerfd",
    "res_sorcery_config",
    "res_sorcery_memory",
    "res_sorcery_astdb",
    "res_sorcery_memory_cache",
    "res_pjproject",
    "res_pjsip",
    "res_pjsip_acl",
    "res_pjsip_session",
    "res_pjsip_pubsub",
    "res_pjsip_authenticator_digest",
    "res_pjsip_caller_id",
    "res_pjsip_dtmf_info",
    "res_pjsip_endpoint_identifier_ip",
    "res_pjsip_endpoint_identifier_user",
    "res_pjsip_header_funcs",
    "res_pjsip_logger",
    "res_pjsip_nat",
    "res_pjsip_refer",
    "res_pjsip_registrar",
    "res_pjsip_rfc3326",
    "res_pjsip_sdp_rtp",
    "chan_pjsip",
    "res_rtp_asterisk",
    "res_srtp",
    "codec_alaw",
    "codec_ulaw",
    "codec_g722",
    "codec_opus",  # Digium's, or
    "codec_opus_open_source",  # Debian's; whichever is there
    "res_format_attr_opus",
    "codec_resample",
    "format_pcm",
    "format_sln",
    "format_wav",
    "bridge_simple",
    "bridge_softmix",
    "bridge_builtin_features",
    "bridge_native_rtp",
    "bridge_holding",
    "pbx_config",
    "pbx_loopback",
    "res_speech",
    "res_agi",
    "res_manager_devicestate",
    "res_musiconhold",
    "res_curl",
    "res_cdrel_custom",
    "cel_custom",
    "app_celgenuserevent",
    "app_channelredirect",
    "app_confbridge",
    "app_dial",
    "app_exec",
    "app_mixmonitor",
    "app_originate",
    "app_playtones",
    "app_playback",
    "app_queue",
    "app_read",
    "app_softhangup",
    "app_stack",
    "app_userevent",
    "app_waitforcond",
    "func_callerid",
    "func_channel",
    "func_curl",
    "func_cut",
    "func_db",
    "func_devstate",
    "func_export",
    "func_global",
    "func_groupcount",
    "func_lock",
    "func_logic",
    "func_md5",
    "func_pjsip_aor",
    "func_pjsip_contact",
    "func_rand",
    "func_strings",
    "func_uri",
)


@dataclass(frozen=True, slots=True)
class Site:
    """Where this Asterisk lives and what it must keep secret."""

    asterisk: tuple[int, ...]
    """Its version."""
    available: frozenset[str]
    """The modules it has: their names differ a little between versions."""
    etc: Path
    modules: Path
    lib: Path
    data: Path
    spool: Path
    run: Path
    log: Path
    music: Path
    tls_certificate: Path
    tls_key: Path
    ami_secret: str
    passwords: Mapping[str, str]
    """Operator's number -> SIP password."""

    @property
    def pause_secret(self) -> str:
        """The password by which the dialplan mutes a recording: not the controller's, and kept nowhere else."""
        return hashlib.sha256(f"pause:{self.ami_secret}".encode()).hexdigest()

    @property
    def journal(self) -> Path:
        """The CEL journal, as `cel_custom` names it."""
        return self.log / "cel-custom" / "journal.csv"

    @property
    def sounds(self) -> Path:
        """Where Asterisk looks for `<language>/bailanys/<id>.wav`."""
        return self.data / "sounds"

    @property
    def folders(self) -> tuple[Path, ...]:
        """Every folder that must exist before the start."""
        return (
            self.etc, self.lib, self.data, self.spool, self.run, self.log, self.journal.parent, self.sounds, self.music,
        )  # fmt: skip


NARROW = frozenset({"alaw", "ulaw"})
"""Codecs of 8 kHz, like the recordings."""


def recorded(settings: Settings, site: Site) -> str:
    """What MixMonitor is told: both sides in one file, or each in its own where a phone may speak wider than 8 kHz.

    Option `D` writes half of each frame then, at half its speed (asterisk/asterisk#1779, seen with 22.10); two files
    are resampled rightly, and the finaliser puts them together (`recordings.capture.two_sides`). `a`: no file that is
    there is ever emptied, were its name to come twice after all.
    """
    file = f"{site.spool}/${{BLN_FILE}}"
    if NARROW.issuperset(settings.sip.codecs):
        return f"{file}.raw,abD"
    return f",abr({file}.caller.sln)t({file}.operator.sln)"


def render(settings: Settings, site: Site) -> dict[str, str]:
    """Each file's name and text. Raises jinja2.UndefinedError only for a bug in a template."""
    modules = [module for module in MODULES if module in site.available]
    values = {
        "settings": settings,
        "names": names,
        "site": site,
        "survey": survey_plan(settings),
        "modules": modules,
        "events": EVENTS,
        "open_brackets": OPEN_BRACKETS,
        "transfer_number": names.transfer_number,
        "recorded": recorded(settings, site),
        "of_the_caller": OF_THE_CALLER,
        "of_the_way": OF_THE_WAY,
        "head": HEAD,
        "tail": TAIL,
        "dialled_by_operators": dialled_by_operators(settings),
        "operator_patterns": operator_patterns(settings),
        "loop_address": HTTP_ADDRESS,
        "quoted": lambda text: quote(text, safe=""),
        "ms": lambda seconds: round(seconds * 1000),
        "edition": _EDITION,
    }
    names_of_files = sorted(path.name for path in TEMPLATES.glob("*.conf"))
    files = {name: _templates().get_template(name).render(values) for name in names_of_files}
    edition = sha256("".join(files.values()).encode()).hexdigest()[:16]
    return {name: text.replace(_EDITION, edition) for name, text in files.items()}


@cache
def _templates() -> Environment:
    """The templates, compiled once; they are read again where a file has changed."""
    return Environment(  # noqa: S701 - these are Asterisk's files, not HTML; values are validated by pattern
        loader=FileSystemLoader(TEMPLATES),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


_EDITION = "@edition@"
"""Stands for the mark of all files until they are known."""
