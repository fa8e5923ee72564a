"""The native queues have the members, pauses and penalties that the core knows."""

from __future__ import annotations

from pathlib import Path

import pytest

from calls.ids import GroupId, OperatorId
from dispatch.safety_net import keep_net_in_step, serve_in_net
from routing.from_settings import operators_of
from routing.presence import Operator
from telephony.errors import AmiDownError, AmiRefusedError
from tests.unit.dispatch.paper_asterisk import PaperAsterisk, hotline

SETTINGS = hotline()
FIRST, SECOND = "PJSIP/op101", "PJSIP/op102"


def operator(number: str = "101", *, ready: bool = True, **levels: int) -> Operator:
    groups = {GroupId(name.replace("_", "-")): level for name, level in levels.items()}
    return Operator(OperatorId(number), frozenset(groups), frozenset({"kk"}), ready=ready, levels=groups)


async def test_who_is_no_member_yet_becomes_one_with_penalty_and_pause() -> None:
    asterisk = PaperAsterisk()
    everybody = [operator(portal=1, ict=3), operator("102", ready=False, portal=2)]
    await keep_net_in_step(asterisk, SETTINGS, everybody)
    assert asterisk.members == {
        ("portal", FIRST): ("0", "0"),
        ("ict", FIRST): ("2", "0"),
        ("portal", SECOND): ("1", "1"),
    }
    assert ("portal", FIRST, "0", "false", "101") in asterisk.actions("QueueAdd")
    told = len(asterisk.done)
    await keep_net_in_step(asterisk, SETTINGS, everybody)
    assert len(asterisk.done) == told, "it is in step"


async def test_members_of_before_are_brought_in_step_and_strangers_go() -> None:
    asterisk = PaperAsterisk()
    asterisk.members = {
        ("portal", FIRST): ("4", "1"),
        ("ict", FIRST): ("0", "0"),
        ("portal", SECOND): ("0", "0"),
        ("portal", "PJSIP/op999"): ("0", "0"),
    }
    await keep_net_in_step(asterisk, SETTINGS, [operator(portal=1), operator("102", ready=False, portal=1)])
    assert asterisk.members == {("portal", FIRST): ("0", "0"), ("portal", SECOND): ("0", "1")}
    assert asterisk.actions("QueuePause") == [(FIRST, "false", "portal"), (SECOND, "true", "portal")]
    assert asterisk.actions("QueuePenalty") == [(FIRST, "0", "portal")]


async def test_one_operator_changes_without_a_look_at_all() -> None:
    asterisk = PaperAsterisk()
    asterisk.members = {(queue, FIRST): ("0", "0") for queue in ("portal", "ict", "state-services")}
    before = {GroupId("portal"): 1, GroupId("ict"): 1, GroupId("state-services"): 1}
    now = {GroupId("portal"): 1, GroupId("ict"): 4}
    await serve_in_net(asterisk, OperatorId("101"), before, now, paused=False)
    assert asterisk.members == {("portal", FIRST): ("0", "0"), ("ict", FIRST): ("3", "0")}
    assert len(asterisk.done) == 2, "what stays as it is is not said"
    await serve_in_net(asterisk, OperatorId("102"), {}, now, paused=True)
    assert asterisk.members["ict", SECOND] == ("3", "1")


async def test_what_is_refused_is_in_step_already_and_a_lost_link_is_told() -> None:
    asterisk = PaperAsterisk()
    asterisk.refuses["QueueAdd"] = [AmiRefusedError("Already there")]
    await keep_net_in_step(asterisk, SETTINGS, [operator(portal=1, ict=3)])
    assert len(asterisk.members) == 1
    asterisk.refuses["QueueAdd"] = [AmiDownError("gone")]
    with pytest.raises(AmiDownError):
        await keep_net_in_step(asterisk, SETTINGS, [operator("102", portal=1)])


def test_every_configured_operator_has_a_level_in_each_group(tmp_path: Path) -> None:
    assert all(one.levels.keys() <= one.groups for one in operators_of(SETTINGS))
