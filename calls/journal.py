"""The journal: the one way anything reaches the ledger.

Asterisk appends a CSV line for each event (`cel_custom`), alive or dead the controller; the controller appends its own
facts (operator states, alarms) to a second file of the same form. The projector reads both from a stored offset and
writes rows and offset in one transaction, so that every fact is in the ledger exactly once.

A line has seven columns: `type,time,channel,uniqueid,linkedid,name,extra`.

* `type`: CEL's event type: `ANSWER`, `BRIDGE_ENTER`, `BRIDGE_EXIT`, `HANGUP`, `BLINDTRANSFER`, `ATTENDEDTRANSFER`,
  or `USER_DEFINED` for our own facts.
* `time`: UTC seconds with microseconds, e.g. `1764000000.123456`.
* `channel`: e.g. `PJSIP/carrier-00000001` or `PJSIP/op101-00000002`.
* `uniqueid`: the channel's; `linkedid`: the call id.
* `name`: our fact's name for `USER_DEFINED`, else empty.
* `extra`: for our facts `key=value&...`, URL-encoded, so that nothing a caller sends can break a line;
  for CEL's own events its JSON.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from calls.journal_fields import LONGEST_NAME, Fields

OURS = "USER_DEFINED"
"""CEL's type of our own facts."""


class Fact(StrEnum):
    """Our own facts, as named in the journal; the fields of each in the comment. Times `*_ms` are UTC epoch ms."""

    ARRIVED = "arrived"  # arrived_ms, dialled, caller (number, raw), name (raw), callback_of
    IDENTITY = "identity"  # source (`calls.identity.Source`), value (a header, raw), end (of a long one)
    STEP = "step"  # step, detail: what happened in the menu (never the digits of a rating)
    LANGUAGE = "language"  # language, by = key | known | default | net
    QUEUED = "queued"  # seq, group, queued_ms, rank_ms, language, via = menu | net | callback, or a transfer
    RETURNED = "returned"  # seq: back from an offer, place kept
    OFFERED = "offered"  # seq, offer, operator, file, via = router | net | consult | three-way
    OFFER_ENDED = "offer_ended"  # seq, offer, operator, status = DIALSTATUS other than ANSWER
    CALLBACK_ASKED = "callback_asked"  # seq, number: the caller hung up and keeps the place
    CALLBACK_TRIED = "callback_tried"  # of (the call that asked), status = DIALSTATUS; on the callback's own call
    CALLBACK_CANCELLED = (
        "callback_cancelled"  # on the call that asked: nobody is called any more; reason, or by command
    )
    TALKING = "talking"  # seq, offer, operator, file, line (of the operator, if not the channel)
    TALK_ENDED = "talk_ended"  # seq, by = operator; written when the caller is still there
    TRANSFERRED = "transferred"  # seq (that ended), kind, operator, to, wanted; see `TRANSFER_KINDS`
    LEFT = "left"  # seq, operator (of a talk of three), line, stays (the other operator)
    GAP = "gap"  # seq, offer, from_ms, reason, detail, by; once over to_ms, ended_by; of (the call)
    NOTICE = "notice"  # seq (the new segment), language: the caller was told (rule 11)
    RATING_OFFERED = "rating_offered"  # seq, operator
    RATED = "rated"  # seq, operator, score
    UNRATED = "unrated"  # seq, operator, reason = silence | wrong
    PRESENCE = "presence"  # operator, state, reason, at_ms
    ALARM = "alarm"  # kind, detail
    TARGET = "target"  # group, standing, width, helpers, asa_s, projected_s: a group's standing or its helpers changed
    CHANGED = "changed"  # kind, subject, by, before, after: what a supervisor changed


TRANSFER_KINDS = ("blind", "command", "attended", "three-way", "given-back", "given-on", "phone-lost")
"""How a segment went over into the next: by REFER, by command or API, after a consultation, with a colleague joining;
back to who transferred in vain, and on to the group from there; back to the line from a phone that died in the talk."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the journal, read once: nobody has to go back to its text."""

    type: str
    at_ms: int
    channel: str
    uniqueid: str
    linkedid: str
    name: str
    fields: Fields = field(default_factory=Fields)
    """Of one of our facts; CEL's own events have none."""

    @property
    def ours(self) -> bool:
        """Whether it is one of our facts."""
        return self.type == OURS

    @property
    def call(self) -> str:
        """The call that it is about, which is the channel's own, but of a gap, which another channel may watch over.

        Empty for what is no id of Asterisk's.
        """
        told = (self.fields.get("of") or self.linkedid) if self.name == Fact.GAP else self.linkedid
        return told if len(told) <= LONGEST_NAME else ""
