"""The little of SIP's text that phones and tests read and write themselves (RFC 3261)."""

from __future__ import annotations

import re
from urllib.parse import quote

_COMPACT = {"from": "f", "to": "t", "call-id": "i", "contact": "m", "via": "v", "content-length": "l"}


def header(message: str, name: str) -> str | None:
    """Find the first header of a message by its long name, either form, in any case; None if it is not there."""
    wanted = {name.lower(), _COMPACT.get(name.lower(), name.lower())}
    for line in message.split("\r\n\r\n", 1)[0].split("\r\n")[1:]:
        found, colon, value = line.partition(":")
        if colon and found.strip().lower() in wanted:
            return value.strip()
    return None


def uri_user(address: str) -> str:
    """Take the user out of an address, e.g. `77011234567` of `"Anna" <sip:77011234567@192.0.2.1>;tag=1`; "" if none."""
    found = re.search(r"sips?:([^@;>]*)@", address)
    return found[1] if found else ""


def display_name(address: str) -> str:
    """Take the name out of an address, unescaped; "" if none."""
    quoted = re.match(r'\s*"((?:[^"\\]|\\.)*)"', address)
    if quoted:
        return re.sub(r"\\(.)", r"\1", quoted[1])
    return address.partition("<")[0].strip() if "<" in address else ""


def name_addr(display: str, user: str, host: str) -> str:
    """Write an address, the name quoted and escaped, e.g. `"Anna" <sip:77011234567@127.0.0.1>`."""
    escaped = display.replace("\\", "\\\\").replace('"', '\\"')
    return (f'"{escaped}" ' if display else "") + f"<sip:{quoted_user(user)}@{host}>"


def quoted_user(user: str) -> str:
    """Escape what may not stand in a URI's user part: `*1` stays, `#` becomes `%23`."""
    return quote(user, safe="-_.!~*'()&=+$,;?/")
