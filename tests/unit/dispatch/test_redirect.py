"""A caller is moved once, whatever else is moving them at that moment."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest

from dialplan import names
from dispatch import redirect as moving
from dispatch.redirect import Redirects
from dispatch.snapshot import SeenChannel
from telephony.ami_event import AmiEvent
from telephony.commands import redirect
from telephony.errors import AmiRefusedError, AmiTimeoutError, TelephonyError
from telephony.quoting import ActionFields
from tests.unit.dispatch.virtual_time import VirtualClock

CALLER = "PJSIP/carrier-00000001"
OFFER = redirect(CALLER, "connect", "101")
UNDER_WAY = AmiRefusedError("Redirect failed, channel not up.")
GONE = AmiRefusedError("Channel does not exist: PJSIP/carrier-00000001")


class Line:
    """Asterisk's answers in their order, then yes; and where it shows the caller, each time and then in a talk."""

    def __init__(self, *answers: TelephonyError, shown: tuple[tuple[str, int] | None, ...] = ()) -> None:
        self.answers = list(answers)
        self.shown = list(shown)
        self.sent: list[ActionFields] = []

    async def send(self, action: ActionFields) -> None:
        self.sent.append(action)
        if self.answers:
            raise self.answers.pop(0)

    async def collect(self, action: ActionFields) -> list[AmiEvent]:
        place = self.shown.pop(0) if self.shown else ("connect", 1)
        if place is None:
            raise AmiRefusedError("No such channel")
        context, offers = place
        fields = {"Event": "Status", "Channel": action["Channel"], "Context": context}
        return [AmiEvent("Status", fields | {"Variable": f"{names.OFFER}={offers}"})]


def _at(line: Line) -> Redirects:
    return Redirects(line, VirtualClock())  # type: ignore[arg-type]


async def _offered(line: Line, wanted: Callable[[], bool] = lambda: True) -> int:
    return await _at(line).offered(CALLER, ("connect", "101"), 0, wanted)


async def test_a_move_that_comes_into_another_is_tried_again() -> None:
    line = Line(UNDER_WAY, UNDER_WAY)
    assert await _offered(line) == 0
    assert line.sent == [OFFER] * 3


async def test_a_caller_who_is_gone_is_gone() -> None:
    line = Line(UNDER_WAY, GONE)
    with pytest.raises(AmiRefusedError, match="does not exist"):
        await _offered(line)
    assert len(line.sent) == 2


async def test_a_move_that_may_have_been_carried_out_is_not_sent_twice() -> None:
    line = Line(AmiTimeoutError("no answer to Redirect"))
    with pytest.raises(AmiTimeoutError):
        await _offered(line)
    assert len(line.sent) == 1


async def test_an_offer_that_was_taken_back_meanwhile_is_not_made() -> None:
    line = Line(UNDER_WAY)
    assert await _offered(line, lambda: False) == 0
    assert len(line.sent) == 1


async def test_a_refusal_lasts_no_longer_than_the_offer() -> None:
    line = Line(*[UNDER_WAY] * 100)
    tries = itertools.count(1)
    await _offered(line, lambda: next(tries) < 4)
    assert len(line.sent) == 4


@pytest.mark.parametrize("where", ["waiting", "callback-ask"])
async def test_a_move_that_was_taken_and_lost_is_sent_again(where: str) -> None:
    line = Line(shown=((where, 0), (where, 0), ("connect", 1)))
    assert await _offered(line) == 2
    assert line.sent == [OFFER] * 3


async def test_an_offer_that_was_refused_at_once_is_not_made_twice() -> None:
    line = Line(shown=(("waiting", 1),))
    assert await _offered(line) == 0
    assert len(line.sent) == 1


async def test_a_caller_who_hangs_up_on_the_way_is_not_moved_again() -> None:
    line = Line(shown=(None,))
    assert await _offered(line) == 0
    assert len(line.sent) == 1


def _still_held(seen: SeenChannel) -> bool:
    return seen.context == "held"


async def test_a_move_that_was_lost_is_made_again_until_the_channel_is_elsewhere() -> None:
    line, clock = Line(shown=(("held", 1),) * 3 + (("join", 1),)), VirtualClock()
    await _at(line).placed(CALLER, ("join", "s"), _still_held)
    assert line.sent == [redirect(CALLER, "join")] * 2
    assert clock.passed_s() == pytest.approx(0.04 + 0.04 + 0.08 + 0.04), "the caller hears nothing meanwhile"


async def test_a_move_that_was_slow_is_made_once() -> None:
    line = Line(shown=(("held", 1), ("held", 1), ("join", 1)))
    await _at(line).placed(CALLER, ("join", "s"), _still_held)
    assert line.sent == [redirect(CALLER, "join")]


async def test_a_move_that_comes_into_another_is_placed_all_the_same() -> None:
    line = Line(*[UNDER_WAY] * 62, shown=(("join", 1),))
    await _at(line).placed(CALLER, ("join", "s"), _still_held)
    assert len(line.sent) == 63


async def test_a_channel_that_is_gone_needs_no_other_move() -> None:
    line = Line(shown=(None,))
    await _at(line).placed(CALLER, ("join", "s"), _still_held)
    assert len(line.sent) == 1


async def test_a_channel_that_cannot_be_moved_is_told() -> None:
    line = Line(shown=(("held", 1),) * 99)
    with pytest.raises(AmiRefusedError, match="stays"):
        await _at(line).placed(CALLER, ("join", "s"), _still_held)
    assert len(line.sent) == moving.MOST_TRIES
