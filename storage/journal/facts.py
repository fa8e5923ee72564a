"""What each line of the journal adds to a call's record.

Every function here may see a line twice, or two files' lines in either order, and comes to the same record: an instant
is the earliest told, a row has a key, a later fact only fills what is empty. What follows from the facts taken
together (who answered, how it ended) is left to `settle`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TypeVar

from calls.callback import CANCELLED
from calls.identity import LONGEST_RAW, MOST, OF_THE_CALLER, Identity, Source, buried, is_name, surer, told
from calls.journal import Entry, Fact
from calls.journal_fields import LONGEST_NAME, stored_text
from calls.journal_lines import is_lost
from calls.phone import ANONYMOUS, caller_key
from calls.ratings import RatingTold
from calls.recording import GapReason
from storage.record import (
    ANSWERED,
    BridgeRow,
    CallRecord,
    GapRow,
    IdentityRow,
    LineRow,
    OfferRow,
    RatingRow,
    SegmentRow,
)

K = TypeVar("K")
V = TypeVar("V")

_OPERATOR_LINE = re.compile(r"PJSIP/op([0-9]{1,16})-[0-9a-f]+(?:;\d)?(?:<[A-Z]+>)?")


def with_event(record: CallRecord, entry: Entry) -> CallRecord:
    """The record after one of CEL's own events; events that say nothing of use leave it as it is."""
    at_ms = entry.at_ms
    if entry.uniqueid == entry.linkedid:
        if entry.type == "HANGUP":
            known_ms = record.call.ended_ms
            if known_ms is not None and known_ms <= at_ms:
                return record
            return replace(record, call=replace(record.call, ended_ms=at_ms, lost=int(is_lost(entry))))
        if entry.type == "BRIDGE_ENTER":
            return record if at_ms in record.bridges else _with_bridge(record, BridgeRow(record.call.id, at_ms))
        if entry.type == "BRIDGE_EXIT":
            return _out_of_bridge(record, at_ms)
        return record
    operator = operator_of(entry.channel)
    if operator is None or entry.type not in ("ANSWER", "HANGUP"):
        return record
    line = record.lines.get(entry.uniqueid) or LineRow(record.call.id, entry.uniqueid[:LONGEST_NAME], operator)
    if entry.type == "ANSWER":
        line = replace(line, answered_ms=_earliest(line.answered_ms, at_ms))
    else:
        line = replace(line, hung_up_ms=_earliest(line.hung_up_ms, at_ms))
    return replace(record, lines=_put(record.lines, line.uniqueid, line))


def with_fact(record: CallRecord, entry: Entry) -> CallRecord:
    """The record after one of our own facts; a fact without its key fields, or unknown, leaves it as it is."""
    note = _NOTES.get(entry.name)
    return record if note is None else note(record, entry)


def operator_of(channel: str) -> str | None:
    """The operator's number of `PJSIP/op101-0000000a`; None for any other channel."""
    match = _OPERATOR_LINE.fullmatch(channel)
    return None if match is None else match[1]


def _arrived(record: CallRecord, entry: Entry) -> CallRecord:
    caller = entry.fields.get("caller", "")
    call = replace(
        record.call,
        arrived_ms=_instant(entry, "arrived_ms"),
        dialled=entry.fields.text("dialled"),
        caller_raw=stored_text(caller),
        caller_name_raw=entry.fields.text("name"),
        caller_key=record.call.caller_key or ANONYMOUS,
        callback_of=entry.fields.name("callback_of") or record.call.callback_of,
    )
    rows = {key: replace(row, arrived_ms=call.arrived_ms) for key, row in record.identities.items()}
    return _known_by(replace(record, call=call, identities=rows), Identity(Source.NUMBER, caller_key(caller), caller))


def _identity(record: CallRecord, entry: Entry) -> CallRecord:
    source = _SOURCES.get(entry.fields.get("source", ""))
    if source is None:
        return record
    for one in told(source, entry.fields.get("value", "")):
        record = _known_by(record, one)
    for one in buried(source, entry.fields.get("end", "")):
        record = _tied(record, one)
    return record


