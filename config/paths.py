"""Where everything is kept, as absolute paths."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from config.object_store import StoreAddress, bucket_and_prefix

if TYPE_CHECKING:
    from pathlib import Path

    from config.settings import Recordings, Settings


@dataclass(frozen=True, slots=True)
class StoragePaths:
    """Absolute paths of the folders and of the archive's keys, the ledger's SQLAlchemy URL, and the object storage."""

    state_dir: Path
    archive_dir: Path
    keys_file: Path
    override_dir: Path
    database_url: str
    store: StoreAddress | None


def storage_paths(settings: Settings, base: Path) -> StoragePaths:
    """Resolve the settings' paths: the state and studio folders against `base`, the rest against the state folder.

    Without a database URL the ledger is `ledger.db` in the state folder.
    """
    state = (base / settings.storage.state_dir).absolute()
    return StoragePaths(
        state_dir=state,
        archive_dir=state / settings.storage.archive_dir,
        keys_file=state / settings.recordings.keys_file,
        override_dir=(base / settings.speech.override_dir).absolute(),
        database_url=settings.storage.database_url or f"sqlite:///{state}/ledger.db",
        store=_store_address(settings.recordings, state),
    )


def _store_address(recordings: Recordings, state: Path) -> StoreAddress | None:
    if not recordings.store:
        return None
    bucket, prefix = bucket_and_prefix(recordings.store)
    secrets = state / recordings.store_secrets
    return StoreAddress(bucket, prefix, recordings.store_endpoint, recordings.store_region, secrets)
