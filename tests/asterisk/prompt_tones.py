"""Studio recordings for tests: every prompt is a short tone of its own, so that what was said is proved by spectrum."""

from __future__ import annotations

from pathlib import Path

from config.settings import LANGUAGES
from phones import tones
from speech.catalogue import catalogue

FIRST_HZ, STEP_HZ = 1650, 15  # above the phones' own tones; a quarter of a second tells 8 Hz apart
BLIP_HZ = 3400
TOLD_APART = {
    "hello": 0.4,
    "hello-again": 0.4,
    "language": 0.4,
    "recorded": 0.4,
    "wrong-key": 0.4,
    "change-language": 0.4,
    "please-wait": 0.5,
    "transfer-notice": 0.6,
    "operator": 0.5,
    "rating-ask": 0.6,
    "rating-again": 0.4,
    "rating-thanks": 0.4,
    "goodbye": 0.4,
    "ready-confirm": 0.4,
    "paused-confirm": 0.4,
    "position-1": 4.0,  # long enough to be cut by an offer
    "position-2": 0.6,
    "nobody-now": 0.6,
    "wait-before": 0.6,
    "callback-offer": 0.8,
    "callback-number": 0.6,
    "callback-confirm": 0.6,
    "callback-kept": 0.6,
    "callback-whisper": 0.6,
    "callback-unreached": 0.6,
    "callback-later": 0.6,
    "wrap-up-longer": 0.4,
    "wrap-up-no-longer": 0.4,
    "given-back": 0.6,
    "given-back-whisper": 0.6,
    "nobody-logged-in": 0.6,
    "operator-not-logged-in": 0.6,
    "three-way-notice": 0.6,
    "phone-lost": 0.6,
    "callback-wrong": 0.6,
}
"""Prompts that tests listen for, and how long each lasts in seconds; all others are a blip."""


def prompt_hz(prompt: str, language: str = "kk") -> int:
    """The tone that stands for a prompt in a language."""
    return FIRST_HZ + STEP_HZ * (len(LANGUAGES) * list(TOLD_APART).index(prompt) + LANGUAGES.index(language))


def record_studio(folder: Path) -> Path:
    """Write `<language>/<id>.wav` for the whole catalogue."""
    for language in LANGUAGES:
        (folder / language).mkdir(parents=True)
        for prompt in catalogue(language):
            hz = prompt_hz(prompt, language) if prompt in TOLD_APART else BLIP_HZ
            tones.write_tone(folder / language / f"{prompt}.wav", hz, TOLD_APART.get(prompt, 0.08))
    return folder


def heard_stretches(path: Path, hz: float, from_s: float = 0.0, channel: int = 0) -> list[tuple[float, float]]:
    """When a tone sounded in a recording: (begin, end) of each stretch, in seconds, some 0.1 s exact."""
    samples, rate = tones.read(path, channel)
    frame, hop = round(tones.FRAME_S * rate), rate // 20
    found: list[tuple[float, float]] = []
    for at in range(round(from_s * rate), len(samples) - frame, hop):
        if tones.heard_share(samples[at : at + frame], rate, hz) == 1.0:
            begin, end = at / rate, (at + frame) / rate
            if found and begin <= found[-1][1]:
                found[-1] = (found[-1][0], end)
            else:
                found.append((begin, end))
    return found
