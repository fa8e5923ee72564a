"""What a supervisor changed at an operator, as a delta over the configuration: kept as text, merged, applied. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from calls.ids import GroupId

_LEVEL = re.compile(r"([a-z][a-z0-9-]{0,31})=([1-5])")
_WITHOUT = re.compile(r"-([a-z][a-z0-9-]{0,31})")
_LANGUAGE = re.compile(r"([+-])([a-z]{2})")


@dataclass(frozen=True, slots=True)
class SkillChange:
    """Groups learnt or graded anew and groups taken away, languages likewise; what is not named stays."""

    levels: Mapping[GroupId, int] = field(default_factory=dict)
    without: frozenset[GroupId] = frozenset()
    speaks: frozenset[str] = frozenset()
    speaks_not: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.levels or self.without or self.speaks or self.speaks_not)


@dataclass(frozen=True, slots=True)
class Skilled:
    """What an operator can do: the level per group, 1 (best) to 5, and the languages."""

    levels: Mapping[GroupId, int]
    languages: frozenset[str]

    def __str__(self) -> str:
        groups = " ".join(f"{group}={level}" for group, level in sorted(self.levels.items()))
        return f"{groups} {'/'.join(sorted(self.languages))}"


def merged(before: SkillChange, now: SkillChange) -> SkillChange:
    """Both changes as one: where they contradict each other the later one holds."""
    levels = {group: level for group, level in before.levels.items() if group not in now.without}
    return SkillChange(
        {**levels, **now.levels},
        (before.without | now.without) - now.levels.keys(),
        (before.speaks - now.speaks_not) | now.speaks,
        (before.speaks_not - now.speaks) | now.speaks_not,
    )


def applied(change: SkillChange, to: Skilled, groups: Iterable[GroupId]) -> Skilled:
    """What follows for an operator who is configured so; groups that the centre no longer has are left out."""
    known = frozenset(groups)
    levels = {**to.levels, **change.levels}
    return Skilled(
        {group: level for group, level in levels.items() if group in known and group not in change.without},
        (to.languages | change.speaks) - change.speaks_not,
    )


def written(change: SkillChange) -> str:
    """The change as AstDB keeps it: `portal=2,-ict;+en,-kk`."""
    groups = [f"{group}={level}" for group, level in sorted(change.levels.items())]
    groups += [f"-{group}" for group in sorted(change.without)]
    languages = [f"+{one}" for one in sorted(change.speaks)] + [f"-{one}" for one in sorted(change.speaks_not)]
    return f"{','.join(groups)};{','.join(languages)}"


def read(text: str) -> SkillChange | None:
    """The reverse of `written`; None for anything else."""
    groups, semicolon, languages = text.partition(";")
    if not semicolon:
        return None
    levels: dict[GroupId, int] = {}
    without: set[GroupId] = set()
    spoken: dict[str, set[str]] = {"+": set(), "-": set()}
    for word in filter(None, groups.split(",")):
        if match := _LEVEL.fullmatch(word):
            levels[GroupId(match[1])] = int(match[2])
        elif match := _WITHOUT.fullmatch(word):
            without.add(GroupId(match[1]))
        else:
            return None
    for word in filter(None, languages.split(",")):
        if not (match := _LANGUAGE.fullmatch(word)):
            return None
        spoken[match[1]].add(match[2])
    return SkillChange(levels, frozenset(without), frozenset(spoken["+"]), frozenset(spoken["-"]))
