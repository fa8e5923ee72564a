"""Who is at the command line, as the system knows: an environment variable is not believed."""

from __future__ import annotations

import os
import pwd
from pathlib import Path

from calls.people import Action, People
from config.settings import Settings

LOGIN_UID = Path("/proc/self/loginuid")
_NEVER_SET = 2**32 - 1


def person() -> str:
    """The account's name; of who became root, the one they logged in with, which the kernel keeps, or came from."""
    uid = os.geteuid()
    if uid == 0:
        uid = _logged_in() or 0
        if uid == 0 and (before := os.environ.get("SUDO_USER")):
            return before
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid-{uid}"


def who(settings: Settings, action: Action | None = None) -> str:
    """The person of `[[people]]` who is at the command line; the account's name where nobody is named.

    Raises ActionRefusedError, also when the action is not theirs to do.
    """
    people = People(settings.people)
    name = people.at_terminal(person())
    if action is not None:
        people.check(name, action)
    return name


def _logged_in() -> int | None:
    try:
        uid = int(LOGIN_UID.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None
    return None if uid == _NEVER_SET else uid
