"""What follows from a call's facts, one case each: who answered, how each part ended, the time connected."""

from __future__ import annotations

from dataclasses import replace

import pytest

from storage.journal.derive import settled
from storage.record import (
    BridgeRow,
    CallRecord,
    CallRow,
    GapRow,
    LineRow,
    OfferRow,
    RatingRow,
    SegmentRow,
)

CALL = "hl1-1764000000.1"


def call(
    *,
    ended_ms: int | None = None,
    segments: tuple[SegmentRow, ...] = (),
    offers: tuple[OfferRow, ...] = (),
    lines: tuple[LineRow, ...] = (),
    bridges: tuple[tuple[int, int | None], ...] = (),
    gaps: tuple[GapRow, ...] = (),
    ratings: tuple[RatingRow, ...] = (),
    row: CallRow | None = None,
) -> CallRecord:
    known = row or CallRow(CALL, "hl1", 0)
    return settled(
        CallRecord(
            replace(known, ended_ms=ended_ms),
            {one.seq: one for one in segments},
            {(one.seq, one.offer): one for one in offers},
            {one.uniqueid: one for one in lines},
            {entered: BridgeRow(CALL, entered, left) for entered, left in bridges},
            {(one.seq, one.operator_id): one for one in ratings},
            {(one.seq, one.from_ms): one for one in gaps},
        )
    )


def segment(seq: int = 1, *, queued_ms: int | None = 10, transferred_ms: int | None = None) -> SegmentRow:
    return SegmentRow(CALL, seq, "portal", "kk", queued_ms=queued_ms, transferred_ms=transferred_ms)


def offer(number: int, operator: str | None, at_ms: int | None, *, seq: int = 1, via: str = "router") -> OfferRow:
    return OfferRow(CALL, seq, number, operator, via, offered_ms=at_ms)


def line(
    operator: str,
    answered_ms: int | None,
    talking_ms: int | None = None,
    *,
    seq: int | None = None,
    of: int | None = None,
) -> LineRow:
    return LineRow(CALL, f"line-{operator}-{answered_ms}", operator, answered_ms, talking_ms, None, seq, of)


def test_who_picked_up_without_a_talk_took_the_last_offer_made_to_them_before() -> None:
    offers = (offer(1, "101", 100), offer(2, "102", 200), offer(3, "101", 300), offer(4, "101", 500))
    record = call(segments=(segment(),), offers=offers, lines=(line("101", 400),))
    assert [record.offers[1, number].status for number in (1, 2, 3, 4)] == [None, None, "ANSWER", None]
    assert (record.offers[1, 3].ended_ms, record.segments[1].offer, record.segments[1].operator_id) == (400, 3, "101")


@pytest.mark.parametrize(("offered_ms", "taken"), [(399, True), (400, True), (401, False), (None, False)])
def test_an_offer_made_after_the_answer_was_not_taken_by_it(offered_ms: int | None, taken: bool) -> None:
    record = call(segments=(segment(),), offers=(offer(1, "101", offered_ms),), lines=(line("101", 400),))
    assert (record.offers[1, 1].status == "ANSWER") == taken
    assert (record.segments[1].answered_ms, record.call.answered_ms) == ((400, 400) if taken else (None, None))


def test_an_offer_to_another_operator_is_not_taken_and_the_nets_is() -> None:
    record = call(segments=(segment(),), offers=(offer(1, "102", 100),), lines=(line("101", 400),))
    assert record.segments[1].operator_id is None
    record = call(segments=(segment(),), offers=(offer(1, None, 100, via="net"),), lines=(line("101", 400),))
    assert (record.segments[1].operator_id, record.segments[1].via, record.offers[1, 1].operator_id) == (
        "101",
        "net",
        "101",
    )


def test_a_line_that_neither_answered_nor_talked_took_nothing() -> None:
    record = call(ended_ms=900, segments=(segment(),), offers=(offer(1, "101", 100),), lines=(line("101", None),))
    assert (record.offers[1, 1].status, record.call.result) == ("CANCEL", "abandoned_waiting")


