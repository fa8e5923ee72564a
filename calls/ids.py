"""Typed identifiers."""

from __future__ import annotations

from typing import NewType

CallId = NewType("CallId", str)
"""The caller's channel id as Asterisk made it, e.g. `hl1-1764000000.12`: known to the dialplan, the CEL journal,
AMI and the recording's name, whether the controller lives or not (see docs/adr)."""

OperatorId = NewType("OperatorId", str)
"""The operator's number, e.g. `101`."""

GroupId = NewType("GroupId", str)
"""A skill group's name, e.g. `state-services`."""
