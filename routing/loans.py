"""How wide a group in danger of missing its target is served (rule 7)."""

from __future__ import annotations

from enum import IntEnum


class Width(IntEnum):
    """What is allowed at once, one after the other; each holds those before it.

    None goes beyond what the centre decided: levels and languages are what its last step of eligibility allows in the
    end, and helpers are those it has named.
    """

    LEVELS = 1
    LANGUAGES = 2
    HELPERS = 3
