"""What Asterisk and the operators' phones authenticate by: made at the first start, and found again ever after."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import structlog

from recordings import secret_file
from recordings.errors import KeysAwayError, KeysUnreadableError

log = structlog.get_logger(__name__)

FILE = "secrets.json"
_SECRET = re.compile(r"^secret\s*=\s*(\S+)$", re.MULTILINE)
_PASSWORD = re.compile(r"^username\s*=\s*op(\S+)\n(?:[^\[]*\n)?password\s*=\s*(\S+)$", re.MULTILINE)


def password_in(number: str) -> re.Pattern[str]:
    """Where `pjsip.conf` has an operator's password: all before it is the first group."""
    return re.compile(rf"^(username\s*=\s*op{number}\n(?:[^\[]*\n)?password\s*=\s*)\S+$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Secrets:
    """Made at the first start and kept in a file that only we can read."""

    ami: str
    operators: dict[str, str]


def site_secrets(state: Path, operators: Iterable[str]) -> Secrets:
    """Load the secrets, adding those of new operators.

    Without the file they are taken from the files rendered for Asterisk, which hold them too: a running Asterisk and
    the operators' phones know no others. Raises KeysAwayError (it cannot be read), KeysUnreadableError (it is damaged,
    and Asterisk's files do not have them), OSError.
    """
    path, wanted = state / FILE, set(operators)
    kept = _usable(path)
    if kept is not None and kept.ami and wanted <= kept.operators.keys():
        return kept
    with secret_file.turn(path):
        kept = _usable(path)
        if kept is None:
            kept = rendered_secrets(state)
            if kept.ami:
                log.warning("secrets were not there: taken from Asterisk's files", path=str(path))
            else:
                kept_secrets(path)  # new passwords are no remedy for a damaged file: every phone would need its own
        passwords = {one: secrets.token_urlsafe(9) for one in sorted(wanted - kept.operators.keys())}
        made = Secrets(kept.ami or secrets.token_urlsafe(24), kept.operators | passwords)
        text = json.dumps({"ami": made.ami, "operators": made.operators}, indent=1)
        secret_file.write(path, text.encode())
    return made


def kept_secrets(path: Path) -> Secrets | None:
    """What the file has; None where there is none. Raises KeysAwayError, KeysUnreadableError (cut short, no JSON)."""
    content = secret_file.look(path)
    if content is None:
        return None
    try:
        said = json.loads(content)
        made = Secrets(said.get("ami", ""), dict(said["operators"].items()))
        if not all(isinstance(word, str) for word in (made.ami, *made.operators.values())):
            raise ValueError("a password that is no text")
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise KeysUnreadableError(
            f"{path} is damaged: put its backup in place; or remove it, and give every phone its new password"
        ) from error
    return made


def _usable(path: Path) -> Secrets | None:
    """As `kept_secrets`; None for a damaged file, too."""
    try:
        return kept_secrets(path)
    except KeysAwayError:
        raise
    except KeysUnreadableError:
        return None


def rendered_secrets(state: Path) -> Secrets:
    """What Asterisk's own files say; nothing where there are none. Raises KeysAwayError."""
    etc = state / "etc"

    def text(name: str) -> str:
        content = secret_file.look(etc / name)
        return "" if content is None else content.decode("utf-8", "replace")

    found = _SECRET.search(text("manager.conf"))
    return Secrets(found[1] if found else "", dict(_PASSWORD.findall(text("pjsip.conf"))))
