"""Opens the archive: its store, its keys and the hotline's signature, wherever the site's places are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

from calls.store import Store
from config.object_store import StoreAddress
from config.places import Places
from recordings.vault import used_before
from recordings.vault.folder import Folder
from recordings.vault.keyring import KeyRing, first_ring, ring_at
from recordings.vault.opening import open_recording, sidecar_of
from recordings.vault.signing import Signer, first_signer
from recordings.vault.tiered_store import TieredStore

if TYPE_CHECKING:
    from storage.objects import ObjectStore


@dataclass(frozen=True, slots=True)
class Vault:
    """The archive at these places; nothing is opened before it is asked for."""

    places: Places

    @property
    def store(self) -> Store:
        """Where finished recordings are read from."""
        near = Folder(self.places.archive)
        return near if self.places.remote is None else TieredStore(near, object_store(self.places.remote))

    def recording(self, path: str) -> BinaryIO:
        """The plain FLAC of a recording in the archive. Raises what `recordings.vault.opening` raises."""
        sidecar = sidecar_of(self.store, path)
        return open_recording(self.store, sidecar, ring_at(self.places.keys) if sidecar.sealed else None)

    def ring(self) -> KeyRing:
        """The archive's keys; made at the first use, where nothing was ever sealed by any.

        Raises KeysAwayError, KeysUnreadableError, OSError, LedgerUnavailableError.
        """
        return first_ring(self.places.keys, self.sealed_before)

    def sealed_before(self) -> str:
        """What the archive's keys have sealed; see `recordings.vault.used_before`."""
        return used_before.sealed(self.places.archive, self.store, self.places.database_url)

    def signer(self) -> Signer:
        """Signs for the hotline; its key is made at the first use, where nothing was ever signed. Raises as `ring`."""
        return first_signer(self.places.signing_key, self.signed_before)

    def signed_before(self) -> str:
        """What the hotline's key has signed; see `recordings.vault.used_before`."""
        return used_before.signed(self.places.checkpoints, self.places.packages, self.places.database_url)

    def ledger_begun(self) -> str:
        """What tells of an older ledger; see `recordings.vault.used_before`."""
        return used_before.begun(self.places.checkpoints)


def object_store(address: StoreAddress) -> ObjectStore:
    """The object storage; connects at the first use."""
    from storage.objects import ObjectStore  # 40 ms that most commands need not wait for

    return ObjectStore(address)
