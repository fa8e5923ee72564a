"""The callbacks that are owed: one call at a time, two tries, inside the hours, and never twice."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from calls.callback import Callback, call_of
from calls.events import CallGone, CallPrioritised, OperatorAnswered
from calls.ids import CallId, GroupId, OperatorId
from config.settings import Callback as Rules
from dialplan import names
from dispatch.callbacks import BEGINS_MS, LIMIT_MS, Callbacks, Recalled, callback_of, closing_ms
from recordings.naming import file_in_spool
from routing.from_settings import configured_router
from tests.unit.dispatch.paper_asterisk import hotline
from tests.unit.dispatch.virtual_time import HandClock

NOON_MS = int(datetime(2026, 11, 20, 7, tzinfo=UTC).timestamp() * 1000)  # 12:00 in Almaty
NIGHT_MS = NOON_MS + 12 * 3_600_000
ASKED = CallId("hl1-1795384683.16")


def owed(at_ms: int = NOON_MS) -> Callback:
    return Callback(ASKED, "77011234567", GroupId("portal"), "ru", at_ms - 60_000, at_ms)


def book(**rules: object) -> Callbacks:
    made = Callbacks(Rules.model_validate({"outbound": "192.0.2.1", **rules}), "Asia/Almaty", HandClock())
    made.recalled(ledger())
    made.asked(owed())
    return made


def ledger(*known: Callback, as_of_ms: int = NOON_MS, dialled: tuple[tuple[str, int], ...] = ()) -> Recalled:
    return Recalled(as_of_ms, known, dialled)


def other(number: str = "77017654321", group: str = "portal", asked_in: str = "hl1-1795384690.20") -> Callback:
    return Callback(CallId(asked_in), number, GroupId(group), "ru", NOON_MS - 50_000, NOON_MS)


def test_the_place_is_that_of_the_call_it_was_asked_in() -> None:
    (waiting,) = book().due(NOON_MS)
    assert (waiting.rank_ms, waiting.channel, waiting.group) == (NOON_MS - 60_000, "", "portal")
    assert file_in_spool(f"{waiting.call}-1-1.raw") is not None  # its recording is one like any other


def test_the_seconds_that_a_supervisor_gave_a_place_are_kept_for_every_try() -> None:
    callbacks = book()
    (waiting,) = callbacks.due(NOON_MS)
    assert waiting.priority_s == 0
    callbacks.prioritised(CallId("hl1-1.1"), 900)
    callbacks.prioritised(waiting.call, 600)
    begun = callbacks.begin(waiting.call, NOON_MS)
    assert begun is not None and begun[names.PRIORITY] == "600"
    callbacks.tried(ASKED, "BUSY", NOON_MS)
    callbacks.gone(waiting.call, NOON_MS)
    (again,) = callbacks.due(NOON_MS + 300_000)
    assert again.priority_s == 600


def test_after_the_hours_it_may_enter_the_line_when_they_begin_again() -> None:
    """Almaty is five hours ahead: 12:00 is noon here; the hours are 8 to 21."""
    callbacks, hour_ms = book(from_hour=8, until_hour=21), 3_600_000
    assert callbacks.not_before_ms(owed(), NOON_MS + 9 * hour_ms - 1) == NOON_MS + 9 * hour_ms - 1
    tomorrow_ms = NOON_MS + 20 * hour_ms
    assert callbacks.not_before_ms(owed(), NOON_MS + 9 * hour_ms) == tomorrow_ms
    assert callbacks.not_before_ms(owed(), NOON_MS + 15 * hour_ms) == tomorrow_ms  # at three in the night: today
    odd_ms = 1_234_567  # some minutes, seconds and milliseconds
    assert callbacks.not_before_ms(owed(), NOON_MS + 15 * hour_ms + odd_ms) == tomorrow_ms
    assert callbacks.not_before_ms(replace(owed(), ready_ms=NOON_MS + 9 * hour_ms), NOON_MS) == tomorrow_ms
    assert callbacks.not_before_ms(owed(), NOON_MS - 4 * hour_ms - 1) == NOON_MS - 4 * hour_ms
    assert callbacks.not_before_ms(owed(), NOON_MS - 4 * hour_ms) == NOON_MS - 4 * hour_ms


def test_what_is_owed_is_kept_for_its_hours_to_the_millisecond_and_begun_so_often_in_vain() -> None:
    hour_ms = 3_600_000
    assert len(book(keep_hours=1).due(NOON_MS + hour_ms)) == 1
    callbacks = book()
    for nth in range(20):
        (waiting,) = callbacks.due(NOON_MS + nth * 5_000)
        callbacks.begin(waiting.call, NOON_MS + nth * 5_000)
        callbacks.gone(waiting.call, NOON_MS + nth * 5_000)
        assert callbacks.due(NOON_MS + nth * 5_000 + 4_999) == []
    assert callbacks.due(NOON_MS + 20 * 5_000) == []
    assert callbacks.owed() == [], "something is wrong with it"


def test_one_call_at_a_time_and_asked_again_is_still_one() -> None:
    callbacks = book()
    callbacks.asked(owed())
    assert len(callbacks.due(NOON_MS)) == 1
    callbacks.asked(owed())
    assert callbacks.due(NOON_MS + 1000) == []
    assert callbacks.dropped() == []


def test_two_tries_with_a_pause_and_then_no_more() -> None:
    callbacks = book()
    for at_ms in (NOON_MS, NOON_MS + 300_000):
        (waiting,) = callbacks.due(at_ms)
        callbacks.tried(ASKED, "NOANSWER", at_ms)
        callbacks.gone(waiting.call, at_ms)
        assert callbacks.due(at_ms + 10_000) == []
    assert callbacks.due(NOON_MS + 3_600_000) == []
    assert callbacks.owed() == []


def test_who_was_reached_is_not_called_again_even_if_the_ledger_is_behind() -> None:
    callbacks = book()
    (waiting,) = callbacks.due(NOON_MS)
    callbacks.tried(ASKED, "ANSWER", NOON_MS)
    callbacks.gone(waiting.call, NOON_MS)
    callbacks.asked(owed())
    assert callbacks.due(NOON_MS + 3_600_000) == []


def test_an_operator_who_hangs_up_before_costs_no_try() -> None:
    callbacks = book()
    for nth in range(5):
        (waiting,) = callbacks.due(NOON_MS + nth * 10_000)
        assert callbacks.begin(waiting.call, NOON_MS) is not None
        callbacks.gone(waiting.call, NOON_MS + nth * 10_000)
    assert (callbacks.owed()[0].tried, callbacks.owed()[0].made) == (0, 5)


def test_nobody_is_called_at_night() -> None:
    callbacks = book(keep_hours=48)
    assert callbacks.due(NIGHT_MS) == []
    assert len(callbacks.due(NOON_MS + 24 * 3_600_000)) == 1


def test_none_is_begun_while_the_hotline_is_drained_before_a_stop() -> None:
    callbacks = book()
    callbacks.hold(5)
    assert callbacks.due(NOON_MS) == []
    callbacks.hold(0)  # it was thought better of
    assert len(callbacks.due(NOON_MS)) == 1


def test_a_place_is_given_up_after_its_hours() -> None:
    assert book(keep_hours=1).due(NOON_MS + 3_600_001) == []


def test_nobody_is_called_before_the_ledger_has_caught_up() -> None:
    """The database was away while the citizen was reached: its word from before that is no reason to call."""
    callbacks = Callbacks(Rules(outbound="192.0.2.1"), "Asia/Almaty", HandClock())
    callbacks.doubt({}, NOON_MS)
    callbacks.recalled(ledger(owed(NOON_MS - 60_000), as_of_ms=NOON_MS - 1))
    assert len(callbacks.owed()) == 1  # shown, and not called
    assert callbacks.due(NOON_MS) == []
    callbacks.recalled(ledger(as_of_ms=NOON_MS + 5_000))
    assert (callbacks.owed(), callbacks.due(NOON_MS + 5_000)) == ([], [])


def test_news_lost_with_the_link_is_learnt_from_the_ledger() -> None:
    callbacks = book()
    callbacks.doubt({}, NOON_MS + 60_000)
    assert callbacks.due(NOON_MS + 61_000) == []
    tried_once = replace(owed(), tried=1)
    callbacks.recalled(ledger(tried_once, as_of_ms=NOON_MS + 70_000))
    assert [one.tried for one in callbacks.owed()] == [1]
    assert len(callbacks.due(NOON_MS + 70_000)) == 1


def test_a_call_in_flight_over_a_restart_is_not_made_again() -> None:
    callbacks = Callbacks(Rules(outbound="192.0.2.1"), "Asia/Almaty", HandClock())
    flying = call_of(owed(), NOON_MS - 9_000)
    callbacks.doubt({flying: ASKED}, NOON_MS)
    callbacks.recalled(ledger(owed(), as_of_ms=NOON_MS + 5_000))
    assert callbacks.due(NOON_MS + 5_000) == []
    callbacks.gone(flying, NOON_MS + 6_000)
    assert len(callbacks.due(NOON_MS + 20_000)) == 1


def test_a_call_that_was_begun_and_is_not_seen_yet_is_waited_for() -> None:
    callbacks = book()
    (waiting,) = callbacks.due(NOON_MS)
    assert callbacks.begin(waiting.call, NOON_MS) is not None
    callbacks.doubt({}, NOON_MS + 100)
    callbacks.recalled(ledger(owed(), as_of_ms=NOON_MS + BEGINS_MS))
    assert callbacks.due(NOON_MS + BEGINS_MS) == []
    callbacks.recalled(ledger(owed(), as_of_ms=NOON_MS + BEGINS_MS + 2_000))
    assert len(callbacks.due(NOON_MS + BEGINS_MS + 2_000)) == 1


def test_the_hours_hold_when_the_call_is_made_not_when_the_line_was_entered() -> None:
    callbacks = book(until_hour=13)
    (waiting,) = callbacks.due(NOON_MS)
    late_ms = NOON_MS + 3_600_000
    assert callbacks.begin(waiting.call, late_ms) is None
    assert callbacks.leaving(late_ms) == [waiting.call]
    callbacks.gone(waiting.call, late_ms)
    assert callbacks.leaving(late_ms) == []
    assert [one.asked_in for one in callbacks.owed()] == [ASKED]  # tomorrow


def test_a_call_that_has_begun_stays_in_the_line_of_nobody_after_hours() -> None:
    callbacks = book(until_hour=13)
    (waiting,) = callbacks.due(NOON_MS)
    carried = callbacks.begin(waiting.call, NOON_MS + 3_599_000)
    assert carried is not None
    assert int(carried[names.CALLBACK_UNTIL]) * 1000 == NOON_MS + 3_600_000  # the dialplan asks no later than that
    assert callbacks.leaving(NOON_MS + 3_600_000) == []


@pytest.mark.parametrize(("until_hour", "in_hours"), [(13, 1), (21, 9), (24, 12)])
def test_the_hours_end_on_the_local_clock(until_hour: int, in_hours: int) -> None:
    rules = Rules(outbound="192.0.2.1", until_hour=until_hour)
    assert closing_ms(rules, "Asia/Almaty", NOON_MS + 1) == NOON_MS + in_hours * 3_600_000


def test_one_number_is_called_so_often_a_day_whoever_asks() -> None:
    callbacks = book(most_per_number=3, tries=1)
    for nth in range(3):
        at_ms = NOON_MS + nth * 60_000
        callbacks.asked(replace(owed(at_ms), asked_in=CallId(f"hl1-1795384683.{nth + 30}")))
        (waiting,) = callbacks.due(at_ms)
        assert callbacks.begin(waiting.call, at_ms) is not None
        callbacks.tried(callbacks.owed()[0].asked_in, "ANSWER", at_ms)
        callbacks.gone(waiting.call, at_ms)
    assert callbacks.refuses("77011234567", NOON_MS + 200_000)
    callbacks.asked(replace(owed(NOON_MS + 200_000), asked_in=CallId("hl1-1795384683.99")))
    assert callbacks.due(NOON_MS + 200_000) == []
    assert callbacks.dropped()[-1] == ("hl1-1795384683.99", "too-often")
    assert not callbacks.refuses("77011234567", NOON_MS + LIMIT_MS + 200_000)


def test_calls_before_a_restart_count_for_the_limit() -> None:
    callbacks = Callbacks(Rules(outbound="192.0.2.1", most_per_number=2), "Asia/Almaty", HandClock())
    callbacks.recalled(ledger(dialled=(("77011234567", NOON_MS - 60_000), ("77011234567", NOON_MS - 50_000))))
    callbacks.asked(owed())
    assert callbacks.due(NOON_MS) == []
    assert callbacks.dropped() == [(ASKED, "too-often")]


def test_a_phone_that_rang_until_the_operator_hung_up_counts_for_the_limit_and_is_no_try() -> None:
    callbacks = book(most_per_number=2)
    (waiting,) = callbacks.due(NOON_MS)
    callbacks.tried(ASKED, "CANCEL", NOON_MS)
    callbacks.gone(waiting.call, NOON_MS)
    assert callbacks.owed()[0].tried == 0
    assert callbacks.refuses("77011234567", NOON_MS)  # one call, one promise


def test_who_asks_again_for_the_same_topic_keeps_the_first_place_and_is_called_once() -> None:
    callbacks = book()
    callbacks.asked(other(number="77011234567"))
    assert [one.asked_in for one in callbacks.owed()] == [ASKED]
    assert callbacks.dropped() == [("hl1-1795384690.20", "same-number")]
    callbacks.asked(other(number="77011234567"))
    assert callbacks.dropped() == []


def test_two_topics_of_one_number_are_called_one_after_the_other() -> None:
    callbacks = book()
    callbacks.asked(other(number="77011234567", group="ict"))
    (first,) = callbacks.due(NOON_MS)
    assert callbacks.due(NOON_MS + 1_000) == []
    callbacks.tried(ASKED, "ANSWER", NOON_MS + 5_000)
    callbacks.gone(first.call, NOON_MS + 9_000)
    (second,) = callbacks.due(NOON_MS + 20_000)
    assert second.group == "ict"


def test_the_ledger_is_believed_once_it_has_all_that_was_written_before_the_doubt() -> None:
    callbacks = book()
    callbacks.doubt({}, NOON_MS + 1)
    callbacks.asked(replace(other(), asked_ms=NOON_MS + 1))
    callbacks.recalled(ledger(as_of_ms=NOON_MS + 1_001))
    assert (len(callbacks.owed()), callbacks.due(NOON_MS + 1_001)) == (2, []), "what it does not hold may come"
    callbacks.recalled(ledger(as_of_ms=NOON_MS + 1_002))
    assert [one.asked_in for one in callbacks.owed()] == [other().asked_in], "asked since"
    callbacks.recalled(ledger(other(group="ict", asked_in="hl1-2.2"), as_of_ms=NOON_MS + 9_000))
    assert len(callbacks.owed()) == 2


def test_a_call_that_is_being_made_is_owed_whatever_the_ledger_holds() -> None:
    callbacks = book()
    (waiting,) = callbacks.due(NOON_MS)
    assert callbacks.begin(waiting.call, NOON_MS) is not None
    callbacks.doubt({waiting.call: ASKED}, NOON_MS + 1)
    assert callbacks.begin(waiting.call, NOON_MS + 2) is None, "not before all is known"
    callbacks.recalled(ledger(as_of_ms=NOON_MS + 9_000))
    assert [one.asked_in for one in callbacks.owed()] == [ASKED]


def test_what_was_settled_is_known_for_as_long_as_it_would_be_owed() -> None:
    callbacks = book(keep_hours=1)
    callbacks.cancel(ASKED, NOON_MS)
    callbacks.recalled(ledger(owed(), as_of_ms=NOON_MS + 3_600_000))
    assert callbacks.owed() == []
    callbacks.recalled(ledger(as_of_ms=NOON_MS + 3_600_001))
    callbacks.recalled(ledger(owed(), as_of_ms=NOON_MS + 3_600_002))
    assert [one.asked_in for one in callbacks.owed()] == [ASKED]


def test_a_place_that_left_the_line_before_its_call_began_was_no_call() -> None:
    callbacks = book()
    (waiting,) = callbacks.due(NOON_MS)
    callbacks.gone(waiting.call, NOON_MS)
    callbacks.gone(CallId("hl1-5.5"), NOON_MS)
    assert callbacks.owed()[0].made == 0
    assert len(callbacks.due(NOON_MS)) == 1


def test_a_talk_of_the_call_that_is_made_settles_nothing_and_who_is_unknown_is_not_tried() -> None:
    callbacks = book()
    (waiting,) = callbacks.due(NOON_MS)
    callbacks.talked(ASKED)
    callbacks.talked(waiting.call)
    callbacks.tried(CallId("hl1-5.5"), "ANSWER", NOON_MS)
    assert [one.asked_in for one in callbacks.owed()] == [ASKED], "its own event settles it"


def test_calls_of_the_last_day_count_to_the_millisecond_when_the_next_one_begins() -> None:
    callbacks = book(most_per_number=2)
    (waiting,) = callbacks.due(NOON_MS)
    for _ in range(2):
        callbacks.tried(ASKED, "CANCEL", NOON_MS)
    assert callbacks.begin(waiting.call, NOON_MS + 1) is None
    day_ms = 24 * 3_600_000
    assert callbacks.refuses("77011234567", NOON_MS + day_ms - 1)
    assert callbacks.begin(waiting.call, NOON_MS + day_ms) is not None


def test_it_follows_the_calls_made_for_callbacks_by_the_cores_events() -> None:
    callbacks, router = book(), configured_router(hotline())
    (waiting,) = callbacks.due(NOON_MS)
    assert callbacks.after(CallPrioritised(waiting.call, 600), router, NOON_MS) == ()
    assert callbacks.owed()[0].priority_s == 600
    callbacks.begin(waiting.call, NOON_MS)
    callbacks.after(CallGone(waiting.call), router, NOON_MS)
    assert (callbacks.call_for(ASKED), callbacks.owed()[0].made) == (None, 1)
    callbacks.after(OperatorAnswered(OperatorId("101"), ASKED), router, NOON_MS)
    assert callbacks.owed() == [], "the caller had an operator in the very moment of asking"


def test_the_oldest_place_is_the_first() -> None:
    callbacks = book()
    callbacks.asked(replace(other(), rank_ms=NOON_MS - 999_000))
    assert [one.asked_in for one in callbacks.owed()] == ["hl1-1795384690.20", ASKED]


def test_what_the_ledger_tells_of_calls_stands_for_what_was_seen() -> None:
    callbacks = book(most_per_number=3, tries=5)
    for at_ms in (NOON_MS, NOON_MS + 1_000):
        callbacks.tried(ASKED, "CANCEL", at_ms)
    assert callbacks.refuses("77011234567", NOON_MS + 2_000)
    callbacks.doubt({}, NOON_MS + 2_000)
    callbacks.recalled(ledger(owed(), as_of_ms=NOON_MS + 9_000, dialled=(("77011234567", NOON_MS),)))
    assert not callbacks.refuses("77011234567", NOON_MS + 9_000), "one call, one promise: not the same call twice"


@pytest.mark.parametrize("missing", ["Call", "Number", "Rank", "Group"])
def test_an_event_without_its_words_asks_for_nothing(missing: str) -> None:
    said = {"Call": "hl1-1.1", "Number": "77011234567", "Rank": "1795384690000", "Group": "portal", "Added": "-60"}
    asked = callback_of(said, NOON_MS)
    assert asked is not None and (asked.priority_s, asked.language) == (-60, "")
    assert callback_of({**said, missing: ""}, NOON_MS) is None
    assert callback_of({**said, "Number": "7701x", "Added": "much"}, NOON_MS) is None


def test_ids_of_calls_made_hold_their_instant_and_are_never_made_twice() -> None:
    ids = {call_of(owed(), NOON_MS + nth) for nth in range(2_000)}
    assert len(ids) == 2_000
    assert all(file_in_spool(f"{one}-1-1.raw") for one in ids)
    twins = book()
    twins.asked(other(asked_in="hl1-1795999999.16"))  # the same channel number after a restart of Asterisk
    assert len({waiting.call for waiting in twins.due(NOON_MS)}) == 2


def test_the_stand_in_carries_what_a_caller_carries() -> None:
    callbacks = book()
    (waiting,) = callbacks.due(NOON_MS)
    carried = callbacks.begin(waiting.call, NOON_MS)
    assert carried is not None
    assert carried[names.RANK] == str(NOON_MS - 60_000)
    assert carried[names.CALLBACK_OF] == ASKED
    assert callbacks.begin(CallId("hl1-1.1"), NOON_MS) is None


def test_a_caller_who_got_an_operator_while_asking_is_not_called() -> None:
    callbacks = book()
    callbacks.talked(ASKED)
    assert callbacks.due(NOON_MS) == []


def test_the_dialplans_event_is_read_and_nonsense_is_not() -> None:
    fields = {"Call": ASKED, "Number": "77011234567", "Group": "portal", "Speaks": "ru", "Rank": "5"}
    asked = callback_of(fields, 9)
    assert asked == Callback(ASKED, "77011234567", GroupId("portal"), "ru", 5, 9)
    assert callback_of(fields | {"Number": "+7 701"}, 9) is None
    assert callback_of(fields | {"Rank": ""}, 9) is None


def test_a_cancelled_one_is_owed_no_more_nor_asked_again() -> None:
    callbacks = book()
    (waiting,) = callbacks.due(NOON_MS)
    assert callbacks.call_for(ASKED) == waiting.call
    callbacks.cancel(ASKED, NOON_MS)
    callbacks.asked(owed())  # the ledger is behind
    assert callbacks.owed() == []
    assert callbacks.begin(waiting.call, NOON_MS) is None
    callbacks.cancel(ASKED, NOON_MS)


def test_it_is_told_when_one_may_enter_the_line() -> None:
    hour_ms = 3_600_000
    callbacks = book(retry_s=300)
    assert callbacks.not_before_ms(owed(), NOON_MS) == NOON_MS
    assert callbacks.not_before_ms(owed(), NIGHT_MS) == NOON_MS + 20 * hour_ms  # 08:00
    assert callbacks.not_before_ms(owed(), NOON_MS - 5 * hour_ms) == NOON_MS - 4 * hour_ms
    callbacks.due(NOON_MS)
    callbacks.tried(ASKED, "BUSY", NOON_MS)
    assert callbacks.not_before_ms(callbacks.owed()[0], NOON_MS) == NOON_MS + 300_000


def test_who_asked_outside_the_hours_is_in_line_from_their_first_second() -> None:
    callbacks = book()
    opens_ms = NOON_MS + 20 * 3_600_000
    assert callbacks.due(opens_ms - 1) == []
    assert [waiting.rank_ms for waiting in callbacks.due(opens_ms)] == [NOON_MS - 60_000]
