"""What a call's journal says of it: who answered, how it ended, what was rated."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calls.journal import Entry, Fact
from calls.journal_lines import decoded, format_hangup, parse_line
from rating.taking import take_rating
from storage.journal.fold import Folded, call_ids, fold
from storage.record import BridgeRow, CallRecord
from tests.unit.storage import scene
from tests.unit.storage.scene import START_MS, Caller


def folded(lines: list[bytes], known: dict[str, CallRecord] | None = None) -> Folded:
    entries = [entry for line in lines if (entry := parse_line(line)) is not None]
    assert len(entries) == len(lines)
    return fold(entries, known or {}, take_rating)


def record_of(caller: Caller) -> CallRecord:
    return folded(caller.lines).records[caller.id]


def test_a_plain_call() -> None:
    record = record_of(scene.plain_call(1))
    call, segment = record.call, record.segments[1]
    assert (call.node, call.dialled, call.caller_key) == ("hl1", "1414", "+77011234567")
    assert (call.caller_raw, call.caller_name_raw) == ("+77011234567", "Айгүл")
    assert (call.language, call.language_by, call.group_first) == ("ru", "key", "portal")
    assert (call.arrived_ms, call.queued_ms) == (START_MS, START_MS + 7013)
    assert call.answered_ms == START_MS + 14_013
    assert call.result == "answered"
    assert (segment.operator_id, segment.offer, segment.via) == ("103", 1, "router")
    assert segment.talking_ms == START_MS + 15_513
    assert (segment.ended_by, segment.bridged_ms) == ("operator", 60_001)
    assert segment.ended_ms == START_MS + 75_527
    assert record.offers[1, 1].status == "ANSWER"
    assert record.offers[1, 1].file == "hl1-1764000000.1-1-1"
    rating = record.ratings[1, "103"]
    assert (rating.outcome, rating.score) == ("given", 5)


def test_a_transfer_makes_a_second_segment_and_books_each_talk_to_its_operator() -> None:
    record = record_of(scene.transferred_call(1))
    first, second = record.segments[1], record.segments[2]
    assert (first.operator_id, first.ended_by, first.transfer_kind, first.transfer_to) == (
        "103",
        "transfer",
        "blind",
        "ict",
    )
    assert (first.wanted, second.wanted) == ("104", None)
    assert (second.operator_id, second.ended_by, second.group_id) == ("104", "caller", "ict")
    assert (first.bridged_ms, second.bridged_ms) == (30_001, 45_000)
    assert second.notice_ms is not None
    assert second.queued_ms is not None
    assert second.queued_ms < second.notice_ms
    assert second.rank_ms == START_MS
    assert record.call.answered_ms == first.answered_ms
    assert record.call.group_first == "state-services"
    assert [offer.status for offer in record.offers.values()] == ["NOANSWER", "ANSWER", "ANSWER"]
    assert record.ratings == {}


def test_a_caller_who_leaves_in_the_menu() -> None:
    record = record_of(scene.left_in_menu(1))
    assert record.call.result == "abandoned_menu"
    assert record.call.ended_ms == START_MS + 4000
    assert record.call.caller_key == "anonymous"


def test_a_caller_who_leaves_while_a_phone_rings() -> None:
    record = record_of(scene.left_waiting(1))
    assert record.call.result == "abandoned_waiting"
    assert record.segments[1].operator_id is None
    assert record.segments[1].ended_by == "caller"
    assert record.offers[1, 1].status == "CANCEL"
    assert record.offers[1, 1].ended_ms == record.call.ended_ms


def test_an_operator_who_picked_up_has_answered_even_if_the_caller_leaves_in_the_announcement() -> None:
    record = record_of(scene.left_in_announcement(1))
    assert record.call.result == "answered"
    assert (record.segments[1].operator_id, record.segments[1].talking_ms) == ("102", None)
    assert record.segments[1].bridged_ms == 0
    assert record.offers[1, 1].status == "ANSWER"


def test_the_safety_nets_operator_is_known_from_the_phone_that_answered() -> None:
    record = record_of(scene.served_by_the_net(1))
    assert (record.segments[1].operator_id, record.segments[1].via) == ("104", "net")
    assert record.offers[1, 1].operator_id == "104"
    assert record.ratings[1, "104"].outcome == "hung_up"


def test_a_caller_still_being_asked_has_not_hung_up() -> None:
    caller = scene.served_by_the_net(1)
    del caller.lines[-1]
    assert record_of(caller).ratings[1, "104"].outcome is None


@pytest.mark.parametrize("reason", ["silence", "wrong"])
def test_no_rating_is_stored_as_such(reason: str) -> None:
    caller = scene.served_by_the_net(1)
    last = caller.lines.pop()
    caller.fact("unrated", 5, seq=1, operator="104", reason=reason).lines.append(last)
    rating = record_of(caller).ratings[1, "104"]
    assert (rating.outcome, rating.score) == (reason, None)


def asked(number: int = 1) -> Caller:
    """A talk is over and the caller is being asked about 104."""
    caller = scene.served_by_the_net(number)
    caller.lines.pop()
    return caller


@pytest.mark.parametrize("score", ["0", "6", "9", "x", "", "-1", "55", "%35"])
def test_a_score_that_cannot_be_is_told_and_not_stored(score: str) -> None:
    caller = asked()
    caller.fact("rated", 1, seq=1, operator="104", score=score)
    at_ms = caller.now_ms
    told = folded(caller.hang_up().lines)
    assert told.records[caller.id].ratings[1, "104"].outcome == "hung_up"
    assert told.impossible == [(at_ms, f"call {caller.id}: the score is none of 1–5")]
    assert told.alarms == []


def test_a_second_score_is_told_and_the_first_one_stays() -> None:
    caller = asked().fact("rated", 4000, seq=1, operator="104", score=2)
    again = caller.lines[-1]
    caller.fact("rated", 500, seq=1, operator="104", score=5)
    told = folded([*caller.lines, again])  # a line read twice is no second score
    assert told.records[caller.id].ratings[1, "104"].score == 2
    assert told.impossible == [(caller.now_ms, f"call {caller.id}: the call had been rated before")]


@pytest.mark.parametrize("fact", ["rating_offered", "rated", "unrated"])
def test_a_rating_of_a_call_without_a_talk_is_told_and_not_stored(fact: str) -> None:
    caller = scene.left_waiting(1)
    caller.fact(fact, 1, seq=1, operator="101", score=5, reason="silence")
    told = folded(caller.lines)
    assert told.records[caller.id].ratings == {}
    assert told.impossible == [(caller.now_ms, f"call {caller.id}: nobody talked in that call")]


def test_a_rating_of_a_call_that_nobody_knows_makes_no_call() -> None:
    told = folded(Caller(1).fact("rated", 1, seq=1, operator="101", score=5).lines)
    assert (told.records, len(told.impossible)) == ({}, 1)


def test_a_rating_of_an_operator_who_did_not_talk_is_told_and_not_stored() -> None:
    told = folded(asked().fact("rated", 1, seq=1, operator="105", score=5).lines)
    assert list(told.records[asked().id].ratings) == [(1, "104")]
    assert [why for _, why in told.impossible] == [f"call {asked().id}: operator 105 did not talk in that call"]


def test_a_rating_stays_though_a_line_of_its_talk_is_damaged() -> None:
    caller = scene.plain_call(1)
    for lost in (b'"talking"', b'"ANSWER"', b"BRIDGE"):
        left = folded([line for line in caller.lines if lost not in line])
        assert left.records[caller.id].ratings[1, "103"].score == 5
        assert left.impossible == []


def test_a_call_whose_arrival_was_lost_begins_with_its_id() -> None:
    caller = scene.plain_call(1)
    record = folded(caller.lines[2:]).records[caller.id]
    assert record.call.arrived_ms == START_MS
    assert record.call.caller_key is None
    assert record.call.result == "answered"


def test_a_feature_code_is_no_call() -> None:
    uniqueid = "hl1-1764000000.77"
    lines = [
        scene.line("ANSWER", START_MS, "PJSIP/op101-00000001", uniqueid, uniqueid),
        scene.line(
            "USER_DEFINED", START_MS, "PJSIP/op101-00000001", uniqueid, uniqueid, "presence", "operator=101&state=ready"
        ),
        scene.line("HANGUP", START_MS + 5, "PJSIP/op101-00000001", uniqueid, uniqueid),
    ]
    result = folded(lines)
    assert result.records == {}
    assert [state.state for state in result.states] == ["ready"]


def test_an_operator_who_calls_the_hotline_is_a_caller_not_an_answer() -> None:
    caller = Caller(1)
    caller.arrive().queue().hang_up()
    lines = [line.replace(b"PJSIP/carrier-", b"PJSIP/op101-") for line in caller.lines]
    assert folded(lines).records[caller.id].call.result == "abandoned_waiting"


def test_what_a_caller_sends_is_kept_escaped() -> None:
    record = record_of(Caller(1, caller='"; DROP\r\n\x00\u202e${X}`$(id)`').arrive())
    assert record.call.caller_raw == '"; DROP\\r\\n\\x00\\u202e${X}`$(id)`'


def test_facts_without_sense_are_passed_over() -> None:
    caller = Caller(1).arrive()
    before = record_of(caller)
    caller.fact("queued", group="ict").fact("queued", seq="99999999999999999999").fact("offered", seq="x", offer=1)
    caller.fact("rated", seq=1).fact("no-such-fact", seq=1).fact("talking", seq=1, offer="-1").event("NO_SUCH_EVENT")
    caller.fact("language", language="").fact("presence").fact("transferred")
    assert record_of(caller) == before


def test_a_gap_in_a_recording_is_kept_with_its_reason_and_ends_with_the_talk_at_the_latest() -> None:
    """Promise 1: a stretch without a recording is explained."""
    paused = scene.Caller(1).arrive().queue().offer("103").pick_up("103").talk("103")
    from_ms = paused.now_ms + 5_000
    told = {"seq": 1, "from_ms": from_ms, "reason": "paused"}
    paused.fact("gap", 5_000, by="103", **told)
    (open_gap,) = record_of(paused).gaps.values()
    assert (open_gap.from_ms, open_gap.to_ms, open_gap.reason, open_gap.by) == (from_ms, None, "paused", "103")
    paused.operator_leaves("103")
    (left_open,) = record_of(paused).gaps.values()
    assert left_open.to_ms == record_of(paused).segments[1].ended_ms
    paused.fact("gap", 0, to_ms=from_ms + 7_000, **told)  # read late
    (over,) = record_of(paused).gaps.values()
    assert (over.to_ms, over.by) == (from_ms + 7_000, "103")


def test_a_call_that_asterisk_died_in_is_known_as_such() -> None:
    lost = scene.Caller(1).arrive().queue().offer("103").pick_up("103").talk("103")
    told = format_hangup(lost.now_ms + 9_000, lost.id)
    assert folded([*lost.lines, told]).records[lost.id].call.lost == 1
    ended = lost.hang_up(500)
    assert folded([*ended.lines, told]).records[lost.id].call.lost == 0


def test_a_bridge_left_open_by_a_crash_ends_with_the_call() -> None:
    caller = Caller(1).arrive().queue().offer("101").pick_up("101").talk("101").hang_up(7000)
    record = record_of(caller)
    assert list(record.bridges.values()) == [BridgeRow(caller.id, caller.now_ms - 7000)]
    assert record.segments[1].bridged_ms == 7000


@given(st.sampled_from(scene.SCENES), st.data())
@settings(max_examples=200)
def test_any_portions_and_repetitions_come_to_the_same(make: type[Caller], data: st.DataObject) -> None:
    caller = make(1)
    whole = record_of(caller)
    lines = list(caller.lines)
    for index in data.draw(st.lists(st.integers(0, len(lines) - 1), max_size=5)):
        lines.insert(data.draw(st.integers(index, len(lines))), caller.lines[index])
    cuts = sorted(data.draw(st.lists(st.integers(0, len(lines)), max_size=6)))
    known: dict[str, CallRecord] = {}
    for start, end in zip([0, *cuts], [*cuts, len(lines)], strict=True):
        known |= folded(lines[start:end], known).records
    assert known[caller.id] == whole


@given(st.randoms(use_true_random=False))
def test_lines_of_the_two_journals_may_come_in_any_order_after_the_arrival(order: random.Random) -> None:
    caller = scene.transferred_call(1)
    whole = record_of(caller)
    lines = [line for line in caller.lines[1:] if b"BRIDGE" not in line]
    without = folded([caller.lines[0], *lines]).records[caller.id]
    order.shuffle(lines)
    shuffled = folded([caller.lines[0], *lines]).records[caller.id]
    assert shuffled == without
    assert shuffled.call == whole.call


def test_a_pause_of_the_recording_is_told_by_another_channel_and_audited() -> None:
    paused = "of=hl1-1764000000.7&seq=1&offer=2&from_ms=1764000010000&reason=paused&detail=card%20number&by=101"
    watcher = ("Local/hl1-1764000000.7@recording-paused-1;2", "hl1-1764000010.9", "hl1-1764000010.8")
    entries = [
        Entry("USER_DEFINED", at_ms, *watcher, Fact.GAP, decoded(extra))
        for at_ms, extra in (
            (1_764_000_010_050, paused),
            (1_764_000_130_000, f"{paused}&to_ms=1764000130000&ended_by=time"),
        )
    ]
    assert call_ids(entries) == {"hl1-1764000000.7"}
    folded = fold(entries, {}, take_rating)
    (gap,) = folded.records["hl1-1764000000.7"].gaps.values()
    assert (gap.seq, gap.from_ms, gap.to_ms) == (1, 1_764_000_010_000, 1_764_000_130_000)
    assert (gap.reason, gap.detail, gap.by) == ("paused", "card number", "101")
    assert [(note.actor, note.kind, note.subject) for _, note in folded.notes] == [
        ("101", "recording.paused", "hl1-1764000000.7-1-2"),
        ("101", "recording.resumed", "hl1-1764000000.7-1-2"),
    ]
    assert dict(folded.notes[1][1].detail)["ended_by"] == "time"
