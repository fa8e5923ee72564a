"""A state folder that a backup was not put back into to its end: no hotline is started on it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from config.problems import Finding

MARK = "restoring"


def restored_findings(state: Path) -> Iterator[Finding]:
    """That it is not whole, if it is not."""
    if (state / MARK).exists():
        words = f"{state} is half restored: remove what is in it, and `bailanys restore` again"
        yield Finding(("storage", "state_dir"), words)
