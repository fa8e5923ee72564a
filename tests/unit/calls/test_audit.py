"""The audit log's chain, pinned: what an older program wrote checks out, what was touched does not (rule 14)."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest

from calls.audit import GENESIS, Checkpoint, Entry, Fault, Note, canonical, chained, contradicts, faults

DETAIL = {"reason": "Сот ісі № 14", "bytes": 7, "before": None}
NOTES = [
    Note("Айгүл", "recording.held", "hl1-1764000000.12-1-1", DETAIL),
    Note("retention", "recording.disposed", "hl1-1764000000.12-2-1", {}),
    Note("clerk", "demand.registered", "D-2025-0001", {"letter": "14-2/118"}),
]


def chain() -> list[Entry]:
    made: list[Entry] = []
    for nth, note in enumerate(NOTES):
        made.append(chained(note, 1_764_000_000_000 + nth, made[-1] if made else None))
    return made


def test_details_have_one_spelling_sorted_close_and_in_their_own_letters() -> None:
    assert canonical(DETAIL) == '{"before":null,"bytes":7,"reason":"Сот ісі № 14"}'
    assert canonical({}) == "{}"


def test_an_entry_is_digested_as_it_always_was() -> None:
    first, second, _ = chain()
    text = (
        '[1,1764000000000,"Айгүл","recording.held","hl1-1764000000.12-1-1",'
        '"{\\"before\\":null,\\"bytes\\":7,\\"reason\\":\\"Сот ісі № 14\\"}",'
        f'"{"0" * 64}"]'
    )
    assert first == Entry(
        1, 1_764_000_000_000, "Айгүл", "recording.held", "hl1-1764000000.12-1-1", canonical(DETAIL), GENESIS,
        hashlib.sha256(text.encode()).hexdigest(),
    )  # fmt: skip
    assert (second.seq, second.previous) == (2, first.digest)


def test_a_whole_chain_has_no_fault_from_any_entry_on() -> None:
    entries = chain()
    assert list(faults(entries)) == []
    assert list(faults(entries[1:], entries[0])) == []
    assert list(faults([])) == []


@pytest.mark.parametrize(
    ("touched", "found"),
    [
        ({"actor": "x"}, [(2, "is not what was written")]),
        ({"detail": '{"kept_days":1}'}, [(2, "is not what was written")]),
        ({"at_ms": 1}, [(2, "is not what was written")]),
        ({"previous": "f" * 64}, [(2, "does not follow from the entry before it")]),
        ({"digest": "f" * 64}, [(2, "is not what was written"), (3, "does not follow from the entry before it")]),
        ({"seq": 3}, [(3, "follows 1: entries are missing or out of order"),
                      (3, "follows 3: entries are missing or out of order")]),
    ],
)  # fmt: skip
def test_what_was_touched_is_told_where_it_is(touched: dict[str, object], found: list[tuple[int, str]]) -> None:
    first, second, third = chain()
    told = faults([first, replace(second, **touched), third])  # type: ignore[arg-type]
    assert list(told) == [Fault(*one) for one in found]


def test_what_was_cut_out_or_stands_before_the_beginning_is_told() -> None:
    first, second, third = chain()
    assert list(faults([first, third])) == [Fault(3, "follows 1: entries are missing or out of order")]
    assert list(faults([second, third])) == [Fault(2, "follows 0: entries are missing or out of order")]


def test_a_checkpoint_tells_of_an_end_that_was_cut_and_of_a_log_written_anew() -> None:
    _, second, third = chain()
    signed = Checkpoint(2, second.digest, 9)
    assert contradicts(signed, second) is None
    cut = contradicts(signed, None)
    assert cut == Fault(2, "is missing: the log was cut, or an older copy was put back")
    assert contradicts(signed, third) == Fault(
        2, "is another than the signed checkpoint says: the log was written anew"
    )
