"""The keys that open the archive: kept outside it, named, replaced without encrypting any recording anew.

Each recording is sealed with a key of its own, and only that key is wrapped (AES key wrap, RFC 3394) by a key of the
ring. A new ring key is used from then on; the old ones stay as long as anything is wrapped by them.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap

from recordings import durable
from recordings.errors import KeyMissingError, KeysUnreadableError
from recordings.sealing import KEY_BYTES


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
        if wrapped.by not in self.keys:
            raise KeyMissingError(f"the archive's key {wrapped.by} is not in the ring: put the keys' backup in place")
        try:
            return aes_key_unwrap(self.keys[wrapped.by], base64.b64decode(wrapped.key, validate=True))
        except (InvalidUnwrap, ValueError) as error:
            raise KeyMissingError(f"the archive's key {wrapped.by} is not the one that wrapped this") from error

    def rotated(self) -> KeyRing:
        """The ring with a new current key."""
        number = 1 + max((int(name.removeprefix("k")) for name in self.keys), default=0)
        return KeyRing(f"k{number}", {**self.keys, f"k{number}": secrets.token_bytes(KEY_BYTES)})


def ring_at(path: Path) -> KeyRing:
    """The ring in that file; made with a first key when there is none. Raises KeysUnreadableError, OSError."""
    try:
        return _read(path)
    except FileNotFoundError:
        ring = KeyRing("", {}).rotated()
        _write(path, ring, must_be_new=True)
        return ring


def rotate(path: Path) -> KeyRing:
    """Put a new current key into the ring, durably. Raises KeysUnreadableError, OSError."""
    ring = _read(path).rotated()
    _write(path, ring)
    return ring


def _read(path: Path) -> KeyRing:
    text = path.read_text(encoding="utf-8")
    try:
        said = json.loads(text)
        keys = {str(name): base64.b64decode(key, validate=True) for name, key in said["keys"].items()}
        current = str(said["current"])
        if current not in keys or any(len(key) != KEY_BYTES for key in keys.values()):
            raise ValueError("no current key")
        if any(not name.startswith("k") or not name[1:].isdecimal() for name in keys):
            raise ValueError("a key without a name of ours")
        return KeyRing(current, keys)
    except (AttributeError, KeyError, TypeError, ValueError, binascii.Error) as error:
        raise KeysUnreadableError(f"{path}: no ring of keys; put its backup in place") from error


def _write(path: Path, ring: KeyRing, *, must_be_new: bool = False) -> None:
    """Whole or not at all, and never over a ring that somebody else made meanwhile."""
    keys = {name: base64.b64encode(key).decode() for name, key in ring.keys.items()}
    durable.make_folder(path.parent)
    fresh = path.with_name(f"{path.name}.{os.getpid()}.new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(json.dumps({"current": ring.current, "keys": keys}, indent=1) + "\n")
            file.flush()
            os.fsync(file.fileno())
        if must_be_new:
            path.hardlink_to(fresh)
        else:
            fresh.rename(path)
    finally:
        fresh.unlink(missing_ok=True)
    durable.sync(path.parent)
