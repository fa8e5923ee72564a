"""What each line of the journal adds to a call's record, line by line: the earliest instant and the first word."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from calls.audit import Note
from calls.callback import CANCELLED
from calls.journal import Entry, Fact
from calls.journal_fields import LARGEST_SEQ, LONGEST_NAME, Fields, stored_text
from calls.journal_lines import decoded
from calls.ratings import RatingTold
from rating.taking import take_rating
from storage.journal.facts import (
    operator_of,
    rating_told,
    with_event,
    with_fact,
    with_score,
)
from storage.journal.fold import call_ids, fold
from storage.record import CallRecord, CallRow, OfferRow, RatingRow, SegmentRow

CALL = "hl1-1764000000.1"
LINE = "hl1-1764000000.19"
EMPTY = CallRecord(CallRow(CALL, "hl1", 0))


def event(kind: str, at_ms: int, uniqueid: str = CALL, channel: str = "PJSIP/carrier-00000001") -> Entry:
    return Entry(kind, at_ms, channel, uniqueid, CALL, "")


def after(record: CallRecord, *events: Entry) -> CallRecord:
    for one in events:
        record = with_event(record, one)
    return record


def told(
    record: CallRecord, fact: str, at_ms: int, /, *, channel: str = "", uniqueid: str = CALL, **values: Any
) -> CallRecord:
    fields = Fields({key: str(value) for key, value in values.items()})
    return with_fact(record, Entry("USER_DEFINED", at_ms, channel, uniqueid, CALL, fact, fields))


def test_a_call_ends_once_at_the_earliest_instant_told() -> None:
    record = after(EMPTY, event("HANGUP", 900))
    assert after(record, event("HANGUP", 900)) is record and after(record, event("HANGUP", 950)) is record
    assert after(record, event("HANGUP", 899)).call.ended_ms == 899
    lost = event("HANGUP", 800, channel="")
    assert (after(record, lost).call.ended_ms, after(record, lost).call.lost, record.call.lost) == (800, 1, 0)


def test_each_stretch_in_a_bridge_ends_once() -> None:
    record = after(EMPTY, event("BRIDGE_ENTER", 100), event("BRIDGE_EXIT", 150), event("BRIDGE_ENTER", 200))
    assert [(one.entered_ms, one.left_ms) for one in record.bridges.values()] == [(100, 150), (200, None)]
    record = after(record, event("BRIDGE_EXIT", 260), event("BRIDGE_EXIT", 270), event("BRIDGE_ENTER", 100))
    assert [(one.entered_ms, one.left_ms) for one in record.bridges.values()] == [(100, 150), (200, 260)]
    assert after(EMPTY, event("BRIDGE_EXIT", 50)) is EMPTY
    early = after(EMPTY, event("BRIDGE_ENTER", 100))
    assert after(early, event("BRIDGE_EXIT", 99)) is early
    assert after(early, event("BRIDGE_EXIT", 100)).bridges[100].left_ms == 100
    twice = after(EMPTY, event("BRIDGE_ENTER", 200), event("BRIDGE_ENTER", 100), event("BRIDGE_EXIT", 150))
    assert {one.entered_ms: one.left_ms for one in twice.bridges.values()} == {200: None, 100: 150}


def test_an_operators_line_is_known_by_its_channel_and_no_other_is_one() -> None:
    phone = "PJSIP/op103-0000000a"
    record = after(
        EMPTY, event("ANSWER", 300, LINE, phone), event("ANSWER", 290, LINE, phone), event("HANGUP", 500, LINE, phone)
    )
    record = after(
        record, event("HANGUP", 490, LINE, phone), event("ANSWER", 310, LINE, phone), event("HANGUP", 510, LINE, phone)
    )
    (line,) = record.lines.values()
    assert (line.operator_id, line.answered_ms, line.hung_up_ms) == ("103", 290, 490)
    assert record.call.ended_ms is None
    for other in ("PJSIP/carrier-0000000b", "Local/103@x-1", "PJSIP/op103", ""):
        assert after(EMPTY, event("ANSWER", 1, LINE, other)) is EMPTY
    assert after(EMPTY, event("BRIDGE_ENTER", 1, LINE, phone)) is EMPTY
    assert operator_of("PJSIP/op103-0000000a;2<ZOMBIE>") == "103"
    assert operator_of("PJSIP/op12345678901234567-0a") is None


@pytest.mark.parametrize(
    ("seq", "kept"), [(LARGEST_SEQ, True), (LARGEST_SEQ + 1, False), (0, True), (-1, False), ("x", False)]
)
def test_a_number_that_is_none_of_ours_is_passed_over(seq: int | str, kept: bool) -> None:
    assert LARGEST_SEQ == 100_000
    record = told(EMPTY, Fact.QUEUED, 10, seq=seq, group="ict")
    assert (record is not EMPTY) == kept
    assert (told(EMPTY, Fact.OFFERED, 10, seq=1, offer=seq) is not EMPTY) == kept


def test_the_first_word_of_a_wait_stays_and_instants_are_the_earliest() -> None:
    record = told(EMPTY, Fact.QUEUED, 50, seq=1, group="ict", language="kk", via="menu", rank_ms=0)
    record = told(record, Fact.QUEUED, 60, seq=1, group="portal", language="ru", via="net", rank_ms=9, queued_ms=40)
    record = told(record, Fact.QUEUED, 70, seq=1, queued_ms=-5)
    assert record.segments[1] == SegmentRow(CALL, 1, "ict", "kk", "menu", queued_ms=40, rank_ms=0)


def test_an_offer_is_made_once_and_ends_as_it_was_told_last_unless_it_was_answered() -> None:
    record = told(EMPTY, Fact.OFFERED, 100, seq=1, offer=2, operator="101", via="router", file="f")
    record = told(record, Fact.OFFERED, 90, seq=1, offer=2, operator="102", via="net", file="g")
    record = told(record, Fact.OFFER_ENDED, 130, seq=1, offer=2)
    assert record.offers[1, 2] == OfferRow(CALL, 1, 2, "101", "router", "f", 90, 130, "UNKNOWN")
    record = told(record, Fact.OFFER_ENDED, 140, seq=1, offer=2, status="ANSWER")
    record = told(record, Fact.OFFER_ENDED, 150, seq=1, offer=2, status="BUSY")
    assert (record.offers[1, 2].status, record.offers[1, 2].ended_ms) == ("ANSWER", 140)
    assert record.segments == {1: SegmentRow(CALL, 1)}
    queued = told(told(EMPTY, Fact.QUEUED, 5, seq=1, group="ict"), Fact.OFFERED, 9, seq=1, offer=1)
    assert queued.segments[1].group_id == "ict"


def test_a_talk_is_known_by_its_line_and_begins_once() -> None:
    record = told(EMPTY, Fact.TALKING, 300, uniqueid=LINE, channel="PJSIP/op103-0000000a", seq=1, offer=2)
    record = told(record, Fact.TALKING, 290, uniqueid=LINE, seq=1, offer=2, operator="104")
    (line,) = record.lines.values()
    assert (line.uniqueid, line.operator_id, line.talking_ms, line.seq, line.offer) == (LINE, "103", 290, 1, 2)
    assert set(record.offers) == {(1, 2)}
    consulted = told(EMPTY, Fact.TALKING, 300, seq=1, offer=2, operator="104", line="hl1-5.5")
    assert [(one.uniqueid, one.operator_id) for one in consulted.lines.values()] == [("hl1-5.5", "104")]


@pytest.mark.parametrize(
    "values",
    [
        {"offer": 2, "operator": "104"},
        {"seq": 1, "operator": "104"},
        {"seq": 1, "offer": 2},
        {"seq": 1, "offer": 2, "operator": "104", "line": "x" * (LONGEST_NAME + 1)},
    ],
)
def test_a_talk_that_does_not_say_whose_it_is_is_none(values: Mapping[str, Any]) -> None:
    assert told(EMPTY, Fact.TALKING, 300, **values) is EMPTY
    assert told(EMPTY, Fact.TALKING, 300, uniqueid="", seq=1, offer=2, operator="104") is EMPTY
    assert told(EMPTY, Fact.TALKING, 300, seq=1, offer=2, operator="104", line="x" * LONGEST_NAME) is not EMPTY
    assert LONGEST_NAME == 64


def test_a_transfer_and_its_notice_are_told_once() -> None:
    record = told(EMPTY, Fact.TRANSFERRED, 400, seq=1, kind="blind", to="ict", wanted="104")
    record = told(record, Fact.TRANSFERRED, 390, seq=1, kind="attended", to="portal", wanted="105")
    record = told(record, Fact.TALK_ENDED, 410, seq=1)
    record = told(record, Fact.TALK_ENDED, 405, seq=1)
    record = told(record, Fact.NOTICE, 430, seq=2)
    record = told(record, Fact.NOTICE, 420, seq=2)
    first, second = record.segments[1], record.segments[2]
    assert (first.transferred_ms, first.transfer_kind, first.transfer_to, first.wanted) == (390, "blind", "ict", "104")
    assert (first.operator_left_ms, second.notice_ms) == (405, 420)


def test_who_left_a_talk_of_three_is_known_by_the_line() -> None:
    record = told(EMPTY, Fact.TALKING, 300, uniqueid=LINE, seq=1, offer=2, operator="103")
    assert told(record, Fact.LEFT, 500, line="hl1-9.9") is record
    record = told(record, Fact.LEFT, 500, line=LINE)
    record = told(record, Fact.LEFT, 480, line=LINE)
    assert record.lines[LINE].hung_up_ms == 480


def test_a_gap_has_one_beginning_and_its_earliest_end_and_its_first_words() -> None:
    record = told(EMPTY, Fact.GAP, 300, seq=1, from_ms=250)
    assert record.gaps[1, 250].reason == "unknown", "none was told yet"
    record = told(EMPTY, Fact.GAP, 300, seq=1, from_ms=250, reason="paused", by="101", detail="card")
    record = told(record, Fact.GAP, 320, seq=1, from_ms=250, reason="disk-full", by="102", detail="x", to_ms=400)
    record = told(record, Fact.GAP, 330, seq=1, from_ms=250, to_ms=380)
    record = told(record, Fact.GAP, 330, seq=1, from_ms=250, to_ms=390)
    record = told(record, Fact.GAP, 330, seq=1, from_ms=250)
    gap = record.gaps[1, 250]
    assert (gap.to_ms, gap.reason, gap.by, gap.detail) == (380, "paused", "101", "card")
    backwards = told(EMPTY, Fact.GAP, 300, seq=1, from_ms=250, to_ms=200).gaps[1, 250]
    assert (backwards.to_ms, backwards.by, backwards.detail) == (250, "", "")
    assert told(EMPTY, Fact.GAP, 300, from_ms=250) is EMPTY
    assert told(EMPTY, Fact.GAP, 300, seq=1).gaps[1, 300].from_ms == 300


def test_the_first_score_of_a_talk_stays() -> None:
    record = told(EMPTY, Fact.RATING_OFFERED, 500, seq=1, operator="101")
    record = told(record, Fact.RATING_OFFERED, 490, seq=1, operator="101")
    for reason, outcome in (("wrong", "wrong"), ("x", "silence"), ("silence", "silence")):
        record = told(record, Fact.UNRATED, 510, seq=1, operator="101", reason=reason)
        assert (record.ratings[1, "101"].offered_ms, record.ratings[1, "101"].outcome) == (490, outcome)
    for at_ms, score in ((520, 4), (530, 2)):
        fields = Fields({"seq": "1", "operator": "101"})
        record = with_score(record, Entry("USER_DEFINED", at_ms, "", CALL, CALL, Fact.RATED, fields), score)
    record = told(record, Fact.UNRATED, 540, seq=1, operator="101", reason="silence")
    assert record.ratings[1, "101"] == RatingRow(CALL, 1, "101", 490, 520, "given", 4)


def test_what_is_told_of_a_rating_stands_beside_who_talked_and_what_was_given() -> None:
    record = told(EMPTY, Fact.TALKING, 300, uniqueid=LINE, seq=1, offer=2, operator="103")
    record = after(record, event("ANSWER", 100, "hl1-5.5", "PJSIP/op104-0000000a"))
    record = after(record, event("HANGUP", 100, "hl1-6.6", "PJSIP/op105-0000000a"))  # never picked up

    def of(fact: str, at_ms: int = 900, **values: str) -> RatingTold | None:
        return rating_told(record, Entry("USER_DEFINED", at_ms, "", CALL, CALL, fact, Fields(values)))

    talked = frozenset({"103", "104"})
    assert of(Fact.RATING_OFFERED, seq="1", operator="103") == RatingTold(1, "103", talked)
    assert of(Fact.UNRATED, score="5") == RatingTold(None, None, talked)
    assert of(Fact.RATED, seq="1", operator="103", score="5") == RatingTold(1, "103", talked, "5")
    assert of(Fact.RATED, seq="1", operator="103") == RatingTold(1, "103", talked, "")
    assert of(Fact.QUEUED, seq="1") is None
    asked = {(1, "103"): RatingRow(CALL, 1, "103", 800)}
    record = replace(record, ratings=asked)
    assert of(Fact.RATED, seq="1", operator="103", score="5") == RatingTold(1, "103", talked, "5")
    record = replace(record, ratings={(1, "103"): RatingRow(CALL, 1, "103", 800, 900, "given", 5)})
    for at_ms, seq, operator, before in ((900, "1", "103", False), (901, "1", "103", True), (900, "2", "103", True)):
        again = of(Fact.RATED, at_ms, seq=seq, operator=operator, score="5")
        assert again == RatingTold(int(seq), operator, talked, "5", rated_before=before)


def test_a_language_is_the_latest_chosen() -> None:
    record = told(EMPTY, Fact.LANGUAGE, 100, language="kk", by="key")
    assert told(record, Fact.LANGUAGE, 99, language="ru", by="key") is record
    for at_ms in (100, 101):
        later = told(record, Fact.LANGUAGE, at_ms, language="ru", by="known").call
        assert (later.language, later.language_by, later.language_ms) == ("ru", "known", at_ms)
    assert told(record, Fact.LANGUAGE, 200, language="") is record


def test_a_callback_is_asked_for_once_and_the_first_number_stays() -> None:
    record = told(EMPTY, Fact.CALLBACK_ASKED, 200, number="77011234567")
    record = told(record, Fact.CALLBACK_ASKED, 190, number="77019999999")
    assert (record.call.callback_asked_ms, record.call.callback_number) == (190, "77011234567")
    assert [(row.source, row.key) for row in record.identities.values()] == [("callback", "+77011234567")]
    nameless = told(EMPTY, Fact.CALLBACK_ASKED, 200)
    assert (nameless.call.callback_asked_ms, nameless.identities) == (200, {})


def test_a_callback_that_was_answered_stays_so() -> None:
    record = told(EMPTY, Fact.CALLBACK_TRIED, 200, status="BUSY", of="hl1-7.7")
    assert (record.call.callback_status, record.call.callback_reached_ms) == ("BUSY", None)
    record = told(record, Fact.CALLBACK_TRIED, 300, status="ANSWER", of="hl1-8.8")
    record = told(record, Fact.CALLBACK_TRIED, 290, status="ANSWER")
    assert told(record, Fact.CALLBACK_TRIED, 310, status="CANCEL") is record
    call = record.call
    assert (call.callback_status, call.callback_of, call.callback_reached_ms) == ("ANSWER", "hl1-7.7", 290)
    assert told(EMPTY, Fact.CALLBACK_CANCELLED, 9).call.callback_status == CANCELLED == "CANCELLED"


def test_an_arrival_is_told_with_all_it_brings() -> None:
    record = told(
        EMPTY, Fact.ARRIVED, 77, dialled="1414", caller="87011234567", name="Ай\x1bгүл", callback_of="hl1-7.7"
    )
    call = record.call
    assert (call.arrived_ms, call.dialled, call.caller_raw, call.caller_name_raw) == (
        77,
        "1414",
        "87011234567",
        "Ай\\x1bгүл",
    )
    assert (call.caller_key, call.callback_of) == ("+77011234567", "hl1-7.7")
    again = told(record, Fact.ARRIVED, 80, arrived_ms=70, caller="anonymous").call
    assert (again.arrived_ms, again.caller_key, again.callback_of) == (70, "+77011234567", "hl1-7.7")
    assert told(EMPTY, Fact.ARRIVED, 77, arrived_ms=0).call.arrived_ms == 77
    assert told(EMPTY, Fact.ARRIVED, 77).call.caller_key == "anonymous"


def test_identities_are_kept_with_the_calls_arrival_and_no_more_than_twelve() -> None:
    record = told(EMPTY, Fact.IDENTITY, 10, source="diversion", value="<sip:+77172500000@kt.kz>")
    record = told(record, Fact.ARRIVED, 50, dialled="1414", caller="87011234567")
    assert {row.arrived_ms for row in record.identities.values()} == {50}
    assert told(record, Fact.IDENTITY, 60, source="diversion", value="<sip:+77172500000@kt.kz>") == record
    assert told(record, Fact.IDENTITY, 60, source="diversion", value="<sip:1414@kt.kz>") == record, "the hotline's own"
    assert told(record, Fact.IDENTITY, 60, source="diversion", value="<sip:87011234567@kt.kz>") == record
    assert told(record, Fact.IDENTITY, 60, source="rumour", value="<sip:+77172500001@kt.kz>") is record
    for number in range(20):
        record = told(record, Fact.IDENTITY, 60, source="diversion", value=f"<sip:+771725000{number:02}@kt.kz>")
    assert len(record.identities) == 12


@pytest.mark.parametrize(
    ("value", "limit", "kept"),
    [
        ("", 9, None),
        (None, 9, None),
        ("abc", 2, "ab"),
        ("a\nb", 9, "a\\nb"),
        ("Ә\u202e", 9, "Ә\\u202e"),
        ("a\nb", 2, "a\\"),
    ],
)
def test_text_is_kept_printable_and_no_longer_than_its_column(value: str | None, limit: int, kept: str | None) -> None:
    assert stored_text(value, limit) == kept


def test_a_long_name_is_cut_to_what_the_column_holds() -> None:
    assert told(EMPTY, Fact.QUEUED, 5, seq=1, group="g" * 70).segments[1].group_id == "g" * 64
    assert told(EMPTY, Fact.OFFERED, 5, seq=1, offer=1, file="f" * 300).offers[1, 1].file == "f" * 200
    folded = fold(
        [Entry("USER_DEFINED", 5, "", CALL, CALL, "alarm", decoded(f"kind={'k' * 70}&detail={'d' * 600}"))],
        {},
        take_rating,
    )
    assert folded.alarms == [{"at_ms": 5, "kind": "k" * 64, "detail": "d" * 500}]
    bare = fold([Entry("USER_DEFINED", 5, "", CALL, CALL, "alarm")], {}, take_rating)
    assert bare.alarms == [{"at_ms": 5, "kind": "unknown", "detail": ""}]


def test_a_call_whose_network_withholds_the_number_keeps_the_name_that_the_phone_told() -> None:
    record = told(EMPTY, Fact.IDENTITY, 10, source="from", value="<sip:aigul@ministry.example>")
    assert record.call.caller_key == "sip:aigul"
    record = told(record, Fact.ARRIVED, 50, dialled="1414", caller="anonymous")
    assert (record.call.caller_key, record.call.caller_raw) == ("sip:aigul", "anonymous")
    numbered = told(record, Fact.ARRIVED, 50, dialled="1414", caller="87011234567")
    assert numbered.call.caller_key == "+77011234567"


def test_a_question_that_names_no_talk_or_no_operator_is_none() -> None:
    for fact in (Fact.RATING_OFFERED, Fact.UNRATED):
        assert told(EMPTY, fact, 5, operator="101") is EMPTY
        assert told(EMPTY, fact, 5, seq=1) is EMPTY


@pytest.mark.parametrize(("length", "kept"), [(1, True), (64, True), (65, False), (0, False)])
def test_a_call_is_one_of_asterisks_ids_and_not_what_damage_left(length: int, kept: bool) -> None:
    entry = Entry("USER_DEFINED", 5, "", "x" * length, "x" * length, Fact.QUEUED, decoded("seq=1&group=ict"))
    assert set(fold([entry], {}, take_rating).records) == ({"x" * length} if kept else set())
    assert call_ids([entry]) == ({"x" * length} if kept else set())


@pytest.mark.parametrize("fact", [Fact.STEP, Fact.LANGUAGE])
def test_what_the_menu_says_makes_nobody_a_caller(fact: Fact) -> None:
    entry = Entry("USER_DEFINED", 5, "", CALL, CALL, fact, decoded("step=language&language=kk&by=key"))
    folded = fold([entry], {}, take_rating)
    assert (folded.records, folded.steps) == ({}, [])
    known = fold([entry], {CALL: EMPTY}, take_rating)
    assert len(known.steps) == (1 if fact is Fact.STEP else 0) and set(known.records) == {CALL}


def test_what_a_supervisor_changed_is_noted_as_long_as_the_log_keeps_it() -> None:
    extra = f"kind={'k' * 70}&subject=101&by=cli%3Aaliya&before={'b' * 600}"
    folded = fold([Entry("USER_DEFINED", 5, "", "", "", Fact.CHANGED, decoded(extra))], {}, take_rating)
    note = Note("cli:aliya", "k" * 64, "101", {"before": "b" * 500, "after": ""})
    assert folded.notes == [(5, note)]
    bare = fold([Entry("USER_DEFINED", 5, "", "", "", Fact.CHANGED)], {}, take_rating)
    assert bare.notes == [(5, Note("unknown", "unknown", "unknown", {"before": "", "after": ""}))]


def test_a_pause_is_noted_with_the_recordings_own_name_and_who_ended_it() -> None:
    record = told(EMPTY, Fact.OFFERED, 10, seq=1, offer=2, operator="101", file="hl1-5.5-1-2-99")

    def notes(**values: Any) -> list[Note]:
        text = "&".join(f"{key}={value}" for key, value in {"seq": 1, "from_ms": 50, **values}.items())
        entry = Entry("USER_DEFINED", 60, "", CALL, CALL, Fact.GAP, decoded(text))
        return [note for _, note in fold([entry], {CALL: record}, take_rating).notes]

    (paused,) = notes(reason="paused", by="101", detail="card", offer=2)
    assert paused == Note("101", "recording.paused", "hl1-5.5-1-2-99", {"reason": "card", "from_ms": 50})
    for ended_by, actor in (("time", "101"), ("talk", "101"), ("102", "102"), ("", "unknown")):
        (resumed,) = notes(reason="paused", by="101", offer=2, to_ms=90, ended_by=ended_by)
        facts = {"from_ms": 50, "to_ms": 90, "ended_by": ended_by or "unknown"}
        assert resumed == Note(actor, "recording.resumed", "hl1-5.5-1-2-99", facts)
    (unknown,) = notes(reason="paused", by="101", offer=3)
    assert unknown.subject == f"{CALL}-1-3"
    assert notes(reason="disk-full", by="101", offer=2) == []


def test_a_step_tells_what_it_is_about() -> None:
    def step(name: str, extra: str) -> dict[str, Any]:
        folded = fold([Entry("USER_DEFINED", 7, "", CALL, CALL, name, decoded(extra))], {CALL: EMPTY}, take_rating)
        return folded.steps[0]

    assert step("step", "step=menu&detail=2") == {"call_id": CALL, "at_ms": 7, "step": "menu", "detail": "2"}
    assert step("returned", "operator=101&seq=3")["detail"] == "101"
    assert step("returned", "seq=3")["step"] == "returned" and step("returned", "seq=3")["detail"] == "3"
    assert step("left", "")["detail"] == ""
    assert len(step("step", f"step={'s' * 70}&detail={'d' * 300}")["step"]) == 64
    assert len(step("step", f"step=x&detail={'d' * 300}")["detail"]) == 200
