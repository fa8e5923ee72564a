"""Can Asterisk and its dialplan live with the paths? Asked before anything is started.

A path stands in Asterisk's files and in steps of the dialplan, where `;` begins a comment, `,` an argument, `$` a
variable and so on: a recording would be missing, or a file be looked for elsewhere, without a word.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from config.problems import Finding, Problem
from config.visible_text import shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from config.settings import Settings
    from config.source import Source

_FIT = re.compile(r"[\w/.+=@~ -]*")
"""Letters and digits of any alphabet, and what is neither a separator nor a command anywhere."""


def unfit_sign(path: Path) -> str | None:
    """The first sign that a path of Asterisk's must not have, as a person reads it; None when it is fit."""
    text = str(path)
    if not _FIT.fullmatch(text):
        sign = next(sign for sign in text if not _FIT.fullmatch(sign))
        return shown(sign)
    if text != text.strip() or any(part != part.strip() for part in path.parts):
        return "a blank at an end"
    return None


def paths_unfit(
    settings: Settings, base: Path, program: Iterable[Path] = (), source: Source | None = None
) -> list[Problem]:
    """What is wrong with the places that Asterisk reads from and writes to; `program`: where it lies itself."""
    findings = list(_findings(settings, base))
    if source is not None:
        found = list(source.problems(findings))
    else:
        found = [Problem("", None, ".".join(map(str, one.path)), one.message) for one in findings]
    for path in program:
        if sign := unfit_sign(path):
            found.append(Problem(str(path), None, "", _words(sign, "move the project to a folder without it")))
    return found


def _findings(settings: Settings, base: Path) -> Iterator[Finding]:
    state = (base / settings.storage.state_dir).absolute()
    places = {
        ("storage", "state_dir"): state,
        **(
            {
                ("sip", "tls_certificate"): state / settings.sip.tls_certificate,
                ("sip", "tls_key"): state / settings.sip.tls_key,
            }
            if settings.sip.tls_port and not unfit_sign(state)
            else {}
        ),
    }
    for path, place in places.items():
        if sign := unfit_sign(place):
            yield Finding(path, f"{place} {_words(sign, 'choose another folder')}")


def _words(sign: str, remedy: str) -> str:
    return f"has {sign if len(sign) > 8 else f'`{sign}`'} in it, which Asterisk's files cannot name: {remedy}"
