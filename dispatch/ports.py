"""What live calls need of the world outside, as Protocols: Asterisk and time. The adapters fill them, tests fake them.

`telephony.ami.AmiLink` is the Asterisk of a running hotline, `calls.clock.MachineClock` its time.
"""

from __future__ import annotations

from typing import Protocol

from calls.clock import Clock
from telephony.ami_event import AmiEvent
from telephony.quoting import ActionFields

__all__ = ["Asterisk", "Clock"]


class Asterisk(Protocol):
    """Takes actions and answers each; what happens meanwhile comes on the dispatcher's inbox, in its order."""

    async def send(self, action: ActionFields) -> AmiEvent:
        """Send an action, once, and return Asterisk's answer.

        Raises ValueError (a header that cannot be sent), AmiRefusedError, AmiTimeoutError, AmiDownError.
        """

    async def collect(self, action: ActionFields) -> list[AmiEvent]:
        """Send an action whose answer is a list, and return all its items, never a part. Raises as `send`."""
