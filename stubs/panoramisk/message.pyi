from typing import Self

from .utils import CaseInsensitiveDict

class Message(CaseInsensitiveDict):
    manager: object
    success: bool
    @classmethod
    def from_line(cls, line: str) -> Self | None: ...
