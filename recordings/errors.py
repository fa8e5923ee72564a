"""What can go wrong with a recording; in every case the raw file stays where it is."""

from __future__ import annotations


class RecordingError(Exception):
    """Base of this package's errors."""

    error_id = "recording"
    retryable = True


class ArchiveUnwritableError(RecordingError):
    """The archive took no file: full, read-only, or gone. Nothing else will fit either, until someone acts."""

    error_id = "archive-unwritable"


class AudioDiffersError(RecordingError):
    """What the FLAC decodes to is not what was recorded: nothing of it may be kept."""

    error_id = "audio-differs"


class StillWrittenError(RecordingError):
    """The raw file grew while it was encoded: it was not finished after all."""

    error_id = "still-written"


class ReceiptVoidError(RecordingError):
    """A receipt does not hold any more: its raw file grew, or the FLAC it stands for is not there."""

    error_id = "receipt-void"


class SealBrokenError(RecordingError):
    """A sealed recording does not open: changed, cut, swapped, or no sealed file at all."""

    error_id = "seal-broken"
    retryable = False


class KeyMissingError(RecordingError):
    """The key that wrapped a recording's own key is not there."""

    error_id = "key-missing"
    retryable = False


class KeysUnreadableError(RecordingError):
    """The file of the archive's keys is not what we wrote."""

    error_id = "keys-unreadable"
    retryable = False


class KeysAwayError(KeysUnreadableError):
    """A file of keys is not there or cannot be read, and what it sealed or signed is: none may be made instead."""

    error_id = "keys-away"
    retryable = True


class DisposedOfError(RecordingError):
    """The recording was disposed of while it moved: no copy of it may stay anywhere."""

    error_id = "disposed-of"
    retryable = False


class UploadDiffersError(RecordingError):
    """What the far store gives back is not what was to be stored: the local file stays."""

    error_id = "upload-differs"


class CopyFailedError(RecordingError):
    """A copy could not be written where it was wanted."""

    error_id = "copy-failed"
