from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

from phones.legs import Leg, call_number, legs, read_messages
from phones.load import KEY_MS, Arrival, Press, callers, key_stream, operators
from phones.registration import digest

TRACE = "\n".join(
    f"2026-01-01\t00:00:00.000000\t{at:017.6f}\t{rest}"
    for at, rest in [
        (1000.0, "S\t1-7@h\tCSeq:1 INVITE\tINVITE sip:1414@h:5060 SIP/2.0"),
        (1000.001, "R\t1-7@h\tCSeq:1 INVITE\tSIP/2.0 100 Trying"),
        (1000.5, "R\t1-7@h\tCSeq:1 INVITE\tSIP/2.0 180 Ringing"),
        (1001.0, "R\t1-7@h\tCSeq:1 INVITE\tSIP/2.0 200 OK"),
        (1001.0, "S\t1-7@h\tCSeq:1 ACK\tACK sip:h SIP/2.0"),
        (1001.5, "R\t1-7@h\tCSeq:1 INVITE\tSIP/2.0 200 OK"),
        (1004.0, "R\t1-7@h\tCSeq: 77 BYE\tBYE sip:x@h SIP/2.0"),
        (1004.0, "S\t1-7@h\tCSeq: 77 BYE\tSIP/2.0 200 OK"),
        (1000.2, "S\t2-7@h\tCSeq:1 INVITE\tINVITE sip:999@h:5060 SIP/2.0"),
        (1000.3, "R\t2-7@h\tCSeq:1 INVITE\tSIP/2.0 404 Not Found"),
        (1000.1, "S\t3-7@h\tCSeq:1 INVITE\tINVITE sip:1414@h:5060 SIP/2.0"),
        (1000.9, "S\t3-7@h\tCSeq:1 CANCEL\tCANCEL sip:1414@h:5060 SIP/2.0"),
        (1000.9, "R\t3-7@h\tCSeq:1 INVITE\tSIP/2.0 487 Request Terminated"),
        (1000.9, "R\tq@h\tCSeq:1 OPTIONS\tOPTIONS sip:op101@h SIP/2.0"),
    ]
)


def test_calls_are_told_from_the_trace() -> None:
    answered, cancelled, refused = legs(read_messages(TRACE + "\n2026-01-01\t00:00:00.000000\t1005.00"))
    assert answered == Leg("1-7@h", "1414", 1000.0, 1000.5, 1001.0, 1004.0, False, 200)
    assert answered.talk_s == 3.0
    assert cancelled == Leg("3-7@h", "1414", 1000.1, None, None, 1000.9, True, 487)
    assert refused == Leg("2-7@h", "999", 1000.2, None, None, 1000.3, False, 404)
    assert [call_number(leg.call_id) for leg in (answered, cancelled, refused)] == [1, 3, 2]
    assert refused.talk_s is None


def test_key_stream_is_rfc_4733_in_packets_of_equal_size() -> None:
    stream = key_stream("#")
    packets = [stream[at : at + 50] for at in range(0, len(stream), 50)]
    assert [packet[0] for packet in packets] == [11] * 5
    assert [bool(packet[1] & 0x80) for packet in packets] == [False] * 4 + [True]
    assert [int.from_bytes(packet[2:4]) for packet in packets] == [240, 480, 720, 960, 1200]
    assert len(packets) * 30 < KEY_MS


def test_keys_are_pressed_at_their_times() -> None:
    load = callers([Arrival(1.5, "7701")], 1000.0, presses=[Press(1.0, "1"), Press(2.0, "*")], patience_s=7)
    assert load.files["arrivals.csv"] == b"SEQUENTIAL\n1001500;7701;1414;\n"
    scenario = ET.fromstring(load.files["caller.xml"])
    pauses = [pause.get("milliseconds") for pause in scenario.iter("pause") if pause.get("milliseconds")]
    assert pauses == ["7000", "1000", "200", "800", "200", "7000"]  # for the answer, then in the talk
    assert {"key-1.event", "key-10.event", "voice.alaw"} <= load.files.keys()
    assert len(load.files["voice.alaw"]) == 8000
    with pytest.raises(ValueError, match="before the one before"):
        callers([], 0, presses=[Press(1.0, "1"), Press(1.1, "2")])


def test_silent_operators_and_their_own_talks() -> None:
    load = operators(talk_s=2, talks={"7701": 1.5}, tone_hz=None)
    assert load.files["talks.csv"] == b"SEQUENTIAL\nnobody;0;\n7701;1500;\n"
    assert b"rtp_stream" not in load.files["operator.xml"]
    assert "talks.csv" in load.arguments
    assert b"lookup" not in operators().files["operator.xml"]
    ET.fromstring(load.files["operator.xml"])


def test_digest_is_that_of_rfc_2617() -> None:
    challenge = 'Digest realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", opaque="5ccc"'
    said = digest(challenge, "GET", "/dir/index.html", "Mufasa", "Circle Of Life")
    assert 'response="670fd8c2df070c60b045671b8b24ff02"' in said
    assert 'opaque="5ccc"' in said
    assert "qop=auth, nc=00000001" in digest(challenge + ', qop="auth"', "GET", "/", "Mufasa", "x")
