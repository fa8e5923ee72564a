"""Who works on demands (rule 14): a person is the same at the command line and over the API, and has roles.

With nobody in the configuration everyone is who their account or token is called, and may do everything that the scopes
of a token allow; an account and a token of the same name are then one person.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import StrEnum

from calls.demand import Kind, refuse
from config.settings import Person


class Role(StrEnum):
    """What somebody is there for."""

    CLERK = "clerk"  # enters letters, hands over
    AUDITOR = "auditor"  # listens and selects
    APPROVER = "approver"  # approves what another has selected


class Deed(StrEnum):
    """What is done beside the steps of a demand."""

    ENTER = "enter"
    EXPORT = "export"
    HEAR = "hear"
    RELEASE = "release"
    DISPOSE = "dispose"
    ROTATE = "rotate keys"
    TAKE_OVER = "take the ledger over"
    SIGN_ANEW = "sign the audit log anew"


_EVERY = frozenset(Role)
MAY: dict[Kind | Deed, frozenset[Role]] = {
    Deed.ENTER: frozenset({Role.CLERK}),
    Kind.LISTENED: frozenset({Role.AUDITOR, Role.APPROVER}),
    Kind.SELECTED: frozenset({Role.AUDITOR}),
    Kind.APPROVED: frozenset({Role.APPROVER}),
    Kind.BROKE_GLASS: frozenset({Role.AUDITOR, Role.APPROVER}),  # whoever is alone at night
    Kind.WITHDRAWN: frozenset({Role.CLERK, Role.APPROVER}),
    Deed.EXPORT: frozenset({Role.AUDITOR}),
    Deed.HEAR: frozenset({Role.AUDITOR, Role.APPROVER}),
    Deed.RELEASE: frozenset({Role.APPROVER}),
    Deed.DISPOSE: frozenset({Role.APPROVER}),
    Deed.ROTATE: frozenset({Role.APPROVER}),
    Deed.TAKE_OVER: frozenset({Role.APPROVER}),
    Deed.SIGN_ANEW: frozenset({Role.APPROVER}),
}
"""Everything else is open to everybody who is known."""


class People:
    """Those of `[[people]]`. Every method raises DeedRefusedError for who is not among them."""

    def __init__(self, known: Sequence[Person] = ()) -> None:
        self._known = tuple(known)

    def at_terminal(self, account: str) -> str:
        """The name of who uses this account of the system."""
        return self._name(f"the account {account}", account, lambda one: one.accounts)

    def with_token(self, token: str) -> str:
        """The name of who has this token of the API."""
        return self._name(f"the token {token}", token, lambda one: one.tokens)

    def check(self, name: str, deed: Kind | Deed) -> None:
        """Refuse what is not for a person of this name to do."""
        if not self._known:
            return
        roles = next((one.roles for one in self._known if one.name == name), None)
        if roles is None:
            refuse(f"{name} is not in [[people]]")
        needed = MAY.get(deed, _EVERY)
        if roles is not None and not needed.intersection(roles):
            refuse(f"{name} is no {' or '.join(sorted(needed))}: {deed.value} is for another person")

    def _name(self, told: str, value: str, of: Callable[[Person], Sequence[str]]) -> str:
        if not self._known:
            return value
        name = next((one.name for one in self._known if value in of(one)), None)
        if name is None:
            refuse(f"{told} belongs to nobody in [[people]]")
        return name or ""
