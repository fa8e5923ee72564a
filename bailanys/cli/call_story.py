"""One call's story in words, in the order in which it happened: what `bailanys calls show` tells a person. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING

from bailanys.cli.context import length
from calls.local_day import local_time
from storage.record import ANSWERED, CallRow, GapRow, OfferRow, RatingRow, SegmentRow

if TYPE_CHECKING:
    from storage.ledger import CallStory

Happened = tuple[int, str]
"""When, UTC epoch ms, and what."""

RESULTS = {
    "in_progress": "goes on",
    "answered": "answered",
    "abandoned_menu": "given up in the menu",
    "abandoned_waiting": "given up while waiting",
    "callback": "left to be called back",
}
LANGUAGES_BY = {"key": "chosen by key", "known": "known of an earlier call", "default": "by default",
                "net": "by the safety net"}  # fmt: skip
QUEUED_VIA = {"net": ", by the safety net", "callback": ", called back"}
OFFERED_VIA = {"net": ", by the safety net", "consult": ", to be asked by a colleague", "three-way": ", to join"}
OFFERS = {
    "NOANSWER": "does not answer",
    "BUSY": "refuses, or is busy",
    "CANCEL": "is rung no more: the caller left",
    "CHANUNAVAIL": "cannot be reached",
    "CONGESTION": "cannot be connected",
}
TRANSFERS = {
    "blind": "by the phone",
    "command": "by command",
    "attended": "after asking",
    "three-way": "in a talk of three",
    "given-back": "in vain: given back",
    "given-on": "in vain: given on to the group",
    "phone-lost": "the phone was lost in the talk",
}
UNRATED = {"silence": "presses nothing", "wrong": "presses wrong keys", "hung_up": "hangs up"}


def title(story: CallStory, zone: str) -> str:
    """Which call, of whom, and what became of it."""
    call = story.record.call
    by = f" of {call.caller_key}" if call.caller_key else ""
    day = f"{local_time(call.arrived_ms, zone):%Y-%m-%d}"
    return f"Call {call.id}{by} on {day} ({zone}): {RESULTS.get(call.result, call.result)}"


def lines(story: CallStory, zone: str) -> list[dict[str, str]]:
    """What happened, each with its local time; with the date too, where the call is of several days."""
    record = story.record
    happened = [
        *_of_call(record.call),
        *((step.at_ms, f"{step.step.replace('-', ' ')}{f' ({step.detail})' if step.detail else ''}")
          for step in story.steps),
        *(one for segment in record.segments.values() for one in _of_segment(segment, record.call)),
        *(one for offer in record.offers.values() for one in _of_offer(offer)),
        *(one for rating in record.ratings.values() for one in _of_rating(rating)),
        *(_of_gap(gap) for gap in record.gaps.values()),
        *_end(record.call),
    ]  # fmt: skip
    happened.sort(key=lambda one: one[0])  # of the same instant in the order above
    days = {local_time(at_ms, zone).date() for at_ms, _ in happened}
    form = "%H:%M:%S" if len(days) == 1 else "%Y-%m-%d %H:%M:%S"
    told = [{"time": f"{local_time(at_ms, zone):{form}}", "what": what} for at_ms, what in happened]
    return [told[0], *(after for before, after in pairwise(told) if after != before)]


def recordings(story: CallStory) -> list[dict[str, object]]:
    """The recordings of its talks."""
    return [
        {
            "recording": one.file,
            "talk": one.seq,
            "status": one.status.value,
            "length": length(one.duration_ms / 1000) if one.path else None,
        }
        for one in story.recordings
    ]


def identities(story: CallStory) -> list[dict[str, object]]:
    """Other numbers that came with the call."""
    return [{"number": one.key, "from": one.source} for one in story.record.identities.values()]


def _of_call(call: CallRow) -> Iterator[Happened]:
    by = f" from {call.caller_key}" if call.caller_key else ", no number shown"
    yield call.arrived_ms, f"arrives{by}{f', dials {call.dialled}' if call.dialled else ''}"
    if call.callback_of:
        yield call.arrived_ms, f"is a callback of {call.callback_of}"
    if call.language_ms is not None:
        yield call.language_ms, f"language {call.language}, {LANGUAGES_BY.get(call.language_by or '', 'as it seems')}"
    if call.callback_asked_ms is not None:
        yield call.callback_asked_ms, f"asks to be called back at {call.callback_number or 'this number'}"
    if call.callback_reached_ms is not None:
        yield call.callback_reached_ms, "is called back, and reached"


def _end(call: CallRow) -> Iterator[Happened]:
    if call.ended_ms is not None:
        lost = "; Asterisk died in it" if call.lost else ""
        yield call.ended_ms, f"the call ends after {length((call.ended_ms - call.arrived_ms) / 1000)}{lost}"


def _of_offer(offer: OfferRow) -> Iterator[Happened]:
    who = _operator(offer.operator_id)
    if offer.offered_ms is not None:
        yield offer.offered_ms, f"is offered to {who}{OFFERED_VIA.get(offer.via or '', '')}"
    if offer.ended_ms is not None and offer.status != ANSWERED:
        yield offer.ended_ms, f"{who} {OFFERS.get(offer.status or '', f'does not take it ({offer.status})')}"


def _of_segment(segment: SegmentRow, call: CallRow) -> Iterator[Happened]:
    who, group = _operator(segment.operator_id), f"group {segment.group_id or 'unknown'}"
    if segment.queued_ms is not None:
        language = f" in {segment.language}" if segment.language else ""
        yield segment.queued_ms, f"waits for {group}{language}{QUEUED_VIA.get(segment.queued_via or '', '')}"
    if segment.notice_ms is not None:
        yield segment.notice_ms, "is told of the transfer"
    if segment.answered_ms is not None:
        first = segment.answered_ms == call.answered_ms
        since_ms = call.arrived_ms if first else segment.queued_ms
        waited = "" if since_ms is None else f" after {length((segment.answered_ms - since_ms) / 1000)}"
        yield segment.answered_ms, f"{who} answers{waited}{' from the arrival' if waited and first else ''}"
    if segment.talking_ms is not None and segment.talking_ms != segment.answered_ms:
        yield segment.talking_ms, f"talks with {who}"
    if segment.also and segment.talking_ms is not None:
        yield segment.talking_ms, f"in this talk, too: {', '.join(map(_operator, segment.also.split(',')))}"
    if segment.transferred_ms is not None:
        how = TRANSFERS.get(segment.transfer_kind or "", segment.transfer_kind or "")
        to = f" to {segment.transfer_to}" if segment.transfer_to else ""
        wanted = f"; {_operator(segment.wanted)} was wanted" if segment.wanted else ""
        yield segment.transferred_ms, f"is transferred{to}{f' ({how})' if how else ''}{wanted}"
    elif segment.ended_ms is not None:
        yield segment.ended_ms, _ending(segment, who)


def _ending(segment: SegmentRow, who: str) -> str:
    if segment.answered_ms is None:
        return "waits no longer" if segment.ended_by != "transfer" else "goes on elsewhere"
    talked = "" if segment.bridged_ms is None else f" after {length(segment.bridged_ms / 1000)} of talk"
    by = {"operator": f"{who} ends the talk", "caller": "the caller hangs up"}.get(segment.ended_by or "", "goes on")
    return by + talked


def _of_rating(rating: RatingRow) -> Iterator[Happened]:
    who = _operator(rating.operator_id)
    if rating.offered_ms is not None:
        yield rating.offered_ms, f"is asked to rate {who}"
    if rating.rated_ms is not None and rating.score is not None:
        yield rating.rated_ms, f"rates {who}: {rating.score}"
    elif rating.offered_ms is not None and rating.outcome:
        yield rating.offered_ms, f"gives no rating: {UNRATED.get(rating.outcome, rating.outcome)}"


def _of_gap(gap: GapRow) -> Happened:
    lasted = "until now" if gap.to_ms is None else f"for {length((gap.to_ms - gap.from_ms) / 1000)}"
    by = f" by {gap.by}" if gap.by else ""
    return gap.from_ms, f"not recorded {lasted}: {gap.reason}{by}{f' ({gap.detail})' if gap.detail else ''}"


def _operator(number: str | None) -> str:
    return f"operator {number}" if number else "an operator"
