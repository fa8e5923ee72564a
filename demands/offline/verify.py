#!/usr/bin/env python3
"""Checks a package of recordings without the network and without anything installed.

    python3 verify.py [ZIP, FOLDER OR SIGNED JSON]

It proves that every file is the one the hotline signed (SHA-256, Ed25519 after RFC 8032), that no file was added, and
that the audit entries are as they were written. Compare the key that it prints with the one that the hotline
publishes: a forger can sign with another key, but not with that one. Exit status 0: all is well.
"""

from __future__ import annotations

import hashlib
import io
import json
import sys
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, Optional, Tuple

# All that reading a ZIP may raise whose bytes were changed, and reading what is in it.
UNREADABLE = (EOFError, KeyError, OSError, RuntimeError, TypeError, ValueError, zipfile.BadZipFile, zlib.error)

# The curve of Ed25519, and its points in extended coordinates (RFC 8032, section 5.1).
P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT = pow(2, (P - 1) // 4, P)
Point = Tuple[int, int, int, int]


def recovered_x(y: int, sign: int) -> Optional[int]:
    """The x that belongs to a y of the curve."""
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * ROOT % P
    if y >= P or (x * x - square) % P or (x == 0 and sign):
        return None
    return P - x if x & 1 != sign else x


def point(text: bytes) -> Optional[Point]:
    """The point that 32 bytes stand for."""
    number = int.from_bytes(text, "little")
    y = number & ((1 << 255) - 1)
    x = recovered_x(y, number >> 255)
    return None if x is None else (x, y, 1, x * y % P)


def added(a: Point, b: Point) -> Point:
    """The sum of two points."""
    m, n = (a[1] - a[0]) * (b[1] - b[0]) % P, (a[1] + a[0]) * (b[1] + b[0]) % P
    c, d = 2 * a[3] * b[3] * D % P, 2 * a[2] * b[2] % P
    e, f, g, h = n - m, d - c, d + c, n + m
    return e * f % P, g * h % P, f * g % P, e * h % P


def times(number: int, base: Point) -> Point:
    """A multiple of a point."""
    result: Point = (0, 1, 1, 0)
    while number:
        if number & 1:
            result = added(result, base)
        base = added(base, base)
        number >>= 1
    return result


def is_signed(key: bytes, message: bytes, signature: bytes) -> bool:
    """Whether an Ed25519 signature is of this message and key."""
    a, r, s = point(key), point(signature[:32]), int.from_bytes(signature[32:], "little")
    base = point((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))
    if a is None or r is None or base is None or s >= ORDER or len(key) != 32 or len(signature) != 64:
        return False
    hashed = int.from_bytes(hashlib.sha512(signature[:32] + key + message).digest(), "little") % ORDER
    left, right = times(s, base), added(r, times(hashed, a))
    return not ((left[0] * right[2] - right[0] * left[2]) % P or (left[1] * right[2] - right[1] * left[2]) % P)


class Package:
    """The files of a ZIP, or of a folder it was unpacked into."""

    def __init__(self, where: Path) -> None:
        self.folder = where
        self.zip = None if where.is_dir() else zipfile.ZipFile(where)

    def names(self) -> list[str]:
        """Every file's name."""
        if self.zip is not None:
            return self.zip.namelist()
        return [path.relative_to(self.folder).as_posix() for path in self.folder.rglob("*") if path.is_file()]

    def open(self, name: str) -> IO[bytes]:
        """One file."""
        return self.zip.open(name) if self.zip is not None else self.folder.joinpath(name).open("rb")

    def read(self, name: str) -> bytes:
        """The whole of a small file."""
        with self.open(name) as file:
            return file.read()

    def sha256(self, name: str) -> str:
        """The digest of a file of any size."""
        digest = hashlib.sha256()
        with self.open(name) as file:
            for portion in iter(lambda: file.read(1 << 20), b""):
                digest.update(portion)
        return digest.hexdigest()


def entry_digest(entry: dict[str, Any]) -> str:
    """The digest that an audit entry must have."""
    names = ("seq", "at_ms", "actor", "kind", "subject", "detail", "previous")
    text = json.dumps([entry[name] for name in names], ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def signature_faults(package: Package, name: str) -> Iterator[str]:
    """Whether a file's signature beside it holds; the key is on its first line."""
    signed = package.read(name)
    said = package.read(signature_of(name)).decode()
    key, signature = (bytes.fromhex(line) for line in said.split())
    if said != f"{key.hex()}\n{signature.hex()}\n" or not is_signed(key, signed, signature):
        yield f"the signature is not of this {name}"
    if key.hex() != json.loads(signed).get("public_key"):
        yield f"{name}: signed with another key than it names"


def signature_of(name: str) -> str:
    """The name of the signature that lies beside a file."""
    return name.rpartition(".")[0] + ".sig"


def protocol_faults(package: Package, manifest: dict[str, Any]) -> Iterator[str]:
    """Whether the protocol holds by itself and says nothing else than the manifest."""
    protocol = json.loads(package.read("protocol.json"))
    yield from signature_faults(package, "protocol.json")
    for name, value in protocol.items():
        if name != "text" and value != manifest.get(name):
            yield f"protocol.json: {name} is not what the manifest says"
    if not protocol["text"]["kk"]["sections"] or not protocol["text"]["ru"]["sections"]:
        yield "protocol.json: a language is missing"


def faults(package: Package) -> Iterator[str]:
    """All that is wrong with a package."""
    try:
        manifest = json.loads(package.read("manifest.json"))
        files = dict(manifest["files"])
        yield from signature_faults(package, "manifest.json")
    except UNREADABLE as error:
        yield f"manifest.json or manifest.sig is missing or cannot be read: {error}"
        return
    there = package.names()
    for name in sorted({*there, *files} - {"manifest.json", "manifest.sig"}):
        if name not in there:
            yield f"{name}: is missing"
        elif name not in files:
            yield f"{name}: was added"
        else:
            try:
                if package.sha256(name) != files[name]:
                    yield f"{name}: is not what was signed"
            except UNREADABLE as error:
                yield f"{name}: cannot be read: {error}"
    for name in sorted({one for one in there if there.count(one) > 1}):
        yield f"{name}: is there twice"
    try:
        yield from protocol_faults(package, manifest)
    except (AttributeError, *UNREADABLE) as error:
        yield f"protocol.json or protocol.sig is missing or cannot be read: {error}"
    try:
        for entry in json.loads(package.read("audit.json")):
            if entry_digest(entry) != entry["digest"]:
                yield f"audit entry {entry['seq']} is not what was written"
    except UNREADABLE as error:
        yield f"audit.json cannot be read: {error}"


def document_alone(where: Path) -> int:
    """Check one signed document that was taken out of its package, e.g. protocol.json."""
    try:
        package = Package(where.parent)
        found = list(signature_faults(package, where.name))
        key = json.loads(package.read(where.name))["public_key"]
    except (AttributeError, *UNREADABLE) as error:
        print(f"FAULT  {where}: {error}")
        return 1
    for fault in found:
        print(f"FAULT  {fault}")
    if not found:
        print(f"{where.name}: as it was signed\nkey {key}")
    return int(bool(found))


def main() -> int:
    """Print what is wrong, or that nothing is."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a console that lacks a file's letters
    where = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parent
    if where.suffix == ".json":
        return document_alone(where)
    try:
        package = Package(where)
        found = list(faults(package))
    except UNREADABLE as error:
        print(f"FAULT  {where}: {error}")
        return 1
    for fault in found:
        print(f"FAULT  {fault}")
    if found:
        return 1
    manifest = json.loads(package.read("manifest.json"))
    print(f"{manifest['demand']['id']}: {len(manifest['files'])} files, all as they were signed")
    print(f"key {manifest['public_key']}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
