"""A demand's case file: all that the ledger has of it, read at one moment. What may be packed follows from it alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from calls.audit import Entry
from calls.demand import DemandState, DemandStep, choice_of
from calls.machine_clock import Reading
from calls.recording import Recording
from storage import audit, demands
from storage.engine import Connection
from storage.meant import identities_of
from storage.record import IdentityRow
from storage.recording_search import FoundRecording, demanded, find, in_order


@dataclass(frozen=True, slots=True)
class CaseFile:
    """Where a demand stands, what was done, what was found, and the proof of it."""

    state: DemandState
    steps: tuple[DemandStep, ...]
    hits: tuple[FoundRecording, ...]
    """What the ledger has of the demanded date and number at that moment, the sure ones first."""
    proof: tuple[Entry, ...]
    """The audit log's entries on the demand and on the recordings selected, in their order."""
    identities: Mapping[str, Sequence[IdentityRow]]
    """What else the calls of the recordings selected are tied to."""
    now_ms: int
    """The time that counts (`calls.demand.honest_now_ms`)."""

    @property
    def choice(self) -> int:
        """Which choice this is: it changes with every selection and approval."""
        return choice_of(self.steps)

    @property
    def chosen(self) -> tuple[tuple[FoundRecording, Recording], ...]:
        """The hits that were selected and have sound, each with its recording."""
        wanted = self.state.selected or ()
        return tuple((hit, made) for hit, made in sounding(self.hits) if made.file in wanted)

    @property
    def missing(self) -> tuple[str, ...]:
        """What was selected and is not in the archive any more."""
        return tuple(sorted(set(self.state.selected or ()) - {made.file for _, made in self.chosen}))


def read_case(connection: Connection, demand_id: str, zone: str, clock: Reading) -> CaseFile:
    """Read all of it in one transaction; `zone`: of the demanded date. Raises NoSuchDemandError."""
    state, steps = demands.known(connection, demand_id)
    hits = hits_of(connection, state, zone, clock.wall_ms)
    wanted = state.selected or ()
    entries = {entry.seq: entry for about in (demand_id, *wanted) for entry in audit.about(connection, about)}
    calls = [hit.call_id for hit, made in sounding(hits) if made.file in wanted]
    return CaseFile(
        state,
        steps,
        hits,
        tuple(entries[seq] for seq in sorted(entries)),
        identities_of(connection, calls),
        demands.now_ms_of(connection, clock),
    )


def hits_of(connection: Connection, state: DemandState, zone: str, now_ms: int) -> tuple[FoundRecording, ...]:
    """What the ledger has of the demanded date and number, or numbers; the sure ones first."""
    search = demanded(date.fromisoformat(state.demand.day), state.demand.phone, zone)
    return tuple(in_order(find(connection, search, now_ms)))


def sounding(hits: Sequence[FoundRecording]) -> list[tuple[FoundRecording, Recording]]:
    """The hits with a recording in the archive."""
    return [(hit, hit.recording) for hit in hits if hit.recording is not None and hit.recording.path]
