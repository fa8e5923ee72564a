"""The real controller, with all that passes between it and Asterisk written down: see `record_streams.py`.

Every life of it writes a file of its own into the folder that `AMI_STREAMS` names: JSON lines, the first one with the
instant (UTC epoch ms) from which `at` counts seconds. While there is a file `cut` in that folder the link cannot be
made again.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TextIO

from bailanys import controller
from bailanys.cli import main
from calls.journal import Fact
from dialplan import names
from storage.journal.writer import ControllerJournal
from telephony.ami import AmiLink
from telephony.ami_event import AmiEvent, LinkDown, LinkItem, LinkUp
from telephony.ami_wire import Connection
from telephony.errors import TelephonyError
from telephony.quoting import ActionFields

FOLDER = Path(os.environ["AMI_STREAMS"])


class Pen:
    """Writes one line for each thing that happens, at once: the process may be killed."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._began_s = time.monotonic()
        self._write({"began_ms": time.time_ns() // 1_000_000})

    def write(self, **told: Any) -> None:
        self._write({"at": round(time.monotonic() - self._began_s, 4), **told})

    def _write(self, told: Mapping[str, Any]) -> None:
        self._file.write(json.dumps(told, ensure_ascii=False, separators=(",", ":")) + "\n")
        self._file.flush()


def event_as_told(event: AmiEvent) -> list[Any]:
    """An event or an item of a list, as the file has it: without the number of the action that it answers."""
    fields = {name: value for name, value in event.fields.items() if name != "ActionID"}
    return [event.name, fields, event.lists] if event.lists else [event.name, fields]


class Heard(asyncio.Queue[LinkItem]):
    """Writes down what comes from the link, and hands it on."""

    def __init__(self, pen: Pen, inbox: asyncio.Queue[LinkItem]) -> None:
        super().__init__()
        self._pen = pen
        self._to = inbox

    def put_nowait(self, item: LinkItem) -> None:
        match item:
            case LinkUp():
                self._pen.write(link="up")
            case LinkDown(reason):
                self._pen.write(link="down", reason=reason)
            case AmiEvent():
                self._pen.write(event=event_as_told(item))
        self._to.put_nowait(item)


class RecordingLink(AmiLink):
    """The real link, with actions and answers written down; the beat, the same each second, is left out."""

    def __init__(self, host: str, port: int, username: str, secret: str, inbox: asyncio.Queue[LinkItem]) -> None:
        self._pen = PEN
        self._numbers = itertools.count(1)
        super().__init__(host, port, username, secret, Heard(PEN, inbox))

    async def _ask(self, action: ActionFields, timeout_s: float, *, wants_list: bool) -> AmiEvent | list[AmiEvent]:
        if action.get("Variable") == names.BEAT:
            return await super()._ask(action, timeout_s, wants_list=wants_list)
        number = next(self._numbers)
        self._pen.write(ask=number, action=dict(action))
        try:
            answer = await super()._ask(action, timeout_s, wants_list=wants_list)
        except TelephonyError as error:
            self._pen.write(answer=number, error=error.error_id, words=str(error))
            raise
        items = answer if isinstance(answer, list) else [answer]
        self._pen.write(answer=number, items=[event_as_told(one) for one in items])
        return answer

    async def _log_in(self, connection: Connection) -> None:
        if (FOLDER / "cut").exists():
            raise OSError("the network is cut")
        await super()._log_in(connection)


class RecordingJournal(ControllerJournal):
    """The real journal, with what the controller writes down."""

    def write(self, fact: Fact, at_ms: int, values: Mapping[str, str | int], call: str = "") -> None:
        PEN.write(fact=fact.value, call=call, fields=dict(values))
        super().write(fact, at_ms, values, call)


if __name__ == "__main__":
    nth = next(number for number in itertools.count() if not (FOLDER / f"{number}.jsonl").exists())
    PEN = Pen((FOLDER / f"{nth}.jsonl").open("x", encoding="utf-8"))
    controller.AmiLink = RecordingLink  # type: ignore[misc]
    controller.ControllerJournal = RecordingJournal  # type: ignore[misc]
    controller.LOST_EVERY_S = 86_400.0  # its looks are not the dispatcher's
    main()
