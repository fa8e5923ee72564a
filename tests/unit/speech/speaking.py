"""Voices and folders of sounds for the tests: a voice that hums, and a centre to speak for."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from config.settings import LANGUAGES, Language, Settings
from speech.errors import SynthesiserError
from speech.sound import Samples, tone
from speech.voices import Voice


@dataclass(frozen=True, slots=True)
class Humming(Voice):
    """Hums 50 ms for each word, and remembers what it was asked to say."""

    said: list[tuple[str, int]] = field(default_factory=list)
    falls_silent_after: int = 10_000

    def say(self, words: str, pace: int) -> Samples:
        if len(self.said) >= self.falls_silent_after:
            raise SynthesiserError("the voice is gone")
        self.said.append((words, pace))
        return tone(400, 0.05 * len(words.split()), -30)


def humming(name: str = "hum", falls_silent_after: int = 10_000) -> dict[Language, Voice]:
    return {
        each: Humming(name, "hum", (name, each), pace=200, number_pace=100, falls_silent_after=falls_silent_after)
        for each in LANGUAGES
    }


def centre(studio: Path = Path("no-studio"), **changes: Any) -> Settings:
    document = {
        "hotline": {"default_group": "services"},
        "trunks": [{"name": "carrier", "addresses": ["192.0.2.1"]}],
        "groups": [
            {"name": name, "transfer_number": str(61 + at), "title": {"en": name}}
            for at, name in enumerate(("services", "nobody-asks-for"))
        ],
        "menu": {
            "choices": [
                {"key": "1", "group": "services", "prompt": "menu-state-services"},
                {"key": "9", "repeat": True, "prompt": "menu-repeat"},
            ]
        },
        "operators": [{"number": "101", "name": "Айгүл", "groups": ["services"]}],
        "speech": {"override_dir": studio},
    }
    return Settings.model_validate(document | changes)
