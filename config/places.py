"""Where everything of a site lies, as absolute paths; `recordings.vault.vault` opens what lies there."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from config.object_store import StoreAddress, bucket_and_prefix

if TYPE_CHECKING:
    from config.settings import Recordings, Settings


@dataclass(frozen=True, slots=True)
class Places:
    """Where everything of this site lies."""

    state: Path
    archive: Path
    keys: Path
    """Of the archive: whoever has this file can hear every recording."""
    database_url: str
    """As SQLAlchemy takes it."""
    override: Path
    """The studio's own recordings, which win over rendered prompts."""
    remote: StoreAddress | None = None
    """Object storage that the archive moves on to; without it recordings stay in the folder."""

    @property
    def signing_key(self) -> Path:
        """What signs the audit log's checkpoints and what is handed over."""
        return self.keys.with_name("signing.pem")

    @property
    def packages(self) -> Path:
        """Packages of demands, decrypted."""
        return self.state / "packages"

    @property
    def spool(self) -> Path:
        """Raw recordings of talks, until they are finished."""
        return self.state / "spool"

    @property
    def etc(self) -> Path:
        """Asterisk's configuration."""
        return self.state / "etc"

    @property
    def asterisk_conf(self) -> Path:
        """The file that Asterisk is started with."""
        return self.etc / "asterisk.conf"

    @property
    def sounds(self) -> Path:
        """What Asterisk plays."""
        return self.state / "data" / "sounds"

    @property
    def asterisk_database(self) -> Path:
        """What Asterisk itself keeps: operators' last words, supervisors' changes, registrations."""
        return self.state / "lib" / "astdb.sqlite3"

    @property
    def log(self) -> Path:
        """Logs and journals."""
        return self.state / "log"

    @property
    def journals(self) -> tuple[Path, Path]:
        """Asterisk's journal and the controller's."""
        return self.log / "cel-custom" / "journal.csv", self.log / "controller.csv"

    @property
    def checkpoints(self) -> Path:
        """Signed checkpoints of the audit log."""
        return self.log / "audit-checkpoints.jsonl"

    @property
    def control(self) -> Path:
        """The controller's socket for the command line."""
        return self.state / "run" / "control.sock"

    @property
    def tokens(self) -> Path:
        """Digests of the tokens that open the HTTP API."""
        return self.state / "tokens.json"


def places_of(settings: Settings, base: Path) -> Places:
    """The places that the settings name: the state and studio folders under `base`, the rest under the state folder.

    Without a database URL the ledger is `ledger.db` in the state folder.
    """
    state = (base / settings.storage.state_dir).absolute()
    return Places(
        state=state,
        archive=state / settings.storage.archive_dir,
        keys=state / settings.recordings.keys_file,
        database_url=settings.storage.database_url or f"sqlite:///{state}/ledger.db",
        override=(base / settings.speech.override_dir).absolute(),
        remote=_store_address(settings.recordings, state),
    )


def _store_address(recordings: Recordings, state: Path) -> StoreAddress | None:
    if not recordings.store:
        return None
    bucket, prefix = bucket_and_prefix(recordings.store)
    secrets = state / recordings.store_secrets
    return StoreAddress(bucket, prefix, recordings.store_endpoint, recordings.store_region, secrets)
