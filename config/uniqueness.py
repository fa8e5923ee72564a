"""Names and numbers that may be there once only, and with one meaning."""

from __future__ import annotations

from typing import TYPE_CHECKING

from config.document import Document, values
from config.patterns import (
    ACCOUNTS,
    GROUP_NAMES,
    HOTLINE_NUMBERS,
    LANGUAGES,
    MENU_KEYS,
    OPERATOR_NUMBERS,
    PEOPLE,
    PERSONS_TOKENS,
    TRANSFER_NUMBERS,
    TRUNK_NAMES,
    holder,
    texts,
)
from config.problems import Finding, KeyPath, spelled
from config.settings import OPERATOR_DIGIT
from config.visible_text import looks

if TYPE_CHECKING:
    from collections.abc import Iterator

_ONCE = {
    GROUP_NAMES: "group",
    OPERATOR_NUMBERS: "operator",
    TRANSFER_NUMBERS: "transfer number",
    HOTLINE_NUMBERS: "number",
    LANGUAGES: "language",
    TRUNK_NAMES: "trunk",
    MENU_KEYS: "key",
    PEOPLE: "person",
    ACCOUNTS: "account",
    PERSONS_TOKENS: "token",
}


def given_twice(document: Document) -> Iterator[Finding]:
    """Check that names and numbers are given once."""
    for pattern, noun in _ONCE.items():
        first: dict[str, KeyPath] = {}
        for path, value in values(document, pattern, str):
            if value in first:
                yield Finding(path, f'{noun} "{value}" is there already, in {spelled(holder(first[value]))}')
            else:
                first[value] = path


def persons_look_alike(document: Document) -> Iterator[Finding]:
    """Check that nobody becomes two persons by another alphabet, case or form of the same name (rule 14)."""
    first: dict[str, tuple[KeyPath, str]] = {}
    for path, name in values(document, PEOPLE, str):
        where, like = first.setdefault(looks(name), (path, name))
        if like != name:  # the very same is told by given_twice
            yield Finding(path, f'"{name}" cannot be told from "{like}": is it one person?', where)


def numbers_collide(document: Document) -> Iterator[Finding]:
    """Check that a dialled number means one thing only."""
    taken: dict[str, KeyPath] = {}
    for pattern in (HOTLINE_NUMBERS, OPERATOR_NUMBERS, TRANSFER_NUMBERS):
        for path, value in values(document, pattern, str):
            first = taken.setdefault(_digits(value), path)
            if first[0] != path[0]:  # twice in one list is told by given_twice
                yield Finding(path, f'"{value}" is taken by {spelled(holder(first))}')


def operators_hidden(document: Document) -> Iterator[Finding]:
    """Check that `7` with an operator's number, dialled to reach that operator, is no number of anything else."""
    by_name = {OPERATOR_DIGIT + number: number for number in texts(document, OPERATOR_NUMBERS)}
    for pattern in (HOTLINE_NUMBERS, TRANSFER_NUMBERS, OPERATOR_NUMBERS):
        for path, value in values(document, pattern, str):
            if meant := by_name.get(_digits(value)):
                yield Finding(path, f'"{value}" is how a call is transferred to operator "{meant}"')


def _digits(number: str) -> str:
    """A number without the plus: a hotline's `+7101` is no other number than `7101` to whoever reads it aloud."""
    return number.removeprefix("+")


def names_reserved(document: Document) -> Iterator[Finding]:
    """Check that no group or trunk has the name of a section that Asterisk's files have already."""
    accounts = {f"op{number}" for number in texts(document, OPERATOR_NUMBERS)}
    for pattern, reserved in (
        (GROUP_NAMES, {"general"}),
        (TRUNK_NAMES, {"global", "system", "udp", "tcp", "tls", "takes-over", *accounts}),
    ):
        for path, name in values(document, pattern, str):
            if name in reserved:
                yield Finding(path, f'"{name}" is a name that Asterisk\'s files use already')
