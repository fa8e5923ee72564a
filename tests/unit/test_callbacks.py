"""The callbacks that are owed: one call at a time, two tries, inside the hours, and never twice."""

from __future__ import annotations

from datetime import UTC, datetime

from bailanys.callbacks import Callbacks, callback_of
from calls.callback import Callback, call_of
from calls.ids import CallId, GroupId
from config.settings import Callback as Rules
from dialplan import names
from recordings.naming import file_in_spool

NOON_MS = int(datetime(2026, 11, 20, 7, tzinfo=UTC).timestamp() * 1000)  # 12:00 in Almaty
NIGHT_MS = NOON_MS + 12 * 3_600_000
ASKED = CallId("hl1-1795384683.16")


def owed(at_ms: int = NOON_MS) -> Callback:
    return Callback(ASKED, "77011234567", GroupId("portal"), "ru", at_ms - 60_000, at_ms)


def book(**rules: object) -> Callbacks:
    made = Callbacks(Rules.model_validate({"outbound": "192.0.2.1", **rules}), "Asia/Almaty")
    made.asked(owed())
    return made


def test_the_place_is_that_of_the_call_it_was_asked_in() -> None:
    (waiting,) = book().due(NOON_MS)
    assert (waiting.rank_ms, waiting.channel, waiting.group) == (NOON_MS - 60_000, "", "portal")
    assert file_in_spool(f"{waiting.call}-1-1.raw") is not None  # its recording is one like any other


def test_one_call_at_a_time_and_asked_again_is_still_one() -> None:
    callbacks = book()
    callbacks.asked(owed())
    assert len(callbacks.due(NOON_MS)) == 1
    callbacks.asked(owed())
    assert callbacks.due(NOON_MS + 1000) == []


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
        callbacks.gone(waiting.call, NOON_MS + nth * 10_000)
    assert callbacks.owed()[0].tried == 0


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


def test_after_a_restart_what_is_in_flight_is_not_made_again_and_what_is_not_keeps_its_place() -> None:
    callbacks = book()
    callbacks.made_by_another(call_of(owed()), ASKED)
    assert callbacks.due(NOON_MS) == []
    assert callbacks.unseen({call_of(owed())}) == []
    assert [waiting.call for waiting in callbacks.unseen(set())] == [call_of(owed())]


def test_the_stand_in_carries_what_a_caller_carries() -> None:
    callbacks = book()
    (waiting,) = callbacks.due(NOON_MS)
    carried = callbacks.variables(waiting.call, NOON_MS)
    assert carried is not None
    assert carried[names.RANK] == str(NOON_MS - 60_000)
    assert carried[names.CALLBACK_OF] == ASKED
    assert callbacks.variables(CallId("hl1-1.1"), NOON_MS) is None


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
    callbacks.cancel(ASKED)
    callbacks.asked(owed())  # the ledger is behind
    assert callbacks.owed() == []
    assert callbacks.variables(waiting.call, NOON_MS) is None
    assert callbacks.unseen(set()) == []
    callbacks.cancel(ASKED)


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