def test_a_talk_whose_answer_was_not_told_was_picked_up_when_it_began() -> None:
    record = call(segments=(segment(),), offers=(offer(1, "101", 100),), lines=(line("101", None, 450, seq=1, of=1),))
    assert (record.segments[1].answered_ms, record.segments[1].talking_ms) == (450, 450)


def test_the_operator_of_a_segment_is_the_last_who_talked_whoever_picked_up_later() -> None:
    offers = (offer(1, "101", 100), offer(2, "102", 300), offer(3, "103", 500))
    lines = (line("101", 200, 210, seq=1, of=1), line("102", 400, 410, seq=1, of=2), line("103", 600))
    record = call(segments=(segment(),), offers=offers, lines=lines)
    found = record.segments[1]
    assert (found.operator_id, found.offer, found.also, found.answered_ms) == ("102", 2, "101", 400)
    assert record.call.answered_ms == 200, "the caller's wait ended with the first"


def test_who_came_to_the_talk_as_a_third_is_its_operator_from_then_on() -> None:
    """The other had talked with the caller first, and came into the conference by a line that answered later."""
    offers = (offer(1, "101", 100), offer(2, "102", 300, via="three-way"))
    lines = (line("102", 400, 410, seq=1, of=2), line("101", 600, 610, seq=1, of=2))
    record = call(ended_ms=900, segments=(segment(),), offers=offers, lines=lines)
    assert (record.segments[1].operator_id, record.segments[1].also, record.segments[1].via) == (
        "102",
        "101",
        "three-way",
    )
    plain = call(ended_ms=900, segments=(segment(),), offers=(offers[0], replace(offers[1], via="router")), lines=lines)
    assert plain.segments[1].operator_id == "101"


def test_a_line_in_a_talk_of_three_ends_with_the_talk() -> None:
    """Asterisk never counts it to the caller's call."""
    offers = (offer(1, "101", 100), offer(2, "102", 300, via="three-way"))
    lines = (line("101", 200, 210, seq=1, of=1), line("102", 400, 410, seq=1, of=2))
    record = call(ended_ms=900, segments=(segment(),), offers=offers, lines=lines)
    assert {one.operator_id: one.hung_up_ms for one in record.lines.values()} == {"101": None, "102": 900}
    left = call(ended_ms=900, segments=(segment(),), offers=offers, lines=(lines[0], replace(lines[1], hung_up_ms=700)))
    assert {one.operator_id: one.hung_up_ms for one in left.lines.values()} == {"101": None, "102": 700}
    unknown = call(ended_ms=900, segments=(segment(),), offers=offers[:1], lines=lines)
    assert {one.operator_id: one.hung_up_ms for one in unknown.lines.values()} == {"101": None, "102": None}


TALK = {"segments": (segment(),), "offers": (offer(1, "101", 100),), "lines": (line("101", 200, 210, seq=1, of=1),)}


@pytest.mark.parametrize(
    ("bridges", "ended_ms", "connected_ms"),
    [
        (((220, 320), (400, 450)), 900, 150),
        (((150, 320),), 900, 120),  # connected to somebody else before the answer
        (((220, None),), 900, 680),  # Asterisk died: until the end of the call
        (((220, None),), None, 0),  # still: not known yet
        (((50, 100),), 900, 0),
        ((), 900, 0),
    ],
)
def test_the_time_connected_is_counted_from_the_answer(
    bridges: tuple[tuple[int, int | None], ...], ended_ms: int | None, connected_ms: int
) -> None:
    assert call(ended_ms=ended_ms, bridges=bridges, **TALK).segments[1].bridged_ms == connected_ms


def test_the_time_connected_ends_where_the_next_wait_begins() -> None:
    second = segment(2, queued_ms=500)
    bridges = ((220, 700), (800, 850))
    record = call(ended_ms=900, bridges=bridges, **(TALK | {"segments": (segment(), second)}))
    assert (record.segments[1].bridged_ms, record.segments[2].bridged_ms) == (280, None)
    untold = call(ended_ms=900, bridges=bridges, **(TALK | {"segments": (segment(), replace(second, queued_ms=None))}))
    assert untold.segments[1].bridged_ms == 480 + 50


