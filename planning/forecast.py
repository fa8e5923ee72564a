"""What callers will bring in each half-hour of a day: read from a file, or averaged over past days."""

from __future__ import annotations

import csv
import math
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from calls.ids import GroupId
from calls.local_day import local_time
from calls.wait_history import HalfHour
from routing.waits.rates import USUAL_TALK_S

HALF_HOUR_S = 1800.0
HALF_HOUR_MIN = 30
COLUMNS = ("half_hour", "calls", "mean_talk_s")


class ForecastError(Exception):
    """The file cannot be read as a forecast; one line for each fault."""

    error_id = "bad-forecast"
    retryable = False


@dataclass(frozen=True, slots=True)
class Demand:
    """Calls that begin to wait in a half-hour, and their mean talk; `minute` of the local day, group None for all."""

    minute: int
    calls: float
    talk_s: float
    group: GroupId | None = None


@dataclass(frozen=True, slots=True)
class Habits:
    """What past days say of callers: mean seconds in the menu, and mean patience (infinite when nobody gave up)."""

    menu_s: float | None
    patience_s: float


def read_forecast(lines: Iterable[str], groups: Iterable[GroupId]) -> tuple[Demand, ...]:
    """Read CSV lines: `half_hour,calls,mean_talk_s` and, if groups are told apart, `group`. Raises ForecastError.

    Semicolons between the columns and decimal commas are read, too: so spreadsheets write them in Kazakh and Russian.
    """
    given = list(lines)
    reader = csv.DictReader(given, skipinitialspace=True, delimiter=";" if given and ";" in given[0] else ",")
    columns = reader.fieldnames or ()
    missing = [name for name in COLUMNS if name not in columns]
    if missing:
        raise ForecastError(f"line 1: no column {', '.join(missing)}; needed are {','.join(COLUMNS)} and maybe group")
    known, found, faults = frozenset(groups), dict[tuple[int, GroupId | None], Demand](), list[str]()
    for row in reader:
        try:
            demand = _demand(row, known, "group" in columns)
            if (demand.minute, demand.group) in found:
                raise ValueError(f"{row['half_hour']} is there twice")
            found[demand.minute, demand.group] = demand
        except ValueError as error:
            faults.append(f"line {reader.line_num}: {error}")
    if not found and not faults:
        faults.append("no half-hour in it")
    if faults:
        raise ForecastError("\n".join(faults))
    return tuple(sorted(found.values(), key=lambda one: (one.minute, one.group or "")))


def past_demand(half_hours: Iterable[HalfHour], days: int, zone: str) -> tuple[Demand, ...]:
    """The mean of each half-hour of the local day over so many days. Raises ValueError for an unknown zone."""
    if days < 1:
        raise ValueError("at least one day")
    calls: dict[tuple[int, GroupId], float] = defaultdict(float)
    talks: dict[tuple[int, GroupId], tuple[int, float]] = defaultdict(lambda: (0, 0.0))
    of_group: dict[GroupId, tuple[int, float]] = defaultdict(lambda: (0, 0.0))
    for one in half_hours:
        at = local_time(one.from_ms, zone)
        key = (at.hour * 60 + at.minute, one.group)
        calls[key] += one.calls
        talks[key] = (talks[key][0] + one.talks, talks[key][1] + one.talk_s)
        of_group[one.group] = (of_group[one.group][0] + one.talks, of_group[one.group][1] + one.talk_s)
    return tuple(
        Demand(minute, calls[minute, group] / days, _mean(talks[minute, group], _mean(of_group[group])), group)
        for minute, group in sorted(calls)
    )


def habits(half_hours: Iterable[HalfHour]) -> Habits:
    """What these half-hours say of callers' way through the menu and of their patience."""
    first, menu_s, gave_up, waited_s = 0, 0.0, 0, 0.0
    for one in half_hours:
        first, menu_s = first + one.first_waits, menu_s + one.menu_s
        gave_up, waited_s = gave_up + one.gave_up, waited_s + one.waited_s
    return Habits(menu_s / first if first else None, waited_s / gave_up if gave_up and waited_s else math.inf)


def pooled(demands: Iterable[Demand]) -> tuple[Demand, ...]:
    """All groups together, half-hour by half-hour."""
    together: dict[int, list[Demand]] = defaultdict(list)
    for one in demands:
        together[one.minute].append(one)
    made = []
    for minute, parts in sorted(together.items()):
        calls = sum(part.calls for part in parts)
        busy_s = sum(part.calls * part.talk_s for part in parts)
        made.append(Demand(minute, calls, busy_s / calls if calls else parts[0].talk_s))
    return tuple(made)


def _mean(talks: tuple[int, float], otherwise_s: float = USUAL_TALK_S) -> float:
    return talks[1] / talks[0] if talks[0] and talks[1] > 0 else otherwise_s


def _demand(row: dict[str, str], groups: frozenset[GroupId], by_group: bool) -> Demand:
    hour, _, minute = (row["half_hour"] or "").strip().partition(":")
    if not (hour.isdigit() and minute in ("00", "30") and int(hour) < 24):
        raise ValueError(f"half_hour {row['half_hour']!r} is not between 00:00 and 23:30")
    group = GroupId((row["group"] or "").strip()) if by_group else None
    if group is not None and group not in groups:
        raise ValueError(f"group {group!r} is not one of {', '.join(sorted(groups))}")
    calls, talk_s = (_number(name, row[name]) for name in ("calls", "mean_talk_s"))
    if talk_s <= 0:
        raise ValueError("mean_talk_s is nothing")
    return Demand(int(hour) * 60 + int(minute), calls, talk_s, group)


def _number(name: str, typed: str | None) -> float:
    try:
        value = float((typed or "").replace(",", "."))
    except ValueError:
        raise ValueError(f"{name} {typed!r} is no number") from None
    if not 0 <= value < 1e7:
        raise ValueError(f"{name} {typed} is out of range")
    return value
