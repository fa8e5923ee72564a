"""What can go wrong with the ledger, for people and for retries."""

from __future__ import annotations

LONGEST = 300
"""Characters of what is said of the database."""


class LedgerError(Exception):
    """The ledger cannot do what was asked; `error_id` is stable, `retryable` says whether waiting may help."""

    error_id = "ledger"
    retryable = False


class LedgerUnavailableError(LedgerError):
    """The database does not answer, is full or locked. Nothing is lost: the journal is read again later.

    Its text is one line, whatever the database's library said: a person reads it at three in the morning.
    """

    error_id = "ledger-unavailable"
    retryable = True

    def __init__(self, said: str) -> None:
        super().__init__(in_one_line(said))


def in_one_line(said: str) -> str:
    """The first line of what a database's library says, without its hints and its own beginnings."""
    first = next((line for line in said.splitlines() if line.strip()), said)
    words = " ".join(first.split())
    for begins in ("connection failed: ", "consuming input failed: ", "sending query failed: "):
        words = words.removeprefix(begins)
    return words[:LONGEST]


class LedgerSlowError(LedgerUnavailableError):
    """The database took longer for a short look-up than anybody should wait; the look-up was stopped."""

    error_id = "ledger-slow"


class LedgerAwayError(LedgerUnavailableError):
    """There was a ledger, and where it should be is nothing: a new one in its place would know of no hold."""

    error_id = "ledger-away"


class IdentityLostError(LedgerUnavailableError):
    """Which hotline we are cannot be told: whose ledger this is neither, so that nothing may be written to it."""

    error_id = "hotline-id"


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
