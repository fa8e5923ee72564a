"""Dates, whole numbers and yes or no as the API takes them: in the one spelling that its description gives."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, GetCoreSchemaHandler, GetJsonSchemaHandler, JsonValue, Strict
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema
from pydantic_core.core_schema import no_info_after_validator_function

from calls.typed_dates import EARLIEST, LATEST
from console.answers import LARGEST_S

_ISO = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")  # and no `2026-W47-7`, which Python takes, too
_YEARS = "2[01][0-9]{2}"
"""From `EARLIEST` to `LATEST`, as a regular expression."""
_CLOCK = r"([01][0-9]|2[0-3]):[0-5][0-9]"


def _iso(typed: object) -> date:
    """A date as YYYY-MM-DD and nothing else: pydantic alone takes epoch seconds for a date too."""
    if not isinstance(typed, str) or not _ISO.fullmatch(typed):
        raise ValueError("must be a date such as 2026-11-22")
    try:
        day = date.fromisoformat(typed)
    except ValueError:
        raise ValueError("must be a date such as 2026-11-22") from None
    if not EARLIEST <= day <= LATEST:
        raise ValueError(f"must be from {EARLIEST} to {LATEST}")
    return day


def _whole(sent: object) -> object:
    """`60.0` is the same number in JSON as `60`."""
    return int(sent) if isinstance(sent, float) and sent.is_integer() else sent


def _yes_or_no(sent: object) -> object:
    """In a query all is text."""
    return {"true": True, "false": False}.get(sent, sent) if isinstance(sent, str) else sent


@dataclass(frozen=True, slots=True)
class Spelt:
    """A text that is described by a regular expression; `words`: what a person is told who sent another one."""

    pattern: str
    words: str

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Checked after all else that is said of the text."""
        return no_info_after_validator_function(self._checked, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Described as it is checked."""
        return handler(schema) | {"pattern": self.pattern}

    def _checked(self, text: str) -> str:
        if not re.fullmatch(self.pattern, text):
            raise ValueError(self.words)
        return text


Day = Annotated[date, BeforeValidator(_iso), Field(json_schema_extra={"pattern": f"^{_YEARS}-[0-9]{{2}}-[0-9]{{2}}$"})]
Instant = Annotated[
    str,
    Spelt(
        rf"^{_YEARS}-[0-9]{{2}}-[0-9]{{2}}T{_CLOCK}(:[0-5][0-9](\.[0-9]{{1,6}})?)?(Z|[+-]{_CLOCK})?$",
        "must be an instant such as 2026-11-22T14:05, local or with its offset",
    ),
]
Hours = Annotated[
    str, Spelt(f"^({_CLOCK}-({_CLOCK})?|-{_CLOCK})?$", "must be local times: 14:00-15:30, 14:00- or -09:00")
]
Seconds = Annotated[int, Strict(), Field(ge=-LARGEST_S, le=LARGEST_S), BeforeValidator(_whole)]
"""Of waiting; a whole number of a JSON body: no text, no true."""
Level = Annotated[int, Strict(), Field(ge=1, le=5), BeforeValidator(_whole)]
EpochMs = Annotated[int, Strict(), Field(ge=0, le=10**14), BeforeValidator(_whole)]
Flag = Annotated[bool, Strict()]
"""True or false of a JSON body."""
AskedFlag = Annotated[bool, Strict(), BeforeValidator(_yes_or_no)]
"""`true` or `false` of a query."""


def one_of(name: str, kind: str) -> dict[str, JsonValue]:
    """The schema of a body that gives this field, and not null for it."""
    return {"required": [name], "properties": {name: {"type": kind}}}
