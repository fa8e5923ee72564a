"""A caller is moved once, whatever else is moving them at that moment."""

from __future__ import annotations

import pytest

from bailanys.moving import PAUSES_S, moved
from telephony.commands import redirect
from telephony.errors import AmiRefusedError, AmiTimeoutError, TelephonyError
from telephony.quoting import ActionFields

OFFER = redirect("PJSIP/carrier-00000001", "connect", "101")
UNDER_WAY = AmiRefusedError("Redirect failed, channel not up.")
GONE = AmiRefusedError("Channel does not exist: PJSIP/carrier-00000001")


class Line:
    """Asterisk's answers in their order; then yes."""

    def __init__(self, *answers: TelephonyError) -> None:
        self.answers = list(answers)
        self.sent: list[ActionFields] = []

    async def send(self, action: ActionFields) -> None:
        self.sent.append(action)
        if self.answers:
            raise self.answers.pop(0)


async def test_a_move_that_comes_into_another_is_tried_again() -> None:
    line = Line(UNDER_WAY, UNDER_WAY)

    await moved(line.send, OFFER)

    assert line.sent == [OFFER] * 3


async def test_a_caller_who_is_gone_is_gone() -> None:
    line = Line(UNDER_WAY, GONE)

    with pytest.raises(AmiRefusedError, match="does not exist"):
        await moved(line.send, OFFER)

    assert len(line.sent) == 2


async def test_a_move_that_may_have_been_carried_out_is_not_sent_twice() -> None:
    line = Line(AmiTimeoutError("no answer to Redirect"))

    with pytest.raises(AmiTimeoutError):
        await moved(line.send, OFFER)

    assert len(line.sent) == 1


async def test_an_offer_that_was_taken_back_meanwhile_is_not_made() -> None:
    line = Line(UNDER_WAY)

    await moved(line.send, OFFER, lambda: False)

    assert len(line.sent) == 1


async def test_in_the_end_the_refusal_stands() -> None:
    line = Line(*[UNDER_WAY] * (len(PAUSES_S) + 1))

    with pytest.raises(AmiRefusedError, match="not up"):
        await moved(line.send, OFFER)

    assert len(line.sent) == len(PAUSES_S) + 1
