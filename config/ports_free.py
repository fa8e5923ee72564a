"""Are the ports free? Asked before anything is started, so that nothing is left half up."""

from __future__ import annotations

import errno
import socket
from typing import TYPE_CHECKING

from config.problems import Finding, Problem

if TYPE_CHECKING:
    from config.settings import Settings
    from config.source import Source

LOOPBACK = "127.0.0.1"
HTTP_ADDRESS = "127.0.0.2"
"""Where the dialplan reaches Asterisk's manager, by HTTP: the loopback, too, and the manager's port."""


def ports_in_use(settings: Settings, source: Source | None = None) -> list[Problem]:
    """Try to take every port and return those that cannot be taken; with a source each has its file and line.

    Blocks for well under a millisecond; leaves nothing bound.
    """
    wanted = (
        ("sip", "port", settings.sip.bind, settings.sip.port, socket.SOCK_DGRAM),
        ("sip", "port", settings.sip.bind, settings.sip.port, socket.SOCK_STREAM),
        *((("sip", "tls_port", settings.sip.bind, tls, socket.SOCK_STREAM),) if (tls := settings.sip.tls_port) else ()),
        ("ports", "ami", LOOPBACK, settings.ports.ami, socket.SOCK_STREAM),
        ("ports", "ami", HTTP_ADDRESS, settings.ports.ami, socket.SOCK_STREAM),
        ("ports", "agi", LOOPBACK, settings.ports.agi, socket.SOCK_STREAM),
        *((("api", "port", settings.api.bind, settings.api.port, socket.SOCK_STREAM),) if settings.api.enabled else ()),
    )
    findings: dict[Finding, None] = {}  # a dict keeps the order and tells SIP's two transports once
    for section, key, address, port, kind in wanted:
        error = _refusal(address, port, kind)
        if error is not None:
            findings[_finding(section, key, address, port, error)] = None
    if source is not None:
        return list(source.problems(list(findings)))
    return [Problem("", None, ".".join(map(str, found.path)), found.message) for found in findings]


def _finding(section: str, key: str, address: str, port: int, error: OSError) -> Finding:
    if error.errno == errno.EADDRINUSE:
        return Finding((section, key), f"port {port} on {address} is in use by another program")
    if error.errno == errno.EADDRNOTAVAIL:
        return Finding((section, "bind"), f"{address} is not an address of this machine")
    if error.errno == errno.EACCES:
        return Finding((section, key), f"port {port} needs the rights of root")
    return Finding((section, key), f"port {port} on {address} cannot be taken: {error.strerror}")


def _refusal(address: str, port: int, kind: socket.SocketKind) -> OSError | None:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, kind) as trial:
        if kind == socket.SOCK_STREAM:
            # As Asterisk does: a port whose last connection is still closing counts as free.
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((address, port))
        except OSError as error:
            return error
    return None
