import asyncio
from typing import Any

from .ami_protocol import AMIProtocol
from .message import Message

class Manager:
    protocol: AMIProtocol | None
    authenticated: bool
    loop: asyncio.AbstractEventLoop
    def __init__(self, **config: Any) -> None: ...
    def dispatch(self, event: Message) -> Any: ...
    def connection_lost(self, exc: Any) -> None: ...
    def close(self) -> None: ...
