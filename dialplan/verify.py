"""Reads the rendered files back with an independent parser and compares them with what was meant."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from asterisk.config import Config, ParseError

from config.path_signs import unfit_sign
from config.settings import Settings
from dialplan import names
from dialplan.landings import unsafe_moves
from dialplan.outside import unsafe_server, unsafe_text


class DialplanError(Exception):
    """A rendered file does not say what was meant: a fault of a template or of a value in the configuration."""

    error_id = "dialplan"
    retryable = False


DIALPLAN = (
    "extensions.conf",
    "transfers.conf",
    "consult.conf",
    "three-way.conf",
    "recording-pause.conf",
    "silence.conf",
)
"""The dialplan: the first includes the others."""

_PATH = re.compile(r"^(\w+) =>? (/.*)$", re.MULTILINE)
_GOTO = re.compile(r"(?:Goto|GotoIf|Gosub)\((?:\$\[[^\]]*\]\?)?([a-z-]+),(?:s|[a-z]+|\d+),(?:\d+|in)")


def verify(files: Mapping[str, str], settings: Settings) -> None:
    """Raise DialplanError for the first thing that is not as meant."""
    for name in ("asterisk.conf", "pjsip.conf", "musiconhold.conf"):
        for key, path in _PATH.findall(files[name]):
            if sign := unfit_sign(Path(path)):
                raise DialplanError(f"{name}: {key}: {path} has {sign} in it, which cannot be named here")
    parsed = {name: _parsed(name, text) for name, text in files.items()}
    dialplan = "".join(files[name] for name in DIALPLAN)
    contexts = {category.name for name in DIALPLAN for category in parsed[name].categories}
    for context in (
        names.FROM_TRUNK,
        names.HOTLINE,
        names.WAITING,
        names.CONNECT,
        names.TRANSFER,
        names.TRANSFER_TO,
        names.GIVEN_BACK,
        names.JOINED,
        names.THREE_WAY,
        names.HELD,
        names.ASKING,
        names.ASKING_LINE,
        names.JOIN,
        names.MOVED_ON,
        names.RECORDING_PAUSED,
        names.SILENCE_WATCH,
        names.RATING,
    ):
        if context not in contexts:
            raise DialplanError(f"extensions.conf: no context [{context}]")
    for target in _GOTO.findall(dialplan):
        if target not in contexts:
            raise DialplanError(f"extensions.conf: goes to [{target}], which is not there")
    for unsafe in unsafe_moves(dialplan):
        raise DialplanError(f"extensions.conf: {unsafe}")
    for unsafe in (*unsafe_text(dialplan), *unsafe_server(files)):
        raise DialplanError(unsafe)
    for number in settings.hotline.numbers:
        if f"exten => {number},1," not in files["extensions.conf"]:
            raise DialplanError(f"extensions.conf: {number} is not answered")
    sections = [category.name for category in parsed["pjsip.conf"].categories]
    for operator in settings.operators:
        if sections.count(names.account(operator.number)) != 3:
            raise DialplanError(f"pjsip.conf: operator {operator.number} needs endpoint, aor and auth")
    queues = {category.name for category in parsed["queues.conf"].categories}
    if missing := {group.name for group in settings.groups} - queues:
        raise DialplanError(f"queues.conf: no queue for {', '.join(sorted(missing))}")


class _Text(Config):  # type: ignore[misc]  # pyst2 has no types
    """A file that is still in memory (pyst2 would open it and never close it)."""

    def __init__(self, name: str, text: str) -> None:
        self._text = text
        super().__init__(name)

    def load(self) -> None:
        lines = self._text.splitlines(keepends=True)
        self.raw_lines = [line for line in lines if not line.startswith("#include")]


def _parsed(name: str, text: str) -> Config:
    if "\\;" in text:
        raise DialplanError(f"{name}: an escaped semicolon cannot be read back")
    try:
        return _Text(name, text)
    except ParseError as error:
        raise DialplanError(f"{name}: {error}") from error
