import asyncio
from typing import Any

from .actions import Action

class AMIProtocol(asyncio.Protocol):
    transport: asyncio.Transport
    closed: bool
    responses: dict[str, Any]
    factory: Any
    def send(self, data: Action, as_list: bool = False) -> asyncio.Future[Any]: ...
    def handle_message(self, message: Any) -> None: ...
    def close(self) -> None: ...
