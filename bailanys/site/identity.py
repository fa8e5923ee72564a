"""Which hotline this is: a random id in the state folder, and the ledger that belongs to it (decision 18)."""

from __future__ import annotations

import hashlib
import secrets
import socket
import time
from functools import partial

from calls.machine_clock import read
from recordings import secret_file
from recordings.vault.places import Places
from storage import owner
from storage.engine import open_engine
from storage.errors import LedgerTakenError
from storage.owner import Hotline
from storage.transaction import transact

FILE = "hotline.id"
LOOK_EVERY_S = 0.5


def identity(places: Places) -> Hotline:
    """Who we are; the id is made at the first start. Raises KeysAwayError (it cannot be read), OSError."""
    path = places.state / FILE
    name = secret_file.found_or_made(path, lambda: f"{secrets.token_hex(16)}\n".encode(), secret_file.never)
    told = path.stat()
    known = f"{read().boot} {told.st_dev} {told.st_ino} {path.resolve()}"
    life = hashlib.sha256(known.encode()).hexdigest()[:32]
    return Hotline(name.decode("ascii", "replace").strip(), _place(places), life)


def who_commands(places: Places) -> Hotline:
    """Whose commands these are: of whoever the state folder belongs to, running or not. Raises as `identity`."""
    name = secret_file.look(places.state / FILE)
    return Hotline("" if name is None else name.decode("ascii", "replace").strip(), _place(places))


def claim_ledger(places: Places) -> None:
    """Make the ledger this hotline's, or refuse to run on it.

    A copy of our state folder that was alive a moment ago is given the time to be seen again: else it has died.
    Raises LedgerTakenError, LedgerUnavailableError, OSError.
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


def _place(places: Places) -> str:
    return f"{socket.gethostname()}:{places.state.absolute()}"
