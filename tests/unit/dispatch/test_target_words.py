"""The one line that a supervisor reads."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from dispatch.target_watch import words
from routing.target.alarm import Notice
from routing.target.control import Outlook

SIX_MS = 1_764_075_600_000  # 2025-11-25 18:00 in Almaty
MISSED = Outlook(30.0, 400, 3, 5, 34.2, 38.1, 1.3, True, 3, SIX_MS)


@pytest.mark.parametrize(
    ("outlook", "missed", "said"),
    [
        (MISSED, True, "ASA today 34.2 s of 30; at the present rate the day ends at 38 s; "
                       "3 more operators until 18:00 would mend it"),
        (replace(MISSED, missing=1), True, "ASA today 34.2 s of 30; at the present rate the day ends at 38 s; "
                                           "1 more operator until 18:00 would mend it"),
        (replace(MISSED, missing=None, asa_s=None, projected_s=math.inf), True,
         "nobody answered today yet, target 30 s; at the present rate nobody is on duty for calls that come; "
         "no number of operators would mend it"),
        (replace(MISSED, asa_s=26.0, projected_s=25.8, missed=False), False,
         "ASA today 26.0 s of 30; at the present rate the day ends at 26 s; the target will be met"),
    ],
)  # fmt: skip
def test_words(outlook: Outlook, missed: bool, said: str) -> None:
    assert words(Notice("portal", missed, outlook), "Asia/Almaty") == f"portal: {said}"
