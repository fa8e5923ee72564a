"""Which addresses are slowed until when, and which never are. Pure.

Slowed is who guesses, for ten minutes (`[sip] slow_guesses_s`), twice as long each time that it goes on, an hour at
most, and always with an end. Never is an address from which a phone is registered or was of late: an office must not
be shut out because one of its phones has a wrong password.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network

from config.settings import Settings
from dispatch.sip_guesses import address_of

MOST_SLOWED = 1_000
LONGEST_MS = 3_600_000
GOES_ON_MS = 3_600_000
"""Who is to be slowed again so soon after it ended goes on."""
OF_LATE_MS = 7 * 86_400_000
MOST_PHONES = 10_000

_HOST = re.compile(r"sips?:(?:[^@]*@)?(\[[0-9A-Fa-f:.]+\]|[0-9.]+)")

Network = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True)
class Slowed:
    """An address that is refused unread; UTC epoch ms."""

    address: str
    from_ms: int
    until_ms: int
    times: int = 1
    """How often in a row."""


class SlowedAddresses:
    """Those that are slowed now, `MOST_SLOWED` at most: for one more the one that would end first is let go."""

    def __init__(self, first_s: float) -> None:
        self._first_ms = round(first_s * 1000)
        self._now: dict[str, Slowed] = {}
        self._before: OrderedDict[str, Slowed] = OrderedDict()

    def __iter__(self) -> Iterator[Slowed]:
        return iter(list(self._now.values()))

    def __len__(self) -> int:
        return len(self._now)

    def begin(self, address: str, now_ms: int) -> Slowed:
        """Slow an address; one that is slowed already stays so until its own end."""
        if known := self._now.get(address):
            return known
        before = self._before.pop(address, None)
        times = 1
        if before is not None and now_ms - before.until_ms <= GOES_ON_MS:  # it goes on
            times = before.times + 1
        for_ms = min(self._first_ms << min(times - 1, 12), LONGEST_MS)
        if len(self._now) >= MOST_SLOWED:
            self._let_go(min(self._now.values(), key=lambda one: one.until_ms))
        self._now[address] = slowed = Slowed(address, now_ms, now_ms + for_ms, times)
        return slowed

    def lift(self, address: str) -> Slowed | None:
        """End it as if it had never been; None for an address that is not slowed."""
        return self._now.pop(address, None)

    def end(self, now_ms: int) -> list[Slowed]:
        """Let go whose time is over, and return them."""
        over = [one for one in self._now.values() if not one.from_ms <= now_ms < one.until_ms]  # the clock was set back
        for one in over:
            self._let_go(one)
        return over

    def _let_go(self, one: Slowed) -> None:
        del self._now[one.address]
        self._before[one.address] = one
        while len(self._before) > MOST_SLOWED:
            self._before.popitem(last=False)


class Spared:
    """Who is never slowed: carriers, this machine, and wherever phones are."""

    def __init__(self, settings: Settings) -> None:
        own = {"127.0.0.1", "::1", settings.sip.bind, settings.sip.external_address} - {"", "0.0.0.0"}  # noqa: S104 - compared
        self._networks: list[tuple[Network, str]] = [
            *((ip_network(one), f"{trunk.name}'s") for trunk in settings.trunks for one in trunk.addresses),
            *((ip_network(one), "this machine's own") for one in own),
        ]
        self._phones: OrderedDict[str, int] = OrderedDict()

    def phone_at(self, contact: str, now_ms: int) -> None:
        """A phone is registered with this contact: Asterisk puts the address it came from into it."""
        host = _HOST.match(contact)
        if host and (address := address_of(host[1])):
            self._phones[address] = now_ms
            self._phones.move_to_end(address)
            while len(self._phones) > MOST_PHONES:
                self._phones.popitem(last=False)

    def why(self, address: str, now_ms: int) -> str:
        """Why this address is not slowed; empty for one that may be."""
        try:
            network = ip_network(address)
        except ValueError:
            return "it is no address"
        for other, whose in self._networks:
            if other.version == network.version and other.overlaps(network):
                return f"it is {whose}"
        seen_ms = self._phones.get(address)
        if seen_ms is not None and now_ms - seen_ms <= OF_LATE_MS:
            return "a phone is registered there, or was of late"
        return ""


def denied(addresses: Iterable[str], longest: int) -> Iterator[str]:
    """Addresses as Asterisk's lists of them take them, in texts of so many characters at most."""
    text = ""
    for address in addresses:
        network = str(ip_network(address))  # one that is none would have Asterisk refuse everybody
        if text and len(text) + len(network) >= longest:
            yield text
            text = ""
        text += f",{network}" if text else network
    if text:
        yield text
