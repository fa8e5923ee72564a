"""Journals that a real Asterisk 22 wrote."""

from __future__ import annotations

import shutil
from pathlib import Path

from storage.ledger import Ledger
from storage.projector import Projector

JOURNALS = Path(__file__).parent / "journals"


async def test_a_blind_transfer(projector: Projector, ledger: Ledger, journal: Path) -> None:
    shutil.copy(JOURNALS / "asterisk-22-blind-transfer.csv", journal)
    assert await projector.project_once() == 38
    assert projector.skipped == 0
    (call_id,) = await ledger.call_ids_between(0, 1 << 50)
    story = await ledger.call_story(call_id)
    assert story is not None
    record = story.record
    assert (record.call.dialled, record.call.caller_key, record.call.language) == ("1414", "+77011234567", "kk")
    first, second = record.segments[1], record.segments[2]
    assert (first.operator_id, first.ended_by, first.transfer_kind, first.bridged_ms) == (
        "101",
        "transfer",
        "blind",
        2023,
    )
    assert (second.operator_id, second.ended_by, second.group_id, second.bridged_ms) == (
        "102",
        "operator",
        "portal",
        2001,
    )
    assert record.call.answered_ms == 1795380245422
    assert record.ratings[2, "102"].score == 5
    assert [step.step for step in story.steps] == ["language-asked", "language-chosen", "topic-asked", "topic-chosen"]
    assert [(row.operator_id, row.state) for row in await ledger.operators_now()] == [
        ("101", "ready"),
        ("102", "ready"),
    ]
    assert len(await ledger.segments_to_finalise()) == 2
