from __future__ import annotations

import io
import socket
import time
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from bench.alaw import FRAME, known_sound
from bench.ear import Ear
from bench.leg import Leg
from bench.voice import Clock, Voice
from phones.tones import tone

SILENCE = b"\xd5" * FRAME


@pytest.fixture
async def leg() -> AsyncIterator[Leg]:
    made = Leg(lambda _: None, "127.0.0.1", 5060, Clock(), 440)
    made.voice = Voice("127.0.0.1", 440)
    yield made
    made.voice.close()


def packets(samples: np.ndarray) -> list[bytes]:
    raw = io.BytesIO()
    soundfile.write(raw, samples, 8000, format="RAW", subtype="ALAW")
    voice = raw.getvalue()
    return [voice[at : at + FRAME] for at in range(0, len(voice), FRAME)]


def say(leg: Leg, voices: list[bytes]) -> None:
    assert leg.voice is not None
    with socket.socket(type=socket.SOCK_DGRAM) as line:
        for voice in voices:
            line.sendto(bytes(12) + voice, ("127.0.0.1", leg.voice.port))


async def test_silence_is_no_first_sound(leg: Leg) -> None:
    ear, before_s = Ear(leg), time.time()
    say(leg, [SILENCE, SILENCE])
    with pytest.raises(TimeoutError):
        await ear.first_sound_at(timeout_s=0.05)

    say(leg, [SILENCE, *packets(tone(440, 0.02))])

    assert before_s + 0.05 <= await ear.first_sound_at(timeout_s=1) <= time.time()


async def test_a_prompt_begins_before_its_first_audible_packet(leg: Leg, tmp_path: Path) -> None:
    prompt = np.concatenate([np.zeros(3 * FRAME), tone(700, 0.2)])
    soundfile.write(str(tmp_path / "prompt.wav"), prompt, 8000, subtype="PCM_16")
    ear, before_s = Ear(leg), time.time()

    say(leg, [*packets(tone(3000, 0.1)), *packets(prompt)])

    begun_s = await ear.begun_at(known_sound(tmp_path / "prompt.wav"), timeout_s=1)
    assert before_s - 0.061 <= begun_s <= time.time() - 0.059
