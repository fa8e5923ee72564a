"""What `bailanys simulate` was asked for: words of the command line into a day, its staff, and changes to it."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from calls.ids import GroupId, OperatorId
from config.ownership import as_caller
from config.settings import Settings
from planning.day import ALWAYS, DAY_S, Day, Shift, Staffed
from planning.forecast import Demand, ForecastError, read_forecast
from planning.scenario import Result, Scenario
from planning.synthetic_day import CURVES, Callers, arrivals, demand_of
from planning.what_if import Added, Changes, SkillChange, changed
from routing.from_settings import operators_of, reserves_of, rules_of, target_rules_of
from routing.policy import POLICIES
from routing.skills import LAST_LEVEL, Skills, skills_of

USUAL_RING_S = 3.0
"""As `bailanys staffing` takes it."""

_SKILL = re.compile(r"(?P<operator>[0-9]{2,6}):(?P<group>[a-z0-9-]+)=(?P<level>[0-5])")
_HOURS = re.compile(r"(?P<from>\d\d?:[0-5]\d)-(?P<to>\d\d?:[0-5]\d)")


class WrongWishError(Exception):
    """An option that makes no sense here."""

    error_id = "bad-simulation"
    retryable = False


def policies(settings: Settings, named: Sequence[str]) -> list[str]:
    """The policies to play, the configured one if none is named. Raises WrongWishError."""
    for one in named:
        if one not in POLICIES:
            raise WrongWishError(f"--policy {one}: there are {', '.join(POLICIES)}")
    return list(dict.fromkeys(named)) or [settings.routing.policy]


def changes(
    settings: Settings, add: int, groups: Sequence[str], hours: str, without: Iterable[str], skills: Iterable[str]
) -> Changes:
    """What is to be other than it is. Raises WrongWishError."""
    known = tuple(_group(settings, "--group", one) for one in groups)
    if bool(add) is not bool(known):
        raise WrongWishError("--add and --group go together: how many more, and for what")
    added = Added(add, known, frozenset(settings.hotline.languages), _shifts(hours)) if add else None
    return Changes(
        tuple(OperatorId(one) for one in without), tuple(_skill_change(settings, one) for one in skills), added
    )


def scenarios(settings: Settings, day: Day, named: Sequence[str], wished: Changes) -> list[Scenario]:
    """Each policy with the staff as it is and, when there are changes, with the changed one.

    Raises UnknownOperatorError.
    """
    rules = rules_of(settings)
    staffs = [("", day.staff)] + ([(", changed", changed(day.staff, wished))] if wished else [])
    reserves = reserves_of(settings) if settings.target.widen else None
    return [
        Scenario(policy + suffix, replace(rules, policy=policy), staff, reserves, target_rules_of(settings))
        for policy in named
        for suffix, staff in staffs
    ]


def configured(settings: Settings) -> dict[OperatorId, Skills]:
    """Every operator's skills as the configuration has them."""
    return {operator.id: skills_of(operator) for operator in operators_of(settings)}


# -- a past day ----------------------------------------------------------------------------------------------------


def past_day(settings: Settings, typed: str, seed: int) -> tuple[Day, list[Result], str]:
    """A local date of the ledger as a day to play, what really happened in it, and a title.

    Raises NotADateError, NoLedgerError, LedgerUnavailableError, WrongWishError.
    """
    from bailanys.cli.context import ROOT
    from bailanys.cli.days import day_of
    from bailanys.cli.ledger import ledger_of
    from calls.local_day import local_day
    from config.places import places_of
    from planning.replay import replay
    from planning.scenario import as_it_was
    from storage.engine import open_engine
    from storage.wait_history import read_past_day

    zone = settings.hotline.time_zone
    date = day_of(typed, zone)
    span = local_day(date, zone)
    with ledger_of(settings):  # says so when there is none yet
        engine = open_engine(places_of(settings, ROOT).database_url)
        try:
            found = read_past_day(engine, span.from_ms, span.to_ms, settings.hotline.default_language)
        finally:
            engine.dispose()
    if not found.waits:
        raise WrongWishError(f"nobody waited for an operator on {date.isoformat()}: nothing to play")
    day = replay(found.waits, found.states, span, configured(settings), seed)
    who = "presence as it was" if found.states else "no presence known: everybody on duty all day"
    title = f"{date.isoformat()} ({zone}), {who}; waits in seconds, from the arrival"
    return day, [as_it_was("in the ledger", found.waits, span)], title


