"""Headers that tell who calls beside the number that Asterisk takes (ADR 27): each a fact of its own in the journal."""

from __future__ import annotations

from typing import NamedTuple

HEAD = 450
"""Signs that are kept of a header's beginning, URL-encoded: `cel_custom` cuts a line at 1,023 bytes (22.10)."""
TAIL = 80
"""Bytes of the end of a longer one, up to three signs each: a long name stands before the number."""


class CallerHeader(NamedTuple):
    """A header of a request."""

    source: str
    """In the journal; see `calls.identity.Source`."""
    header: str
    instances: int
    """So many of them are read; each may hold several values by commas."""


OF_THE_CALLER = (
    CallerHeader("asserted", "P-Asserted-Identity", 2),
    CallerHeader("remote-party", "Remote-Party-ID", 2),
    CallerHeader("from", "From", 1),
)
"""Who calls, in the order of trust: told before the arrival, whose number is what Asterisk took of them."""
OF_THE_WAY = (
    CallerHeader("preferred", "P-Preferred-Identity", 1),
    CallerHeader("diversion", "Diversion", 2),
    CallerHeader("history", "History-Info", 2),
)
"""By whom the call came: told after the arrival."""
