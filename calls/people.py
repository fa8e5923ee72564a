"""Who works on demands, recordings, their keys (rule 14) and prompts, and which role may do what: said here alone.

A person is the same at the command line and over the API. With nobody in the configuration everyone is who their
account or token is called, and may do everything that the scopes of a token allow; an account and a token of the same
name are then one person.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from calls.demand import Kind, refuse
from config.settings import Person


class Role(StrEnum):
    """What somebody is there for."""

    CLERK = "clerk"  # enters letters, hands over
    AUDITOR = "auditor"  # listens and selects
    APPROVER = "approver"  # approves what another has selected
    ADMINISTRATOR = "administrator"  # keys, tokens, prompts, the archive's health; hears and hands over nothing


class Deed(StrEnum):
    """What is done beside the steps of a demand."""

    ENTER = "enter"
    FETCH = "fetch"
    EXPORT = "export"
    HEAR = "hear"
    VERIFY = "verify"
    HOLD = "hold"
    RELEASE = "release"
    DISPOSE = "dispose"
    ROTATE = "rotate keys"
    SIGN_ANEW = "sign the audit log anew"
    TAKE_OVER = "take the ledger over"
    ADMIT_PROGRAM = "make a token"
    IMPORT_PROMPT = "import a prompt"
    LET_IN = "let an address in that was slowed"


@dataclass(frozen=True, slots=True)
class Way:
    """Who may do a deed, and by what command or request it is done."""

    roles: frozenset[Role]
    commands: tuple[str, ...] = ()
    """Of `bailanys`."""
    requests: tuple[str, ...] = ()
    """Of the API, which a token needs the scope for, too."""


def _by(*roles: Role) -> frozenset[Role]:
    return frozenset(roles)


_CLERK, _AUDITOR, _APPROVER, _ADMINISTRATOR = Role
_PACKAGE = "/demands/{demand}/package"

WAYS: dict[Kind | Deed, Way] = {
    Deed.ENTER: Way(_by(_CLERK), ("demands add",), ("POST /demands",)),
    Kind.SEARCHED: Way(_by(_CLERK, _AUDITOR), ("demands search",), ("POST /demands/{demand}/search",)),
    Kind.LISTENED: Way(_by(_AUDITOR, _APPROVER), ("demands listen",), ("GET /recordings/{file}/audio?demand=…",)),
    Kind.SELECTED: Way(_by(_AUDITOR), ("demands select",), ("POST /demands/{demand}/select",)),
    Kind.APPROVED: Way(_by(_APPROVER), ("demands approve",), ("POST /demands/{demand}/approve",)),
    Kind.BROKE_GLASS: Way(  # whoever is alone at night
        _by(_AUDITOR, _APPROVER), ("demands break-glass",), ("POST /demands/{demand}/break-glass",)
    ),
    Kind.PACKAGED: Way(_by(_CLERK, _AUDITOR, _APPROVER), ("demands package",), (f"POST {_PACKAGE}",)),
    Deed.FETCH: Way(_by(_CLERK, _AUDITOR, _APPROVER), (), (f"GET {_PACKAGE}",)),
    Kind.DELIVERED: Way(_by(_CLERK), ("demands deliver",), ("POST /demands/{demand}/deliver",)),
    Kind.WITHDRAWN: Way(_by(_CLERK, _APPROVER), ("demands withdraw",), ("POST /demands/{demand}/withdraw",)),
    Deed.EXPORT: Way(_by(_AUDITOR), ("recordings export",)),
    Deed.HEAR: Way(_by(_AUDITOR, _APPROVER), (), ("GET /recordings/{file}/audio",)),
    Deed.VERIFY: Way(_by(_AUDITOR, _ADMINISTRATOR), ("recordings verify",)),
    Deed.HOLD: Way(_by(_AUDITOR, _APPROVER), ("recordings hold",)),
    Deed.RELEASE: Way(_by(_APPROVER), ("recordings release",)),
    Deed.DISPOSE: Way(_by(_APPROVER, _ADMINISTRATOR), ("recordings retention --dispose",)),
    Deed.ROTATE: Way(_by(_ADMINISTRATOR), ("recordings rotate-key", "recordings join-keys")),
    Deed.SIGN_ANEW: Way(_by(_ADMINISTRATOR), ("audit begin-anew",)),
    Deed.TAKE_OVER: Way(_by(_ADMINISTRATOR), ("db take-over",)),
    Deed.ADMIT_PROGRAM: Way(_by(_ADMINISTRATOR), ("tokens add",)),
    Deed.IMPORT_PROMPT: Way(_by(_ADMINISTRATOR), ("prompts import",)),
    Deed.LET_IN: Way(_by(_ADMINISTRATOR), ("guesses lift",)),
}
"""Alerts and escalations are the clock's alone. To look at demands and to search is no deed."""


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

    def check(self, name: str, deed: Kind | Deed, *, broke_glass: bool = False) -> None:
        """Refuse what is not for a person of this name to do.

        `broke_glass`: they have approved this demand alone. Then nobody else is there, and they hand over, too.
        """
        if not self._known:
            return
        roles = next((one.roles for one in self._known if one.name == name), None)
        if roles is None:
            refuse(f"{name} is not in [[people]]")
        needed = self._needed(deed)
        alone = broke_glass and deed is Kind.DELIVERED
        if roles is not None and not alone and not needed.intersection(roles):
            refuse(f"{name} is no {' or '.join(sorted(needed))}: {deed.value} is for another person")

    def _needed(self, deed: Kind | Deed) -> frozenset[Role]:
        """What is an administrator's is an approver's as long as nobody is named administrator."""
        needed = WAYS[deed].roles
        if Role.ADMINISTRATOR in needed and not any(Role.ADMINISTRATOR in one.roles for one in self._known):
            return needed | {Role.APPROVER}
        return needed

    def _name(self, told: str, value: str, of: Callable[[Person], Sequence[str]]) -> str:
        if not self._known:
            return value
        name = next((one.name for one in self._known if value in of(one)), None)
        if name is None:
            refuse(f"{told} belongs to nobody in [[people]]")
        return name or ""
