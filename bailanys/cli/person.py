"""Who is at the command line, as the system knows: an environment variable is not believed."""

from __future__ import annotations

import os
import pwd


def person() -> str:
    """The account's name; of who became root by `sudo`, the one they came from."""
    if os.geteuid() == 0 and (before := os.environ.get("SUDO_USER")):
        return before
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return f"uid-{os.geteuid()}"
