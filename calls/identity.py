"""Who calls, as a call's headers tell it: which number is the caller's, and what else the call is tied to (ADR 27).

The network's word comes before the phone's, a number before a name, and what is withheld says nothing. The dialplan
tells them in that order. What the others say is kept beside it: by any of them the call is found as a possible hit.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from calls.phone import ANONYMOUS, caller_key

MOST = 12
"""Identities that are kept of a call beside its caller's key."""
LONGEST_RAW = 300


class Source(StrEnum):
    """Where an identity was told."""

    ASSERTED = "asserted"  # P-Asserted-Identity: the network's word (RFC 3325)
    REMOTE_PARTY = "remote-party"  # Remote-Party-ID: the same, of older exchanges
    FROM = "from"  # From: the phone's own word
    NUMBER = "number"  # what Asterisk took for the caller's number
    PREFERRED = "preferred"  # P-Preferred-Identity: which the phone would have liked to be asserted
    DIVERSION = "diversion"  # Diversion: who had the call forwarded to us (RFC 5806)
    HISTORY = "history"  # History-Info: the numbers it came by (RFC 7044)
    CALLBACK = "callback"  # the number that a callback was asked to


OF_THE_CALLER = (Source.ASSERTED, Source.REMOTE_PARTY, Source.FROM, Source.NUMBER)
"""Those that say who calls; the others say by whom the call came."""

_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"?')
_NAMED = re.compile(r"<([^<>]*)>?")
_PARTY = re.compile(r";\s*party\s*=\s*\"?\s*([a-z]+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Identity:
    """One of a call's identities: the key it is found by, and the value as it was sent."""

    source: Source
    key: str
    raw: str


def told(source: Source, header: str) -> list[Identity]:
    """What a header tells, numbers before names; values that withhold it are left out. Never raises."""
    found = []
    for value in values_of(header):
        party = _PARTY.search(_QUOTED.sub("", value)) if source is Source.REMOTE_PARTY else None
        if party is not None and party[1].casefold() != "calling":
            continue
        key = caller_key(_address(value))
        if key != ANONYMOUS:
            found.append(Identity(source, key, value.strip()[:LONGEST_RAW]))
    return sorted(found, key=lambda one: is_name(one.key))


def buried(source: Source, end: str) -> Iterator[Identity]:
    """The addresses in the end of a header that was too long to be kept whole: none of them is sure."""
    for match in _NAMED.finditer(end):
        if match[0].endswith(">") and (key := caller_key(match[0])) != ANONYMOUS:
            yield Identity(source, key, match[0][:LONGEST_RAW])


def surer(key: str, known: str | None) -> bool:
    """Whether a key that is told later is the caller's all the same: the earlier told nothing, or a name only."""
    return known is None or known == ANONYMOUS or (is_name(known) and not is_name(key))


def is_name(key: str) -> bool:
    """Whether a key is no number."""
    return key.startswith("sip:")


def values_of(header: str) -> list[str]:
    """A header's values: commas part them, but not those in a quoted name or within `<>`."""
    values, begun, at = [], 0, 0
    while at < len(header):
        sign = header[at]
        if sign == '"':
            at = _end(_QUOTED, header, at)
        elif sign == "<":
            at = _end(_NAMED, header, at)
        else:
            if sign == ",":
                values.append(header[begun:at])
                begun = at + 1
            at += 1
    return [value for value in (*values, header[begun:]) if value.strip()]


def _address(value: str) -> str:
    """The URI of a value, without the name before it, which may hold anything, another URI too."""
    bare = _QUOTED.sub("", value)
    named = _NAMED.search(bare)
    return bare if named is None else f"<{named[1]}>"


def _end(what: re.Pattern[str], text: str, at: int) -> int:
    match = what.match(text, at)
    return at + 1 if match is None else match.end()
