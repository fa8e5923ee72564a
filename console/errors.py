"""What the API says no with: a stable id for programs, a message for people, and whether to ask again."""

from __future__ import annotations


class ApiError(Exception):
    """The request cannot be fulfilled. `status` is the HTTP status."""

    error_id = "fault"
    status = 500
    retryable = False


class BadRequestError(ApiError):
    """The request does not have the form that the API's description gives."""

    error_id = "bad-request"
    status = 400


class UnfitError(ApiError):
    """Each part has the form that is described, but they do not fit together, or one is not understood."""

    error_id = "bad-request"
    status = 422


class NoTokenError(ApiError):
    """The request brings no bearer token."""

    error_id = "no-token"
    status = 401


class BadTokenError(ApiError):
    """The token is unknown or was revoked."""

    error_id = "bad-token"
    status = 401


class MissingScopeError(ApiError):
    """The token does not allow this."""

    error_id = "missing-scope"
    status = 403


class NotFoundError(ApiError):
    """There is no such path."""

    error_id = "no-such-path"
    status = 404


class UnknownOperatorError(ApiError):
    """No operator has this number."""

    error_id = "unknown-operator"
    status = 404


class NoSuchGroupError(ApiError):
    """No group has this name."""

    error_id = "no-such-group"
    status = 404


class UnknownCallError(ApiError):
    """There is no such call: not now, or not in the ledger."""

    error_id = "unknown-call"
    status = 404


class UnknownCallbackError(ApiError):
    """Nobody is to be called back for this call: not asked, settled, or cancelled already."""

    error_id = "unknown-callback"
    status = 404


class WrongMethodError(ApiError):
    """The path is known and the method is not one of its own."""

    error_id = "wrong-method"
    status = 405


class NoTalkError(ApiError):
    """The caller talks to nobody, so that there is nothing to transfer."""

    error_id = "no-talk"
    status = 409


class NoWrapUpError(ApiError):
    """The operator has no wrap-up running that could be longer or end."""

    error_id = "no-wrap-up"
    status = 409


class NoConsultationError(ApiError):
    """The operator talks with no colleague who could join the talk."""

    error_id = "no-consultation"
    status = 409


class RecordingPausedError(ApiError):
    """The recording is paused already."""

    error_id = "recording-paused"
    status = 409


class RecordingGoesOnError(ApiError):
    """The recording is not paused: nothing is to be resumed."""

    error_id = "recording-goes-on"
    status = 409


class AlreadyConsultingError(ApiError):
    """The operator asks a colleague already."""

    error_id = "already-consulting"
    status = 409


class NobodyThereError(ApiError):
    """Nobody is logged in who serves the group: the call stays with its operator."""

    error_id = "nobody-there"
    status = 409


class UnknownDemandError(ApiError):
    """No demand has this id."""

    error_id = "unknown-demand"
    status = 404


class UnknownRecordingError(ApiError):
    """No recording has this name."""

    error_id = "unknown-recording"
    status = 404


class NoSoundError(ApiError):
    """The talk is known and has no sound: it was never recorded, or its time was over; the message says which."""

    error_id = "no-sound"
    status = 410


class RefusedError(ApiError):
    """What is wanted may not be done now, or not by this person; the message says why."""

    error_id = "refused"
    status = 409


class AtWorkError(ApiError):
    """The same is being done already, asked for by somebody else."""

    error_id = "at-work"
    status = 409
    retryable = True


class NotTakenUpError(ApiError):
    """The configuration could not be taken up, and all is as it was; the message says why."""

    error_id = "not-taken-up"
    status = 409


class TooLargeError(ApiError):
    """The body is longer than any request needs."""

    error_id = "too-large"
    status = 413


class NoSuchRangeError(ApiError):
    """The part that was asked for lies behind the end."""

    error_id = "no-such-range"
    status = 416


class UnknownGroupError(ApiError):
    """No group or operator has this name or number."""

    error_id = "unknown-group"
    status = 422


class UnfitConfigurationError(ApiError):
    """The configuration has mistakes: each is a line of the message. Nothing was taken up."""

    error_id = "configuration"
    status = 422


class UnknownLanguageError(ApiError):
    """The hotline does not speak this language."""

    error_id = "unknown-language"
    status = 422


class NothingLeftError(ApiError):
    """The operator would be left without any group or language."""

    error_id = "nothing-left"
    status = 422


class TooManyError(ApiError):
    """Too many requests, or too many wrong tokens."""

    error_id = "too-many-requests"
    status = 429
    retryable = True


class BusyError(ApiError):
    """The API keeps its share of the machine small; others are being served, or the answer took too long."""

    error_id = "busy"
    status = 503
    retryable = True


class UnavailableError(ApiError):
    """Asterisk, the ledger or the tokens' file does not answer."""

    error_id = "unavailable"
    status = 503

    def __init__(self, message: str, error_id: str = "unavailable", *, retryable: bool = True) -> None:
        super().__init__(message)
        self.error_id = error_id
        self.retryable = retryable
