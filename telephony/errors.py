"""What can go wrong between Asterisk and us, each with an id and with whether trying again is safe."""

from __future__ import annotations


class TelephonyError(Exception):
    """Something went wrong at the line to Asterisk."""

    error_id = "telephony"
    retryable = False


class AmiRefusedError(TelephonyError):
    """Asterisk understood the action and said no; the message is Asterisk's own."""

    error_id = "ami-refused"


class AmiTimeoutError(TelephonyError):
    """No answer in time. Not retryable: the action may have been carried out all the same."""

    error_id = "ami-timeout"


class AmiDownError(TelephonyError):
    """There is no link. Retryable only if the action never left; a lost answer may hide a call that was made."""

    error_id = "ami-down"

    def __init__(self, reason: str, *, sent: bool = False) -> None:
        super().__init__(reason)
        self.retryable = not sent


class AgiRefusedError(TelephonyError):
    """Asterisk refused an AGI command (unknown application or command, wrong usage): an error of ours."""

    error_id = "agi-refused"
