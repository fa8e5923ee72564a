"""What the log and the ledger say of a target that will be missed, and of one that will be met again (rule 7)."""

from __future__ import annotations

import math

from calls.local_day import local_time
from routing.target.alarm import Notice

EVERYBODY = "all groups"


def words(notice: Notice, zone: str) -> str:
    """One line for a supervisor."""
    outlook = notice.outlook
    if outlook.asa_s is None:
        said = [f"{notice.name}: nobody answered today yet, target {outlook.target_s:g} s"]
    else:
        said = [f"{notice.name}: ASA today {outlook.asa_s:.1f} s of {outlook.target_s:g}"]
    if outlook.projected_s is None:
        pass
    elif math.isinf(outlook.projected_s):
        said.append("at the present rate nobody is on duty for calls that come")
    else:
        said.append(f"at the present rate the day ends at {outlook.projected_s:.0f} s")
    if notice.missed and outlook.missing:
        more = "1 more operator" if outlook.missing == 1 else f"{outlook.missing} more operators"
        said.append(f"{more} until {local_time(outlook.until_ms, zone):%H:%M} would mend it")
    elif notice.missed:
        said.append("no number of operators would mend it")
    else:
        said.append("the target will be met")
    return "; ".join(said)
