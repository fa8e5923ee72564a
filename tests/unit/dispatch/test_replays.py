"""Calls recorded from a real Asterisk 22, lived through again by the real dispatcher: what it did, and what it told.

`make record` records them anew; what must come out stands here, and not in the recordings.
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from calls.journal import Fact
from dialplan import names
from telephony.ami_event import AmiEvent, LinkDown, LinkUp
from tests.unit.dispatch.replay import Replay, lived_through

STREAMS = [path.stem for path in sorted((Path(__file__).parent / "streams").glob("*.jsonl"))]
CARRIER = tuple(f"PJSIP/carrier-{number:08x}" for number in range(5))
"""Channels of callers, as Asterisk counts its channels."""


def when(replay: Replay, name: str, **said: str) -> float:
    """When Asterisk said this last, seconds."""
    return max(
        at_s
        for at_s, item in replay.stream.heard
        if isinstance(item, AmiEvent) and item.name == name and said.items() <= item.fields.items()
    )


@pytest.mark.parametrize("name", STREAMS)
async def test_it_does_and_tells_again_what_the_recorded_controller_did_and_told(name: str, tmp_path: Path) -> None:
    replay = await lived_through(name, tmp_path)
    assert replay.asterisk.unknown == [], "nothing that it did not do then"
    assert not replay.undone()
    told = [(fact, {key: value for key, value in said.items() if key != "at_ms"}) for fact, said in replay.facts()]
    then = [(fact, {key: value for key, value in said.items() if key != "at_ms"}) for fact, said in replay.stream.facts]
    assert sorted(told, key=str) == sorted(then, key=str)
    for operator in {said["operator"] for fact, said in told if fact == Fact.PRESENCE}:
        assert replay.states(operator) == [
            said["state"] for fact, said in then if fact == Fact.PRESENCE and said["operator"] == operator
        ]


@pytest.mark.parametrize("name", STREAMS)
async def test_nobody_is_left_idle_beside_a_caller_and_nothing_is_wrong(name: str, tmp_path: Path) -> None:
    replay = await lived_through(name, tmp_path)
    assert replay.facts(Fact.ALARM) == []
    assert replay.dispatcher.idle_watch.alarms == 0


@pytest.mark.parametrize("name", STREAMS)
def test_a_recording_holds_no_secrets(name: str) -> None:
    text = (Path(__file__).parent / "streams" / f"{name}.jsonl").read_text().lower()
    assert not [word for word in ("secret", "password", "authorization", '"login"') if word in text]
    assert len(text) < 150_000


async def test_from_the_menu_to_the_rating(tmp_path: Path) -> None:
    replay = await lived_through("menu-to-rating", tmp_path)
    assert replay.moves() == [(CARRIER[0], names.WAITING, names.ANNOUNCE), (CARRIER[0], names.CONNECT, "101")]
    assert replay.set_to(names.SAY) == ["bailanys/position-1&bailanys/nobody-now"]
    assert replay.set_to(names.TOLD) == ["1"]
    assert replay.set_to(names.UNSTAFFED) == ["-61-62-63-", "-62-63-"]
    assert replay.states("101") == ["unreachable", "paused", "ready", "offered", "talking", "ready"]
    assert replay.dispatcher.router.calls == {}


async def test_the_offer_is_made_in_the_instant_in_which_the_operator_is_free(tmp_path: Path) -> None:
    replay = await lived_through("menu-to-rating", tmp_path)
    freed_s = when(replay, "Hangup", Context="presence")
    (offered_s,) = [at_s for at_s, one in replay.asterisk.done if one.get("Context") == names.CONNECT]
    assert 0 <= offered_s - freed_s < 0.002


async def test_it_beats_each_second_of_the_call(tmp_path: Path) -> None:
    beats_s = (await lived_through("menu-to-rating", tmp_path)).asterisk.beats_s
    assert [round(after - before, 3) for before, after in pairwise(beats_s[1:])] == [1.0] * (len(beats_s) - 2)


async def test_a_transfer_by_refer_goes_to_the_other_groups_operator(tmp_path: Path) -> None:
    replay = await lived_through("transfer", tmp_path)
    caller = CARRIER[2]
    assert replay.moves() == [(caller, names.CONNECT, "101"), (caller, names.CONNECT, "103")]
    assert replay.states("101")[-3:] == ["offered", "talking", "ready"], "free as soon as the caller is on the way"
    assert replay.states("103")[-3:] == ["offered", "talking", "ready"]
    assert replay.set_to(names.UNSTAFFED) == ["-61-62-63-", "-62-63-", "-63-"], "or the phone could not transfer"
    assert replay.set_to(names.SAY) == [], "the notice is the dialplan's"
    waits_s = when(replay, "UserEvent", UserEvent=names.WAITING_EVENT, Channel=caller)
    assert when(replay, "Hangup", Channel="PJSIP/op101-00000003") < waits_s
    offered_s = [at_s for at_s, one in replay.asterisk.done if one.get("Exten") == "103"]
    assert [round(at_s - waits_s, 3) for at_s in offered_s] == [0.0]


async def test_after_a_lost_link_the_state_is_read_and_the_one_who_still_waits_is_offered(tmp_path: Path) -> None:
    replay = await lived_through("lost-link", tmp_path)
    talking, leaving, staying = CARRIER[1], CARRIER[3], CARRIER[4]
    assert replay.moves() == [
        (talking, names.CONNECT, "101"),
        (leaving, names.WAITING, names.ANNOUNCE),
        (staying, names.WAITING, names.ANNOUNCE),
        (staying, names.CONNECT, "101"),
    ]
    assert replay.states("101")[2:] == ["ready", "offered", "talking", "ready", "offered", "talking", "ready"]
    *_, lost_s, _, up_s = [at_s for at_s, item in replay.stream.heard if isinstance(item, LinkDown | LinkUp)]
    assert not [beat_s for beat_s in replay.asterisk.beats_s if lost_s < beat_s < up_s]
    *_, offered_s = [at_s for at_s, one in replay.asterisk.done if one.get("Channel") == staying]
    assert 0 < offered_s - up_s < 0.1
    assert replay.set_to(names.UNSTAFFED)[1:] == ["-62-63-"] * 2, "said again: it might be another Asterisk"
    assert replay.dispatcher.router.calls == {}


async def test_a_restarted_controller_takes_callers_out_of_the_net_and_keeps_their_order(tmp_path: Path) -> None:
    replay = await lived_through("restart", tmp_path)
    first, second = CARRIER[:2]
    moves = replay.moves()
    assert sorted(moves[:2]) == [(first, names.WAITING, "back"), (second, names.WAITING, "back")]
    assert moves[2:4] == [(first, names.WAITING, names.ANNOUNCE), (second, names.WAITING, names.ANNOUNCE)]
    assert moves[4:] == [(first, names.CONNECT, "101"), (second, names.CONNECT, "101")]
    assert replay.set_to(names.TOLD) == ["1", "2"]
    assert replay.states("101") == ["paused", "ready", "offered", "talking", "ready", "offered", "talking", "ready"]
    assert [one for _, one in replay.asterisk.done if one["Action"] == "QueueAdd"] == [], "the net has them already"


async def test_a_restarted_controller_says_its_beat_before_anything_else(tmp_path: Path) -> None:
    replay = await lived_through("restart", tmp_path)
    up_s, (beat_s, *_) = replay.stream.heard[0][0], replay.asterisk.beats_s
    (done_s, _), *_ = replay.asterisk.done
    assert beat_s - up_s < 0.001
    assert beat_s <= done_s


async def test_who_is_refused_and_missed_keeps_the_place_and_is_offered_again_at_once(tmp_path: Path) -> None:
    replay = await lived_through("offers-in-vain", tmp_path)
    caller = CARRIER[2]
    connects = [extension for _, context, extension in replay.moves() if context == names.CONNECT]
    assert connects == ["103", "104", "103"]
    refused = [(one["state"], one["reason"]) for _, one in replay.facts(Fact.PRESENCE) if one["operator"] == "103"]
    assert ("paused", "refused") in refused
    assert replay.states("104")[-2:] == ["offered", "paused"]
    kept = [(at_s, one) for at_s, one in replay.asterisk.done if one["Action"] == "DBPut"]
    ((missed_s, missed),) = kept
    assert (missed["Key"], missed["Val"]) == ("104", "paused:missed-call")
    rung_s, (_, second_s, _) = (
        when(replay, "DialBegin", DestChannel="PJSIP/op104-00000004"),
        [at_s for at_s, one in replay.asterisk.done if one.get("Context") == names.CONNECT],
    )
    refused_s = when(replay, "Hangup", Channel="PJSIP/op103-00000003")
    assert 0 <= second_s - refused_s < 0.05, "the next operator rings as soon as the first has refused"
    assert missed_s - rung_s == pytest.approx(2, abs=0.1), "as long as ring_s"
    assert [channel for channel, *_ in replay.moves()] == [caller] * 4


async def test_a_consultation_that_is_joined_is_one_talk_after_the_other_for_both(tmp_path: Path) -> None:
    replay = await lived_through("consultation", tmp_path)
    caller, line = CARRIER[2], "PJSIP/op101-00000004"
    assert replay.moves() == [(caller, names.CONNECT, "101"), (line, names.CONNECT, "103")]
    told = [one for _, one in replay.facts(Fact.PRESENCE)]
    asked = [(one["state"], one["reason"]) for one in told if one["operator"] == "103"][3:]
    call, question = replay.stream.heard_call(caller), replay.stream.heard_call(line)
    assert asked == [("offered", question), ("talking", question), ("talking", call), ("ready", "")]
    assert replay.states("101")[-3:] == ["offered", "talking", "ready"]
    assert replay.dispatcher.router.calls == {}
