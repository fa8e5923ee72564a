"""panoramisk's message, with its headers as they came."""

from __future__ import annotations

from panoramisk.message import Message
from panoramisk.utils import CaseInsensitiveDict


class WireMessage(Message):
    """A message that also has the plain mapping it was read from, in Asterisk's fixed spelling.

    panoramisk puts a body under the name `content`, over a header of that name; Asterisk sends no bodies since 14.
    """

    def __init__(self, headers: dict[str, str | list[str]], content: str = "") -> None:
        CaseInsensitiveDict.__init__(self, headers)
        self.manager = None
        self.headers = headers

    def first(self, key: str) -> str:
        """Return a header's value, the first one if it came several times, else an empty string."""
        value = self.headers.get(key, "")
        return value if isinstance(value, str) else value[0]

    @property
    def is_event(self) -> bool:
        """Whether it is an event; `OriginateResponse` is one, though it has a `Response` header too."""
        return "Event" in self.headers
