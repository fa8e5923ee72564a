"""That nobody was left idle beside a waiting caller: asserted after every scene on a real hotline."""

from __future__ import annotations

from journal_watch import Journal

from bailanys.processes.hotline import Hotline
from calls.journal import Fact


def idle_alarms(up: Hotline, since_ms: int = 0) -> list[str]:
    """What the live watch has told since then, epoch milliseconds."""
    told = Journal(up.places.journals[1]).facts(fact=Fact.ALARM)
    return [
        seen.fields["detail"]
        for seen in told
        if seen.fields.get("kind") == "idle-beside-waiting" and seen.at_ms >= since_ms
    ]
