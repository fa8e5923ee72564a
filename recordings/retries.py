"""What goes wrong is said once, not once a second, and is not tried again at once."""

from __future__ import annotations

import structlog

log = structlog.get_logger(__name__)

RETRY_MS = 10_000


class Retries:
    """What is known to fail at present, by subject: a recording's name, `archive` or `ledger`."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[str, int]] = {}

    def rests(self, subject: str, now_ms: int) -> bool:
        """Whether the subject failed so lately that it is left alone for now."""
        return subject in self._known and now_ms < self._known[subject][1]

    def failed(self, subject: str, error: BaseException, now_ms: int) -> bool:
        """Log the error unless the subject is known to fail in just this way, and let it rest for ten seconds.

        Returns whether that is news.
        """
        text = f"{type(error).__name__}: {error}"
        news = subject not in self._known or self._known[subject][0] != text
        if news:
            log.error("a recording waits", subject=subject, error=text, again_in_s=RETRY_MS / 1000)
        self._known[subject] = text, now_ms + RETRY_MS
        return news

    def cleared(self, subject: str) -> None:
        """It works; said once if it had not."""
        if self._known.pop(subject, None) is not None:
            log.info("a recording waits no more", subject=subject)
