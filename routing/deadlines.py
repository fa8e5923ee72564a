"""Instants at which something changes by itself, the next one always at hand."""

from __future__ import annotations

from collections.abc import Hashable
from heapq import heapify, heappop, heappush
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)

SLACK = 64
"""Outdated entries that are kept before the heap is made anew."""


class Deadlines(Generic[Key]):
    """One instant per key, in a heap with lazy deletion: a change costs O(log n), not a walk over everybody."""

    def __init__(self) -> None:
        self._at: dict[Key, int] = {}
        self._heap: list[tuple[int, Key]] = []

    def put(self, key: Key, at_ms: int | None) -> None:
        """Set the key's instant, or with None let go of it."""
        if at_ms is None:
            self._at.pop(key, None)
        elif self._at.get(key) != at_ms:
            self._at[key] = at_ms
            heappush(self._heap, (at_ms, key))
            if len(self._heap) > 2 * len(self._at) + SLACK:
                self._heap = [(at, one) for one, at in self._at.items()]
                heapify(self._heap)

    def next_ms(self) -> int | None:
        """Return the earliest instant."""
        self._drop_outdated()
        return self._heap[0][0] if self._heap else None

    def due(self, now_ms: int) -> list[Key]:
        """Take out every key whose instant has come, earliest first."""
        keys: list[Key] = []
        self._drop_outdated()
        while self._heap and self._heap[0][0] <= now_ms:
            key = heappop(self._heap)[1]
            del self._at[key]
            keys.append(key)
            self._drop_outdated()
        return keys

    def _drop_outdated(self) -> None:
        while self._heap and self._at.get(self._heap[0][1]) != self._heap[0][0]:
            heappop(self._heap)
