"""Removes a recording for good: first its key, then its sound."""

from __future__ import annotations

from calls.store import Store
from recordings.vault.sidecar import beside


def remove(store: Store, path: str) -> bool:
    """Remove the sidecar with the only copy of the key, then the file; False when neither was there.

    May be done twice. Raises OSError.
    """
    found = [store.remove(file) for file in (beside(path), path)]
    return any(found)
