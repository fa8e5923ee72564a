"""The package that is handed over: audio, manifest, protocol, audit proof and a verifier that needs nothing (rule 14).

`manifest.json` holds the SHA-256 of every other file and is signed; `verify.py` in the package checks all of it.
"""

from __future__ import annotations

import hashlib
import os
import time
import zipfile
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import soundfile

from calls.demand import Also
from calls.json_text import json_text
from config.whole_file import named
from demands.mp3 import Mp3
from demands.protocol import LANGUAGES, document, protocol
from demands.protocol_pdf import pdf
from demands.verifier import VERIFIER, verifier_sha256
from recordings import durable
from recordings.access.playback import wav_header
from recordings.errors import AudioDiffersError
from recordings.vault.opening import plain_sha256
from recordings.vault.signing import Signer
from recordings.watched import Watched

MANIFEST, SIGNATURE = "manifest.json", "manifest.sig"
PROTOCOL, PROTOCOL_SIGNATURE = "protocol.json", "protocol.sig"
_BLOCK_FRAMES = 65_536


@dataclass(frozen=True, slots=True)
class Item:
    """A recording for the package: its facts for the manifest, and how its plain FLAC is opened."""

    facts: Mapping[str, Any]
    """At least `file` (its name) and `flac_sha256` (what the ledger says it is)."""
    open: Callable[[], BinaryIO]


def build(
    target: Path,
    about: Mapping[str, Any],
    items: Sequence[Item],
    proof: Sequence[Mapping[str, Any]],
    signer: Signer,
    also: Collection[Also] = (),
) -> str:
    """Write the package, whole or not at all, for its owner's eyes only, and return its SHA-256.

    `about` is the manifest without what is known only here (recordings, files, the key); `also` is what lies beside
    each WAV. Memory stays the same however many recordings there are. Raises AudioDiffersError for a recording that is
    not what the ledger says, CopyFailedError, SealBrokenError, KeyMissingError, OSError.
    """
    durable.make_folder(target.parent)
    fresh = target.with_name(f"{target.name}.part")
    try:
        fresh.unlink(missing_ok=True)  # left by a kill
        descriptor = os.open(fresh, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with named(target), os.fdopen(descriptor, "w+b") as file:
            with zipfile.ZipFile(file, "w") as package:
                _fill(package, about, items, proof, signer, target.parent if Also.MP3 in also else None)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(target)
    finally:
        fresh.unlink(missing_ok=True)
    durable.sync(target.parent)
    return sha256_of(target)


def sha256_of(package: Path) -> str:
    """A package's SHA-256 in hexadecimal. Raises OSError."""
    with package.open("rb") as made:
        return hashlib.file_digest(made, "sha256").hexdigest()


def _fill(
    package: zipfile.ZipFile,
    about: Mapping[str, Any],
    items: Sequence[Item],
    proof: Sequence[Mapping[str, Any]],
    signer: Signer,
    mp3_drafts: Path | None,
) -> None:
    files: dict[str, str] = {}
    recordings = []
    for item in items:
        name = f"audio/{item.facts['file']}.wav"
        with nullcontext() if mp3_drafts is None else Mp3(mp3_drafts) as mp3:
            files[name] = _add(package, name, _wav(item, mp3))
            one = {**item.facts, "audio": name, "sha256": files[name]}
            if mp3 is not None:
                name = f"audio/{item.facts['file']}.mp3"
                files[name] = _add(package, name, mp3.content())
                one |= {"mp3": name, "mp3_sha256": files[name]}
        recordings.append(one)
    manifest = {**about, "recordings": recordings, "public_key": signer.public_key}
    manifest["verifier_sha256"] = verifier_sha256()
    documents = {
        f"protocol-{language}.pdf": pdf(protocol(manifest, language), manifest["made_ms"]) for language in LANGUAGES
    }
    documents[PROTOCOL] = _json(document(manifest))
    documents[PROTOCOL_SIGNATURE] = _signature(signer, documents[PROTOCOL])
    documents["audit.json"] = _json(list(proof))
    documents[VERIFIER.name] = VERIFIER.read_bytes()
    for name, content in documents.items():
        files[name] = _add(package, name, iter((content,)))
    signed = _json({**manifest, "files": files})
    _add(package, MANIFEST, iter((signed,)))
    _add(package, SIGNATURE, iter((_signature(signer, signed),)))


def _signature(signer: Signer, signed: bytes) -> bytes:
    """The key and the signature, each on a line in hexadecimal."""
    return f"{signer.public_key}\n{signer.sign(signed)}\n".encode()


def _add(package: zipfile.ZipFile, name: str, content: Iterator[bytes]) -> str:
    entry = zipfile.ZipInfo(name, time.gmtime()[:6])  # audio hardly shrinks, and whoever unpacks must not wait
    entry.external_attr = 0o600 << 16
    digest = hashlib.sha256()
    with package.open(entry, "w", force_zip64=True) as file:
        for portion in content:
            digest.update(portion)
            file.write(portion)
    return digest.hexdigest()


def _wav(item: Item, mp3: Mp3 | None) -> Iterator[bytes]:
    """Header and samples, once the whole recording has been proved to be what the ledger says; they go into the MP3."""
    if plain_sha256(item.open()) != item.facts["flac_sha256"]:
        raise AudioDiffersError(f"{item.facts['file']}: the archive's file is not what the ledger says")
    with item.open() as flac, (watched := Watched(flac)).sound(), soundfile.SoundFile(watched) as source:
        yield wav_header(source.frames, source.channels, source.samplerate)
        frames = _BLOCK_FRAMES if mp3 is None else source.samplerate
        for block in source.blocks(frames, dtype="int16", always_2d=True):
            if mp3 is not None:
                mp3.add(block, source.samplerate)
            yield block.astype("<i2", copy=False).tobytes()


def _json(value: Any) -> bytes:
    return (json_text(value, indent=1, sort_keys=True) + "\n").encode()
