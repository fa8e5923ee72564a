"""An AMI action on its way, and which messages are its answer."""

from __future__ import annotations

from collections.abc import Mapping

from panoramisk.actions import Action
from panoramisk.message import Message

from telephony.ami_event import AmiEvent, event_of
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

    def takes(self, message: Message) -> bool:
        """Tell whether this message belongs to the action alone, and keep it.

        Other events that only bear our ActionID (`OriginateResponse`) are everybody's: panoramisk keeps them back.
        """
        if "event" in message:
            if self.started:
                self._take_item(message)
            return self.started
        answer = event_of(message)
        if not message.success:
            self._end(AmiRefusedError(answer.fields.get("Message", answer.name)))
        elif not self.wants_list:
            self._end(answer)
        elif text_of(message, "eventlist").lower() == "start" or "will follow" in text_of(message, "message"):
            self.started = True
        else:
            self._end([])
        return True

    def _take_item(self, message: Message) -> None:
        if text_of(message, "eventlist").lower() in ("complete", "cancelled"):
            self._end(self.found)
        else:
            self.found.append(event_of(message))

    def _end(self, outcome: AmiEvent | list[AmiEvent] | AmiRefusedError) -> None:
        if self.future.done():
            return
        if isinstance(outcome, AmiRefusedError):
            self.future.set_exception(outcome)
        else:
            self.future.set_result(outcome)


def text_of(headers: Mapping[str, str | list[str]], key: str) -> str:
    """Return a header's value, the first one if it came several times, else an empty string."""
    value = headers.get(key, "")
    return value if isinstance(value, str) else value[0]
