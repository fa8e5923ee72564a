"""Logs: JSON lines with the call id; a caller's number only masked, keys pressed never."""

from __future__ import annotations

import contextlib
import logging
import os
import re
import stat
import sys
import time
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any, TextIO, cast

import structlog

from calls.json_text import json_text
from config.visible_text import shown

FOLLOW_EVERY_S = 1.0
_NUMBER = re.compile(r"\.[0-9]+$")


def set_up_logging() -> None:
    """Send everything to standard error as JSON lines."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Visible("%(levelname)s %(name)s %(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            mask_numbers,
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(json_text),
        ],
        logger_factory=structlog.PrintLoggerFactory(cast("TextIO", _Unfailing(sys.stderr))),
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        cache_logger_on_first_use=True,
    )


class _Visible(logging.Formatter):
    """Lines of libraries: what came from outside begins no line of its own, and has no power over a terminal."""

    def formatMessage(self, record: logging.LogRecord) -> str:
        return shown(super().formatMessage(record))

    def format(self, record: logging.LogRecord) -> str:
        return shown(super().format(record), but="\n")  # those of a traceback


class _Unfailing:
    """A stream that never raises: a full disk under the log must cost no caller anything."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._file = _OwnName(stream)
        self._at_a_line = True

    def write(self, text: str) -> None:
        with contextlib.suppress(OSError, ValueError):
            if self._at_a_line:  # a line's end comes by itself, and belongs to the same file
                self._file.follow()
            self._at_a_line = text.endswith("\n")
            self._stream.write(text)

    def flush(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            self._stream.flush()


class _OwnName:
    """Follows the name of the file that a stream writes to: when that was put aside, a new one is begun.

    Everybody who writes to the descriptor goes along: tracebacks, libraries.
    """

    def __init__(self, stream: TextIO) -> None:
        self._descriptor = -1
        self._path: Path | None = None
        self._look_s = 0.0
        with contextlib.suppress(OSError, ValueError):
            descriptor = stream.fileno()
            path = str(Path(f"/proc/self/fd/{descriptor}").readlink())
            if stat.S_ISREG(os.fstat(descriptor).st_mode) and path.startswith("/") and not path.endswith(" (deleted)"):
                # Put aside in the very moment of our start: the name without the number is ours.
                self._descriptor, self._path = descriptor, Path(_NUMBER.sub("", path))

    def follow(self) -> None:
        """At most once a second. Raises OSError."""
        now_s = time.monotonic()
        if self._path is None or now_s < self._look_s:
            return
        self._look_s = now_s + FOLLOW_EVERY_S
        try:
            there = self._path.stat()
            ours = os.fstat(self._descriptor)
            if (there.st_ino, there.st_dev) == (ours.st_ino, ours.st_dev):
                return
        except FileNotFoundError:
            pass
        fresh = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o640)
        try:
            os.dup2(fresh, self._descriptor)
        finally:
            os.close(fresh)


def mask_numbers(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Keep only the last four digits of a caller's number."""
    number = event.get("caller")
    if isinstance(number, str):
        event["caller"] = f"…{number[-4:]}" if len(number) > 4 else "…"
    return event