def nothing_made_up(*options: object) -> None:
    """Whatever is for made-up calls has no place in a replay. Raises WrongWishError."""
    if any(options):
        raise WrongWishError("--share, --language and --patience are for made-up calls: a replayed day has its own")


# -- a day made up -------------------------------------------------------------------------------------------------


def callers(
    settings: Settings, shares: Iterable[str], languages: Iterable[str], menu_s: float, patience_s: float | None
) -> Callers:
    """What made-up callers are like. Raises WrongWishError."""
    groups = {_group(settings, "--share", name): part for name, part in _parts("--share", shares)}
    spoken = dict(_parts("--language", languages)) or {str(settings.hotline.default_language): 1.0}
    if wrong := sorted(spoken.keys() - set(settings.hotline.languages)):
        raise WrongWishError(f"--language {wrong[0]}: there are {', '.join(settings.hotline.languages)}")
    everything = {GroupId(group.name): 1.0 for group in settings.groups}
    return Callers(spoken, menu_s, math.inf if patience_s is None else patience_s, groups or everything)


def demand(
    settings: Settings, forecast: Path | None, calls: int | None, made_up: Callers, curve: str, talk_s: float
) -> tuple[Demand, ...]:
    """The calls of each half-hour, read or by a curve. Raises ForecastError, WrongWishError."""
    if forecast is None:
        if curve not in CURVES:
            raise WrongWishError(f"--curve {curve}: there are {', '.join(sorted(CURVES))}")
        return demand_of(calls or 0, made_up.shares, curve, talk_s)
    groups = [GroupId(group.name) for group in settings.groups]
    try:
        with as_caller(), forecast.open(encoding="utf-8-sig", newline="") as lines:
            return read_forecast(lines, groups)
    except UnicodeDecodeError:
        raise ForecastError(f"{forecast} is no text in UTF-8") from None


def synthetic_day(
    settings: Settings, demands: Iterable[Demand], made_up: Callers, seed: int
) -> tuple[Day, list[Result], str]:
    """A made-up day with everybody configured on duty, nothing that really happened, and a title.

    Raises WrongWishError when no call comes.
    """
    staff = {operator: Staffed(skills) for operator, skills in configured(settings).items()}
    day = Day(arrivals(demands, made_up, seed), staff, set_up_s=USUAL_RING_S)
    if not day.arrivals:
        raise WrongWishError("no calls in this day: nothing to play")
    title = f"A made-up day of {len(day.arrivals)} calls, seed {seed}; waits in seconds, from the arrival"
    return day, [], title


def picked_up_after(day: Day, ring_s: float) -> Day:
    """The day with phones that ring so long."""
    return replace(day, set_up_s=ring_s)


# -- words ---------------------------------------------------------------------------------------------------------


def _group(settings: Settings, option: str, name: str) -> GroupId:
    names = [group.name for group in settings.groups]
    if name not in names:
        raise WrongWishError(f"{option} {name}: there are {', '.join(names)}")
    return GroupId(name)


def _skill_change(settings: Settings, typed: str) -> SkillChange:
    match = _SKILL.fullmatch(typed)
    if match is None:
        raise WrongWishError(f"--skill {typed}: write 101:portal=2, level 1 (best) to {LAST_LEVEL}, 0 for none")
    group = _group(settings, "--skill", match["group"])
    return SkillChange(OperatorId(match["operator"]), group, int(match["level"]) or None)


def _shifts(typed: str) -> tuple[Shift, ...]:
    match = _HOURS.fullmatch(typed)
    if match is not None:
        begin_s, end_s = _clock_s(match["from"]), _clock_s(match["to"])
        if begin_s < end_s <= DAY_S:
            return ALWAYS if (begin_s, end_s) == (0, DAY_S) else ((begin_s, end_s),)
        if end_s < begin_s < DAY_S:  # a night shift, cut by midnight
            return ((0.0, end_s), (begin_s, math.inf)) if end_s else ((begin_s, math.inf),)
    raise WrongWishError(f"--hours {typed}: write 09:00-18:00")


def _clock_s(typed: str) -> float:
    hour, minute = typed.split(":")
    return int(hour) * 3600.0 + int(minute) * 60.0


def _parts(option: str, typed: Iterable[str]) -> list[tuple[str, float]]:
    found = []
    for one in typed:
        name, _, part = one.partition("=")
        try:
            value = float(part.replace(",", "."))
        except ValueError:
            raise WrongWishError(f"{option} {one}: write {name or 'name'}=0.3") from None
        if not 0 < value < math.inf:
            raise WrongWishError(f"{option} {one}: a share is more than nothing")
        found.append((name, value))
    return found