_SOURCES = {source.value: source for source in Source if source is not Source.CALLBACK}


def _known_by(record: CallRecord, one: Identity) -> CallRecord:
    """The caller's key, if it is the surest that was told yet (ADR 27), or else what the call is tied to, too."""
    if one.source not in OF_THE_CALLER or one.key == ANONYMOUS or not surer(one.key, record.call.caller_key):
        return _tied(record, one)
    if is_name(one.key):  # a number may be told yet
        record = _tied(record, one)
    return replace(record, call=replace(record.call, caller_key=one.key))


def _tied(record: CallRecord, one: Identity) -> CallRecord:
    """The record with another number or name by which the call is found; never the hotline's own."""
    nothing = (ANONYMOUS, record.call.caller_key, caller_key(record.call.dialled or ""))
    if one.key in nothing or any(one.key == key for _, key in record.identities) or len(record.identities) >= MOST:
        return record
    raw = stored_text(one.raw, LONGEST_RAW) or ""
    row = IdentityRow(record.call.id, one.source.value, one.key, raw, record.call.arrived_ms)
    return replace(record, identities=_put(record.identities, (row.source, row.key), row))


def _language(record: CallRecord, entry: Entry) -> CallRecord:
    language = entry.fields.name("language")
    known_ms = record.call.language_ms
    if language is None or (known_ms is not None and known_ms > entry.at_ms):
        return record
    call = replace(record.call, language=language, language_by=entry.fields.name("by"), language_ms=entry.at_ms)
    return replace(record, call=call)


def _callback_asked(record: CallRecord, entry: Entry) -> CallRecord:
    asked_ms = _earliest(record.call.callback_asked_ms, entry.at_ms)
    number = record.call.callback_number or entry.fields.name("number")
    record = replace(record, call=replace(record.call, callback_asked_ms=asked_ms, callback_number=number))
    if number is None:
        return record
    return _tied(record, Identity(Source.CALLBACK, caller_key(f"+{number}"), f"+{number}"))


def _callback_tried(record: CallRecord, entry: Entry) -> CallRecord:
    status, of = entry.fields.name("status"), entry.fields.name("of")
    if record.call.callback_status == ANSWERED and status != ANSWERED:
        return record
    call = replace(record.call, callback_status=status, callback_of=record.call.callback_of or of)
    if status == ANSWERED:
        call = replace(call, callback_reached_ms=_earliest(call.callback_reached_ms, entry.at_ms))
    return replace(record, call=call)


def _callback_cancelled(record: CallRecord, entry: Entry) -> CallRecord:
    return replace(record, call=replace(record.call, callback_status=CANCELLED))


def _queued(record: CallRecord, entry: Entry) -> CallRecord:
    def queued(segment: SegmentRow) -> SegmentRow:
        return replace(
            segment,
            group_id=segment.group_id or entry.fields.name("group"),
            language=segment.language or entry.fields.name("language"),
            queued_via=segment.queued_via or entry.fields.name("via"),
            queued_ms=_earliest(segment.queued_ms, _instant(entry, "queued_ms")),
            rank_ms=segment.rank_ms if segment.rank_ms is not None else entry.fields.whole("rank_ms"),
        )

    return _on_segment(record, entry, queued)


def _offered(record: CallRecord, entry: Entry) -> CallRecord:
    return _on_offer(record, entry, lambda offer: replace(offer, offered_ms=_earliest(offer.offered_ms, entry.at_ms)))


def _offer_ended(record: CallRecord, entry: Entry) -> CallRecord:
    def ended(offer: OfferRow) -> OfferRow:
        if offer.status == ANSWERED:
            return offer
        return replace(offer, ended_ms=entry.at_ms, status=entry.fields.name("status") or "UNKNOWN")

    return _on_offer(record, entry, ended)


