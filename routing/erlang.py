"""Erlang's formulas: how long a pooled line of callers waits, and how many operators a target wants.

C (Erlang 1917): nobody gives up. A (Palm 1957; Garnett, Mandelbaum, Reiman 2002): patience is exponential. Arrivals
are Poisson and talks exponential in both. All states are summed by recursions of ratios, so that nothing over- or
underflows at thousands of operators. Times are seconds, the load is in Erlang (calls a second times seconds of talk).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

MOST_ABANDONED = 0.05
"""A mean over the answered can be had by letting callers give up; so no more may than this share."""

_SMALLEST = 1e-17
"""A state this rare against all others together changes no digit of a float."""
_NEVER = 1e-300
_RESCALE = 1e200
_MOST_STATES = 5_000_000
_A_FLOW = 1_000_000
"""So many callers in a line on average are a flow: single ones are lost in the fifth digit."""
_MOST_OPERATORS = 100_000


@dataclass(frozen=True, slots=True)
class Line:
    """How a line with so many operators does."""

    operators: int
    load: float
    waiting: float
    """The share of callers who find no operator idle."""
    asa_s: float
    """Mean wait of the answered, those answered at once included; infinite when the line grows for ever."""
    abandoned: float
    """The share of callers who give up."""
    within: float
    """The share of all callers who are answered within the `within_s` that was asked for."""

    @property
    def occupancy(self) -> float:
        """The share of the operators' time that is talk."""
        return min(1.0, self.load * (1 - self.abandoned) / self.operators) if self.operators else 1.0


def erlang_b(operators: int, load: float) -> float:
    """The share of callers who find all operators talking when nobody may wait. Raises ValueError below zero."""
    if operators < 0 or load < 0:
        raise ValueError("operators and load are not negative")
    blocked = 1.0
    for number in range(1, operators + 1):
        blocked = load * blocked / (number + load * blocked)
    return blocked


def erlang_c(operators: int, load: float, talk_s: float, within_s: float = 30.0) -> Line:
    """The line in which nobody gives up. Raises ValueError when an argument is negative or the talk is nothing."""
    _check(operators, load, talk_s, within_s)
    if load >= operators:
        return Line(operators, load, 1.0, math.inf, 0.0, 0.0)
    blocked = erlang_b(operators, load)
    waiting = blocked / (1 - load / operators * (1 - blocked))
    free = (operators - load) / talk_s  # how many more calls a second could be answered
    return Line(operators, load, waiting, waiting / free, 0.0, 1 - waiting * math.exp(-free * within_s))


def erlang_a(operators: int, load: float, talk_s: float, patience_s: float, within_s: float = 30.0) -> Line:
    """The line in which callers give up after `patience_s` on average; infinite patience is Erlang C.

    A caller who comes when k wait is answered with the probability nμ / (nμ + (k+1)θ), and if answered has waited a sum
    of k+1 exponential times of rates nμ + jθ, j = 1..k+1: which of two clocks rings first says nothing about when. That
    sum is longer than t with the probability of at most k failures before success nμ/θ + 1 of chance exp(-θt).
    Raises ValueError when an argument is negative, or the talk or the patience is nothing.
    """
    _check(operators, load, talk_s, within_s)
    if patience_s <= 0:
        raise ValueError("patience is more than nothing")
    if math.isinf(patience_s) or (load == 0 and operators > 0):
        return erlang_c(operators, load, talk_s, within_s)
    if operators == 0 or load == 0:
        return Line(operators, load, 1.0, math.inf, 1.0, 0.0)
    blocked = erlang_b(operators, load)
    if blocked < _NEVER:
        return Line(operators, load, 0.0, 0.0, 0.0, 1.0)
    served, giving_up = operators / talk_s, 1 / patience_s
    if load - operators > _A_FLOW * giving_up * talk_s:
        through, asa_s = operators / load, patience_s * math.log(load / operators)
        return Line(operators, load, 1.0, asa_s, 1 - through, through if asa_s <= within_s else 0.0)
    idle = (1 - blocked) / blocked
    line = _waiting_states(load / talk_s, served, giving_up, within_s, idle)
    total = line.all + line.idle
    return Line(
        operators,
        load,
        waiting=line.all / total,
        asa_s=line.waited_s / (line.answered + line.idle),
        abandoned=max(0.0, (line.all - line.answered) / total),
        within=max(0.0, (line.answered - line.late + line.idle) / total),
    )


@dataclass(frozen=True, slots=True)
class _States:
    """Weights of the states in which all operators talk; the weight of nobody waiting was 1 before any rescaling."""

    all: float
    answered: float
    waited_s: float
    late: float
    idle: float


def _waiting_states(arrivals: float, served: float, giving_up: float, within_s: float, idle: float) -> _States:
    weight, busy, answered, waited_s, wait_s = 1.0, 0.0, 0.0, 0.0, 0.0
    failing, log_term = -math.expm1(-giving_up * within_s), -(served + giving_up) * within_s
    late, later, timed = 0.0, 0.0, within_s > 0
    for ahead in range(_MOST_STATES):
        rate = served + (ahead + 1) * giving_up
        chance = weight * served / rate
        wait_s += 1 / rate
        busy += weight
        answered += chance
        waited_s += chance * wait_s
        if timed:  # half of the work, which who asks for no time limit is spared
            later += math.exp(log_term)
            late += chance * min(1.0, later)
        else:
            late = answered
        if failing > 0:
            log_term += math.log(failing * (served / giving_up + ahead + 1) / (ahead + 1))
        ratio = arrivals / rate
        weight *= ratio
        if ratio < 1 and weight < _SMALLEST * (1 - ratio) * busy:
            break
        if busy > _RESCALE:
            weight, busy, answered, waited_s, late, idle = (
                value / _RESCALE for value in (weight, busy, answered, waited_s, late, idle)
            )
    return _States(busy, answered, waited_s, late, idle)


def fewest(line: Callable[[int], Line], enough: Callable[[Line], bool], at_least: int = 0) -> Line:
    """The line with the fewest operators that is `enough`, which more operators never undo.

    Raises ValueError when 100,000 are not enough.
    """
    low, step = at_least - 1, 1
    while not enough(found := line(low + step)):
        low += step
        step *= 2
        if low > _MOST_OPERATORS:
            raise ValueError("no number of operators is enough")
    high = found.operators
    while high - low > 1:
        middle = (low + high) // 2
        if enough(candidate := line(middle)):
            high, found = middle, candidate
        else:
            low = middle
    return found


def _check(operators: int, load: float, talk_s: float, within_s: float) -> None:
    if operators < 0 or load < 0 or within_s < 0:
        raise ValueError("operators, load and seconds are not negative")
    if talk_s <= 0:
        raise ValueError("a talk is longer than nothing")
