"""The wrap-up: made longer up to its limit, ended, and the same after everything that is rebuilt."""

from __future__ import annotations

from test_core import caller, end_talk, offers, operator, router, talk

from calls.events import DutyChanged, LegGone, LegUp, Outcome, Reachability, Tick, WrapUpSet
from calls.ids import OperatorId
from routing.commands import KeepDuty
from routing.core import Router, Rules
from routing.presence import Operator, State
from routing.wrap_up import ended, extended

ONE = OperatorId("101")
RULES = Rules(wrap_up_s=5, wrap_up_extension_s=10, wrap_up_most_s=18)


def wrapping_up() -> Router:
    """101 has talked until 10_000 and wraps up for 5 s."""
    made = router(operator("101"), wrap_up_s=5)
    made.rules = RULES
    made.handle(caller("a", 1_000), 1_000)
    talk(made, "a", "101", 2_000)
    end_talk(made, "101", 10_000)
    return made


def wraps_up(made: Router) -> Operator:
    return made.operators[ONE]


def test_it_is_made_longer_again_and_again_up_to_its_limit() -> None:
    made = wrapping_up()
    for at_ms, ends_ms in ((12_000, 25_000), (13_000, 28_000), (14_000, 28_000)):
        longer = extended(wraps_up(made), at_ms, RULES)
        assert longer == WrapUpSet(ONE, 10_000, ends_ms)
        made.handle(longer, at_ms)
    made.handle(caller("b", 15_000), 15_000)
    assert wraps_up(made).state(27_999) == (State.WRAP_UP, "")
    assert wraps_up(made).until_ms(27_000) == 28_000
    assert offers(made.handle(Tick(), 27_999)) == []
    assert offers(made.handle(Tick(), 28_000)) == [("b", "101")]


def test_who_has_none_can_neither_make_it_longer_nor_end_it() -> None:
    made = wrapping_up()
    made.handle(Tick(), 15_000)
    assert extended(wraps_up(made), 15_001, RULES) is None
    assert ended(wraps_up(made), 15_001) is None
    over = wrapping_up()
    assert extended(wraps_up(over), 15_000, RULES) is None  # it lasts until then, and no longer
    assert ended(wraps_up(over), 15_000) is None
    assert extended(wraps_up(over), 14_999, RULES) is not None


def test_it_is_ended_at_once_and_a_pause_stays() -> None:
    made = wrapping_up()
    made.handle(caller("b", 11_000), 11_000)
    over = ended(wraps_up(made), 12_000)
    assert over is not None
    assert offers(made.handle(over, 12_000)) == [("b", "101")]
    paused = wrapping_up()
    paused.handle(DutyChanged(ONE, False, "lunch"), 11_000)
    over = ended(wraps_up(paused), 12_000)
    assert over is not None
    paused.handle(over, 12_000)
    assert wraps_up(paused).state(12_000) == (State.PAUSED, "lunch")


def test_a_limit_below_the_usual_length_shortens_nothing() -> None:
    made = wrapping_up()
    assert extended(wraps_up(made), 12_000, Rules(wrap_up_most_s=1)) == WrapUpSet(ONE, 10_000, 15_000)


def test_the_phone_may_be_used_in_it_without_making_it_longer_or_shorter() -> None:
    made = wrapping_up()
    made.handle(LegUp(ONE, "PJSIP/op101-00000009"), 11_000)
    made.handle(LegGone(ONE, "PJSIP/op101-00000009"), 12_000)
    assert wraps_up(made).until_ms(12_000) == 15_000


def rebuilt(older: Router | None, *told: object) -> Router:
    made = Router([operator("101")], RULES)
    if older is not None:
        made.adopt(older)
    made.restore((Reachability(ONE, True), DutyChanged(ONE, True, kept=True), *told), 12_000)  # type: ignore[arg-type]
    return made


def test_a_rebuilt_truth_neither_ends_it_nor_begins_it_anew() -> None:
    kept = WrapUpSet(ONE, 9_995, 14_995)  # as Asterisk noted the end of the talk
    assert wraps_up(rebuilt(wrapping_up())).until_ms(12_000) == 15_000
    assert wraps_up(rebuilt(wrapping_up(), kept)).until_ms(12_000) == 14_995
    assert wraps_up(rebuilt(None, kept)).until_ms(12_000) == 14_995  # a controller that started anew


def test_what_is_kept_of_an_older_talk_changes_nothing() -> None:
    assert wraps_up(rebuilt(wrapping_up(), WrapUpSet(ONE, 1_000, 2_000))).until_ms(12_000) == 15_000


def test_ready_said_while_we_were_away_has_ended_it() -> None:
    assert wraps_up(rebuilt(wrapping_up(), WrapUpSet(ONE, 11_000, 11_000))).state(12_000) == (State.READY, "")


def test_a_rest_outlives_a_rebuilt_truth() -> None:
    made = router(operator("101"), refusal_rest_s=10)
    made.handle(caller("a", 1_000), 9_000)
    made.handle(caller("a", 1_000, offers=1, returned_from=ONE, outcome=Outcome.REFUSED), 10_000)
    assert wraps_up(rebuilt(made)).state(12_000) == (State.PAUSED, "refused")
    assert wraps_up(rebuilt(made)).until_ms(12_000) == 20_000


def test_so_many_missed_offers_in_a_row_pause_and_an_answer_counts_anew() -> None:
    made = router(operator("101"), ring_s=15, refusal_rest_s=2, missed_before_pause=2, wrap_up_s=0)
    now_ms = 0

    def missed(call: str, nth: int) -> list[KeepDuty]:
        nonlocal now_ms
        back = caller(call, 1, offers=nth, returned_from=ONE, outcome=Outcome.MISSED)
        now_ms += 16_000
        paused = [command for command in made.handle(back, now_ms) if isinstance(command, KeepDuty)]
        now_ms += 2_000
        made.handle(Tick(), now_ms)
        return paused

    made.handle(caller("a", 1), 1)
    assert missed("a", 1) == []
    talk(made, "a", "101", now_ms)
    end_talk(made, "101", now_ms + 10)
    made.handle(caller("b", 2), now_ms + 20)
    assert missed("b", 1) == []
    assert wraps_up(made).call == "b"  # rang again after a short rest
    assert missed("b", 2) == [KeepDuty(ONE, ready=False, reason="missed-call")]
    made.handle(DutyChanged(ONE, True), now_ms)
    assert missed("b", 3) == []
