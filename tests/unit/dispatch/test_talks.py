"""Who can be brought together is read off the channels."""

from __future__ import annotations

from dataclasses import replace

import pytest

from calls.events import OperatorAnswered
from calls.ids import CallId, GroupId, OperatorId
from console.errors import ApiError, NoConsultationError, NoTalkError, UnknownCallError
from dispatch.snapshot import SeenChannel, rebuild
from dispatch.talks import operators_of, ready_for_three

TALK = {"BLN_TALKED": "101", "BLN_OFFER": "2", "BLN_TALKED_OFFER": "2", "BLN_GROUP": "ict", "BLN_RANK": "5"} | {
    "BLN_ARRIVED": "5"
}


def caller(context: str = "connect", **said: str) -> SeenChannel:
    return SeenChannel("PJSIP/carrier-1", "a", "a", True, context, "Dial", TALK | said, "101")


def asking(number: str = "101") -> SeenChannel:
    return SeenChannel(f"PJSIP/op{number}-2", "b", "b", True, "connect", "Dial", {"BLN_CONSULT": "1", "BLN_ME": number})


def colleague(*, up: bool = True) -> SeenChannel:
    return SeenChannel("PJSIP/op103-3", "c", "b", up, "connect", "AppDial", {})


@pytest.mark.parametrize("context", ["connect", "net", "joined", "taken-back", "held", "three-way-left"])
def test_caller_is_joined_when_the_operator_talks_with_a_colleague(context: str) -> None:
    there = caller(context)
    assert ready_for_three([there, asking(), colleague()], "a") is there


@pytest.mark.parametrize(
    ("channels", "refusal"),
    [
        ([asking(), colleague()], UnknownCallError),
        ([caller(), asking(), colleague(up=False)], NoConsultationError),
        ([caller(), asking("102"), colleague()], NoConsultationError),
        ([caller()], NoConsultationError),
        ([replace(caller(), linkedid="z"), asking(), colleague()], UnknownCallError),
        ([caller(BLN_ARRIVED=""), asking(), colleague()], UnknownCallError),
        ([caller(BLN_ID="z"), asking(), colleague()], UnknownCallError),
        ([caller(BLN_TALKED_OFFER="", BLN_OFFER=""), asking(), colleague()], NoTalkError),
        ([caller("waiting"), asking(), colleague()], NoTalkError),
        ([caller("three-way"), asking(), colleague()], NoTalkError),
        ([caller(BLN_OFFER="3"), asking(), colleague()], NoTalkError),
    ],
)
def test_nobody_is_moved_otherwise(channels: list[SeenChannel], refusal: type[ApiError]) -> None:
    with pytest.raises(refusal):
        ready_for_three(channels, "a")


def test_restarted_controller_knows_who_talks_in_three() -> None:
    there = caller("three-way", BLN_WITH="103")
    assert operators_of(there) == "101, 103"
    assert (
        OperatorAnswered(OperatorId("101"), CallId("a"), GroupId("ict"))
        in rebuild([there, asking(), colleague()], {}, {}).events
    )
