"""An AMI action on its way, and which messages are its answer."""

from __future__ import annotations

from panoramisk.actions import Action

from telephony.ami_event import AmiEvent, event_of
from telephony.ami_message import WireMessage
from telephony.errors import AmiRefusedError
from telephony.quoting import ActionFields


class GuardedAction(Action):
    """panoramisk's action, told whether a list follows; panoramisk guesses it from the answer's wording.

    `future` gets an `AmiEvent`, or a list of them if a list is wanted, or `AmiRefusedError`.
    """

    def __init__(self, fields: ActionFields, *, wants_list: bool) -> None:
        super().__init__(fields)
        self.wants_list = wants_list
        self.started = False
        self.found: list[AmiEvent] = []

    def takes(self, message: WireMessage) -> bool:
        """Tell whether this message belongs to the action alone, and keep it.

        Other events that only bear our ActionID (`OriginateResponse`) are everybody's: panoramisk keeps them back.
        """
        if message.is_event:
            if self.started:
                self._take_item(message)
            return self.started
        if not message.success:
            self._end(AmiRefusedError(message.first("Message") or message.first("Response")))
        elif not self.wants_list:
            self._end(event_of(message.headers))
        elif message.first("EventList").lower() == "start" or "will follow" in message.first("Message"):
            self.started = True
        else:
            self._end([])
        return True

    def _take_item(self, message: WireMessage) -> None:
        if message.first("EventList").lower() in ("complete", "cancelled"):
            self._end(self.found)
        else:
            self.found.append(event_of(message.headers))

    def _end(self, outcome: AmiEvent | list[AmiEvent] | AmiRefusedError) -> None:
        if self.future.done():
            return
        if isinstance(outcome, AmiRefusedError):
            self.future.set_exception(outcome)
        else:
            self.future.set_result(outcome)
