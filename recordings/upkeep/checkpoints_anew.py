"""The audit log signed anew from here on, when its signing key or its checkpoints are lost for good (promise 9)."""

from __future__ import annotations

import asyncio
import hashlib
import time

from calls.audit import Note
from config.places import Places
from recordings import durable
from recordings.upkeep.audit_checkpoints import add
from recordings.vault.signing import first_signer
from storage.ledger import Ledger


async def checkpoints_anew(ledger: Ledger, places: Places, actor: str, reason: str) -> str:
    """Begin a new file of checkpoints, with a new key only where there is none; the public key.

    The log itself says who did it, and what the file put aside was. Raises KeysUnreadableError, OSError,
    LedgerUnavailableError.
    """
    now_ms = time.time_ns() // 1_000_000
    signer = await asyncio.to_thread(first_signer, places.signing_key)
    before = await asyncio.to_thread(_digest, places)
    facts = {"reason": reason, "public_key": signer.public_key, "before_sha256": before}
    await ledger.audit.note(Note(actor, "audit.signed-anew", "audit-checkpoints", facts))
    end = await ledger.audit.end()
    assert end is not None
    await asyncio.to_thread(_put_aside, places, now_ms)
    await asyncio.to_thread(add, places.checkpoints, signer, end, now_ms)
    return signer.public_key


def _digest(places: Places) -> str:
    try:
        return hashlib.sha256(places.checkpoints.read_bytes()).hexdigest()
    except FileNotFoundError:
        return ""


def _put_aside(places: Places, now_ms: int) -> None:
    path = places.checkpoints
    if path.exists():
        path.rename(path.with_name(f"{path.stem}.{now_ms}{path.suffix}"))
        durable.sync(path.parent)
