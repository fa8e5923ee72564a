"""What the API answers, whatever the subject; each subject of `console.operations` has its own beside.

Instants are UTC epoch milliseconds (`_ms`), durations seconds (`_s`).
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

WHY_IT_MAY_BE = (
    "What ties the talk to the number: it is the caller's (`number`), came with the call (`identity`), a callback was "
    "asked for from it or to it (`callback`), another reading of it (`reading`), the same last digits (`ending`), or "
    "nobody knows who called (`unattributed`)."
)
LARGEST_S = 3600
"""No priority is larger: an hour of waiting more than others have."""


class Answer(BaseModel):
    """A value that never changes, filled from another's attributes of the same names."""

    model_config = ConfigDict(frozen=True, from_attributes=True, json_schema_serialization_defaults_required=True)


class Refusal(Answer):
    """Why a request was not fulfilled."""

    error_id: str = Field(description="Stable, for programs.")
    message: str = Field(description="For people.")
    retryable: bool = Field(description="Whether the same request may succeed later.")


class Prioritised(Answer):
    """The priority of a call or a group from now on."""

    of: str = Field(description="The call's id, or the group's name.")
    priority_s: int
