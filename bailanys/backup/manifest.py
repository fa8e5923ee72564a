"""What a backup holds, written last: a folder without it is none. Anybody can check it by `sha256sum -c SHA256SUMS`."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bailanys.backup.errors import BackupDamagedError
from recordings.vault.signing import Signer, signed_by

HEAD, SUMS, SIGNATURE = "manifest.json", "SHA256SUMS", "manifest.signature"
_FORMAT = 1
_LINE = re.compile(r"([0-9a-f]{64})  ([^\n\\]+)")
NAME = re.compile(r"\d{8}T\d{6}\.\d{3}Z")
"""Of a set and of its keys: the instant (UTC) at which it was begun."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What is told of one folder."""

    name: str
    made_ms: int
    version: str
    """Of this program."""
    files: int
    sums_sha256: str
    ledger: str = ""
    """`sqlite` or `postgresql`; empty in the keys' folder."""
    audit_entries: int = 0
    missing: tuple[str, ...] = ()
    """Recordings that the ledger has and the archive had not, when the backup was made."""
    of_set: str = ""
    """In the keys' folder: the SHA-256 of the set's own manifest."""


def write(folder: Path, manifest: Manifest, signer: Signer | None = None) -> str:
    """Put it into the folder, signed by the hotline's key if one is given; its SHA-256. Raises OSError."""
    text = json.dumps({"format": _FORMAT, **asdict(manifest)}, indent=1) + "\n"
    _own(folder / HEAD, text)
    if signer is not None:
        _own(folder / SIGNATURE, signer.sign(text.encode()) + "\n")
    return hashlib.sha256(text.encode()).hexdigest()


def write_sums(folder: Path, sums: Mapping[str, str]) -> str:
    """Write the files' digests as `sha256sum` does; the digest of that list. Raises OSError."""
    text = "".join(f"{digest}  {name}\n" for name, digest in sorted(sums.items()))
    _own(folder / SUMS, text)
    return hashlib.sha256(text.encode()).hexdigest()


def read(folder: Path) -> tuple[Manifest, dict[str, str], str]:
    """A folder's manifest, its files with their digests, the manifest's own digest. Raises BackupDamagedError."""
    try:
        text = (folder / HEAD).read_text(encoding="utf-8")
        said: dict[str, Any] = json.loads(text)
        if said.pop("format") != _FORMAT:
            raise BackupDamagedError(f"{folder / HEAD}: of a newer version of this program")
        manifest = Manifest(**{**said, "missing": tuple(said["missing"])})
        listed = (folder / SUMS).read_text(encoding="utf-8")
    except FileNotFoundError as error:
        there = [path.name for path in sorted(folder.glob("*")) if NAME.fullmatch(path.name)]
        held = f": it holds {', '.join(there[-3:])}, name one of them" if there else ", or half of one"
        raise BackupDamagedError(f"{folder}: no backup{held}") from error
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise BackupDamagedError(f"{folder / HEAD}: not what was written: take another backup") from error
    if hashlib.sha256(listed.encode()).hexdigest() != manifest.sums_sha256:
        raise BackupDamagedError(f"{folder / SUMS}: not what was written: take another backup")
    lines = [_LINE.fullmatch(line) for line in listed.splitlines()]
    sums = {line[2]: line[1] for line in lines if line is not None}
    if len(sums) != manifest.files:
        raise BackupDamagedError(f"{folder / SUMS}: not what was written: take another backup")
    return manifest, sums, hashlib.sha256(text.encode()).hexdigest()


def signed(folder: Path, public_key: str) -> bool:
    """Whether the folder's manifest is signed by that key. Raises OSError."""
    signature = (folder / SIGNATURE).read_text(encoding="ascii", errors="replace").strip()
    return signed_by(public_key, (folder / HEAD).read_bytes(), signature)


def _own(path: Path, text: str) -> None:
    path.touch(0o600, exist_ok=True)
    path.write_text(text, encoding="utf-8")