def test_a_segment_ends_by_what_came_first_in_this_order() -> None:
    told = segment(transferred_ms=300)
    later = segment(2, queued_ms=320)
    assert _end(call(ended_ms=900, segments=(told, later))) == (300, "transfer")
    assert _end(call(ended_ms=900, segments=(replace(told, transferred_ms=None, operator_left_ms=310), later))) == (
        310,
        "operator",
    )
    assert _end(call(ended_ms=900, segments=(segment(), later))) == (320, "transfer")
    assert _end(call(ended_ms=900, segments=(segment(), replace(later, queued_ms=None)))) == (900, "caller")
    assert _end(call(ended_ms=900, segments=(segment(),))) == (900, "caller")
    assert _end(call(segments=(segment(),))) == (None, None)


def _end(record: CallRecord) -> tuple[int | None, str | None]:
    return record.segments[1].ended_ms, record.segments[1].ended_by


@pytest.mark.parametrize(
    ("record", "result"),
    [
        (call(), "in_progress"),
        (call(ended_ms=900), "abandoned_menu"),
        (call(ended_ms=900, segments=(segment(),)), "abandoned_waiting"),
        (call(ended_ms=900, row=CallRow(CALL, "hl1", 0, callback_asked_ms=50)), "callback"),
        (call(ended_ms=900, **TALK), "answered"),
        (call(**TALK), "in_progress"),
        (call(ended_ms=900, row=CallRow(CALL, "hl1", 0, callback_asked_ms=50), **TALK), "answered"),
    ],
)
def test_how_a_call_went(record: CallRecord, result: str) -> None:
    assert record.call.result == result


def test_a_calls_first_group_queue_and_language_are_those_of_its_first_segment() -> None:
    first = segment(1, queued_ms=None)
    second = replace(segment(2, queued_ms=300), group_id="ict", language="en")
    third = replace(segment(3, queued_ms=200), group_id="ict", language="en")
    record = call(segments=(second, third, first))
    assert (record.call.group_first, record.call.queued_ms, record.call.language) == ("portal", 200, "kk")
    assert list(record.segments) == [1, 2, 3]
    chosen = call(segments=(first,), row=CallRow(CALL, "hl1", 0, language="ru"))
    assert chosen.call.language == "ru"
    nothing = call()
    assert (nothing.call.group_first, nothing.call.queued_ms, nothing.call.language) == (None, None, None)


@pytest.mark.parametrize(
    ("from_ms", "to_ms", "ends_ms"),
    [(300, None, 900), (300, 500, 500), (300, 950, 900), (950, None, 950), (300, 900, 900)],
)
def test_no_gap_outlasts_its_talk(from_ms: int, to_ms: int | None, ends_ms: int) -> None:
    record = call(ended_ms=900, segments=(segment(),), gaps=(GapRow(CALL, 1, from_ms, to_ms),))
    assert record.gaps[1, from_ms].to_ms == ends_ms


def test_a_gap_of_a_talk_that_goes_on_or_is_unknown_stays_as_it_was_told() -> None:
    assert call(segments=(segment(),), gaps=(GapRow(CALL, 1, 300),)).gaps[1, 300].to_ms is None
    assert call(ended_ms=900, gaps=(GapRow(CALL, 1, 300),)).gaps[1, 300].to_ms is None


def test_who_hung_up_instead_of_rating_is_told_once_the_call_has_ended() -> None:
    asked, given = RatingRow(CALL, 1, "101", 800), RatingRow(CALL, 1, "102", 800, 850, "given", 4)
    assert call(ratings=(asked,)).ratings[1, "101"].outcome is None
    ended = call(ended_ms=900, ratings=(asked, given))
    assert (ended.ratings[1, "101"].outcome, ended.ratings[1, "102"]) == ("hung_up", given)


def test_offers_that_were_told_to_have_ended_stay_so() -> None:
    told = replace(offer(1, "101", 100), status="NOANSWER", ended_ms=300)
    record = call(ended_ms=900, segments=(segment(),), offers=(told, offer(2, "102", 400)))
    assert (record.offers[1, 1], record.offers[1, 2].status, record.offers[1, 2].ended_ms) == (told, "CANCEL", 900)
    open_still = call(segments=(segment(),), offers=(told, offer(2, "102", 400)))
    assert open_still.offers[1, 2].status is None
