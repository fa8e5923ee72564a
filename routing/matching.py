"""Pairs waiting callers with idle operators: eligibility limits, the policy chooses, nobody able is left idle."""

from __future__ import annotations

from calls.ids import CallId, GroupId, OperatorId
from routing.idle_operators import Floor, Pool
from routing.policy import POLICIES
from routing.policy_view import Able, Policy, Queue, View
from routing.queue import Lines
from routing.rules import TARGET_S, Rules
from routing.skills import Need
from routing.traffic import Traffic, Waits

TIE = 1e-12
"""Costs that differ by less are equal: the longest idle decides."""


class Matching:
    """Looks only at pairs that an event can have made possible: what was impossible before it still is."""

    def __init__(self, lines: Lines, floor: Floor, traffic: Traffic, waits: Waits, rules: Rules) -> None:
        self._lines = lines
        self._floor = floor
        self._traffic = traffic
        self._waits = waits
        self._targets_s = rules.targets_s
        self._policy = rules.policy if isinstance(rules.policy, Policy) else POLICIES[rules.policy]
        self.priorities_s: dict[GroupId, int] = {}
        """Seconds that a group's callers count as waiting longer, compared with other groups'."""
        self._needs: dict[Need, None] = {}
        self._pools: dict[Pool, None] = {}

    def more_able(self, need: Need) -> None:
        """A caller with this need came, or may now be served by more operators."""
        self._needs[need] = None

    def more_idle(self, pool: Pool) -> None:
        """Somebody of this pool became idle, or learnt something."""
        self._pools[pool] = None

    def next_pair(self, now_ms: int) -> tuple[CallId, OperatorId] | None:
        """Return who is to be offered to whom, until None: nobody waits beside an idle operator who may serve."""
        if not self._lines.count or not self._floor.idle_pools:
            self._needs.clear()
            self._pools.clear()
            return None
        found = [(queue, pools) for need in self._open_needs() if (pools := self._able(need, now_ms))
                 for queue in [self._queue(need, pools, now_ms)]]  # fmt: skip
        if not found:
            self._needs.clear()
            self._pools.clear()
            return None
        if self._floor.lent:
            found = _unasked_first(found)
        view = self._view()
        queue, pools = found[0] if len(found) == 1 else self._most_urgent(found, view)
        head = self._lines.head(queue.need)
        assert head is not None
        return head[1], self._cheapest(queue.need, pools, view)

    def _open_needs(self) -> list[Need]:
        needs = dict.fromkeys(need for need in self._needs if self._lines.length(need))
        if self._pools:
            needs |= dict.fromkeys(need for need in self._lines.needs() if any(need in p.reach for p in self._pools))
        return list(needs)

    def _able(self, need: Need, now_ms: int) -> list[Pool]:
        """Pools with somebody idle who may serve the head of this line."""
        head = self._lines.head(need)
        if head is None:
            return []
        waited_ms = max(now_ms - head[0], 0)
        pools = self._floor.idle_pools if need in self._needs else self._pools
        return [pool for pool in pools if pool.idle and (by := pool.reach.get(need)) and by.from_ms <= waited_ms]

    def _queue(self, need: Need, pools: list[Pool], now_ms: int) -> Queue:
        head = self._lines.head(need)
        assert head is not None
        best = min((not by.speaks, by.level) for by in (pool.reach[need] for pool in pools))
        oldest_s = (now_ms - head[0]) / 1000 + self.priorities_s.get(need.group, 0)
        return Queue(need, self._lines.length(need), oldest_s, best[1], not best[0])

    def _most_urgent(self, found: list[tuple[Queue, list[Pool]]], view: View) -> tuple[Queue, list[Pool]]:
        urgencies = self._policy.urgencies([queue for queue, _ in found], view)
        ranked = zip(urgencies, found, strict=True)
        return min(ranked, key=lambda one: (-one[0], self._lines.head(one[1][0].need)))[1]

    def _cheapest(self, need: Need, pools: list[Pool], view: View) -> OperatorId:
        """Of those who speak the caller's language, if there are any, whom the policy misses least."""
        pools = [pool for pool in pools if pool.reach[need].speaks] or pools
        if len(pools) > 1:
            able = [Able(pool.home, pool.reach[need].level, len(pool.idle), pool.staff) for pool in pools]
            costs = self._policy.costs(need, able, view)
            most = min(costs) + TIE
            pools = [pool for pool, cost in zip(pools, costs, strict=True) if cost <= most]
        return min(pool.idle[0] for pool in pools)[1]

    def _view(self) -> View:
        shares = self._traffic.shares()
        return View(
            shares=shares,
            idle_for=self._floor.idle_for,
            targets_s={need: self._targets_s.get(need.group, TARGET_S) for need in shares},
            queued=self._lines.lengths(),
            above=self._waits.above,
            homes=self._floor.homes,
            waiting=self._lines.count,
            idle=self._floor.idle,
            staff=self._floor.staff,
        )


def _unasked_first(found: list[tuple[Queue, list[Pool]]]) -> list[tuple[Queue, list[Pool]]]:
    """Who is lent serves their own callers before others', and others' only when none of their own operators can."""
    unasked = [(queue, own) for queue, pools in found if (own := [p for p in pools if not p.reach[queue.need].lent])]
    return unasked or found
