"""Whether the hotline's keys were in use before: then a file of keys that is not there is away, and none is made anew.

Looked for only while the file is not there: in the archive, in its object storage and in the ledger, each of which may
outlive the state folder. What cannot be asked (the ledger or the store is away) raises: nothing is made then, either.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

from calls.audit import OVERDUE_MS
from calls.store import Store
from recordings.naming import SEALED
from storage import traces


def sealed(archive: Path, store: Store, database_url: str) -> str:
    """What is sealed by the archive's keys, for a person; empty for nothing. Raises OSError, LedgerUnavailableError."""
    for folder, _, files in os.walk(archive):
        if name := next((file for file in files if file.endswith(SEALED)), ""):
            return f"{Path(folder) / name} is sealed by a key of it"
    if path := traces.of_sealed(database_url, SEALED):
        return f"the ledger has {path}, which is sealed by a key of it"
    far = (stored.path for stored in store.list() if stored.path.endswith(SEALED))
    if path := next(far, ""):
        return f"{store.place_of(path)} is sealed by a key of it"
    return ""


def begun(checkpoints: Path) -> str:
    """What tells of a ledger that was written to, for a person; empty for nothing. Raises OSError."""
    there = checkpoints.exists() and checkpoints.stat().st_size
    return f"{checkpoints} signs its audit log" if there else ""


def signed(checkpoints: Path, packages: Path, database_url: str) -> str:
    """What is signed by the hotline's key, for a person; empty for nothing. Raises OSError, LedgerUnavailableError."""
    if checkpoints.exists() and checkpoints.stat().st_size:
        return f"{checkpoints} is signed by it"
    if packages.is_dir() and (made := next(packages.glob("*.zip"), None)):
        return f"{made} is signed by it"
    return traces.of_signed(database_url, time.time_ns() // 1_000_000 - OVERDUE_MS)
