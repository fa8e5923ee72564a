"""Where a call may be transferred to (rule 11), and where that would lead to nobody."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from calls.ids import GroupId, OperatorId
from config.settings import Settings
from dialplan import names
from routing.presence import Operator


@dataclass(frozen=True, slots=True)
class Destination:
    """A group, or an operator by name and that operator's first group."""

    number: str
    """What is dialled."""
    name: str
    group: GroupId
    operator: OperatorId | None = None


def destination(settings: Settings, to: str) -> Destination | None:
    """The group or operator meant by a name or a number; None when there is none."""
    for group in settings.groups:
        if to in (group.name, group.transfer_number):
            return Destination(group.transfer_number, group.name, GroupId(group.name))
    for operator in settings.operators:
        number = names.transfer_number(operator.number)
        if to in (operator.number, number):
            return Destination(number, operator.number, GroupId(operator.groups[0]), OperatorId(operator.number))
    return None


def staffed(operators: Iterable[Operator]) -> frozenset[GroupId]:
    """Groups that somebody is logged in for: ready, talking, or paused and coming back."""
    return frozenset(group for operator in operators if is_logged_in(operator) for group in operator.groups)


def is_logged_in(operator: Operator) -> bool:
    """Whether the phone is registered and its operator has not gone home; who talks is there."""
    return not operator.is_absent()


def unstaffed_numbers(settings: Settings, operators: Iterable[Operator]) -> str:
    """Transfer numbers of the groups that nobody is logged in for, as the dialplan keeps them: `-63-61-`."""
    there = staffed(operators)
    empty = [group.transfer_number for group in settings.groups if group.name not in there]
    return f"-{'-'.join(empty)}-"
