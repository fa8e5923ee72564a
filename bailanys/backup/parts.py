"""Where each file of a site lies in a backup, and where it is put back: the one list that both ways go by.

Two folders are made. The set has all that is not secret by itself: recordings (sealed), the ledger, journals. The keys'
folder has what opens them and who may come in. Whoever has the one alone hears nothing.
"""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from bailanys.backup.errors import BackupDamagedError
from bailanys.site import identity, secrets
from config.places import Places
from config.settings import Settings
from storage.engine import driver_url

LEDGER, DUMP = "ledger.db", "ledger.dump"
"""SQLite's file, or what `pg_dump --format=custom` wrote."""
CONFIG = "config/hotline.toml"
"""For whoever has to begin on an empty machine; put back by hand, since paths may be others there."""
ARCHIVE, SPOOL, STUDIO, JOURNALS = "archive", "spool", "studio", "log"
ASTERISK_DATABASE, CHECKPOINTS, IDENTITY = "lib/astdb.sqlite3", "log/audit-checkpoints.jsonl", identity.FILE
RING, SIGNING = "archive.json", "signing.pem"


def secret_places(settings: Settings, places: Places) -> dict[str, Path]:
    """The files of the keys' folder by their names there."""
    state, sip = places.state, settings.sip
    return {
        RING: places.keys,
        SIGNING: places.signing_key,
        "store.json": state / settings.recordings.store_secrets,
        "tls-certificate.pem": state / sip.tls_certificate,
        "tls-key.pem": state / sip.tls_key,
        "secrets.json": state / secrets.FILE,
        "tokens.json": places.tokens,
        "tokens.made": places.tokens.with_suffix(".made"),
    }


def ledger_file(places: Places) -> Path | None:
    """SQLite's file; None where PostgreSQL has the ledger."""
    parsed = driver_url(places.database_url)
    return Path(parsed.database or "") if parsed.get_backend_name() == "sqlite" else None


def place_of(name: str, places: Places) -> Path | None:
    """Where a file of the set is put back; None for what is not put back as a file. Raises BackupDamagedError."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts:
        raise BackupDamagedError(f"{name}: leads out of the backup")
    if name in (CONFIG, DUMP):
        return None
    if name == LEDGER:
        return ledger_file(places)
    match path.parts[0]:
        case "archive":
            return places.archive.joinpath(*path.parts[1:])
        case "studio":
            return places.override.joinpath(*path.parts[1:])
        case "spool":
            return places.spool.joinpath(*path.parts[1:])
    return places.state / path
