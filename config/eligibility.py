"""The steps by which eligibility widens: they must begin at once, never narrow, and leave nobody unserved."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

from config.document import ANY, Document, values
from config.patterns import GROUP_NAMES, LANGUAGES, texts
from config.problems import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

STEPS = ("routing", "steps", ANY)


def steps_narrow(document: Document) -> Iterator[Finding]:
    """Check that the steps begin at 0 s, follow each other in time, and only ever widen."""
    steps = [(path, step) for path, step in values(document, STEPS, dict) if _fits(step)]
    if steps and steps[0][1].get("after_s", 0) > 0:
        yield Finding((*steps[0][0], "after_s"), "must be 0: until then nobody could serve a caller")
    for (_, before), (path, step) in pairwise(steps):
        if step.get("after_s", 0) <= before.get("after_s", 0):
            yield Finding(
                (*path, "after_s"), f"must be more than that of the step before, {before.get('after_s', 0):g}"
            )
        if step.get("level", 5) < before.get("level", 5):
            yield Finding(
                (*path, "level"), f"must not be better than that of the step before, {before.get('level', 5)}"
            )
        if before.get("any_language", True) and not step.get("any_language", True):
            yield Finding((*path, "any_language"), "must stay true: the step before allows any language")


def needs_unserved(document: Document) -> Iterator[Finding]:
    """Check that somebody may serve each group in each language in the end: nobody waits for ever (rule 4)."""
    steps = list(values(document, STEPS, dict))
    if not steps or not _fits(steps[-1][1]):
        return
    path, last = steps[-1]
    operators = [operator for _, operator in values(document, ("operators", ANY), dict)]
    for group in texts(document, GROUP_NAMES):
        serving = [operator for operator in operators if group in _groups(operator)]
        able = [operator for operator in serving if _level(operator, group) <= last.get("level", 5)]
        if serving and not able:
            words = (
                f'no operator of "{group}" has level {last.get("level", 5)} or better: its callers would wait for ever'
            )
            yield Finding((*path, "level"), words)
        for language in texts(document, LANGUAGES) if able and not last.get("any_language", True) else ():
            if not any(language in operator.get("languages", (language,)) for operator in able):
                words = f'no operator of "{group}" speaks "{language}": its callers would wait for ever'
                yield Finding((*path, "any_language"), words)


def _fits(step: dict[str, Any]) -> bool:
    """Tell whether the values are of their types; what is not is told elsewhere."""
    kinds = (("after_s", int | float), ("level", int), ("any_language", bool))
    return all(isinstance(step[key], kind) for key, kind in kinds if key in step)


def _groups(operator: dict[str, Any]) -> set[str]:
    found = (operator.get("groups"), operator.get("skills"))
    return {str(name) for names in found if isinstance(names, list | tuple | dict) for name in names}


def _level(operator: dict[str, Any], group: str) -> int:
    skills = operator.get("skills")
    level = skills.get(group, 1) if isinstance(skills, dict) else 1
    return level if isinstance(level, int) else 1
