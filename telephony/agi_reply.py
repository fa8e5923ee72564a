"""Reading Asterisk's side of AGI: the header of a session and the answer to a command.

panoramisk's own parser loses the word in `result= (timeout)` and calls 511 unknown, so we read the line ourselves.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_ANSWER = re.compile(r"(?P<code>\d{3})(?P<more>[ -])(?:result=(?P<result>-?\d*))?(?: ?\((?P<word>.*)\))?", re.DOTALL)
_END_POSITION = re.compile(r" endpos=(\d+)$")

DEAD_CHANNEL = 511
"""Code of a command that a channel cannot do any more."""


@dataclass(frozen=True, slots=True)
class AgiReply:
    """The answer to a command: `200 result=1 (word) endpos=n`. `result` is empty when Asterisk gave none."""

    code: int
    result: str
    word: str
    text: str

    @property
    def is_hangup(self) -> bool:
        """Whether it says that the caller is gone: `-1`, or `0 (hangup)`."""
        return self.result == "-1" or (self.result == "0" and self.word == "hangup")

    @property
    def end_position(self) -> int:
        """Where a sound ended, in samples; 0 if nothing was played."""
        found = _END_POSITION.search(self.text)
        return int(found.group(1)) if found else 0

    @property
    def goes_on(self) -> bool:
        """Whether more lines follow until `520 End of proper usage.`."""
        return self.text.startswith("520-")

    @property
    def is_open(self) -> bool:
        """Whether a value with a line break in it was cut: its bracket is still open."""
        return self.code == 200 and self.text.startswith("200 result=1 (") and not self.text.endswith(")")


def parse_reply(line: str) -> AgiReply | None:
    """Read an answer without its last line end; None if it is none (`HANGUP`, noise)."""
    found = _ANSWER.match(line)
    if found is None:
        return None
    return AgiReply(int(found["code"]), found["result"] or "", found["word"] or "", line)


def parse_header(block: bytes) -> dict[str, str]:
    """Read the `agi_*` lines that open a session.

    The first of two equal names wins: the channel's id comes before the caller's name, so no name can forge it.
    """
    header: dict[str, str] = {}
    for line in block.decode("utf-8", "backslashreplace").split("\n"):
        name, colon, value = line.partition(": ")
        if colon and name.startswith("agi_"):
            header.setdefault(name, value)
    return header
