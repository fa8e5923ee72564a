"""What a token may be allowed to do."""

from __future__ import annotations

from enum import StrEnum


class Scope(StrEnum):
    """One thing that a program may do; a token has some of them."""

    CALLS_READ = "calls:read"  # calls of this moment and their stories, with callers' numbers
    CALLS_TRANSFER = "calls:transfer"
    CALLBACKS_READ = "callbacks:read"  # the numbers to be called only with calls:read beside it
    CALLBACKS_CANCEL = "callbacks:cancel"
    OPERATORS_READ = "operators:read"
    OPERATORS_WRITE = "operators:write"
    ROUTING_WRITE = "routing:write"  # a supervisor's: who serves what, and who is served first
    STATS_READ = "stats:read"
    RATINGS_READ = "ratings:read"  # a supervisor's: what callers rated, and the talks that were rated low, no number
    RECORDINGS_PAUSE = "recordings:pause"  # for what must not be recorded, and that it goes on
    RECORDINGS_READ = "recordings:read"  # finds talks by a caller's number (rule 14)
    RECORDINGS_LISTEN = "recordings:listen"  # hears them, each time with a reason
    DEMANDS_READ = "demands:read"  # every demand, with the number it names (rule 14)
    DEMANDS_WRITE = "demands:write"  # enters, selects, packs, delivers
    DEMANDS_APPROVE = "demands:approve"  # the second person's
    HOTLINE_RELOAD = "hotline:reload"  # an administrator's: the changed configuration is taken up
    METRICS_READ = "metrics:read"


ADMINISTERS = frozenset({Scope.HOTLINE_RELOAD})
"""Only an administrator makes a token with these."""
HEARS = frozenset({Scope.RECORDINGS_LISTEN, Scope.DEMANDS_WRITE, Scope.DEMANDS_APPROVE})
"""With these a token does actions of `calls.people`, in the name of the person that it is given to."""
