"""SIP messages of the benchmark's own phones, as values (RFC 3261): no more than one call on a loopback needs.

SIPp plays a script per phone; here one program is caller and operator at once, so that a caller can press a rating when
the operator who talked to them has hung up, and nobody's log has to be matched with another's afterwards.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_COPIED = ("via", "record-route", "from", "to", "call-id", "cseq")
_COMPACT = {
    "v": "via",
    "f": "from",
    "t": "to",
    "i": "call-id",
    "m": "contact",
    "l": "content-length",
    "c": "content-type",
}


@dataclass(frozen=True, slots=True)
class Message:
    """A request or a response as it came."""

    first: str
    headers: tuple[tuple[str, str], ...]
    body: str

    @property
    def status(self) -> int:
        """The status of a response; 0 for a request."""
        return int(self.first.split(" ", 2)[1]) if self.first.startswith("SIP/2.0 ") else 0

    @property
    def method(self) -> str:
        """The method of a request, or of the request that is answered."""
        return self.header("cseq").rpartition(" ")[2]

    def header(self, name: str) -> str:
        """The first header of that name, in lower case; empty when there is none."""
        return next((value for key, value in self.headers if key == name), "")

    @property
    def uri(self) -> str:
        """The URI of a request."""
        return self.first.split(" ")[1]

    @property
    def media(self) -> tuple[str, int] | None:
        """Where the other side wants its RTP, by its SDP."""
        host = re.search(r"^c=IN IP4 (\S+)", self.body, re.MULTILINE)
        port = re.search(r"^m=audio (\d+)", self.body, re.MULTILINE)
        return (host[1], int(port[1])) if host and port else None


def read(packet: bytes) -> Message:
    """Take a packet apart; never raises."""
    head, _, body = packet.decode("utf-8", "replace").partition("\r\n\r\n")
    first, *lines = head.split("\r\n")
    parts = (line.partition(":") for line in lines)
    named = ((name.strip().lower(), value.strip()) for name, colon, value in parts if colon)
    return Message(first, tuple((_COMPACT.get(name, name), value) for name, value in named), body)


def uri_of(address: str) -> str:
    """The URI in `"Name" <sip:...>;tag=...` or a bare one."""
    found = re.search(r"<([^>]*)>", address)
    return found[1] if found else address.partition(";")[0].strip()


def request(uri: str, method: str, headers: dict[str, str], sdp: str = "") -> bytes:
    """A request; `headers` hold everything but the lengths."""
    return _packet(f"{method} {uri} SIP/2.0", list(headers.items()), sdp)


def response(to: Message, status: int, reason: str, *, tag: str = "", contact: str = "", sdp: str = "") -> bytes:
    """An answer to a request; `tag` is ours and is added where the To has none yet."""
    headers = []
    for name, value in to.headers:
        if name in _COPIED:
            ours = name == "to" and tag and ";tag=" not in value
            headers.append((name, f"{value};tag={tag}" if ours else value))
    if contact:
        headers.append(("contact", contact))
    return _packet(f"SIP/2.0 {status} {reason}", headers, sdp)


def sdp_of(address: str, port: int) -> str:
    """A-law and telephone events at this address."""
    lines = (
        *("v=0", f"o=- 1 1 IN IP4 {address}", "s=-", f"c=IN IP4 {address}", "t=0 0"),
        *(f"m=audio {port} RTP/AVP 8 101", "a=rtpmap:8 PCMA/8000", "a=rtpmap:101 telephone-event/8000"),
        *("a=fmtp:101 0-15", "a=ptime:20", "a=sendrecv"),
    )
    return "\r\n".join([*lines, ""])


def _packet(first: str, headers: list[tuple[str, str]], sdp: str) -> bytes:
    kind = [("content-type", "application/sdp")] if sdp else []
    lines = [f"{name}: {value}" for name, value in (*headers, *kind, ("content-length", str(len(sdp))))]
    return "\r\n".join([first, *lines, "", sdp]).encode()
