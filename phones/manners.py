"""How a phone behaves when it rings, as values that travel to its process as JSON."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Answer:
    """Ring for `after_s` seconds, answer, and hang up after `talk_s` (None: wait for the other side)."""

    after_s: float = 0.0
    talk_s: float | None = None


@dataclass(frozen=True, slots=True)
class Ring:
    """Ring and leave everything to the test: `call.answer()`, `call.refuse()`, or nothing at all."""


@dataclass(frozen=True, slots=True)
class Refuse:
    """Refuse with a SIP status, e.g. 486 (busy) or 603 (declined); rings first if `after_s` is above nought."""

    status: int = 486
    after_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Redirect:
    """Send the call elsewhere with 302, or another 3xx; `target` is a SIP URI."""

    target: str
    after_s: float = 0.0
    status: int = 302


Manner = Answer | Ring | Refuse | Redirect

_KINDS: dict[str, type[Manner]] = {"answer": Answer, "ring": Ring, "refuse": Refuse, "redirect": Redirect}


def written(manner: Manner) -> dict[str, Any]:
    """Put a manner into plain values for JSON."""
    kind = next(kind for kind, made in _KINDS.items() if isinstance(manner, made))
    return {"kind": kind, **asdict(manner)}


def read(plain: dict[str, Any]) -> Manner:
    """Make the manner out of what `written` made. Raises KeyError or TypeError for anything else."""
    fields = dict(plain)
    return _KINDS[fields.pop("kind")](**fields)
