"""What types and ranges cannot tell: names that lead nowhere, numbers given twice, ports that collide.

Every check is a pure function from the plain document to findings and skips what does not fit, so that all that is
wrong is told at once.
"""

from __future__ import annotations

from itertools import combinations
from os.path import normpath
from pathlib import Path
from typing import TYPE_CHECKING

from config.addresses import address_findings, homes_unprotected
from config.calling_back import hours_closed, trunk_unknown
from config.document import ANY, Document, values
from config.eligibility import needs_unserved, steps_narrow
from config.object_store import store_misspelt
from config.patterns import GROUP_WRAP_UPS, MENU_KEYS, PEOPLE, holder
from config.problems import Finding, spelled
from config.references import groups_unknown, groups_unserved, helpers_unknown, languages_unknown, operators_mute
from config.uniqueness import given_twice, names_reserved, numbers_collide, operators_hidden, persons_look_alike
from config.visible_text import is_plain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

_MOST_NET_S = 5  # app_queue takes a second to ring; the caller is to be served within 6


def findings(document: Document) -> list[Finding]:
    """Return everything that is wrong with a document whose defaults are filled in."""
    return [finding for check in CHECKS for finding in check(document)]


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
        for choice, taken in values(document, MENU_KEYS, str):
            if key == taken:
                yield Finding(path, f'key "{key}" is taken by {spelled(holder(choice))}')


def keys_in_archive(document: Document) -> Iterator[Finding]:
    """Check that the archive's keys lie outside it: whoever copies the archive must not copy them, too."""
    for _, archive in values(document, ("storage", "archive_dir"), str):
        for path, keys in values(document, ("recordings", "keys_file"), str):
            if Path(normpath(keys)).is_relative_to(normpath(archive)):
                yield Finding(
                    path,
                    f'must lie outside the archive "{archive}", whose recordings it opens',
                    ("storage", "archive_dir"),
                )


def ports_collide(document: Document) -> Iterator[Finding]:
    """Check that each port has one user, and voice a range of its own."""
    ports = [
        found
        for pattern in (("sip", "port"), ("sip", "tls_port"), ("ports", "ami"), ("ports", "agi"), ("api", "port"))
        for found in values(document, pattern, int)
    ]
    for (first, one), (second, other) in combinations(ports, 2):
        if one == other:
            yield Finding(second, f"port {other} is {spelled(first)} already")
    for path, first_port in values(document, ("sip", "rtp_first"), int):
        for _, last_port in values(document, ("sip", "rtp_last"), int):
            if last_port <= first_port:
                yield Finding(path, f"must be below sip.rtp_last, which is {last_port}")
            for within, port in ports[:1]:
                if within == ("sip", "port") and first_port <= port <= last_port:
                    yield Finding(within, f"port {port} is in the range of voice, {first_port} to {last_port}")


def times_disagree(document: Document) -> Iterator[Finding]:
    """Check that the safety net catches a caller within 6 seconds, and that a back-off and a wrap-up can grow."""
    waiting = document["waiting"]
    after, spread = waiting.get("net_after_s"), waiting.get("net_spread_s")
    if isinstance(after, int) and isinstance(spread, int) and after + spread > _MOST_NET_S:
        words = f"together with net_spread_s at most {_MOST_NET_S}, so that a caller is served within 6 seconds"
        yield Finding(("waiting", "net_after_s"), words)
    offers = document["offers"]
    first, last = offers.get("backoff_first_s"), offers.get("backoff_last_s")
    if isinstance(first, int | float) and isinstance(last, int | float) and first > last:
        yield Finding(("offers", "backoff_first_s"), f"must be at most backoff_last_s, which is {last:g}")
    most = offers.get("wrap_up_most_s")
    for path, own in (*values(document, GROUP_WRAP_UPS, float), *values(document, GROUP_WRAP_UPS, int)):
        if isinstance(most, int | float) and own > most:
            yield Finding(path, f"must be at most wrap_up_most_s of [offers], which is {most:g}")
    usual = offers.get("wrap_up_s")
    if isinstance(usual, int | float) and isinstance(most, int | float) and usual > most:
        yield Finding(("offers", "wrap_up_most_s"), f"must be at least wrap_up_s, which is {usual:g}")


def thresholds_crossed(document: Document) -> Iterator[Finding]:
    """Check that a group that is calm is not in danger as well."""
    target = document["target"]
    danger, calm = target.get("danger"), target.get("calm")
    if isinstance(danger, int | float) and isinstance(calm, int | float) and calm >= danger:
        yield Finding(("target", "calm"), f"must be less than danger, which is {danger:g}")


def control_characters(document: Document) -> Iterator[Finding]:
    """Check for line breaks and the like: in Asterisk's files they would begin a line of their own.

    And for what nobody sees: it would make two names of one, and turn what stands beside it.
    """
    names = (("operators", ANY, "name"), PEOPLE, ("groups", ANY, "title", ANY), ("offers", "pause_reasons", ANY))
    for pattern in names:
        for path, text in values(document, pattern, str):
            if not is_plain(text) or not text.strip():
                yield Finding(path, "must be one line of visible text")


CHECKS: tuple[Callable[[Document], Iterable[Finding]], ...] = (
    given_twice,
    persons_look_alike,
    numbers_collide,
    operators_hidden,
    names_reserved,
    groups_unknown,
    groups_unserved,
    helpers_unknown,
    languages_unknown,
    operators_mute,
    steps_narrow,
    needs_unserved,
    menu_leads_nowhere,
    language_key_taken,
    ports_collide,
    keys_in_archive,
    store_misspelt,
    times_disagree,
    trunk_unknown,
    hours_closed,
    thresholds_crossed,
    control_characters,
    address_findings,
    homes_unprotected,
)