def _talking(record: CallRecord, entry: Entry) -> CallRecord:
    """Written on the operator's channel, so the line is known by its `uniqueid` even if its ANSWER is not.

    After a consultation it is written on the caller's, and names the operator's line.
    """
    uniqueid = entry.fields.get("line") or entry.uniqueid
    seq, offer = entry.fields.number("seq"), entry.fields.number("offer")
    operator = entry.fields.name("operator") or operator_of(entry.channel)
    if seq is None or offer is None or operator is None or not 0 < len(uniqueid) <= LONGEST_NAME:
        return record
    line = record.lines.get(uniqueid) or LineRow(record.call.id, uniqueid, operator)
    line = replace(line, talking_ms=_earliest(line.talking_ms, entry.at_ms), seq=seq, offer=offer)
    record = replace(record, lines=_put(record.lines, line.uniqueid, line))
    return _on_offer(record, entry, lambda row: row)


def _talk_ended(record: CallRecord, entry: Entry) -> CallRecord:
    def left(segment: SegmentRow) -> SegmentRow:
        return replace(segment, operator_left_ms=_earliest(segment.operator_left_ms, entry.at_ms))

    return _on_segment(record, entry, left)


def _transferred(record: CallRecord, entry: Entry) -> CallRecord:
    def moved(segment: SegmentRow) -> SegmentRow:
        return replace(
            segment,
            transferred_ms=_earliest(segment.transferred_ms, entry.at_ms),
            transfer_kind=segment.transfer_kind or entry.fields.name("kind"),
            transfer_to=segment.transfer_to or entry.fields.name("to"),
            wanted=segment.wanted or entry.fields.name("wanted"),
        )

    return _on_segment(record, entry, moved)


def _left(record: CallRecord, entry: Entry) -> CallRecord:
    """Out of a talk of three; the segment goes on with the other operator."""
    line = record.lines.get(entry.fields.get("line", ""))
    if line is None:
        return record
    line = replace(line, hung_up_ms=_earliest(line.hung_up_ms, entry.at_ms))
    return replace(record, lines=_put(record.lines, line.uniqueid, line))


def _gap(record: CallRecord, entry: Entry) -> CallRecord:
    seq, to_ms = entry.fields.number("seq"), entry.fields.whole("to_ms")
    if seq is None:
        return record
    from_ms = _instant(entry, "from_ms")
    gap = record.gaps.get((seq, from_ms)) or GapRow(record.call.id, seq, from_ms, None, "", "")
    gap = replace(
        gap,
        to_ms=gap.to_ms if to_ms is None else _earliest(gap.to_ms, max(to_ms, from_ms)),
        reason=gap.reason or entry.fields.name("reason") or GapReason.UNKNOWN.value,
        by=gap.by or entry.fields.name("by") or "",
        detail=gap.detail or entry.fields.name("detail") or "",
    )
    return replace(record, gaps=_put(record.gaps, (seq, from_ms), gap))


def _notice(record: CallRecord, entry: Entry) -> CallRecord:
    def told(segment: SegmentRow) -> SegmentRow:
        return replace(segment, notice_ms=_earliest(segment.notice_ms, entry.at_ms))

    return _on_segment(record, entry, told)


def rating_told(record: CallRecord, entry: Entry) -> RatingTold | None:
    """What a fact says of a rating, beside what is known of its call; None for any other fact."""
    if entry.name not in (Fact.RATING_OFFERED, Fact.RATED, Fact.UNRATED):
        return None
    seq, operator = entry.fields.number("seq"), entry.fields.name("operator")
    picked_up = (line for line in record.lines.values() if line.talking_ms is not None or line.answered_ms is not None)
    talked = frozenset(line.operator_id for line in picked_up)
    if entry.name != Fact.RATED:
        return RatingTold(seq, operator, talked)
    others = [
        row for row in record.ratings.values()
        if row.outcome == "given" and (row.seq, row.operator_id, row.rated_ms) != (seq, operator, entry.at_ms)
    ]  # fmt: skip
    return RatingTold(seq, operator, talked, entry.fields.get("score", ""), rated_before=bool(others))


def _rating_offered(record: CallRecord, entry: Entry) -> CallRecord:
    def asked(rating: RatingRow) -> RatingRow:
        return replace(rating, offered_ms=_earliest(rating.offered_ms, entry.at_ms))

    return _on_rating(record, entry, asked)


