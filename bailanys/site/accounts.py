"""The SIP password of one operator's phone: looked up, or made anew and given to the running Asterisk."""

from __future__ import annotations

import json
import re
import secrets
from pathlib import Path

from bailanys.processes.reload import NotTakenError
from bailanys.site.secrets import FILE, password_in, site_secrets
from config.places import Places
from config.settings import Settings
from dialplan.install import install
from recordings import secret_file
from telephony.embedded import AsteriskInstall
from telephony.process import running_pid, rx

PJSIP = "pjsip.conf"
RELOAD = "module reload res_pjsip.so"


class UnknownAccountError(Exception):
    """No operator has the number."""

    error_id = "unknown-operator"
    retryable = False


def must_be_operators(settings: Settings, number: str) -> None:
    """Raise UnknownAccountError for a number that no operator of the configuration has."""
    known = [operator.number for operator in settings.operators]
    if number not in known:
        raise UnknownAccountError(f"no operator has the number {number}; there are {', '.join(known[:20])}")


def password_of(settings: Settings, places: Places, number: str) -> str:
    """The password that the phone of this operator needs. Raises KeysAwayError, KeysUnreadableError, OSError."""
    return site_secrets(places.state, (operator.number for operator in settings.operators)).operators[number]


def renewed(settings: Settings, places: Places, number: str) -> str:
    """A new password for this operator, in the secrets and in Asterisk's file. Raises as `password_of`."""
    password_of(settings, places, number)  # the file is there from here on, and whole
    path = places.state / FILE
    with secret_file.turn(path):
        kept = json.loads(secret_file.found(path))
        kept["operators"][number] = made = secrets.token_urlsafe(9)
        secret_file.write(path, json.dumps(kept, indent=1).encode())
    _put(places.etc, number, made)
    return made


def _put(etc: Path, number: str, password: str) -> None:
    """Change this one line: what else the configuration may say by now is for `bailanys reload`."""
    content = secret_file.look(etc / PJSIP)
    if content is not None:
        text = content.decode("utf-8", "replace")
        install({PJSIP: password_in(number).sub(lambda found: found[1] + password, text)}, etc)


async def taken(asterisk: AsteriskInstall, places: Places, number: str, password: str) -> bool:
    """Have a running Asterisk take it; False where none runs. Raises NotTakenError, AsteriskSilentError."""
    conf = places.asterisk_conf
    if not conf.exists() or running_pid(conf) is None:
        return False
    await rx(asterisk, conf, RELOAD)
    told = await rx(asterisk, conf, f"pjsip show auth op{number}")
    if not re.search(rf"^\s*password\s*:\s*{re.escape(password)}\s*$", told, re.MULTILINE):
        raise NotTakenError(f"Asterisk goes on with the password of before for op{number}: `bailanys dialplan install`")
    return True
