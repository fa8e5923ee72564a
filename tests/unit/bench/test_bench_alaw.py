from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
import soundfile

from bench.alaw import FRAME, decode, known_sound, loudness_dbfs
from phones.tones import tone


def alaw(samples: np.ndarray) -> bytes:
    raw = io.BytesIO()
    soundfile.write(raw, samples, 8000, format="RAW", subtype="ALAW")
    return raw.getvalue()


@pytest.fixture
def prompt(tmp_path: Path) -> tuple[Path, np.ndarray]:
    """A tenth of a second of silence, then something that never repeats."""
    rising = np.concatenate([tone(hz, 0.02) for hz in range(300, 1300, 37)])
    samples = np.concatenate([np.zeros(5 * FRAME), rising])
    path = tmp_path / "prompt.wav"
    soundfile.write(str(path), samples, 8000, subtype="PCM_16")
    return path, samples


def test_bytes_decode_as_another_implementation_decodes_them() -> None:
    every = bytes(range(256))
    theirs, _ = soundfile.read(
        io.BytesIO(every), format="RAW", subtype="ALAW", channels=1, samplerate=8000, dtype="float64"
    )

    assert decode(every) == pytest.approx(theirs)


def test_silence_is_quiet_and_a_tone_is_loud() -> None:
    assert loudness_dbfs(b"\xd5" * FRAME) < -60
    assert loudness_dbfs(alaw(tone(440, 0.02, dbfs=-12.0))) == pytest.approx(-12, abs=0.5)
    assert loudness_dbfs(b"") == -120


def test_a_prompt_is_known_by_any_of_its_first_frames(prompt: tuple[Path, np.ndarray]) -> None:
    path, samples = prompt
    known = known_sound(path)

    packets = [alaw(samples[at : at + FRAME]) for at in range(0, len(samples), FRAME)]

    assert known.begun_before_s(packets[4]) is None  # silence is in every prompt
    assert known.begun_before_s(packets[5]) == pytest.approx(0.10)
    assert known.begun_before_s(packets[8]) == pytest.approx(0.16)


def test_another_sound_is_not_taken_for_the_prompt(prompt: tuple[Path, np.ndarray]) -> None:
    known = known_sound(prompt[0])

    assert known.begun_before_s(alaw(tone(5 * 440, 0.02))) is None
    assert known.begun_before_s(b"\xd5" * FRAME) is None
    assert known.begun_before_s(b"\xd5" * 80) is None


def test_a_silent_prompt_cannot_be_known(tmp_path: Path) -> None:
    soundfile.write(str(tmp_path / "silent.wav"), np.zeros(8000), 8000, subtype="PCM_16")

    with pytest.raises(ValueError, match="silent"):
        known_sound(tmp_path / "silent.wav")
