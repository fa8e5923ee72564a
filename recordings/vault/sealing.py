"""Encryption at rest: a file in chunks, each sealed by itself, so that playback can begin anywhere (rule 14).

AES-256-GCM after the STREAM construction (Hoang, Reyhanitabar, Rogaway, Vizár 2015): a key of its own for every file,
the chunk's number and whether it is the last one in the nonce, the header and the recording's name authenticated with
every chunk. So a chunk changed, moved, left out, cut off or taken from another file does not open.
"""

from __future__ import annotations

import io
import struct
from typing import TYPE_CHECKING, BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from recordings.errors import SealBrokenError

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

KEY_BYTES = 32
CHUNK_BYTES = 65_536
TAG_BYTES = 16

_MAGIC = b"BLNSEAL1"
_HEADER = struct.Struct(">8sIQ")
"""Magic, bytes in a chunk, bytes of the plain file."""
_NONCE = struct.Struct(">7xIB")


def seal(source: BinaryIO, plain_bytes: int, target: BinaryIO, key: bytes, name: str) -> None:
    """Write the sealed form of `plain_bytes` from `source`. The key must never have sealed anything else.

    Raises SealBrokenError when `source` holds another number of bytes, OSError from either file.
    """
    header = _HEADER.pack(_MAGIC, CHUNK_BYTES, plain_bytes)
    cipher, bound = AESGCM(key), header + name.encode()
    target.write(header)
    last = max(plain_bytes - 1, 0) // CHUNK_BYTES
    taken = 0
    for index in range(last + 1):
        chunk = source.read(CHUNK_BYTES)
        taken += len(chunk)
        target.write(cipher.encrypt(_NONCE.pack(index, index == last), chunk, bound))
    if taken != plain_bytes or source.read(1):
        raise SealBrokenError(f"{name}: not the {plain_bytes} bytes that it had")


def sealed_bytes(plain_bytes: int) -> int:
    """Size of the sealed form of so many bytes."""
    chunks = max(plain_bytes - 1, 0) // CHUNK_BYTES + 1
    return _HEADER.size + plain_bytes + chunks * TAG_BYTES


class SealedReader(io.RawIOBase):
    """The plain bytes of a sealed file, from any offset. Closes the file it reads from.

    Raises SealBrokenError, at once for a header that is none, at a read for a chunk that does not open.
    """

    def __init__(self, sealed: BinaryIO, key: bytes, name: str) -> None:
        self._sealed = sealed
        self._name = name
        header = sealed.read(_HEADER.size)
        try:
            magic, self._chunk_bytes, self.plain_bytes = _HEADER.unpack(header)
        except struct.error as error:
            raise SealBrokenError(f"{name}: no sealed file") from error
        if magic != _MAGIC or self._chunk_bytes != CHUNK_BYTES:
            raise SealBrokenError(f"{name}: no sealed file")
        self._cipher, self._bound = AESGCM(key), header + name.encode()
        self._last = max(self.plain_bytes - 1, 0) // CHUNK_BYTES
        self._at = 0
        self._open: tuple[int, bytes] = (-1, b"")
        if sealed.seek(0, io.SEEK_END) != sealed_bytes(self.plain_bytes):
            raise SealBrokenError(f"{name}: not as long as it was")

    def readable(self) -> bool:  # noqa: D102 - io's own contract
        return True

    def seekable(self) -> bool:  # noqa: D102
        return True

    def tell(self) -> int:  # noqa: D102
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:  # noqa: D102
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self.plain_bytes}[whence]
        if base + offset < 0:
            raise ValueError("before the beginning")
        self._at = base + offset
        return self._at

    def readinto(self, buffer: WriteableBuffer) -> int:  # noqa: D102
        view = memoryview(buffer).cast("B")
        if not self.plain_bytes:
            self._chunk(0)  # even nothing is authenticated
        done = 0
        while done < len(view) and self._at < self.plain_bytes:
            index, within = divmod(self._at, CHUNK_BYTES)
            part = self._chunk(index)[within : within + len(view) - done]
            view[done : done + len(part)] = part
            done += len(part)
            self._at += len(part)
        return done

    def close(self) -> None:  # noqa: D102
        self._sealed.close()
        super().close()

    def _chunk(self, index: int) -> bytes:
        if self._open[0] != index:
            self._sealed.seek(_HEADER.size + index * (CHUNK_BYTES + TAG_BYTES))
            sealed = self._sealed.read(CHUNK_BYTES + TAG_BYTES)
            try:
                plain = self._cipher.decrypt(_NONCE.pack(index, index == self._last), sealed, self._bound)
            except (InvalidTag, ValueError) as error:
                raise SealBrokenError(f"{self._name}: was changed about byte {index * CHUNK_BYTES}") from error
            self._open = (index, plain)
        return self._open[1]
