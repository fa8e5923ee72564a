"""Queueing theory that a measured dispatcher is held against: the ideal on the very trace, and Erlang's formula."""

from __future__ import annotations

import heapq
import random
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Job:
    """One call of a trace: when it begins to wait, seconds, and how long it keeps an operator."""

    at_s: float
    talk_s: float


def trace(calls: int, operators: int, load: float, shortest_s: float, mean_s: float, seed: int) -> tuple[Job, ...]:
    """Make Poisson arrivals that load so many operators, with talks of `shortest_s` and an exponential rest.

    A talk shorter than the telling of the operator's number is none (the caller was never there), hence `shortest_s`.
    """
    chance = random.Random(seed)  # noqa: S311 - the same trace each time is meant
    rate = load * operators / mean_s
    jobs, at_s = [], 0.0
    for _ in range(calls):
        at_s += chance.expovariate(rate)
        jobs.append(Job(at_s, shortest_s + chance.expovariate(1 / (mean_s - shortest_s))))
    return tuple(jobs)


def backlog(
    calls: int, operators: int, waiting: int, shortest_s: float, longest_s: float, seed: int
) -> tuple[Job, ...]:
    """Make a trace that keeps about so many callers waiting: all places are taken at once, then arrivals at capacity.

    The first come 20 ms apart, so that their set-up is no burst. Talks are uniform.
    """
    chance = random.Random(seed)  # noqa: S311 - the same trace each time is meant
    every_s = (shortest_s + longest_s) / 2 / operators
    first = operators + waiting
    instants = [
        0.02 * number if number < first else 0.02 * first + every_s * (number - first) for number in range(calls)
    ]
    return tuple(Job(at_s, chance.uniform(shortest_s, longest_s)) for at_s in instants)


def ideal_waits(jobs: Iterable[Job], operators: int) -> list[float]:
    """Compute each call's wait, seconds, if operators were free the instant a talk ends: first come first served."""
    free_s = [0.0] * operators
    heapq.heapify(free_s)
    waits = []
    for job in sorted(jobs, key=lambda job: job.at_s):
        begun_s = max(job.at_s, heapq.heappop(free_s))
        heapq.heappush(free_s, begun_s + job.talk_s)
        waits.append(begun_s - job.at_s)
    return waits


def erlang_c_wait_s(operators: int, load: float, mean_s: float) -> float:
    """Mean wait, seconds, of Poisson arrivals and exponential talks in a line without end (Erlang C).

    Raises ValueError for a load (the share of the operators' time that is wanted) that is not under 1.
    """
    if not 0 <= load < 1:
        raise ValueError("a line that grows for ever has no mean wait")
    offered = operators * load
    blocked = 1.0  # Erlang B by its recursion, which never overflows
    for number in range(1, operators + 1):
        blocked = offered * blocked / (number + offered * blocked)
    waits = blocked / (1 - load * (1 - blocked))
    return waits * mean_s / (operators * (1 - load))
