"""What SIPp saw, message by message, and the calls that can be told from it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from phones import sip_text

_LINE = re.compile(
    r"(?P<at>\d+\.\d{6})\t(?P<way>[SR])\t(?P<call_id>[^\t]*)\tCSeq:\s*(?P<cseq>\d+)\s+(?P<method>\w+)[^\t]*\t(?P<first>.*)"
)


@dataclass(frozen=True, slots=True)
class Message:
    """One SIP message, `at` epoch seconds to the microsecond."""

    at: float
    sent: bool
    call_id: str
    cseq: int
    method: str
    """Of the request, or of the request that is answered."""
    status: int | None
    """None for a request."""
    user: str
    """The user of a request's URI; empty for a response."""


@dataclass(frozen=True, slots=True)
class Leg:
    """One call as one phone saw it; instants are epoch seconds, None: it never came."""

    call_id: str
    user: str
    """Who was called, by the INVITE's URI."""
    invite_at: float
    ringing_at: float | None = None
    answered_at: float | None = None
    ended_at: float | None = None
    """BYE, CANCEL or the refusal, whichever came first, sent or received."""
    ended_by_us: bool = False
    status: int | None = None
    """The final status of the INVITE."""

    @property
    def talk_s(self) -> float | None:
        """From the answer to the end, None if there was none."""
        return None if self.answered_at is None or self.ended_at is None else self.ended_at - self.answered_at


def read_messages(trace: str) -> tuple[Message, ...]:
    """Read SIPp's `-trace_shortmsg`, oldest first; a line cut short by the end of SIPp is left out."""
    found = (_LINE.search(line) for line in trace.splitlines())
    return tuple(_message(match) for match in found if match)


def legs(messages: Iterable[Message]) -> tuple[Leg, ...]:
    """Tell the calls, in the order of their INVITEs; retransmissions count once, re-INVITEs are no calls."""
    by_call: dict[str, list[Message]] = {}
    for message in messages:
        by_call.setdefault(message.call_id, []).append(message)
    made = (_leg(call) for call in by_call.values())
    return tuple(sorted((leg for leg in made if leg), key=lambda leg: leg.invite_at))


def call_number(call_id: str) -> int:
    """Tell which call of a run of callers this was, 1 the first of the trace (`%u-%p@%s`, SIPp's own call ids)."""
    return int(call_id.partition("-")[0])


def _message(match: re.Match[str]) -> Message:
    first = match["first"]
    status = int(first.split(" ", 2)[1]) if first.startswith("SIP/2.0 ") else None
    user = "" if status else sip_text.uri_user(first)
    return Message(
        float(match["at"]), match["way"] == "S", match["call_id"], int(match["cseq"]), match["method"], status, user
    )


def _leg(call: list[Message]) -> Leg | None:
    invite = next((one for one in call if one.method == "INVITE" and one.status is None), None)
    if invite is None:
        return None
    answers = [one for one in call if one.method == "INVITE" and one.status and one.cseq == invite.cseq]
    ringing = next((one for one in answers if one.status in (180, 183)), None)
    final = next((one for one in answers if one.status and one.status >= 200), None)
    ends = [one for one in call if one.method in ("BYE", "CANCEL") and one.status is None]
    if final and final.status and final.status >= 300:
        ends.append(final)
    end = min(ends, key=lambda one: one.at, default=None)
    return Leg(
        call_id=invite.call_id,
        user=invite.user,
        invite_at=invite.at,
        ringing_at=ringing.at if ringing else None,
        answered_at=final.at if final and final.status and final.status < 300 else None,
        ended_at=end.at if end else None,
        ended_by_us=end.sent if end else False,
        status=final.status if final else None,
    )
