"""What can be loaded and yet cannot work: said by `bailanys check` and before a start.

Not when a controller is started again beside calls that are up: what is wrong here costs them nothing, refusing would.
"""

from __future__ import annotations

from ipaddress import IPv4Address
from os.path import normpath
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from config.document import ANY, Document, values
from config.problems import Finding

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

PORTS_A_TALK = 4
"""RTP and RTCP, of the caller's leg and of the operator's."""
PORTS_A_CALLER = 2

_TLS_FILES = {"tls_certificate": "keys/sip.pem", "tls_key": "keys/sip.key"}


def unworkable(document: Document) -> list[Finding]:
    """Return everything that cannot work in a document that could be loaded, its defaults filled in."""
    return [finding for check in (*CRIPPLING, *LAMING) for finding in check(document)]


def crippling(document: Document) -> list[Finding]:
    """Return only what no hotline should be started with, even when nobody is there to mend it."""
    return [finding for check in CRIPPLING for finding in check(document)]


def too_few_rtp_ports(document: Document) -> Iterator[Finding]:
    """Check that every operator can talk while as many callers wait."""
    first, last = document["sip"]["rtp_first"], document["sip"]["rtp_last"]
    operators, ports = len(document["operators"]), last - first + 1
    needed = (PORTS_A_TALK + PORTS_A_CALLER) * operators
    if 0 < ports < needed:
        each = f"{PORTS_A_TALK} for each talk and {PORTS_A_CALLER} for each caller who waits"
        words = f"{operators} operators need {needed} ports of voice, {each}; {first} to {last} are {ports}"
        yield Finding(("sip", "rtp_last"), words)


def addresses_out_of_reach(document: Document) -> Iterator[Finding]:
    """Check that whoever is to come from outside can reach the address that Asterisk listens on."""
    sip = document["sip"]
    bind, external = IPv4Address(sip["bind"]), sip["external_address"]
    if bind.is_multicast or bind == IPv4Address("255.255.255.255"):
        yield Finding(("sip", "bind"), f"{bind} is no address of a machine")
    if external:
        address = IPv4Address(external)
        if address.is_loopback or address.is_unspecified or address.is_multicast or address.is_reserved:
            yield Finding(("sip", "external_address"), f"nobody outside can reach {address}")
        elif bind.is_loopback:
            words = f"phones outside are told {address}, but no other machine reaches {bind}, where Asterisk listens"
            yield Finding(("sip", "external_address"), f"{words}: set sip.bind to this machine's address, or 0.0.0.0")


def tls_unused(document: Document) -> Iterator[Finding]:
    """Check that who names a certificate has TLS."""
    sip = document["sip"]
    for key, usual in _TLS_FILES.items():
        if sip.get("tls_port") is None and str(sip[key]) != usual:
            yield Finding(("sip", key), "is of no use without sip.tls_port: there is no SIP over TLS")


def ports_of_nobody(document: Document) -> Iterator[Finding]:
    """Check the port of the carrier for calls out, and that it is not the hotline itself."""
    outbound, sip = document["callback"]["outbound"], document["sip"]
    host, _, port = outbound.partition(":")
    if port and not 0 < int(port) < 65_536:
        yield Finding(("callback", "outbound"), f"there is no port {port}: 1 to 65535")
    elif outbound and host in (sip["bind"], sip["external_address"], "localhost") and int(port or 5060) == sip["port"]:
        yield Finding(("callback", "outbound"), f"{outbound} is the hotline itself: it must be the carrier's address")


def nobody_who_may(document: Document) -> Iterator[Finding]:
    """Check that with `[[people]]` a demand can come to its end, and be approved by a second person."""
    people: list[tuple[tuple[str | int, ...], dict[str, Any]]] = list(values(document, ("people", ANY), dict))
    if not people:
        return
    for path, person in people:
        if not person["accounts"] and not person["tokens"]:
            yield Finding(path, f"{person['name']} has neither accounts nor tokens: nobody can work under that name")
    there = [person for _, person in people if person["accounts"] or person["tokens"]]
    who = {role: {person["name"] for person in there if role in person["roles"]} for role in _STEPS}
    for role, step in _STEPS.items():
        if not who[role]:
            yield Finding(("people",), f'nobody has the role "{role}": no demand could be {step} (rule 14)')
    if who["auditor"] and who["auditor"] == who["approver"] and len(who["auditor"]) == 1:
        (only,) = who["auditor"]
        yield Finding(("people",), f"nobody but {only} may select or approve: nobody approves their own selection")


_STEPS = {"clerk": "entered", "auditor": "selected for", "approver": "approved"}


def addresses_of_nobody(document: Document) -> Iterator[Finding]:
    """Check that a carrier can be where it is said to be: Asterisk listens on IPv4 alone."""
    for path, text in values(document, ("trunks", ANY, "addresses", ANY), str):
        if ":" in text:
            yield Finding(path, f'"{text}" can never call: Asterisk listens on IPv4 alone, name the IPv4 address')
    host = document["callback"]["outbound"].partition(":")[0]
    if host and not any(sign.isalpha() for sign in host) and not _is_ipv4(host):
        yield Finding(("callback", "outbound"), f'"{host}" is no IPv4 address and no name of a host')


def paths_of_nobody(document: Document) -> Iterator[Finding]:
    """Check that each path is one, and means what a person thinks that it means: no shell reads it."""
    for path in PATHS:
        for at, text in values(document, path, str):
            if text in ("", "."):
                yield Finding(at, "must not be empty: leave the key out, or name a path")
            elif text.startswith("~"):
                yield Finding(at, f'"{text}" is taken as it is written, no shell reads it: write the whole path')


def _is_ipv4(text: str) -> bool:
    try:
        IPv4Address(text)
    except ValueError:
        return False
    return True


PATHS = (
    ("sip", "tls_certificate"),
    ("sip", "tls_key"),
    ("storage", "state_dir"),
    ("storage", "archive_dir"),
    ("recordings", "keys_file"),
    ("recordings", "store_secrets"),
    ("speech", "override_dir"),
)


def databases_of_nobody(document: Document) -> Iterator[Finding]:
    """Check that every process meets the same database: not one in memory, nor one by the folder it stands in."""
    url = document["storage"]["database_url"]
    if not url.startswith("sqlite"):
        return
    path = urlsplit(url).path
    if ":memory:" in url or path in ("", "/"):
        yield Finding(("storage", "database_url"), "a database in memory is another one in each process: name a file")
    elif not path.startswith("//"):
        words = "is found only from the folder where a command is given: write an absolute path, sqlite:////var/…"
        yield Finding(("storage", "database_url"), words)


def folders_in_each_other(document: Document) -> Iterator[Finding]:
    """Check that the archive is a folder of its own: what lies in it is taken for recordings."""
    archive = normpath(document["storage"]["archive_dir"])
    if archive.partition("/")[0] in {".", "..", *_OURS} or archive == "/":
        words = f'"{archive}" holds other things of the hotline: give recordings a folder of their own'
        yield Finding(("storage", "archive_dir"), words)


_OURS = ("spool", "etc", "run", "log", "lib", "data", "keys", "packages")

CRIPPLING: tuple[Callable[[Document], Iterable[Finding]], ...] = (
    addresses_out_of_reach,
    paths_of_nobody,
    tls_unused,
    databases_of_nobody,
    folders_in_each_other,
)
LAMING: tuple[Callable[[Document], Iterable[Finding]], ...] = (
    too_few_rtp_ports,
    ports_of_nobody,
    addresses_of_nobody,
    nobody_who_may,
)
"""Most calls are answered all the same."""