def with_score(record: CallRecord, entry: Entry, score: int) -> CallRecord:
    """The record after a score was taken; a line read twice changes nothing."""

    def given(rating: RatingRow) -> RatingRow:
        if rating.outcome == "given":
            return rating
        return replace(rating, rated_ms=entry.at_ms, outcome="given", score=score)

    return _on_rating(record, entry, given)


def _unrated(record: CallRecord, entry: Entry) -> CallRecord:
    reason = "wrong" if entry.fields.get("reason") == "wrong" else "silence"

    def not_given(rating: RatingRow) -> RatingRow:
        return rating if rating.outcome == "given" else replace(rating, outcome=reason)

    return _on_rating(record, entry, not_given)


_NOTES: dict[str, Callable[[CallRecord, Entry], CallRecord]] = {
    Fact.ARRIVED: _arrived,
    Fact.IDENTITY: _identity,
    Fact.LANGUAGE: _language,
    Fact.QUEUED: _queued,
    Fact.CALLBACK_ASKED: _callback_asked,
    Fact.CALLBACK_TRIED: _callback_tried,
    Fact.CALLBACK_CANCELLED: _callback_cancelled,
    Fact.OFFERED: _offered,
    Fact.OFFER_ENDED: _offer_ended,
    Fact.TALKING: _talking,
    Fact.TALK_ENDED: _talk_ended,
    Fact.TRANSFERRED: _transferred,
    Fact.LEFT: _left,
    Fact.GAP: _gap,
    Fact.NOTICE: _notice,
    Fact.RATING_OFFERED: _rating_offered,
    Fact.UNRATED: _unrated,
}


def _on_segment(record: CallRecord, entry: Entry, change: Callable[[SegmentRow], SegmentRow]) -> CallRecord:
    seq = entry.fields.number("seq")
    if seq is None:
        return record
    segment = record.segments.get(seq) or SegmentRow(record.call.id, seq)
    return replace(record, segments=_put(record.segments, seq, change(segment)))


def _on_offer(record: CallRecord, entry: Entry, change: Callable[[OfferRow], OfferRow]) -> CallRecord:
    seq, number = entry.fields.number("seq"), entry.fields.number("offer")
    if seq is None or number is None:
        return record
    offer = record.offers.get((seq, number)) or OfferRow(record.call.id, seq, number)
    offer = replace(
        offer,
        operator_id=offer.operator_id or entry.fields.name("operator"),
        via=offer.via or entry.fields.name("via"),
        file=offer.file or entry.fields.text("file", 200),
    )
    segments = (
        record.segments if seq in record.segments else _put(record.segments, seq, SegmentRow(record.call.id, seq))
    )
    return replace(record, offers=_put(record.offers, (seq, number), change(offer)), segments=segments)


def _on_rating(record: CallRecord, entry: Entry, change: Callable[[RatingRow], RatingRow]) -> CallRecord:
    seq, operator = entry.fields.number("seq"), entry.fields.name("operator")
    if seq is None or operator is None:
        return record
    rating = record.ratings.get((seq, operator)) or RatingRow(record.call.id, seq, operator)
    return replace(record, ratings=_put(record.ratings, (seq, operator), change(rating)))


def _with_bridge(record: CallRecord, bridge: BridgeRow) -> CallRecord:
    return replace(record, bridges=_put(record.bridges, bridge.entered_ms, bridge))


def _out_of_bridge(record: CallRecord, at_ms: int) -> CallRecord:
    """The latest stretch begun by then ends; a line read twice finds it ended."""
    begun = [entered for entered in record.bridges if entered <= at_ms]
    if not begun:
        return record
    bridge = record.bridges[max(begun)]
    if bridge.left_ms is not None:
        return record
    return _with_bridge(record, replace(bridge, left_ms=at_ms))


def _put(rows: Mapping[K, V], key: K, row: V) -> Mapping[K, V]:
    return {**rows, key: row}


def _earliest(known: int | None, told: int) -> int:
    return told if known is None else min(known, told)


def _instant(entry: Entry, name: str) -> int:
    told = entry.fields.whole(name)
    return entry.at_ms if told is None or told <= 0 else told
