"""Where everything of a site lies, and the archive, its keys and its signature opened there."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from calls.store import Store
from config.object_store import StoreAddress
from config.paths import storage_paths
from config.settings import Settings
from recordings.vault import used_before
from recordings.vault.folder import Folder
from recordings.vault.keyring import KeyRing, first_ring, ring_at
from recordings.vault.opening import open_recording, sidecar_of
from recordings.vault.signing import Signer, first_signer
from recordings.vault.tiered_store import NearFirst

if TYPE_CHECKING:
    from storage.objects import ObjectStore


@dataclass(frozen=True, slots=True)
class Places:
    """Where everything of this site lies."""

    state: Path
    archive: Path
    keys: Path
    """Of the archive: whoever has this file can hear every recording."""
    database_url: str
    override: Path
    remote: StoreAddress | None = None
    """Object storage that the archive moves on to; without it recordings stay in the folder."""

    @property
    def checkpoints(self) -> Path:
        """Signed checkpoints of the audit log."""
        return self.log / "audit-checkpoints.jsonl"

    @property
    def signing_key(self) -> Path:
        """What signs the audit log's checkpoints and what is handed over."""
        return self.keys.with_name("signing.pem")

    @property
    def store(self) -> Store:
        """Where finished recordings are read from."""
        return Folder(self.archive) if self.remote is None else NearFirst(Folder(self.archive), far(self.remote))

    def ring(self) -> KeyRing:
        """The archive's keys; made at the first use, where nothing was ever sealed by any.

        Raises KeysAwayError, KeysUnreadableError, OSError, LedgerUnavailableError.
        """
        return first_ring(self.keys, self.sealed_before)

    def sealed_before(self) -> str:
        """What the archive's keys have sealed; see `recordings.vault.used_before`."""
        return used_before.sealed(self.archive, self.store, self.database_url)

    def signer(self) -> Signer:
        """Signs for the hotline; its key is made at the first use, where nothing was ever signed. Raises as `ring`."""
        return first_signer(self.signing_key, self.signed_before)

    def signed_before(self) -> str:
        """What the hotline's key has signed; see `recordings.vault.used_before`."""
        return used_before.signed(self.checkpoints, self.packages, self.database_url)

    def ledger_begun(self) -> str:
        """What tells of an older ledger; see `recordings.vault.used_before`."""
        return used_before.begun(self.checkpoints)

    @property
    def packages(self) -> Path:
        """Packages of demands, decrypted."""
        return self.state / "packages"

    def recording(self, path: str) -> BinaryIO:
        """The plain FLAC of a recording in the archive. Raises what `recordings.vault.opening` raises."""
        sidecar = sidecar_of(self.store, path)
        return open_recording(self.store, sidecar, ring_at(self.keys) if sidecar.sealed else None)

    @property
    def spool(self) -> Path:
        """Raw recordings of talks, until they are finished."""
        return self.state / "spool"

    @property
    def etc(self) -> Path:
        """Asterisk's configuration."""
        return self.state / "etc"

    @property
    def sounds(self) -> Path:
        """What Asterisk plays."""
        return self.state / "data" / "sounds"

    @property
    def asterisk_conf(self) -> Path:
        """The file that Asterisk is started with."""
        return self.etc / "asterisk.conf"

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
    def control(self) -> Path:
        """The controller's socket for the command line."""
        return self.state / "run" / "control.sock"

    @property
    def tokens(self) -> Path:
        """Digests of the tokens that open the HTTP API."""
        return self.state / "tokens.json"


def far(address: StoreAddress) -> ObjectStore:
    """The object storage; connects at the first use."""
    from storage.objects import ObjectStore  # 40 ms that most commands need not wait for

    return ObjectStore(address)


def places_of(settings: Settings, base: Path) -> Places:
    """The places that the settings name; relative ones are taken from `base`."""
    paths = storage_paths(settings, base)
    where = (paths.state_dir, paths.archive_dir, paths.keys_file, paths.database_url, paths.override_dir)
    return Places(*where, remote=paths.store)
