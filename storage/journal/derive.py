"""What follows from a call's facts: who answered, how each segment and the call ended, time connected.

Always worked out from the facts as they now stand, so that it does not matter in which portions they came.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from storage.record import (
    ANSWERED,
    CANCELLED,
    BridgeRow,
    CallRecord,
    CallRow,
    GapRow,
    LineRow,
    OfferRow,
    RatingRow,
    SegmentRow,
)


def settled(record: CallRecord) -> CallRecord:
    """The record with all that follows from its facts filled in."""
    taken = _taken(record)
    offers = _offers(record, taken)
    segments: dict[int, SegmentRow] = {}
    following: SegmentRow | None = None
    for seq in sorted(record.segments, reverse=True):
        here = [(line, key) for line, key in taken if key[0] == seq]
        segment = _answered(record.segments[seq], here, offers)
        segment = _bridged(segment, following, record.bridges.values(), record.call.ended_ms)
        following = segments[seq] = _ended(segment, following, record.call.ended_ms)
    segments = dict(sorted(segments.items()))
    return replace(
        record,
        offers=offers,
        lines={key: _line(line, offers, segments) for key, line in record.lines.items()},
        segments=segments,
        call=_call(record.call, list(segments.values()), taken),
        ratings={key: _rating(row, record.call.ended_ms) for key, row in record.ratings.items()},
        gaps={key: _gap(row, segments.get(row.seq)) for key, row in record.gaps.items()},
    )


def _taken(record: CallRecord) -> list[tuple[LineRow, tuple[int, int]]]:
    """Operators' lines that were picked up, each with the (seq, offer) it took, in the order of the answers.

    A line that came as far as the talk says which offer it was. One that did not (the caller hung up during the
    operator's announcement) took the last offer made to that operator, or to the safety net, before it was picked up.
    """
    taken: list[tuple[LineRow, tuple[int, int]]] = []
    for line in record.lines.values():
        if line.seq is not None and line.offer is not None:
            taken.append((line, (line.seq, line.offer)))
        elif line.answered_ms is not None:
            made = [
                (offer.offered_ms, key)
                for key, offer in record.offers.items()
                if offer.offered_ms is not None
                and offer.offered_ms <= line.answered_ms
                and offer.operator_id in (None, line.operator_id)
            ]
            if made:
                taken.append((line, max(made)[1]))
    return sorted(taken, key=lambda pair: (_picked_up_ms(pair[0]), pair[0].uniqueid))


def _picked_up_ms(line: LineRow) -> int:
    return line.answered_ms if line.answered_ms is not None else line.talking_ms or 0


def _offers(record: CallRecord, taken: list[tuple[LineRow, tuple[int, int]]]) -> Mapping[tuple[int, int], OfferRow]:
    offers = dict(record.offers)
    for line, key in taken:
        row = offers.get(key)
        if row is not None:
            operator = row.operator_id or line.operator_id
            offers[key] = replace(row, status=ANSWERED, ended_ms=_picked_up_ms(line), operator_id=operator)
    if record.call.ended_ms is not None:
        for key, row in offers.items():
            if row.status is None:  # the caller left while it rang: nobody was there to write how it ended
                offers[key] = replace(row, status=CANCELLED, ended_ms=record.call.ended_ms)
    return offers


def _answered(
    segment: SegmentRow, taken: list[tuple[LineRow, tuple[int, int]]], offers: Mapping[tuple[int, int], OfferRow]
) -> SegmentRow:
    """The operator of a segment is the last who talked in it; failing any, the last who picked up."""
    if not taken:
        return segment
    line, key = max(taken, key=lambda pair: _rank(pair[0], offers.get(pair[1])))
    offer = offers.get(key)
    others = sorted({one.operator_id for one, _ in taken if one.talking_ms is not None} - {line.operator_id})
    return replace(
        segment,
        offer=key[1],
        operator_id=line.operator_id,
        via=None if offer is None else offer.via,
        answered_ms=_picked_up_ms(line),
        talking_ms=line.talking_ms,
        also=",".join(others) or None,
    )


def _rank(line: LineRow, offer: OfferRow | None) -> tuple[bool, bool, int]:
    offered = offer is not None and offer.via == "three-way" and offer.operator_id == line.operator_id
    return line.talking_ms is not None, offered, _picked_up_ms(line)


def _bridged(
    segment: SegmentRow, following: SegmentRow | None, bridges: Iterable[BridgeRow], call_ended_ms: int | None
) -> SegmentRow:
    if segment.answered_ms is None:
        return segment
    until_ms = None if following is None else following.queued_ms
    total_ms = 0
    for bridge in bridges:
        left_ms = bridge.left_ms if bridge.left_ms is not None else call_ended_ms
        if left_ms is not None:
            end_ms = left_ms if until_ms is None else min(left_ms, until_ms)
            total_ms += max(0, end_ms - max(bridge.entered_ms, segment.answered_ms))
    return replace(segment, bridged_ms=total_ms)


def _ended(segment: SegmentRow, following: SegmentRow | None, call_ended_ms: int | None) -> SegmentRow:
    if segment.transferred_ms is not None:
        return replace(segment, ended_ms=segment.transferred_ms, ended_by="transfer")
    if segment.operator_left_ms is not None:
        return replace(segment, ended_ms=segment.operator_left_ms, ended_by="operator")
    if following is not None and following.queued_ms is not None:
        return replace(segment, ended_ms=following.queued_ms, ended_by="transfer")
    if call_ended_ms is not None:
        return replace(segment, ended_ms=call_ended_ms, ended_by="caller")
    return segment


def _line(line: LineRow, offers: Mapping[tuple[int, int], OfferRow], segments: Mapping[int, SegmentRow]) -> LineRow:
    """The end of a line that was in a talk of three: Asterisk never counts such a line to the caller's call."""
    if line.hung_up_ms is not None or line.seq is None or line.offer is None:
        return line
    offer = offers.get((line.seq, line.offer))
    if offer is None or offer.via != "three-way":
        return line
    return replace(line, hung_up_ms=segments[line.seq].ended_ms)


def _call(call: CallRow, segments: list[SegmentRow], taken: list[tuple[LineRow, tuple[int, int]]]) -> CallRow:
    answered_ms = min((_picked_up_ms(line) for line, _ in taken), default=None)
    queued_ms = min((row.queued_ms for row in segments if row.queued_ms is not None), default=None)
    result = "in_progress"
    if call.ended_ms is not None:
        waiting = "abandoned_waiting" if segments else "abandoned_menu"
        if call.callback_asked_ms is not None:
            waiting = "callback"
        result = waiting if answered_ms is None else "answered"
    first = segments[0] if segments else None
    language = call.language or (None if first is None else first.language)
    return replace(
        call,
        language=language,
        group_first=None if first is None else first.group_id,
        queued_ms=queued_ms,
        answered_ms=answered_ms,
        result=result,
    )


def _gap(gap: GapRow, segment: SegmentRow | None) -> GapRow:
    """No gap outlasts its talk."""
    ended_ms = None if segment is None else segment.ended_ms
    if ended_ms is None or (gap.to_ms is not None and gap.to_ms <= ended_ms):
        return gap
    return replace(gap, to_ms=max(gap.from_ms, ended_ms))


def _rating(rating: RatingRow, call_ended_ms: int | None) -> RatingRow:
    if rating.outcome is None and call_ended_ms is not None:
        return replace(rating, outcome="hung_up")
    return rating
