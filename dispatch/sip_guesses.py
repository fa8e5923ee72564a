"""Counts what Asterisk refuses over SIP by the address it came from, and tells of who guesses.

Scanners try accounts and passwords by the thousand: each packet is a line of Asterisk's log, and nobody reads those.
A phone with a wrong password does the same every minute, from an address that others are behind: nothing is shut out
here.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Mapping
from dataclasses import dataclass, field

REFUSALS = frozenset({"InvalidAccountID", "InvalidPassword", "ChallengeResponseFailed", "FailedACL"})
"""Asterisk's security events for an account that is none, a password that is wrong, an address that may not."""
GUESSES, WINDOW_MS = 20, 10 * 60_000
"""So many in such a time are guesses, and no phone that was set up wrong: that one tries every minute or so."""
QUIET_MS = 3_600_000
"""The same address is told again after so long."""
MOST_ADDRESSES, MOST_ACCOUNTS = 1_000, 5


@dataclass(slots=True)
class _Source:
    at_ms: deque[int] = field(default_factory=lambda: deque(maxlen=GUESSES))
    accounts: set[str] = field(default_factory=set)
    refused: int = 0
    told_ms: int = -QUIET_MS
    since_told: int = 0


class Guesses:
    """One for each controller; bounded however many addresses there are."""

    def __init__(self) -> None:
        self._sources: OrderedDict[str, _Source] = OrderedDict()
        self.refused = 0
        """Since the controller's start."""

    def heard(self, name: str, fields: Mapping[str, str], now_ms: int) -> str | None:
        """Take a security event; the alarm's words when an address has become one that guesses."""
        if name not in REFUSALS:
            return None
        self.refused += 1
        address = address_of(fields.get("RemoteAddress", ""))
        source = self._sources.setdefault(address, _Source())
        self._sources.move_to_end(address)
        while len(self._sources) > MOST_ADDRESSES:
            self._sources.popitem(last=False)
        source.at_ms.append(now_ms)
        source.refused += 1
        source.since_told += 1
        if len(source.accounts) < MOST_ACCOUNTS:
            source.accounts.add(_shown(fields.get("AccountID", "")))
        many = len(source.at_ms) == GUESSES and now_ms - source.at_ms[0] <= WINDOW_MS
        if not many or now_ms - source.told_ms < QUIET_MS:
            return None
        told, source.since_told, source.told_ms = source.since_told, 0, now_ms
        accounts = ", ".join(sorted(filter(None, source.accounts)))
        return f"{address}: {told} requests refused" + (f", among others as {accounts}" if accounts else "")


def address_of(remote: str) -> str:
    """The address in `IPV4/UDP/192.0.2.1/5060`; of IPv6 the network that one customer has."""
    parts = remote.split("/")
    address = parts[2] if len(parts) == 4 else ""
    if parts[0] == "IPV6" and address:
        return ":".join(address.split(":")[:4]) + "::/64"
    return address[:64] or "an unknown address"


def _shown(account: str) -> str:
    """What was tried as an account, as a line may show it: it is a stranger's text."""
    return "".join(letter if letter.isalnum() or letter in "._-@+" else "?" for letter in account)[:32]
