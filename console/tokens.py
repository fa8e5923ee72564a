"""Bearer tokens: random, kept only as a digest, each with a name and the scopes it was given."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass

from console.scopes import Scope

PREFIX = "bln_"
"""So that a token that strayed into a log or a repository is found by those who scan for such."""
RANDOM_BYTES = 32
LONGEST = 128
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,31}")


class TokenError(Exception):
    """A token cannot be made, found or read; the message is for the person."""

    error_id = "token"
    retryable = False


@dataclass(frozen=True, slots=True)
class Token:
    """What is kept of a token: never the token itself."""

    name: str
    sha256: str
    scopes: frozenset[Scope]
    created_ms: int
    used_ms: int | None = None
    """Last use, to within a minute; None: never."""


def new_token(name: str, scopes: Iterable[str], now_ms: int) -> tuple[str, Token]:
    """A new secret, to be shown once, and what is kept of it. Raises TokenError for a bad name or scope."""
    if not _NAME.fullmatch(name):
        raise TokenError(f"{name!r} is no name: up to 32 small Latin letters, digits, dots and hyphens")
    wanted = list(scopes)
    known = [scope.value for scope in Scope]
    for scope in wanted:
        if scope not in known:
            raise TokenError(f"no scope {scope!r}; there are: {', '.join(known)}")
    if not wanted:
        raise TokenError(f"a token needs at least one scope of: {', '.join(known)}")
    secret = PREFIX + secrets.token_urlsafe(RANDOM_BYTES)
    return secret, Token(name, digest(secret), frozenset(map(Scope, wanted)), now_ms)


def digest(secret: str) -> str:
    """What is kept of a token. Plain SHA-256 is enough: there are 256 random bits to guess, not a person's password."""
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).hexdigest()


def matching(presented: str, tokens: Iterable[Token]) -> Token | None:
    """The token that was presented; every one is compared to its end, so that time tells nothing."""
    if len(presented) > LONGEST:
        return None
    shown, found = digest(presented), None
    for token in tokens:
        if hmac.compare_digest(shown, token.sha256):
            found = token
    return found
