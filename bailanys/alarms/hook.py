"""Hands every alarm on to whoever is to be woken: a command, or mail (`[alarms]`).

What was raised is read from the journals, the controller's and Asterisk's (the dialplan raises some), so that it is
handed on whoever raised it, also with the ledger away, and once: how far is kept in a file. No shell is ever run, and a
flood is told as one line.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shlex
import smtplib
import socket
import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from functools import cache
from pathlib import Path

import structlog

from calls.alarms import Alarm, AlarmKind
from calls.json_text import json_text
from config.settings import LANGUAGES, Alarms
from config.visible_text import shown
from storage.journal.alarms import alarm_in
from storage.journal.reader import Position, files_of, read_portion

log = structlog.get_logger(__name__)

FILE = "alarms-told.json"
EVERY_S = 2.0
PATIENCE_S = 20.0
"""So long a command, or the mail server, has for one alarm."""
TRIES, AGAIN_S = 3, 15.0
MOST_A_MINUTE = 10
"""More in a minute are counted, and told as one."""
MANY = AlarmKind.MANY_ALARMS
MAIL_SERVER = ("127.0.0.1", 25)
_WORDS = Path(__file__).with_name("words")


@dataclass(frozen=True, slots=True)
class Said:
    """An alarm as it is handed on."""

    kind: str
    detail: str
    at_ms: int
    text: Mapping[str, str]
    """A sentence on the kind by language."""

    def fields(self) -> dict[str, str]:
        """As a program is told: `kind`, `detail`, `at`, `text_kk`, `text_ru`, `text_en`."""
        at = datetime.fromtimestamp(self.at_ms / 1000, UTC).isoformat(timespec="milliseconds")
        return {
            "kind": self.kind,
            "detail": self.detail,
            "at": at,
            **{f"text_{one}": self.text[one] for one in LANGUAGES},
        }


def said_of(told: Alarm) -> Said:
    """With its sentences; a kind without any is told in general words."""
    return Said(told.kind, told.detail, told.at_ms, {one: sentence(one, told.kind) for one in LANGUAGES})


def sentence(language: str, kind: str) -> str:
    """What an alarm of this kind means, in a language of the hotline's."""
    words = _words(language)
    return words.get(kind, words[""])


