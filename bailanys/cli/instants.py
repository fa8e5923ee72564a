"""Instants as programs read them: epoch milliseconds, as the API has them, and ISO 8601 beside them. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SUFFIX = "_ms"
_LENGTHS = ("duration_ms", "bridged_ms", "active_ms", "clipped_ms")
"""What ends so is a length of time and no instant."""


def iso(at_ms: int) -> str:
    """An instant in UTC: `2026-11-29T08:57:31.250Z`."""
    return (_EPOCH + timedelta(milliseconds=at_ms)).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def with_instants(value: object) -> Any:
    """The same with `arrived` beside each `arrived_ms`, at any depth; null where that is null."""
    if isinstance(value, Mapping):
        told: dict[Any, Any] = {}
        for name, one in value.items():
            told[name] = with_instants(one)
            if isinstance(name, str) and name.endswith(_SUFFIX) and not name.endswith(_LENGTHS):
                beside = name.removesuffix(_SUFFIX)
                if beside not in value and (one is None or isinstance(one, int)):
                    told[beside] = None if one is None else iso(one)
        return told
    if isinstance(value, list | tuple):
        return [with_instants(one) for one in value]
    return value
