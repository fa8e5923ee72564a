"""What can go wrong with the ledger, for people and for retries."""

from __future__ import annotations


class LedgerError(Exception):
    """The ledger cannot do what was asked; `error_id` is stable, `retryable` says whether waiting may help."""

    error_id = "ledger"
    retryable = False


class LedgerUnavailableError(LedgerError):
    """The database does not answer, is full or locked. Nothing is lost: the journal is read again later."""

    error_id = "ledger-unavailable"
    retryable = True


class LedgerAwayError(LedgerUnavailableError):
    """There was a ledger, and where it should be is nothing: a new one in its place would know of no hold."""

    error_id = "ledger-away"


class LedgerTakenError(LedgerUnavailableError):
    """The ledger is another hotline's, or of a copy of our state folder that was alive at `copy_seen_ms`."""

    error_id = "ledger-taken"

    def __init__(self, said: str, copy_seen_ms: int | None = None) -> None:
        super().__init__(f"the ledger {said}")
        self.copy_seen_ms = copy_seen_ms


class JournalError(LedgerError):
    """A journal cannot be read or put aside (permissions, a failing disk)."""

    error_id = "journal"
    retryable = True
