"""What a request's query may say; nothing else is taken."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Query(BaseModel):
    """No query."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class NoBody(BaseModel):
    """No body; an empty object will do."""

    model_config = ConfigDict(frozen=True, extra="forbid")
