"""What the AMI link puts on the inbox: Asterisk's events, and the state of the link itself."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import islice

UNSET = "(null)"
STAMP = "Timestamp"
"""Asterisk puts it on each event (`timestampevents`), right after what it is and who may hear it."""
_HEAD = ("Event", "Privilege", STAMP)
_INSTANT = re.compile(r"[0-9]{10,12}\.[0-9]{6}")


@dataclass(frozen=True, slots=True)
class AmiEvent:
    """An event of Asterisk, or the answer to an action (its name is then `Success`, `Goodbye` and so on).

    A key that came once is in `fields`; one that came several times (`Variable`, `ChanVariable`, `Output`) only in
    `lists`, in the order of the wire. Use `all_of` where both may happen. Keys are spelled as Asterisk spells them.
    """

    name: str
    fields: dict[str, str] = field(default_factory=dict)
    lists: dict[str, list[str]] = field(default_factory=dict)

    def all_of(self, key: str) -> list[str]:
        """Return every value of a key in the order of the wire, none if it did not come."""
        if key in self.fields:
            return [self.fields[key]]
        return self.lists.get(key, [])

    def pairs(self, key: str) -> dict[str, str]:
        """Return the `name=value` lines of a key as a mapping, e.g. of `Variable` in a `Status` event.

        A variable that is not set is left out; Asterisk writes `(null)` for it.
        """
        lines = (line.partition("=") for line in self.all_of(key))
        return {name: value for name, sign, value in lines if sign and value != UNSET}


@dataclass(frozen=True, slots=True)
class LinkUp:
    """Logged in. Events before this one may be missing: rebuild what is known from Asterisk now."""


@dataclass(frozen=True, slots=True)
class LinkDown:
    """The link is lost or cannot be made; told once for each reason, not for each attempt."""

    reason: str


LinkItem = AmiEvent | LinkUp | LinkDown


def event_of(headers: Mapping[str, str | list[str]]) -> AmiEvent:
    """Freeze the headers of one message. A repeated `Event` or `Response` header counts by its first value.

    Of a `UserEvent` a repeated key is in `fields`, too, with its last value: Asterisk writes what it knows of the
    channel (`Language`, `Priority`, `Context` …) before the words of the dialplan.

    An event without the head that Asterisk writes has no stamp, whatever it says. Asterisk puts a caller's line breaks
    into an event as they came until the dialplan has looked at the number (`Hangup` of whoever cancels at once): they
    end it, and begin another of the caller's own making. The whole head, with anything to tell behind it, does not fit
    into the 79 bytes that there are of a number.
    """
    fields: dict[str, str] = {}
    lists: dict[str, list[str]] = {}
    for key, value in headers.items():
        if isinstance(value, str):
            fields[key] = value
        else:
            lists[key] = value
    name = fields.get("Event") or fields.get("Response")
    if name is None:
        name = next(iter(lists.get("Event") or lists.get("Response") or [""]))
    if not (tuple(islice(headers, 3)) == _HEAD and _INSTANT.fullmatch(fields.get(STAMP, ""))):
        fields.pop(STAMP, None)
    if name == "UserEvent":
        fields |= {key: values[-1] for key, values in lists.items()}
    return AmiEvent(name, fields, lists)
