import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

class Request:
    headers: Mapping[str, str]
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    encoding: str
    def __init__(
        self,
        app: Application,
        headers: Mapping[str, str],
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        encoding: str = "utf-8",
    ) -> None: ...
    async def send_command(self, command: str) -> Any: ...

class Application(dict[str, Any]):
    default_encoding: str
    def __init__(self, default_encoding: str = "utf-8", loop: asyncio.AbstractEventLoop | None = None) -> None: ...
    def add_route(self, path: str, endpoint: Callable[[Request], Awaitable[None]]) -> None: ...
    async def handler(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None: ...
