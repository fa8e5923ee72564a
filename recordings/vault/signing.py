"""The hotline's signature, Ed25519 (RFC 8032): on checkpoints of the audit log and on what is handed over (rule 14)."""

from __future__ import annotations

from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from recordings import secret_file
from recordings.errors import KeysUnreadableError
from recordings.secret_file import Used, never


class Signer:
    """Signs with the hotline's key; `public_key` is what others check with, 32 bytes in hexadecimal."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key
        self.public_key = key.public_key().public_bytes_raw().hex()

    def sign(self, message: bytes) -> str:
        """The signature in hexadecimal, 64 bytes."""
        return self._key.sign(message).hex()


def signed_by(public_key: str, message: bytes, signature: str) -> bool:
    """Whether a signature is of this message and key; False for what is no signature or no key."""
    try:
        said = bytes.fromhex(signature)
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(public_key)).verify(said, message)
    except (InvalidSignature, ValueError):
        return False
    return said.hex() == signature  # in one spelling only: no bit of a file may change unseen


def signer_at(path: Path) -> Signer:
    """The signer whose key is in that file; none is made. Raises KeysAwayError, KeysUnreadableError."""
    return _signer(path, secret_file.found(path))


def first_signer(path: Path, signed_before: Used = never) -> Signer:
    """The signer whose key is in that file (PEM, for its owner alone); made where nothing was ever signed.

    Raises as `signer_at`, and OSError.
    """
    return _signer(path, secret_file.found_or_made(path, _new_key, signed_before))


def _signer(path: Path, pem: bytes) -> Signer:
    try:
        key = load_pem_private_key(pem, password=None)
    except ValueError as error:
        raise KeysUnreadableError(f"{path}: no signing key; put its backup in place") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise KeysUnreadableError(f"{path}: not an Ed25519 key; put its backup in place")
    return Signer(key)


def _new_key() -> bytes:
    return Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