class AlarmHook:
    """One for each back office; `look` is called every two seconds."""

    def __init__(self, wanted: Alarms, journals: Sequence[Path], kept: Path) -> None:
        """`kept`: the file that says how far the journals were handed on."""
        self._wanted = wanted
        self._journals = tuple(journals)
        self._kept = kept
        try:
            self._positions = positions_in(kept)
        except (OSError, ValueError) as error:  # as at the first time: better than each alarm of a year once more
            log.error("which alarms were handed on is not known: from now on", file=str(kept), error=str(error))
            self._positions = None
        self._waiting: deque[Alarm] = deque()
        self._minute_ends_s = 0.0
        self._this_minute = 0
        self._left_out = 0

    async def look(self) -> None:
        """Hand on what was raised since the last look. Raises OSError."""
        if not (self._wanted.command or self._wanted.mail_to):
            return
        if self._positions is None:  # the first time: what was long ago wakes nobody
            self._positions = await asyncio.to_thread(self._to_the_end)
        await asyncio.to_thread(self._take, self._positions)
        while self._waiting:
            await self._hand_on(self._waiting.popleft())
        if self._left_out and time.monotonic() >= self._minute_ends_s:
            detail = f"{self._left_out} more alarms: `bailanys alarms` shows them"
            self._left_out = 0
            await self._hand_on(Alarm(time.time_ns() // 1_000_000, MANY, detail))
        await asyncio.to_thread(_write, self._kept, self._positions)

    def _to_the_end(self) -> dict[tuple[str, int], Position]:
        positions: dict[tuple[str, int], Position] = {}
        self._take(positions)
        self._waiting.clear()
        self._left_out = 0
        return positions

    def _take(self, positions: dict[tuple[str, int], Position]) -> None:
        for journal in self._journals:
            for path in files_of(journal):
                while (portion := read_portion(journal, path, positions)) is not None:
                    positions[portion.source, portion.inode] = portion.after
                    for line in portion.lines:
                        if (told := alarm_in(line)) is not None:
                            self._count(told)

    def _count(self, told: Alarm) -> None:
        now_s = time.monotonic()
        if now_s >= self._minute_ends_s and not self._left_out:
            self._minute_ends_s, self._this_minute = now_s + 60.0, 0
        self._this_minute += 1
        if self._this_minute <= MOST_A_MINUTE:
            self._waiting.append(told)
        else:
            self._left_out += 1

    async def _hand_on(self, told: Alarm) -> None:
        said = said_of(told)
        for number in range(1, TRIES + 1):
            try:
                async with asyncio.timeout(PATIENCE_S):
                    if self._wanted.command:
                        await _run(self._wanted.command, said)
                    if self._wanted.mail_to:
                        await asyncio.to_thread(_mail, self._wanted.mail_to, said)
                return
            except (OSError, ValueError, TimeoutError, smtplib.SMTPException) as error:
                log.warning("an alarm is not handed on", kind=told.kind, error=str(error) or repr(error), time=number)
            if number < TRIES:
                await asyncio.sleep(AGAIN_S)


async def _run(command: str, said: Said) -> None:
    """Raises OSError, ValueError (no words, or a status that is not 0)."""
    fields = said.fields()
    process = await asyncio.create_subprocess_exec(
        *shlex.split(command),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
        env={**os.environ, **{f"BAILANYS_ALARM_{name.upper()}": _safe(value) for name, value in fields.items()}},
        start_new_session=True,
    )
    try:
        await process.communicate(json_text(fields).encode() + b"\n")
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    if process.returncode:
        raise ValueError(f"the command ended with status {process.returncode}")


def _mail(to: str, said: Said) -> None:
    """Raises OSError, SMTPException."""
    mail = EmailMessage()
    host = socket.gethostname()
    mail["From"] = f"bailanys@{host}"
    mail["To"] = to
    mail["Subject"] = f"{said.text[LANGUAGES[0]]} ({said.kind})"
    fields = said.fields()
    sentences = "\n".join(said.text[one] for one in LANGUAGES)
    mail.set_content(f"{sentences}\n\n{_safe(said.detail)}\n\n{said.kind}, {fields['at']}, {host}\n")
    with smtplib.SMTP(*MAIL_SERVER, timeout=PATIENCE_S / 2) as server:
        server.send_message(mail)


def _safe(value: str) -> str:
    """As a variable of the environment, a mail and a terminal can hold it; what a caller sent may be in a detail."""
    return shown(value, but="\n")


@cache
def _words(language: str) -> dict[str, str]:
    words: dict[str, str] = json.loads((_WORDS / f"{language}.json").read_text(encoding="utf-8"))
    return words


def positions_in(kept: Path) -> dict[tuple[str, int], Position] | None:
    """How far each journal was handed on; None where nothing is kept. Raises OSError, ValueError (damaged)."""
    try:
        rows = json.loads(kept.read_text())
        return {(str(row[0]), int(row[1])): Position(str(row[2]), int(row[3])) for row in rows}
    except FileNotFoundError:
        return None
    except (TypeError, IndexError, KeyError, ValueError) as error:
        raise ValueError("damaged") from error


def _write(kept: Path, positions: Mapping[tuple[str, int], Position]) -> None:
    rows = [[source, inode, one.head, one.offset] for (source, inode), one in positions.items()]
    text = json.dumps(rows[-100:])
    if not kept.exists() or kept.read_bytes() != text.encode():
        fresh = kept.with_suffix(".new")
        fresh.write_text(text)
        fresh.replace(kept)
