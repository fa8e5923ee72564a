"""The hotline's own files in the state folder, each read by what reads it when it counts: a damaged one is told before.

Whose each file is, folders, and TLS's own files are looked at elsewhere (`bailanys.site.folders_fit`,
`bailanys.site.tls_files`).
"""

from __future__ import annotations

import stat
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from bailanys.alarms import hook
from bailanys.site import identity, secrets
from calls.audit import OVERDUE_MS
from calls.store import StoreAwayError
from config.ownership import as_owner_alone
from config.places import Places
from config.problems import Finding, KeyPath
from config.settings import Settings
from console.token_file import TokenFile
from console.tokens import TokenError
from recordings import secret_file
from recordings.errors import KeysAwayError, KeysUnreadableError
from recordings.secret_file import Used, never
from recordings.upkeep import audit_checkpoints
from recordings.vault.keyring import ring_at
from recordings.vault.signing import signer_at
from recordings.vault.vault import Vault
from storage import traces
from storage.errors import IdentityLostError, LedgerUnavailableError
from storage.reachable import damage

LOOK_BACK = 100
"""Checkpoints looked at; `bailanys audit verify` looks at all."""
_STATE, _KEYS = ("storage", "state_dir"), ("recordings", "keys_file")


@dataclass(frozen=True, slots=True)
class _Kept:
    """A file of ours. `read` raises whatever is wrong with it, in words that name the file and say what to do."""

    path: Path
    read: Callable[[], object]
    loss: str = ""
    """What follows, where those words do not say it."""
    key: KeyPath = _STATE
    secret: bool = False


def state_file_findings(settings: Settings, places: Places) -> list[Finding]:
    """All that is wrong with them, a line each: not there though it must be, unreadable, open to others, damaged."""
    kept = [*_told_nowhere_else(places), *_keys(settings, places), *_logs(places)]
    return [finding for one in kept for finding in _looked_at(one)]


def silent_faults(places: Places) -> list[Finding]:
    """What is wrong with those that no alarm of their own tells of while the hotline runs: a few small files."""
    return [finding for one in _told_nowhere_else(places) for finding in _looked_at(one)]


def _told_nowhere_else(places: Places) -> Iterator[_Kept]:
    told = places.state / hook.FILE
    owned = partial(traces.of_owner, places.database_url)
    yield _Kept(
        places.state / identity.FILE,
        lambda: _found(places.state / identity.FILE, owned) and identity.kept_name(places),
        "until then nothing is written to the ledger",
    )
    yield _Kept(places.state / secrets.FILE, lambda: _secrets(places), secret=True)
    yield _Kept(told, lambda: hook.positions_in(told), "alarms of meanwhile wake nobody: remove it")
    yield _Kept(places.tokens, lambda: TokenFile(places.tokens).current(), "nobody may use the HTTP API", secret=True)


def _keys(settings: Settings, places: Places) -> Iterator[_Kept]:
    """Whose loss is told as alarms of their own."""
    ring, signing, sealed = places.keys, places.signing_key, Vault(places).sealed_before
    used = sealed if settings.recordings.encrypt else never
    if not ring.is_dir():  # which is told with the other folders
        lost = "no recording could be kept or heard"
        yield _Kept(ring, lambda: _found(ring, used) and ring_at(ring), lost, _KEYS, secret=True)
    signed, lost = Vault(places).signed_before, "no package could be made, no audit log signed"
    yield _Kept(signing, lambda: _found(signing, signed) and signer_at(signing), lost, _KEYS, secret=True)


def _logs(places: Places) -> Iterator[_Kept]:
    database = places.asterisk_database
    yield _Kept(places.checkpoints, lambda: _checkpoints(places), "see `bailanys audit verify`")
    yield _Kept(database, lambda: _sound(database), "the next start puts it aside, and operators dial *1 again")
    for path in places.journals:
        yield _Kept(path, partial(_beginning, path), "what is in it cannot come into the ledger")


def _looked_at(one: _Kept) -> Iterator[Finding]:
    try:
        with as_owner_alone():
            one.read()
            mode = one.path.stat().st_mode if one.path.exists() else 0
    except (LedgerUnavailableError, StoreAwayError) as error:
        if isinstance(error, IdentityLostError):
            yield Finding(one.key, f"{error}: {one.loss}")
        # Else what knows whether there must be such a file is away, which is told where it is tried out.
    except (KeysUnreadableError, TokenError, ValueError, OSError) as error:
        told = (error.strerror if isinstance(error, OSError) else None) or str(error)
        if str(one.path) not in told:
            told = f"{one.path}: {told}"
        yield Finding(one.key, f"{told}: {one.loss}" if one.loss else told)
    else:
        if one.secret and mode & (stat.S_IRWXG | stat.S_IRWXO):
            yield Finding(one.key, f"{one.path} can be read by others: chmod 600")


def _found(path: Path, used: Used) -> bool:
    """Whether it is there. Raises KeysAwayError where it is not, and must be."""
    if secret_file.look(path) is not None:
        return True
    secret_file.must_be_first(path, used)
    return False


def _secrets(places: Places) -> None:
    """Damaged, they are taken from Asterisk's files at the next start, if these have them."""
    path = places.state / secrets.FILE
    try:
        secrets.kept_secrets(path)
    except KeysUnreadableError as error:
        if not isinstance(error, KeysAwayError) and secrets.rendered_secrets(places.state).ami:
            raise ValueError("damaged: the next start takes what is in it from Asterisk's files") from error
        raise


def _checkpoints(places: Places) -> None:
    path = places.checkpoints
    if not _beginning(path):
        begun_ms = time.time_ns() // 1_000_000 - OVERDUE_MS
        if why := traces.of_signed(places.database_url, begun_ms):
            raise ValueError(f"not there or empty, though {why}: put its backup in place")
        return
    try:
        signer = signer_at(places.signing_key)
    except KeysUnreadableError:
        return  # told by itself
    if faults := audit_checkpoints.read(path, signer.public_key, LOOK_BACK).faults:
        more = f", and {len(faults) - 1} more" if len(faults) > 1 else ""
        raise ValueError(f"entry {faults[0].seq} {faults[0].what}{more}")


def _sound(path: Path) -> None:
    if _beginning(path) and (why := damage(path)):
        raise ValueError(f"damaged ({why})")


def _beginning(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(1)
    except FileNotFoundError:
        return b""
