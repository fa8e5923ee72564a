"""Who works on demands, recordings, their keys (rule 14) and prompts, and which role may do what: said here alone.

A person is the same at the command line and over the API. With nobody in the configuration everyone is who their
account or token is called, and may do everything that the scopes of a token allow; an account and a token of the same
name are then one person.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from calls.demand import StepKind, refuse
from config.settings import Person


class Role(StrEnum):
    """What somebody is there for."""

    CLERK = "clerk"  # enters letters, hands over
    AUDITOR = "auditor"  # listens and selects
    APPROVER = "approver"  # approves what another has selected
    ADMINISTRATOR = "administrator"  # keys, tokens, prompts, the archive's health; hears and hands over nothing


class Action(StrEnum):
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
    BACK_UP = "back up"
    RESTORE = "restore a backup"
    HAND_OUT = "see or renew a phone's password"
    LET_IN = "let an address in that was slowed"


@dataclass(frozen=True, slots=True)
class Way:
    """Who may do an action, and by what command or request it is done."""

    roles: frozenset[Role]
    commands: tuple[str, ...] = ()
    """Of `bailanys`."""
    requests: tuple[str, ...] = ()
    """Of the API, which a token needs the scope for, too."""


def _by(*roles: Role) -> frozenset[Role]:
    return frozenset(roles)


_CLERK, _AUDITOR, _APPROVER, _ADMINISTRATOR = Role
_PACKAGE = "/demands/{demand}/package"

WAYS: dict[StepKind | Action, Way] = {
    Action.ENTER: Way(_by(_CLERK), ("demands add",), ("POST /demands",)),
    StepKind.SEARCHED: Way(_by(_CLERK, _AUDITOR), ("demands search",), ("POST /demands/{demand}/search",)),
    StepKind.LISTENED: Way(_by(_AUDITOR, _APPROVER), ("demands listen",), ("GET /recordings/{file}/audio?demand=…",)),
    StepKind.SELECTED: Way(_by(_AUDITOR), ("demands select",), ("POST /demands/{demand}/select",)),
    StepKind.APPROVED: Way(_by(_APPROVER), ("demands approve",), ("POST /demands/{demand}/approve",)),
    StepKind.BROKE_GLASS: Way(  # whoever is alone at night
        _by(_AUDITOR, _APPROVER), ("demands break-glass",), ("POST /demands/{demand}/break-glass",)
    ),
    StepKind.PACKAGED: Way(_by(_CLERK, _AUDITOR, _APPROVER), ("demands package",), (f"POST {_PACKAGE}",)),
    Action.FETCH: Way(_by(_CLERK, _AUDITOR, _APPROVER), (), (f"GET {_PACKAGE}",)),
    StepKind.DELIVERED: Way(_by(_CLERK), ("demands deliver",), ("POST /demands/{demand}/deliver",)),
    StepKind.WITHDRAWN: Way(_by(_CLERK, _APPROVER), ("demands withdraw",), ("POST /demands/{demand}/withdraw",)),
    Action.EXPORT: Way(_by(_AUDITOR), ("recordings export",)),
    Action.HEAR: Way(_by(_AUDITOR, _APPROVER), (), ("GET /recordings/{file}/audio",)),
    Action.VERIFY: Way(_by(_AUDITOR, _ADMINISTRATOR), ("recordings verify",)),
    Action.HOLD: Way(_by(_AUDITOR, _APPROVER), ("recordings hold",)),
    Action.RELEASE: Way(_by(_APPROVER), ("recordings release",)),
    Action.DISPOSE: Way(_by(_APPROVER, _ADMINISTRATOR), ("recordings retention --dispose",)),
    Action.ROTATE: Way(_by(_ADMINISTRATOR), ("recordings rotate-key", "recordings join-keys")),
    Action.SIGN_ANEW: Way(_by(_ADMINISTRATOR), ("audit begin-anew",)),
    Action.TAKE_OVER: Way(_by(_ADMINISTRATOR), ("db take-over",)),
    Action.ADMIT_PROGRAM: Way(_by(_ADMINISTRATOR), ("tokens add",)),
    Action.IMPORT_PROMPT: Way(_by(_ADMINISTRATOR), ("prompts import",)),
    Action.BACK_UP: Way(_by(_ADMINISTRATOR), ("backup",)),
    Action.RESTORE: Way(_by(_ADMINISTRATOR), ("restore",)),
    Action.HAND_OUT: Way(_by(_ADMINISTRATOR), ("operators password",)),
    Action.LET_IN: Way(_by(_ADMINISTRATOR), ("guesses lift",)),
}
"""Alerts and escalations are the clock's alone. To look at demands and to search is no action."""


class People:
    """Those of `[[people]]`. Every method raises ActionRefusedError for who is not among them."""

    def __init__(self, known: Sequence[Person] = ()) -> None:
        self._known = tuple(known)

    def at_terminal(self, account: str) -> str:
        """The name of who uses this account of the system."""
        return self._name(f"the account {account}", account, lambda one: one.accounts)

    def with_token(self, token: str) -> str:
        """The name of who has this token of the API."""
        return self._name(f"the token {token}", token, lambda one: one.tokens)

    def check(self, name: str, action: StepKind | Action, *, broke_glass: bool = False) -> None:
        """Refuse what is not for a person of this name to do.

        `broke_glass`: they have approved this demand alone. Then nobody else is there, and they hand over, too.
        """
        if not self._known:
            return
        roles = next((one.roles for one in self._known if one.name == name), None)
        if roles is None:
            refuse(f"{name} is not in [[people]]")
        needed = self._needed(action)
        alone = broke_glass and action is StepKind.DELIVERED
        if roles is not None and not alone and not needed.intersection(roles):
            refuse(f"{name} is no {' or '.join(sorted(needed))}: {action.value} is for another person")

    def _needed(self, action: StepKind | Action) -> frozenset[Role]:
        """What is an administrator's is an approver's as long as nobody is named administrator."""
        needed = WAYS[action].roles
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
