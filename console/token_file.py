"""`tokens.json` in the state folder: written whole under a lock, read again whenever it has changed."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from console.scopes import Scope
from console.tokens import Token, TokenError

Tokens = tuple[Token, ...]
_HAD = ".made"


class TokenFile:
    """The command line adds and revokes, the controller reads and notes uses; a lock keeps each other's changes."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: tuple[int, int, int] | None = None
        self._tokens: Tokens = ()

    def current(self) -> Tokens:
        """The tokens as the file has them now; none without a file. Raises TokenError when it is away or unreadable."""
        try:
            status = self._path.stat()
        except FileNotFoundError:
            self._seen, self._tokens = None, ()
            if self._path.with_suffix(_HAD).exists():
                raise TokenError(
                    f"{self._path}: not there, though tokens were made: put its backup in place, "
                    f"or remove {self._path.with_suffix(_HAD).name} to begin anew"
                ) from None
            return ()
        except OSError as error:
            raise TokenError(f"{self._path}: {error.strerror}") from error
        signature = (status.st_ino, status.st_mtime_ns, status.st_size)
        if signature != self._seen:
            self._tokens = _read(self._path)
            self._seen = signature
        return self._tokens

    def add(self, token: Token) -> None:
        """Keep a new token. Raises TokenError when the name is taken."""
        with self._changing():
            kept = self.current()
            if any(other.name == token.name for other in kept):
                raise TokenError(f"there is a token {token.name!r} already: revoke it first, or take another name")
            self._write((*kept, token))

    def revoke(self, name: str) -> None:
        """Forget a token; from then on it opens nothing. Raises TokenError when there is none of that name."""
        with self._changing():
            kept = self.current()
            rest = tuple(token for token in kept if token.name != name)
            if len(rest) == len(kept):
                raise TokenError(f"no token {name!r}")
            self._write(rest)

    def note_uses(self, used_ms: Mapping[str, int]) -> None:
        """Keep when tokens were last used, by digest; one that was revoked meanwhile stays so. Raises TokenError."""
        with self._changing():
            kept = self.current()
            noted = tuple(replace(token, used_ms=used_ms.get(token.sha256, token.used_ms)) for token in kept)
            if noted != kept:
                self._write(noted)

    @contextlib.contextmanager
    def _changing(self) -> Iterator[None]:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self._path.with_suffix(".lock"), os.O_WRONLY | os.O_CREAT, 0o600)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX)
                yield
            finally:
                os.close(descriptor)
        except OSError as error:
            raise TokenError(f"{self._path}: {error.strerror}") from error

    def _write(self, tokens: Tokens) -> None:
        rows = [
            {
                "name": token.name,
                "sha256": token.sha256,
                "scopes": sorted(token.scopes),
                "created_ms": token.created_ms,
                "used_ms": token.used_ms,
            }
            for token in tokens
        ]
        fresh = self._path.with_suffix(".new")
        fresh.unlink(missing_ok=True)  # so that no older, wider mode stays
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            json.dump({"tokens": rows}, file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self._path)
        self._path.with_suffix(_HAD).touch(mode=0o600)  # so that a file that is away is not taken for none


def _read(path: Path) -> Tokens:
    try:
        rows = json.loads(path.read_text())["tokens"]
        return tuple(
            Token(
                name=str(row["name"]),
                sha256=str(row["sha256"]),
                scopes=frozenset(map(Scope, row["scopes"])),
                created_ms=int(row["created_ms"]),
                used_ms=None if row.get("used_ms") is None else int(row["used_ms"]),
            )
            for row in rows
        )
    except OSError as error:
        raise TokenError(f"{path}: {error.strerror}") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise TokenError(
            f"{path} is damaged: put its backup in place, or move it and {path.with_suffix(_HAD).name} away"
        ) from error
