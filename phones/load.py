"""What SIPp is told: callers on an exact trace of arrivals, and operators who talk and hang up, as files.

SIPp's own call rate is a rate and no trace. So every caller is started at once and pauses until the instant written
for it, computed by SIPp's clock when that caller starts: how long the start took does not matter
(200 callers, 20 a second: each 3.0 to 6.0 ms late).
Keys are RFC 2833 without root (`play_dtmf` needs raw sockets): a stream of telephone-event payloads.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import soundfile
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from phones import tones

SCENARIOS = Path(__file__).parent / "scenarios"
KEY_MS = 200  # a key and the pause after it
_PACKET_BYTES, _PACKET_TICKS = 50, 240  # what SIPp makes of iLBC, whose name the events travel under
_PRESSED_PACKETS = 4  # 120 ms, then one packet with the end bit: more ends with later timestamps would be more keys
_EVENTS = "0123456789*#"
_REFUSALS = (400, 401, 403, 404, 408, 480, 481, 484, 486, 487, 488, 500, 502, 503, 504, 600, 603)


@dataclass(frozen=True, slots=True)
class Arrival:
    """A caller of a trace: `at_s` after the start of the trace."""

    at_s: float
    caller: str
    number: str = "1414"


@dataclass(frozen=True, slots=True)
class Press:
    """A key pressed `at_s` after the answer."""

    at_s: float
    key: str


@dataclass(frozen=True, slots=True)
class Load:
    """The files of one SIPp run and its arguments, without the address it sends to and the ports it listens on."""

    files: Mapping[str, bytes]
    arguments: tuple[str, ...]
    calls: int | None
    """How many calls it makes before it ends by itself; None if it goes on until stopped."""


def callers(
    arrivals: Sequence[Arrival],
    begin_at: float,
    *,
    presses: Sequence[Press] = (),
    patience_s: float = 300.0,
    tone_hz: float | None = 440,
) -> Load:
    """Describe callers who come at `begin_at` (epoch seconds) + their instants, press keys and stay on the line.

    They hang up after `patience_s` without an answer, or so long after the last key. With `tone_hz` None they send
    no voice, which spares the machine. Raises ValueError for keys closer together than `KEY_MS`.
    """
    lines = [f"{(begin_at + one.at_s) * 1000:.0f};{one.caller};{one.number};" for one in arrivals]
    text = _render(
        "caller.xml",
        voice=tone_hz is not None,
        presses=_pauses(presses),
        key_ms=KEY_MS,
        patience_ms=round(patience_s * 1000),
        refusals=_REFUSALS,
    )
    files = {"caller.xml": text, "arrivals.csv": "\n".join(["SEQUENTIAL", *lines, ""]).encode()}
    files |= {_key_file(one.key): key_stream(one.key) for one in presses}
    calls = str(len(arrivals))
    rate = ("-r", "500", "-rp", "1000", "-m", calls, "-l", calls)
    return Load(files | _voice(tone_hz), ("-sf", "caller.xml", "-inf", "arrivals.csv", *rate), len(arrivals))


def operators(
    *,
    talk_s: float = 3.0,
    talks: Mapping[str, float] | None = None,
    answer_after_s: float = 0.0,
    tone_hz: float | None = 1000,
) -> Load:
    """Describe phones that answer for any account and hang up after the talk.

    `talks` gives the talk's length for a caller's number, so that two systems can be measured on the same talks;
    a caller who is not in it gets `talk_s`.
    """
    lines = [f"{caller};{seconds * 1000:.0f};" for caller, seconds in (talks or {}).items()]
    text = _render(
        "operator.xml",
        voice=tone_hz is not None,
        talks=bool(talks),
        talk_ms=round(talk_s * 1000),
        answer_ms=round(answer_after_s * 1000),
    )
    files = {"operator.xml": text}
    arguments: tuple[str, ...] = ("-sf", "operator.xml", "-aa")
    if talks:
        # SIPp takes a variable that is 0 for one that is unset, so nobody is on line 0.
        files["talks.csv"] = "\n".join(["SEQUENTIAL", "nobody;0;", *lines, ""]).encode()
        arguments = (*arguments, "-inf", "talks.csv", "-infindex", "talks.csv", "0")
    return Load(files | _voice(tone_hz), arguments, None)


def key_stream(key: str) -> bytes:
    """Make the packets of one key press, RFC 4733's four bytes each, filled up to what SIPp takes for a packet."""
    event = _EVENTS.index(key)
    packets = [
        struct.pack("!BBH", event, 10 | (0x80 if at > _PRESSED_PACKETS else 0), at * _PACKET_TICKS)
        for at in range(1, _PRESSED_PACKETS + 2)
    ]
    return b"".join(packet.ljust(_PACKET_BYTES, b"\0") for packet in packets)


def _pauses(presses: Sequence[Press]) -> list[dict[str, object]]:
    made: list[dict[str, object]] = []
    free_ms = 0
    for one in presses:
        pause_ms = round(one.at_s * 1000) - free_ms
        if pause_ms < 0:
            raise ValueError(f"key {one.key} at {one.at_s} s comes before the one before it is over")
        made.append({"pause_ms": pause_ms, "file": _key_file(one.key)})
        free_ms = round(one.at_s * 1000) + KEY_MS
    return made


def _key_file(key: str) -> str:
    return f"key-{_EVENTS.index(key)}.event"


def _voice(tone_hz: float | None) -> dict[str, bytes]:
    if tone_hz is None:
        return {}
    raw = io.BytesIO()
    soundfile.write(raw, tones.tone(tone_hz, 1.0), 8000, format="RAW", subtype="ALAW")
    return {"voice.alaw": raw.getvalue()}


def _render(name: str, **values: object) -> bytes:
    # SIPp's own syntax, not HTML; values are numbers of ours.
    environment = Environment(loader=FileSystemLoader(SCENARIOS), undefined=StrictUndefined)  # noqa: S701
    return environment.get_template(name).render(**values).encode()
