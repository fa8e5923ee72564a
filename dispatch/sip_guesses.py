"""Counts what Asterisk refuses over SIP by the address it came from, and tells of who guesses. Pure.

Scanners try accounts and passwords by the thousand: each packet is a line of Asterisk's log, and nobody reads those.
A phone with a wrong password does the same every few seconds, from an address that others are behind: it is told, too,
but only who is hastier than any phone is to be slowed (`dispatch/slowing.py`).
"""

from __future__ import annotations

import re
from collections import OrderedDict, deque
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network

REFUSALS = frozenset({"InvalidAccountID", "InvalidPassword", "ChallengeResponseFailed", "FailedACL"})
"""Asterisk's security events for an account that is none, a password that is wrong, an address that may not."""
GUESSES, WINDOW_MS = 20, 10 * 60_000
"""So many in such a time are guesses, and no phone that was set up wrong: that one tries every minute or so."""
QUIET_MS = 3_600_000
"""The same address is told again after so long."""
HASTY = 100
"""So many hasty ones in `WINDOW_MS`, and the address is to be slowed."""
PHONE_TRIES_MS = 5_000
"""A phone that was set up wrong tries its account no more often; sooner is hasty, and so is one account too many."""
MOST_ADDRESSES, MOST_STRANGERS, MOST_OURS = 1_000, 5, 64
UNKNOWN = "an unknown address"

_REMOTE = re.compile(r"IPV[46]/(?:UDP|TCP|TLS|WSS?)/([0-9A-Fa-f.:]{2,45})/[0-9]{1,5}")


@dataclass(frozen=True, slots=True)
class Guessed:
    """What is to be done about an address."""

    address: str
    words: str = ""
    """The alarm's; none while it was told within the hour."""
    hasty: bool = False
    """Whether it is to be slowed."""


@dataclass(slots=True)
class _Source:
    at_ms: deque[int] = field(default_factory=lambda: deque(maxlen=GUESSES))
    hasty_ms: deque[int] = field(default_factory=lambda: deque(maxlen=HASTY))
    tried_ms: dict[str, int] = field(default_factory=dict)
    """By account, when it was tried last."""
    strangers: int = 0
    """How many of those are no accounts of ours."""
    told_ms: int = -QUIET_MS
    since_told: int = 0


class Guesses:
    """One for each controller; bounded however many addresses there are."""

    def __init__(self, ours: Collection[str] = ()) -> None:
        """`ours`: the accounts that there are."""
        self._ours = frozenset(ours)
        self._sources: OrderedDict[str, _Source] = OrderedDict()
        self.refused = 0
        """Since the controller's start."""

    def heard(self, name: str, fields: Mapping[str, str], now_ms: int) -> Guessed | None:
        """Take a security event; what is to be done when an address has become one that guesses."""
        if name not in REFUSALS:
            return None
        self.refused += 1
        address = sender(fields)
        source = self._sources.setdefault(address, _Source())
        self._sources.move_to_end(address)
        while len(self._sources) > MOST_ADDRESSES:
            self._sources.popitem(last=False)
        source.at_ms.append(now_ms)
        source.since_told += 1
        if self._is_hasty(source, fields.get("AccountID", ""), now_ms):
            source.hasty_ms.append(now_ms)
        hasty = len(source.hasty_ms) == HASTY and now_ms - source.hasty_ms[0] <= WINDOW_MS
        if hasty:
            source.hasty_ms.clear()
        many = len(source.at_ms) == GUESSES and now_ms - source.at_ms[0] <= WINDOW_MS
        words = self._words(address, source, now_ms) if many and now_ms - source.told_ms >= QUIET_MS else ""
        return Guessed(address, words, hasty) if words or hasty else None

    def _is_hasty(self, source: _Source, account: str, now_ms: int) -> bool:
        before_ms = source.tried_ms.get(account)
        if before_ms is None:
            stranger = account not in self._ours
            if stranger and source.strangers >= MOST_STRANGERS:
                return True
            if len(source.tried_ms) >= MOST_OURS:
                return True
            source.strangers += stranger
        source.tried_ms[account] = now_ms
        return before_ms is not None and now_ms - before_ms < PHONE_TRIES_MS

    def _words(self, address: str, source: _Source, now_ms: int) -> str:
        told, source.since_told, source.told_ms = source.since_told, 0, now_ms
        tried = sorted(filter(None, map(_shown, list(source.tried_ms)[:MOST_STRANGERS])))
        return f"{address}: {told} requests refused" + (f", among others as {', '.join(tried)}" if tried else "")


def sender(fields: Mapping[str, str]) -> str:
    """Whence a refused request came, as `address_of` has it.

    The account is a stranger's text, whose line breaks Asterisk writes as they came (seen with 22.10): they could end
    the event early with an address of their own in it, or name the address twice. What stands behind the account in an
    event of Asterisk's (session, our address) is then not there, or the address is none.
    """
    whole = "SessionID" in fields and "LocalAddress" in fields
    found = _REMOTE.fullmatch(fields.get("RemoteAddress", "")) if whole else None
    return (address_of(found[1]) if found else "") or UNKNOWN


def address_of(text: str) -> str:
    """An address as we write it; of IPv6 the network that one customer has; empty for what is none."""
    try:
        address = ip_address(text.strip("[]"))
    except ValueError:
        return ""
    if address.version == 6:
        mapped = address.ipv4_mapped
        return str(mapped) if mapped else str(ip_network((int(address) >> 64 << 64, 64)))
    return str(address)


def _shown(account: str) -> str:
    """What was tried as an account, as a line may show it: it is a stranger's text."""
    return "".join(letter if letter.isalnum() or letter in "._-@+" else "?" for letter in account)[:32]
