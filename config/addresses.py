"""Addresses, the time zone and the database's URL: values whose form only their own readers can judge."""

from __future__ import annotations

from ipaddress import IPv4Address, ip_network
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, available_timezones

from config.document import ANY, Document, values
from config.problems import Finding, KeyPath, suggestion

if TYPE_CHECKING:
    from collections.abc import Iterator
    from ipaddress import IPv4Network, IPv6Network

DATABASES = ("sqlite://", "postgresql://")


def address_findings(document: Document) -> Iterator[Finding]:
    """Yield what is wrong with addresses, time zone and database URL."""
    for section in ("sip", "api"):
        for path, bind in values(document, (section, "bind"), str):
            if not _is_ipv4(bind):
                yield Finding(path, f'must be an IPv4 address such as 127.0.0.1, not "{bind}"')
    for path, address in values(document, ("sip", "external_address"), str):
        if address and not _is_ipv4(address):
            yield Finding(path, f'must be an IPv4 address such as 192.0.2.10, not "{address}"')
    for path, network in values(document, ("sip", "local_networks", ANY), str):
        if not _is_network(network):
            yield Finding(path, f'must be a network such as 192.168.0.0/16, not "{network}"')
    yield from _trunks(document)
    for path, zone in values(document, ("hotline", "time_zone"), str):
        if not _is_zone(zone):
            meant = "" if any(sign in zone for sign in "+-0123456789") else suggestion(zone, available_timezones())
            yield Finding(path, f'no time zone called "{zone}"{meant or ": write a name such as Asia/Almaty"}')
    for path, url in values(document, ("storage", "database_url"), str):
        scheme, _, rest = url.partition("://")
        if url and not (rest and f"{scheme.partition('+')[0]}://" in DATABASES):
            # The URL may hold a password, so it is not shown.
            meant = suggestion(f"{scheme}://", DATABASES)
            yield Finding(path, f"must begin with {' or '.join(DATABASES)}{meant}")
        elif not _has_port(url):
            yield Finding(path, "has a port that is no number from 1 to 65535: write postgresql://USER@HOST:5432/NAME")


def homes_unprotected(document: Document) -> Iterator[Finding]:
    """Check that keys of voice over the internet have a way that nobody reads along."""
    for path, at_home in values(document, ("operators", ANY, "internet"), bool):
        if at_home and document["sip"].get("tls_port") is None:
            yield Finding(path, "needs sip.tls_port: a phone at home sends the keys of its voice over TLS")


def _trunks(document: Document) -> Iterator[Finding]:
    """Check the carriers: a call is known by its address alone, so two of them cannot share one."""
    taken: list[tuple[KeyPath, str, IPv4Network | IPv6Network]] = []
    for path, text in values(document, ("trunks", ANY, "addresses", ANY), str):
        try:
            network = ip_network(text)
        except ValueError as error:
            if "host bits" in str(error):
                whole = ip_network(text, strict=False)
                yield Finding(path, f'"{text}" is an address inside a network: write {whole}, or the address alone')
            else:
                yield Finding(path, f'must be an address or a network such as 192.0.2.0/28, not "{text}"')
            continue
        if network.prefixlen == 0:
            yield Finding(path, f'"{text}" is every address there is: a trunk must be told from strangers')
        for there, written, other in taken:
            if other.version == network.version and network.overlaps(other):
                words = f'"{text}" is there already' if other == network else f'"{text}" is part of "{written}"'
                if network.prefixlen < other.prefixlen:
                    words = f'"{text}" contains "{written}"'
                yield Finding(path, f"{words}: leave one of them out", there[:-1])
        taken.append((path, text, network))


def _is_ipv4(text: str) -> bool:
    try:
        IPv4Address(text)
    except ValueError:
        return False
    return True


def _is_network(text: str) -> bool:
    try:
        ip_network(text)
    except ValueError:
        return False
    return True


def _has_port(url: str) -> bool:
    """Whether the port, if one is named, can be one; a `:` in a password is written `%3A`."""
    try:
        return urlsplit(url).port != 0
    except ValueError:
        return False


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # not known; not a name; the name of a folder
        return False
    return True
