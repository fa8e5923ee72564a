"""The operators who are idle now, pooled by equal skills: in a pool they differ only in how long they are idle."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable

from calls.ids import OperatorId
from routing.policy_view import Home
from routing.presence import Operator
from routing.skills import Need, Reach, Skills, Step, reach, skills_of

Idle = tuple[int, OperatorId]
"""Since when, epoch milliseconds, and who: the longest idle is the smallest."""


class Pool:
    """Operators of equal skills."""

    __slots__ = ("home", "idle", "reach", "skills", "staff")

    def __init__(self, skills: Skills) -> None:
        self.skills = skills
        self.staff = 0
        """How many operators there are, idle or not."""
        self.idle: list[Idle] = []
        self.reach: dict[Need, Reach] = {}
        """The needs that can be served, of those known so far."""
        self.home: list[Need] = []
        """Those of them whose language is spoken: what this operator is for."""


class Floor:
    """Every operator's pool, and how many are idle for each need, kept as operators come and go."""

    def __init__(self, steps: Iterable[Step]) -> None:
        self._steps = tuple(steps)
        self._pools: dict[Skills, Pool] = {}
        self._pool_of: dict[OperatorId, Pool] = {}
        self._idle: dict[OperatorId, Idle] = {}
        self.idle_pools: dict[Pool, None] = {}
        """Pools with somebody idle, in a repeatable order."""
        self.idle_for: dict[Need, int] = {}
        """Idle operators per need, in the caller's language; also the list of known needs."""
        self._homes: dict[Need, list[Home]] | None = None
        self.lent: set[OperatorId] = set()
        """Operators who are lent to a group in danger."""

    @property
    def idle(self) -> int:
        """How many operators are idle."""
        return len(self._idle)

    @property
    def staff(self) -> int:
        """How many operators there are."""
        return len(self._pool_of)

    @property
    def homes(self) -> dict[Need, list[Home]]:
        """Who serves each need in its language, idle or not; levels make no difference."""
        if self._homes is None:
            staff: dict[tuple[Need, ...], int] = {}
            for pool in self._pools.values():
                staff[tuple(pool.home)] = staff.get(tuple(pool.home), 0) + pool.staff
            self._homes = {need: [] for need in self.idle_for}
            for home in [Home(needs, count) for needs, count in staff.items() if count]:
                for need in home.needs:
                    self._homes[need].append(home)
        return self._homes

    def know(self, need: Need) -> None:
        """Learn of a need that calls may have; a known one changes nothing."""
        if need in self.idle_for:
            return
        self._homes = None
        self.idle_for[need] = 0
        for pool in self._pools.values():
            self._reach(pool, need)
            if need in pool.reach and pool.reach[need].speaks:
                self.idle_for[need] += len(pool.idle)

    def enlist(self, operator: Operator) -> Pool:
        """Put the operator into the pool of their skills, out of any other; then not idle until said so."""
        self.engage(operator.id)
        if (before := self._pool_of.get(operator.id)) is not None:
            before.staff -= 1
            if not before.staff:  # who is lent and comes back leaves many of these behind
                del self._pools[before.skills]
        (self.lent.add if operator.helps else self.lent.discard)(operator.id)
        skills = skills_of(operator)
        pool = self._pools.get(skills)
        if pool is None:
            pool = self._pools[skills] = Pool(skills)
            for need in self.idle_for:
                self._reach(pool, need)
        pool.staff += 1
        self._homes = None
        self._pool_of[operator.id] = pool
        return pool

    def release(self, operator: OperatorId, since_ms: int) -> Pool:
        """Note the operator as idle since then, and return their pool."""
        pool = self._pool_of[operator]
        entry = (since_ms, operator)
        if self._idle.get(operator) != entry:
            self.engage(operator)
            insort(pool.idle, entry)
            self._idle[operator] = entry
            self.idle_pools[pool] = None
            for need in pool.home:
                self.idle_for[need] += 1
        return pool

    def engage(self, operator: OperatorId) -> None:
        """Note the operator as not idle."""
        entry = self._idle.pop(operator, None)
        if entry is None:
            return
        pool = self._pool_of[operator]
        del pool.idle[bisect_left(pool.idle, entry)]
        if not pool.idle:
            del self.idle_pools[pool]
        for need in pool.home:
            self.idle_for[need] -= 1

    def _reach(self, pool: Pool, need: Need) -> None:
        found = reach(pool.skills, need, self._steps)
        if found is not None:
            pool.reach[need] = found
            if found.speaks:
                pool.home.append(need)
