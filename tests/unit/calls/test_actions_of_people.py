"""Who may do what with recordings and demands, by the roles of `[[people]]`."""

from __future__ import annotations

import pytest

from calls.demand import ActionRefusedError, StepKind
from calls.people import Action, People
from config.settings import Person

AUDITOR = Person(name="Auditor", roles=("auditor",), accounts=("auditor",), tokens=("ear",))
APPROVER = Person(name="Approver", roles=("approver",))
ADMINISTRATOR = Person(name="Administrator", roles=("administrator",))


def may(people: People, name: str, action: StepKind | Action, *, broke_glass: bool = False) -> bool:
    try:
        people.check(name, action, broke_glass=broke_glass)
    except ActionRefusedError:
        return False
    return True


def test_as_long_as_nobody_is_administrator_approvers_stand_in_for_one() -> None:
    without, with_one = People((AUDITOR, APPROVER)), People((AUDITOR, APPROVER, ADMINISTRATOR))
    for action in (Action.ROTATE, Action.TAKE_OVER, Action.ADMIT_PROGRAM):
        assert may(without, "Approver", action) and not may(without, "Auditor", action)
        assert not may(with_one, "Approver", action) and may(with_one, "Administrator", action)
    for people in (without, with_one):  # what an auditor may do, too, stays theirs
        assert may(people, "Auditor", Action.VERIFY)
        assert may(people, "Auditor", Action.EXPORT) and not may(people, "Approver", Action.EXPORT)
    assert may(without, "Approver", Action.VERIFY) and not may(with_one, "Approver", Action.VERIFY)


def test_who_is_named_nowhere_may_nothing_and_where_nobody_is_named_everybody_may_all() -> None:
    people = People((AUDITOR,))
    with pytest.raises(ActionRefusedError, match=r"Stranger is not in \[\[people\]\]"):
        people.check("Stranger", Action.EXPORT)
    with pytest.raises(ActionRefusedError, match="Auditor is no approver: approved is for another person"):
        people.check("Auditor", StepKind.APPROVED)
    with pytest.raises(ActionRefusedError, match=r"the account root belongs to nobody in \[\[people\]\]"):
        people.at_terminal("root")
    assert (people.at_terminal("auditor"), people.with_token("ear")) == ("Auditor", "Auditor")
    assert may(People(), "Stranger", Action.DISPOSE) and People().at_terminal("root") == "root"


def test_who_approved_alone_at_night_hands_over_and_nothing_more() -> None:
    people = People((AUDITOR,))
    assert may(people, "Auditor", StepKind.DELIVERED, broke_glass=True)
    assert not may(people, "Auditor", StepKind.DELIVERED)
    assert not may(people, "Auditor", StepKind.APPROVED, broke_glass=True)
