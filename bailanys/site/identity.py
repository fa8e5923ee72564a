"""Which hotline this is: a random id in the state folder, and the ledger that belongs to it (decision 18)."""

from __future__ import annotations

import hashlib
import re
import secrets
import socket
import time
from functools import partial
from pathlib import Path

import structlog

from calls.machine_clock import read
from config.places import Places
from recordings import secret_file
from recordings.errors import KeysAwayError
from storage import owner
from storage.engine import open_engine
from storage.errors import IdentityLostError, LedgerTakenError
from storage.owner import Hotline
from storage.transaction import transact

log = structlog.get_logger(__name__)

FILE = "hotline.id"
LOOK_EVERY_S = 0.5
_NAME = re.compile(r"[0-9a-f]{32}\n?")


def identity(places: Places) -> Hotline:
    """Who we are; the id is made at the first start. Raises IdentityLostError, OSError."""
    path = places.state / FILE
    try:
        content = secret_file.found_or_made(path, lambda: f"{secrets.token_hex(16)}\n".encode(), secret_file.never)
    except KeysAwayError as error:
        raise IdentityLostError(str(error)) from error
    name, told = _name(path, content), path.stat()
    known = f"{read().boot} {told.st_dev} {told.st_ino} {path.resolve()}"
    life = hashlib.sha256(known.encode()).hexdigest()[:32]
    return Hotline(name, _place(places), life)


def identity_or_nobody(places: Places) -> Hotline:
    """Who we are, for what has to go on with calls; nobody, who may write to no ledger, where that cannot be told."""
    try:
        return identity(places)
    except (IdentityLostError, OSError) as error:
        log.error("nothing is written to the ledger", error=str(error))
        return Hotline("", _place(places), "nobody")


def who_commands(places: Places) -> Hotline:
    """Whose commands these are: of whoever the state folder belongs to, running or not. Raises IdentityLostError."""
    return Hotline(kept_name(places) or "", _place(places))


def kept_name(places: Places) -> str | None:
    """The id that the state folder has; None for none yet. Raises IdentityLostError."""
    path = places.state / FILE
    try:
        content = secret_file.look(path)
    except KeysAwayError as error:
        raise IdentityLostError(str(error)) from error
    return None if content is None else _name(path, content)


def claim_ledger(places: Places) -> None:
    """Make the ledger this hotline's, or refuse to run on it.

    A copy of our state folder that was alive a moment ago is given the time to be seen again: else it has died.
    Raises LedgerTakenError, IdentityLostError, LedgerUnavailableError, OSError.
    """
    ours, engine, first_ms = identity(places), open_engine(places.database_url), None
    try:
        while True:
            try:
                transact(engine, partial(owner.claim, ours=ours))
                return
            except LedgerTakenError as error:
                if error.copy_seen_ms is None or (first_ms is not None and error.copy_seen_ms != first_ms):
                    raise
                first_ms = error.copy_seen_ms
            time.sleep(LOOK_EVERY_S)
    finally:
        engine.dispose()


def _name(path: Path, content: bytes) -> str:
    name = content.decode("ascii", "replace")
    if not _NAME.fullmatch(name):
        raise IdentityLostError(
            f"{path} is damaged: put its backup in place; if it is lost, remove it, then `bailanys db take-over`"
        )
    return name.strip()


def _place(places: Places) -> str:
    return f"{socket.gethostname()}:{places.state.absolute()}"
