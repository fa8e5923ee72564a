"""A caller with a plan: what they press at each sound and in each silence."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from calls.ports import CallerGoneError


@dataclass
class FakeLine:
    """Answers each moment with the next of `presses`: a key, "" for silence, or "hang up"; silence when they run out.

    A moment is a sound or the wait after it. `heard` is what was played, `steps` what was told.
    """

    presses: Iterable[str] = ()
    heard: list[str] = field(default_factory=list)
    steps: list[tuple[str, str]] = field(default_factory=list)
    languages: list[str] = field(default_factory=list)
    waited_s: float = 0.0

    def __post_init__(self) -> None:
        self._presses = iter(self.presses)

    def _press(self) -> str | None:
        press = next(self._presses, "")
        if press == "hang up":
            raise CallerGoneError
        return press or None

    async def play(self, sound: str, keys: str) -> str | None:
        self.heard.append(f"{self.languages[-1]}/{sound}")
        press = self._press()
        return press if press is not None and press in keys else None

    async def wait_key(self, seconds: float) -> str | None:
        press = self._press()
        self.waited_s += 0 if press else seconds
        return press

    async def speak_language(self, language: str) -> None:
        self.languages.append(language)

    async def step(self, step: str, detail: str = "") -> None:
        self.steps.append((step, detail))
