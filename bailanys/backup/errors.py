"""What keeps a backup from being made or put back; each message says what to do."""

from __future__ import annotations


class BackupError(Exception):
    """Base of this package's errors."""

    error_id = "backup"
    retryable = False


class BackupRefusedError(BackupError):
    """Nothing was written: the places that were named are not fit for it."""

    error_id = "backup-refused"


class BackupDamagedError(BackupError):
    """A backup is not what was written: half of it, changed, or two that do not belong together."""

    error_id = "backup-damaged"


class BackupBusyError(BackupError):
    """Another program is at it."""

    error_id = "backup-busy"
    retryable = True
