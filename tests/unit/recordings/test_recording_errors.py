"""What went wrong with a recording: by which name it is told, and whether another try may help."""

from __future__ import annotations

import pytest

from calls.store import StoreAwayError
from recordings import errors
from recordings.access.export import NoReasonError, NotThereError
from recordings.access.search import BadSearchError
from recordings.upkeep.retention import ClockDoubtfulError


@pytest.mark.parametrize(
    ("error", "error_id", "retryable"),
    [
        (errors.ArchiveUnwritableError, "archive-unwritable", True),
        (errors.AudioDiffersError, "audio-differs", True),
        (errors.StillWrittenError, "still-written", True),
        (errors.ReceiptVoidError, "receipt-void", True),
        (errors.UploadDiffersError, "upload-differs", True),
        (errors.CopyFailedError, "copy-failed", True),
        (errors.KeysAwayError, "keys-away", True),
        (StoreAwayError, "store-away", True),
        (errors.SealBrokenError, "seal-broken", False),
        (errors.KeyMissingError, "key-missing", False),
        (errors.KeysUnreadableError, "keys-unreadable", False),
        (errors.DisposedOfError, "disposed-of", False),
        (NotThereError, "no-recording", False),
        (NoReasonError, "no-reason", False),
        (BadSearchError, "bad-search", False),
        (ClockDoubtfulError, "clock-doubtful", False),
    ],
)
def test_only_what_may_come_right_by_itself_is_worth_another_try(
    error: type[Exception], error_id: str, retryable: bool
) -> None:
    assert (getattr(error, "error_id", None), getattr(error, "retryable", None)) == (error_id, retryable)
