import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from .utils import CaseInsensitiveDict

class Action(CaseInsensitiveDict):
    id: str
    future: asyncio.Future[Any]
    def __init__(self, fields: Mapping[str, str | Sequence[str]], *, as_list: bool | None = None) -> None: ...
