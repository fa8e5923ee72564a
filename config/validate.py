"""What types and ranges cannot tell: names that lead nowhere, numbers given twice, ports that collide.

Every check is a pure function from the plain document to findings and skips what does not fit, so that all that is
wrong is told at once.
"""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

from config.addresses import address_findings
from config.document import ANY, Document, values
from config.problems import Finding, KeyPath, spelled, suggestion

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

GROUP_NAMES = ("groups", ANY, "name")
OPERATOR_NUMBERS = ("operators", ANY, "number")
TRANSFER_NUMBERS = ("groups", ANY, "transfer_number")
HOTLINE_NUMBERS = ("hotline", "numbers", ANY)
LANGUAGES = ("hotline", "languages", ANY)

_ONCE = {
    GROUP_NAMES: "group",
    OPERATOR_NUMBERS: "operator",
    TRANSFER_NUMBERS: "transfer number",
    HOTLINE_NUMBERS: "number",
    LANGUAGES: "language",
    ("trunks", ANY, "name"): "trunk",
    ("menu", "choices", ANY, "key"): "key",
}
_GROUP_NAMED = (
    ("hotline", "default_group"),
    ("menu", "choices", ANY, "group"),
    ("operators", ANY, "groups", ANY),
)
_MOST_NET_S = 5  # app_queue takes a second to ring; the caller is to be served within 6


def findings(document: Document) -> list[Finding]:
    """Return everything that is wrong with a document whose defaults are filled in."""
    return [finding for check in CHECKS for finding in check(document)]


def given_twice(document: Document) -> Iterator[Finding]:
    """Check that names and numbers are given once."""
    for pattern, noun in _ONCE.items():
        first: dict[str, KeyPath] = {}
        for path, value in values(document, pattern, str):
            if value in first:
                yield Finding(path, f'{noun} "{value}" is there already, in {spelled(_holder(first[value]))}')
            else:
                first[value] = path


def numbers_collide(document: Document) -> Iterator[Finding]:
    """Check that a dialled number means one thing only."""
    taken: dict[str, KeyPath] = {}
    for pattern in (HOTLINE_NUMBERS, OPERATOR_NUMBERS, TRANSFER_NUMBERS):
        for path, value in values(document, pattern, str):
            holder = taken.setdefault(value, path)
            if holder[0] != path[0]:  # twice in one list is told by given_twice
                yield Finding(path, f'"{value}" is taken by {spelled(_holder(holder))}')


def names_reserved(document: Document) -> Iterator[Finding]:
    """Check that no group or trunk has the name of a section that Asterisk's files have already."""
    accounts = {f"op{number}" for number in _all(document, OPERATOR_NUMBERS)}
    for pattern, reserved in ((GROUP_NAMES, {"general"}), (("trunks", ANY, "name"), {"global", "system", *accounts})):
        for path, name in values(document, pattern, str):
            if name in reserved:
                yield Finding(path, f'"{name}" is a name that Asterisk\'s files use already')


def groups_unknown(document: Document) -> Iterator[Finding]:
    """Check that every group named somewhere exists."""
    known = _all(document, GROUP_NAMES)
    for pattern in _GROUP_NAMED:
        for path, name in values(document, pattern, str):
            if known and name not in known:
                yield Finding(path, f'no group called "{name}"{suggestion(name, known)}')


def groups_unserved(document: Document) -> Iterator[Finding]:
    """Check that each group has operators: without them its callers would wait for ever (rule 4)."""
    served = _all(document, ("operators", ANY, "groups", ANY))
    for path, name in values(document, GROUP_NAMES, str):
        if served and name not in served:
            yield Finding(path, f'no operator serves the group "{name}"')


def languages_unknown(document: Document) -> Iterator[Finding]:
    """Check that the default language is spoken and that every group has its title in each language."""
    spoken = _all(document, LANGUAGES)
    for path, language in values(document, ("hotline", "default_language"), str):
        if spoken and language not in spoken:
            yield Finding(path, f'"{language}" is not among hotline.languages')
    for path, title in values(document, ("groups", ANY, "title"), dict):
        for language in spoken:
            if language not in title:
                yield Finding(path, f'has no title for the language "{language}"')


