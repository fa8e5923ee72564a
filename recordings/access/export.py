"""Recordings handed to people: never a byte before the audit log holds who asked, and why (rule 14)."""

from __future__ import annotations

import asyncio
from pathlib import Path

from calls.audit import Note
from calls.recording import Recording
from config.places import Places
from config.visible_text import is_plain
from recordings.access.copies import copy
from recordings.naming import CopyKind
from recordings.vault.vault import Vault
from storage.ledger import Ledger

REASON_LENGTH = 500


class NoReasonError(Exception):
    """Somebody wanted to hear a recording and did not say why."""

    error_id = "no-reason"
    retryable = False


class NotThereError(Exception):
    """There is no such call, or nothing of it was recorded."""

    error_id = "no-recording"
    retryable = False


async def recordings_of(ledger: Ledger, call: str) -> list[Recording]:
    """What the archive has of a call. Raises NotThereError, LedgerUnavailableError."""
    story = await ledger.call_story(call)
    if story is None:
        raise NotThereError(f"no call {call} in the ledger")
    kept = [recording for recording in story.recordings if recording.path]
    if not kept:
        said = ", ".join(recording.status.value for recording in story.recordings)
        raise NotThereError(f"no recording of {call} in the archive ({said or 'none is finished yet'})")
    return kept


def reason_of(typed: str) -> str:
    """One line of it. Raises NoReasonError for none, and for what no eye sees (escapes, marks of direction)."""
    if not (reason := " ".join(typed.split())[:REASON_LENGTH]) or not is_plain(reason):
        raise NoReasonError("say why, in one line of text: --reason is kept in the audit log")
    return reason


async def hand_out(
    ledger: Ledger, places: Places, recording: Recording, kind: CopyKind, folder: Path, actor: str, reason: str
) -> Path:
    """Write a copy into a folder and return where it is.

    Raises NoReasonError, LedgerUnavailableError (then nothing was opened), and what the archive and the copy raise.
    """
    reason = reason_of(reason)
    target = folder / f"{recording.file}.{kind}"
    detail = {"format": kind.value, "sha256": recording.sha256, "reason": reason}
    await ledger.audit.note(Note(actor, "recording.exported", recording.file, detail))
    await asyncio.to_thread(lambda: copy(Vault(places).recording(recording.path), target, kind))
    return target
