"""The key to the object storage: from the environment, or from a file that only we can read."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from calls.store import StoreAwayError


@dataclass(frozen=True, slots=True)
class StoreKey:
    """What requests are signed with; never shown."""

    access_key_id: str = field(repr=False)
    secret_access_key: str = field(repr=False)
    session_token: str = field(default="", repr=False)


class StoreKeyError(StoreAwayError):
    """There is no key, or it lies open."""

    error_id = "store-key"
    retryable = False


def secrets_of(file: Path, env: Mapping[str, str] = os.environ) -> StoreKey:
    """The key. Raises StoreKeyError, which says what to do."""
    known, secret = env.get("AWS_ACCESS_KEY_ID", ""), env.get("AWS_SECRET_ACCESS_KEY", "")
    if known and secret:
        return StoreKey(known, secret, env.get("AWS_SESSION_TOKEN", ""))
    try:
        if file.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise StoreKeyError(f"{file} can be read by others: chmod 600")
        said = json.loads(file.read_text(encoding="utf-8"))
        return StoreKey(str(said["access_key_id"]), str(said["secret_access_key"]), str(said.get("session_token", "")))
    except FileNotFoundError:
        raise StoreKeyError(
            f"no key to the archive's store: neither {file} nor AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
        ) from None
    except StoreKeyError:
        raise
    except OSError as error:
        raise StoreKeyError(f"{file} cannot be read: {error.strerror}") from None
    except (AttributeError, KeyError, TypeError, ValueError):  # the error itself might quote a secret
        raise StoreKeyError(
            f'{file} must hold {{"access_key_id": "…", "secret_access_key": "…"}} and nothing else'
        ) from None