def operators_mute(document: Document) -> Iterator[Finding]:
    """Check that each operator speaks a language that callers can choose."""
    spoken = _all(document, LANGUAGES)
    for path, languages in values(document, ("operators", ANY, "languages"), list):
        if spoken and languages and not set(map(str, languages)) & set(spoken):
            yield Finding(path, "speaks none of hotline.languages")


def menu_leads_nowhere(document: Document) -> Iterator[Finding]:
    """Check that a key leads to a group or says the menu again: not both, not neither."""
    choices = list(values(document, ("menu", "choices", ANY), dict))
    for path, choice in choices:
        if choice.get("repeat") is True and choice.get("group") is not None:
            yield Finding(path, "leads to a group and repeats the menu: it can do one of the two")
        elif not choice.get("repeat") and choice.get("group") is None:
            yield Finding(path, "leads nowhere: give it a group, or repeat = true")
    if choices and all(choice.get("repeat") is True for _, choice in choices):
        yield Finding(("menu", "choices"), "no key leads to a group")


def language_key_taken(document: Document) -> Iterator[Finding]:
    """Check that the key that changes the language is no choice of the menu."""
    for path, key in values(document, ("menu", "change_language_key"), str):
        for choice, taken in values(document, ("menu", "choices", ANY, "key"), str):
            if key == taken:
                yield Finding(path, f'key "{key}" is taken by {spelled(_holder(choice))}')


def ports_collide(document: Document) -> Iterator[Finding]:
    """Check that each port has one user, and voice a range of its own."""
    ports = [
        found
        for pattern in (("sip", "port"), ("ports", "ami"), ("ports", "agi"))
        for found in _whole(document, pattern)
    ]
    for (first, one), (second, other) in combinations(ports, 2):
        if one == other:
            yield Finding(second, f"port {other} is {spelled(first)} already")
    for path, first_port in _whole(document, ("sip", "rtp_first")):
        for _, last_port in _whole(document, ("sip", "rtp_last")):
            if last_port <= first_port:
                yield Finding(path, f"must be below sip.rtp_last, which is {last_port}")
            for within, port in ports[:1]:
                if within == ("sip", "port") and first_port <= port <= last_port:
                    yield Finding(within, f"port {port} is in the range of voice, {first_port} to {last_port}")


def times_disagree(document: Document) -> Iterator[Finding]:
    """Check that the safety net catches a caller within 6 seconds, and that a back-off grows."""
    waiting = document["waiting"]
    after, spread = waiting.get("net_after_s"), waiting.get("net_spread_s")
    if isinstance(after, int) and isinstance(spread, int) and after + spread > _MOST_NET_S:
        words = f"together with net_spread_s at most {_MOST_NET_S}, so that a caller is served within 6 seconds"
        yield Finding(("waiting", "net_after_s"), words)
    offers = document["offers"]
    first, last = offers.get("backoff_first_s"), offers.get("backoff_last_s")
    if isinstance(first, int | float) and isinstance(last, int | float) and first > last:
        yield Finding(("offers", "backoff_first_s"), f"must be at most backoff_last_s, which is {last:g}")


def control_characters(document: Document) -> Iterator[Finding]:
    """Check for line breaks and the like: in Asterisk's files they would begin a line of their own."""
    for pattern in (("operators", ANY, "name"), ("groups", ANY, "title", ANY)):
        for path, text in values(document, pattern, str):
            if not text.isprintable() or not text.strip():
                yield Finding(path, "must be one line of visible text")


def _all(document: Document, pattern: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(value for _, value in values(document, pattern, str))


def _whole(document: Document, pattern: tuple[str, ...]) -> Iterable[tuple[KeyPath, int]]:
    return values(document, pattern, int)


def _holder(path: KeyPath) -> KeyPath:
    """Return the table a value belongs to: `operators[2]`; for an item of a list of values the list's name."""
    return path[:-1]


CHECKS: tuple[Callable[[Document], Iterable[Finding]], ...] = (
    given_twice,
    numbers_collide,
    names_reserved,
    groups_unknown,
    groups_unserved,
    languages_unknown,
    operators_mute,
    menu_leads_nowhere,
    language_key_taken,
    ports_collide,
    times_disagree,
    control_characters,
    address_findings,
)
