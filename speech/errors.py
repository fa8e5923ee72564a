"""What can go wrong with the prompts, each with an id; none of it is mended by trying again."""

from __future__ import annotations


class SpeechError(Exception):
    """Something is wrong with the prompts."""

    error_id = "speech"
    retryable = False


class UnknownPromptError(SpeechError):
    """A prompt or fragment is in no catalogue of its language."""

    error_id = "unknown-prompt"


class MissingPromptError(SpeechError):
    """A prompt has neither a rendered sound nor a studio recording."""

    error_id = "missing-prompt"


class UnreadableSoundError(SpeechError):
    """A sound file cannot be read, or holds nothing."""

    error_id = "unreadable-sound"


class UnfitRecordingError(SpeechError):
    """A studio's file cannot become a prompt: no sound file, damaged, silent, too short or too long."""

    error_id = "unfit-recording"


class NotKeptError(SpeechError):
    """A prompt could not be put into the studio folder; what was there still is."""

    error_id = "prompt-not-kept"


class UnknownLanguageError(SpeechError):
    """The hotline does not speak the language."""

    error_id = "unspoken-language"


class SynthesiserError(SpeechError):
    """A synthesiser is not installed, or failed; the message says which package to install."""

    error_id = "synthesiser"


class NumberOutOfRangeError(SpeechError):
    """A number is too large, or negative: there are no fragments to say it."""

    error_id = "number-out-of-range"
