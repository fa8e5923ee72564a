"""Names that must lead somewhere: groups that exist and are served, languages that are spoken."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from config.document import ANY, Document, values
from config.patterns import GROUP_NAMES, LANGUAGES, OPERATOR_NUMBERS, texts
from config.problems import Finding, suggestion
from config.settings import LANGUAGES as LANGUAGES_KNOWN

if TYPE_CHECKING:
    from collections.abc import Iterator

_GROUP_NAMED = (
    ("hotline", "default_group"),
    ("menu", "choices", ANY, "group"),
    ("operators", ANY, "groups", ANY),
)
_SERVED = (("operators", ANY, "groups", ANY), ("operators", ANY, "skills"))


def groups_unknown(document: Document) -> Iterator[Finding]:
    """Check that every group named somewhere exists."""
    known = texts(document, GROUP_NAMES)
    named = [found for pattern in _GROUP_NAMED for found in values(document, pattern, str)]
    skilled = [((*path, name), name) for path, skills in values(document, _SERVED[1], dict) for name in skills]
    told_there = {(path[:2], name) for path, name in skilled}
    for path, name in (*named, *skilled):
        if path[-2] == "groups" and (path[:2], name) in told_there:
            continue
        if known and name not in known:
            yield Finding(path, f'no group called "{name}"{suggestion(name, known)}')


def groups_unserved(document: Document) -> Iterator[Finding]:
    """Check that each group has operators: without them its callers would wait for ever (rule 4)."""
    served = {
        *texts(document, _SERVED[0]),
        *(name for _, skills in values(document, _SERVED[1], dict) for name in skills),
    }
    for path, name in values(document, GROUP_NAMES, str):
        if served and name not in served:
            yield Finding(path, f'no operator serves the group "{name}"')


def languages_unknown(document: Document) -> Iterator[Finding]:
    """Check that the default language is spoken and that every group has its title in each language."""
    spoken = texts(document, LANGUAGES)
    for path, language in values(document, ("hotline", "default_language"), str):
        if spoken and language not in spoken:
            yield Finding(path, f'"{language}" is not among hotline.languages')
    for path, title in values(document, ("groups", ANY, "title"), dict):
        for language in spoken:
            if language in LANGUAGES_KNOWN and language not in title:
                yield Finding(path, f'has no title for the language "{language}"')


def helpers_unknown(document: Document) -> Iterator[Finding]:
    """Check that each helper of a group is an operator who does not serve it anyhow."""
    operators = [operator for _, operator in values(document, ("operators", ANY), dict)]
    known = texts(document, OPERATOR_NUMBERS)
    for path, group in values(document, ("groups", ANY), dict):
        helpers = group.get("helpers")
        for nth, number in enumerate(helpers if isinstance(helpers, list | tuple) else ()):
            serving = [one for one in operators if one.get("number") == number and group.get("name") in _served(one)]
            if known and isinstance(number, str) and number not in known:
                yield Finding((*path, "helpers", nth), f'no operator has the number "{number}"')
            elif serving:
                words = f'operator {number} serves "{group.get("name")}" anyhow: a helper is one without the skill'
                yield Finding((*path, "helpers", nth), words)


def _served(operator: dict[str, Any]) -> set[str]:
    named = (operator.get("groups"), operator.get("skills"))
    return {str(name) for names in named if isinstance(names, list | tuple | dict) for name in names}


def operators_mute(document: Document) -> Iterator[Finding]:
    """Check that each operator speaks a language that callers can choose."""
    spoken = texts(document, LANGUAGES)
    for path, languages in values(document, ("operators", ANY, "languages"), list):
        if spoken and languages and not set(map(str, languages)) & set(spoken):
            yield Finding(path, "speaks none of hotline.languages")
