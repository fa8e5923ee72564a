"""The keys that open the archive: kept outside it, named, replaced without encrypting any recording anew.

Each recording is sealed with a key of its own, and only that key is wrapped (AES key wrap, RFC 3394) by a key of the
ring. A new ring key is used from then on; the old ones stay as long as anything is wrapped by them. A ring is made only
where nothing was sealed before: see `recordings.secret_file`.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
import secrets
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap

from recordings import secret_file
from recordings.errors import KeyMissingError, KeysUnreadableError
from recordings.secret_file import Used, never
from recordings.vault.sealing import KEY_BYTES

_NAME_BYTES = 6
_TWIN = "~"
_NAME = re.compile(rf"k[0-9a-f]+(?:{_TWIN}[0-9a-f]+)?")
"""Random, so that a ring made elsewhere never has another key by the same name; older ones are numbered."""


@dataclass(frozen=True, slots=True)
class Wrapped:
    """A recording's key, which only the ring's key of that name can bring back."""

    by: str
    key: str
    """Base64."""


@dataclass(frozen=True, slots=True)
class KeyRing:
    """The ring's keys by name; `current` wraps whatever is made from now on."""

    current: str
    keys: dict[str, bytes] = field(repr=False)

    def new_key(self) -> tuple[bytes, Wrapped]:
        """A key for one recording, plain and wrapped."""
        key = secrets.token_bytes(KEY_BYTES)
        return key, self.wrap(key)

    def wrap(self, key: bytes) -> Wrapped:
        """Wrap a recording's key by the current one."""
        wrapped = aes_key_wrap(self.keys[self.current], key)
        return Wrapped(self.current, base64.b64encode(wrapped).decode())

    def unwrap(self, wrapped: Wrapped) -> bytes:
        """The recording's key. Raises KeyMissingError."""
        named = [key for name, key in self.keys.items() if name.partition(_TWIN)[0] == wrapped.by]
        if not named:
            raise KeyMissingError(f"the archive's key {wrapped.by} is not in the ring: put the keys' backup in place")
        for key in named:
            with suppress(InvalidUnwrap, ValueError):
                return aes_key_unwrap(key, base64.b64decode(wrapped.key, validate=True))
        raise KeyMissingError(f"the archive's key {wrapped.by} is not the one that wrapped this")

    def rotated(self) -> KeyRing:
        """The ring with a new current key, whose name no other ring has."""
        name = f"k{secrets.token_hex(_NAME_BYTES)}"
        return KeyRing(name, {**self.keys, name: secrets.token_bytes(KEY_BYTES)})

    def joined(self, other: KeyRing) -> KeyRing:
        """The ring with all keys of another, too, even if that has another key by the same name."""
        keys = dict(self.keys)
        for name, key in other.keys.items():
            if key not in keys.values():
                keys[name if name not in keys else f"{name}{_TWIN}{secrets.token_hex(_NAME_BYTES)}"] = key
        return KeyRing(self.current, keys)


def ring_at(path: Path) -> KeyRing:
    """The ring in that file; none is made. Raises KeysAwayError, KeysUnreadableError."""
    return _read(path, secret_file.found(path))


def first_ring(path: Path, sealed_before: Used = never) -> KeyRing:
    """The ring in that file; made with a first key where nothing was ever sealed. Raises as `ring_at`, and OSError."""
    return _read(path, secret_file.found_or_made(path, lambda: _text(KeyRing("", {}).rotated()), sealed_before))


def rotate(path: Path, sealed_before: Used = never) -> KeyRing:
    """Put a new current key into the ring, durably; the first one as `first_ring` does. Raises the same."""
    first = secret_file.look(path) is None
    ring = first_ring(path, sealed_before)
    return ring if first else _changed(path, KeyRing.rotated)


def join(path: Path, other: KeyRing) -> KeyRing:
    """Put another ring's keys into this one, durably. Raises as `ring_at`, and OSError."""
    return _changed(path, lambda ring: ring.joined(other))


def begin_anew(path: Path) -> KeyRing:
    """A new ring instead of one that is lost for good. Raises FileExistsError while there is one, OSError."""
    ring = KeyRing("", {}).rotated()
    with secret_file.turn(path):
        secret_file.write(path, _text(ring), must_be_new=True)
    return ring


def _changed(path: Path, change: Callable[[KeyRing], KeyRing]) -> KeyRing:
    with secret_file.turn(path):
        ring = change(ring_at(path))
        secret_file.write(path, _text(ring))
    return ring


def _read(path: Path, content: bytes) -> KeyRing:
    try:
        said = json.loads(content)
        keys = {str(name): base64.b64decode(key, validate=True) for name, key in said["keys"].items()}
        current = str(said["current"])
        if current not in keys or any(len(key) != KEY_BYTES for key in keys.values()):
            raise ValueError("no current key")
        if any(not _NAME.fullmatch(name) for name in keys):
            raise ValueError("a key without a name of ours")
        return KeyRing(current, keys)
    except (AttributeError, KeyError, TypeError, ValueError, binascii.Error) as error:
        raise KeysUnreadableError(f"{path}: no ring of keys; put its backup in place") from error


def _text(ring: KeyRing) -> bytes:
    keys = {name: base64.b64encode(key).decode() for name, key in ring.keys.items()}
    return (json.dumps({"current": ring.current, "keys": keys}, indent=1) + "\n").encode()
