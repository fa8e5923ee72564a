"""What goes wrong behind the API, said as the API says no."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TypeVar

from calls.demand import ActionRefusedError
from calls.store import StoreAwayError
from console.errors import RefusedError, UnavailableError, UnfitError
from recordings.access.search import BadSearchError
from recordings.errors import RecordingError
from storage.errors import LedgerError, LedgerSlowError

T = TypeVar("T")


async def translated(asked: Awaitable[T]) -> T:
    """What comes of what was asked. Raises ApiError for everything that may be told to whoever asked."""
    try:
        return await asked
    except BadSearchError as error:
        raise UnfitError(str(error)) from error
    except ActionRefusedError as error:
        raise RefusedError(str(error)) from error
    except RecordingError as error:
        raise UnavailableError(str(error), error.error_id, retryable=error.retryable) from error
    except LedgerSlowError as error:
        raise UnavailableError(f"the ledger gave {error}: try again", error.error_id, retryable=True) from error
    except LedgerError as error:  # its own text may quote the database's
        raise UnavailableError("the ledger does not answer", error.error_id, retryable=error.retryable) from error
    except StoreAwayError as error:
        raise UnavailableError(str(error), error.error_id, retryable=error.retryable) from error
    except TimeoutError:
        raise
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise UnavailableError(f"a file of the hotline's cannot be read: {why}", "file-unreadable") from error
