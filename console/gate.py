"""Who asks, and whether they may: the bearer token of a request against the tokens' file."""

from __future__ import annotations

import time
from typing import NoReturn

import structlog

from console.errors import BadTokenError, MissingScopeError, NoTokenError, TooManyError, UnavailableError
from console.limits import FailedAttempts, Pace
from console.scopes import Scope
from console.token_file import TokenFile
from console.tokens import Token, TokenError, matching

log = structlog.get_logger(__name__)

SCHEME = "bearer"


class Gate:
    """Lets requests in by their token; keeps when each token was last used until that is written."""

    def __init__(self, file: TokenFile) -> None:
        self._file = file
        self._failed = FailedAttempts()
        self._pace = Pace()
        self._used_ms: dict[str, int] = {}

    def admit(self, authorization: str | None, address: str, scopes: tuple[Scope, ...]) -> Token:
        """The token of the request, which has one of the scopes.

        Raises NoTokenError, BadTokenError, MissingScopeError, TooManyError, UnavailableError.
        """
        scheme, _, presented = (authorization or "").partition(" ")
        if scheme.lower() != SCHEME or not presented.strip():
            raise NoTokenError("send a token: Authorization: Bearer …")
        try:
            token = matching(presented.strip(), self._file.current())
        except TokenError as error:
            log.error("tokens unreadable", error=str(error))
            raise UnavailableError(
                "the tokens cannot be read: see the controller's log", "tokens-unreadable"
            ) from error
        if token is None:
            self._refuse(address)
        if too_fast_s := self._pace.take(token.sha256, time.monotonic()):
            raise TooManyError(f"too many requests: wait {too_fast_s:.2f} s")
        if not token.scopes.intersection(scopes):
            raise MissingScopeError(f"the token {token.name} has none of: {', '.join(scopes)}")
        self._used_ms[token.sha256] = time.time_ns() // 1_000_000
        return token

    def write_uses(self) -> None:
        """Keep the last uses in the file; blocks. Raises TokenError, and then keeps them for the next time."""
        used_ms = dict(self._used_ms)
        if used_ms:
            self._file.note_uses(used_ms)
            for key, at_ms in used_ms.items():
                if self._used_ms.get(key) == at_ms:
                    del self._used_ms[key]

    def _refuse(self, address: str) -> NoReturn:
        wait_s = self._failed.note(address, time.monotonic())
        if wait_s:
            raise TooManyError(f"too many wrong tokens: wait {wait_s:.0f} s")
        log.warning("api: wrong token", address=address)
        raise BadTokenError("the token is unknown or was revoked")
