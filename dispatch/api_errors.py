"""What goes wrong between us and Asterisk, in the API's errors."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TypeVar

from console.errors import UnavailableError
from telephony.errors import TelephonyError

T = TypeVar("T")


async def done(work: Awaitable[T]) -> T:
    """The work's outcome. Raises UnavailableError when Asterisk does not do it."""
    try:
        return await work
    except TelephonyError as error:
        raise UnavailableError(f"Asterisk did not do it: {error}", error.error_id, retryable=error.retryable) from error
