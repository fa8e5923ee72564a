"""The recordings' side of the ledger: talks that await their recording, and the rows of those that have it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, exists, func, literal, or_, select, tuple_, update

from calls.audit import Note
from calls.ids import CallId, GroupId, OperatorId
from calls.journal_fields import LARGEST_SEQ
from calls.local_day import Span
from calls.recording import EndedTalk, Gap, GapReason, Recording, RecordingStatus
from calls.search import LONGEST_CALL_MS
from storage import audit
from storage.record import ANSWERED, GapRow, unheard
from storage.rows import save, save_if_new, upsert
from storage.tables import audit as audit_table
from storage.tables import bridge, call, gap, offer, recording, segment

RECORDING_COLUMNS = tuple(recording.c)
_PORTION = 500
HOUR_MS = 3_600_000


@dataclass(frozen=True, slots=True)
class StoredRecording:
    """A recording with a file, and the hash that the audit log holds of it; None when it holds none."""

    recording: Recording
    sha256: str | None


_NAMES = tuple(column.name for column in RECORDING_COLUMNS)

_later = offer.alias("later")
_next_offer_ms = (
    select(func.min(_later.c.offered_ms))
    .where(_later.c.call_id == offer.c.call_id, _later.c.seq == offer.c.seq, _later.c.offer > offer.c.offer)
    .correlate(offer)
    .scalar_subquery()
)
_is_last = segment.c.offer == offer.c.offer
_TALKS = (
    select(
        offer.c.call_id,
        offer.c.seq,
        offer.c.offer,
        offer.c.file,
        offer.c.operator_id,
        segment.c.group_id,
        offer.c.ended_ms,
        _is_last.label("is_last"),
        _next_offer_ms.label("next_offer_ms"),
        segment.c.ended_ms.label("segment_ended_ms"),
        segment.c.bridged_ms,
        and_(call.c.lost == 1, segment.c.ended_by == "caller").label("lost"),
    )
    .join(call, call.c.id == offer.c.call_id)
    .join(segment, and_(segment.c.call_id == offer.c.call_id, segment.c.seq == offer.c.seq))
    .where(
        offer.c.recorded == 0,
        offer.c.status == ANSWERED,
        or_(segment.c.ended_ms.is_not(None), _next_offer_ms.is_not(None)),
        ~exists().where(
            recording.c.call_id == offer.c.call_id,
            recording.c.seq == offer.c.seq,
            recording.c.offer == offer.c.offer,
        ),
    )
    .order_by(offer.c.ended_ms)
)


def ended_talks(connection: Connection) -> list[EndedTalk]:
    """The answered talks that have ended and have no recording row, the oldest first."""
    talks = []
    for row in connection.execute(_TALKS):
        # An operator who picked up and was gone before the talk is followed by another offer in the same segment.
        ended_ms = row.segment_ended_ms if row.is_last else row.next_offer_ms or row.segment_ended_ms
        talks.append(
            EndedTalk(
                call=CallId(row.call_id),
                seq=row.seq,
                offer=row.offer,
                operator=None if row.operator_id is None else OperatorId(row.operator_id),
                group=None if row.group_id is None else GroupId(row.group_id),
                began_ms=row.ended_ms,
                ended_ms=max(row.ended_ms, ended_ms),
                bridged_ms=row.bridged_ms if row.is_last else 0,  # gone before the talk: nothing to record
                lost=bool(row.lost and row.is_last),
                file=row.file or "",
            )
        )
    return [_with_silences(connection, talk) for talk in talks]


def _with_silences(connection: Connection, talk: EndedTalk) -> EndedTalk:
    """The talk with what was seen of silence in it, and then when the two were connected."""
    query = select(gap.c.from_ms, gap.c.to_ms).where(
        gap.c.call_id == talk.call, gap.c.seq == talk.seq, gap.c.reason == GapReason.NO_SOUND.value
    )
    rows = connection.execute(query.order_by("from_ms")).all()
    follows_ms = [*(row.from_ms for row in rows[1:]), talk.ended_ms]  # for one whose end nobody was there to tell
    silent = tuple((row.from_ms, row.to_ms or after_ms) for row, after_ms in zip(rows, follows_ms, strict=False))
    if not silent:
        return talk
    spans = connection.execute(
        select(bridge.c.entered_ms, bridge.c.left_ms).where(bridge.c.call_id == talk.call).order_by("entered_ms")
    )
    connected = tuple(
        (max(row.entered_ms, talk.began_ms), min(row.left_ms or talk.ended_ms, talk.ended_ms))
        for row in spans
        if row.entered_ms < talk.ended_ms and (row.left_ms or talk.ended_ms) > talk.began_ms
    )
    return replace(talk, silent=silent, connected=connected)


def write_recording(connection: Connection, made: Recording, gaps: Sequence[Gap] = ()) -> None:
    """Write the row, over one of the same file, and say so in the audit log; the same again is nothing.

    The gaps are of the same transaction. Beside the row of another file that says the same call, seq and offer, under
    an offer that nobody can have made: nothing that was recorded is hidden by another recording.

    An unknown call (an orphan's) gets a bare row.
    """
    dialect = connection.dialect.name
    audit.take_turn(connection)  # what is disposed of by another at this moment does not come back
    kept = recordings_of(connection, made.call)
    made = replace(made, offer=_free_offer(kept, made))
    known = next((one for one in kept if one.file == made.file), None)
    if known == made or (known is not None and known.status is RecordingStatus.DISPOSED):
        return
    save_if_new(connection, unheard(made.call, made.made_ms).call)
    values = {_COLUMN_OF.get(name, name): value for name, value in asdict(made).items()}
    connection.execute(upsert(dialect, recording, _NAMES), values | {"status": made.status.value})
    key = (offer.c.call_id == made.call) & (offer.c.seq == made.seq) & (offer.c.offer == made.offer)
    connection.execute(update(offer).where(key).values(recorded=1))
    save(
        connection, [GapRow(made.call, one.seq, one.from_ms, one.to_ms, one.reason, one.by, one.detail) for one in gaps]
    )
    facts = {"status": made.status.value, "sha256": made.sha256, "bytes": made.bytes, "duration_ms": made.duration_ms}
    audit.append(connection, [Note("finaliser", "recording.kept", made.file, facts)], made.made_ms)


def _free_offer(kept: Sequence[Recording], made: Recording) -> int:
    """The offer under which this recording is kept: its own, unless another file with sound is there already."""
    same = next((one for one in kept if one.file == made.file), None)
    if same is not None:
        return same.offer
    taken = {one.offer for one in kept if one.seq == made.seq}
    return made.offer if made.offer not in taken else max(taken | {LARGEST_SEQ}) + 1


def _calls_named(file: str) -> list[str]:
    """The calls that a file's name may be of: with a mark behind segment and offer, and without."""
    return [file.rsplit("-", parts)[0] for parts in (2, 3)]


def recordings_of(connection: Connection, call_id: str) -> list[Recording]:
    """The recordings of one call, in the order of its talks."""
    query = (
        select(*RECORDING_COLUMNS).where(recording.c.call_id == call_id).order_by(recording.c.seq, recording.c.offer)
    )
    return [found for row in connection.execute(query) if (found := recording_of(row)) is not None]


def kept_recordings(
    connection: Connection, span: Span | None = None, call_id: str | None = None
) -> list[StoredRecording]:
    """Recordings that have a file, of calls that arrived in a span or of one call, with what the audit log says."""
    query = select(*RECORDING_COLUMNS).where(recording.c.path != "").order_by(recording.c.made_ms)
    if span is not None:
        query = query.join(call, call.c.id == recording.c.call_id)
        query = query.where(call.c.arrived_ms >= span.from_ms, call.c.arrived_ms < span.to_ms)
    if call_id is not None:
        query = query.where(recording.c.call_id == call_id)
    found = [made for row in connection.execute(query) if (made := recording_of(row)) is not None]
    hashes: dict[str, str] = {}
    for at in range(0, len(found), _PORTION):
        files = [made.file for made in found[at : at + _PORTION]]
        kept = select(audit_table.c.subject, audit_table.c.detail).where(
            audit_table.c.subject.in_(files), audit_table.c.kind == "recording.kept"
        )
        hashes |= {file: json.loads(detail)["sha256"] for file, detail in connection.execute(kept.order_by("seq"))}
    return [StoredRecording(made, hashes.get(made.file)) for made in found]


def made_since(connection: Connection, since_ms: int, after: str = "") -> list[Recording]:
    """The next portion of the rows of recordings and gaps made since an instant, after a file made at that instant."""
    later = or_(recording.c.made_ms > since_ms, and_(recording.c.made_ms == since_ms, recording.c.file > after))
    query = (
        select(*RECORDING_COLUMNS)
        .where(recording.c.made_ms >= since_ms, later)
        .order_by(recording.c.made_ms, recording.c.file)
        .limit(_PORTION)
    )
    return [made for row in connection.execute(query) if (made := recording_of(row)) is not None]


def known(connection: Connection, calls: Sequence[str]) -> set[tuple[str, int, int]]:
    """Call, segment and offer of every row of these calls."""
    key, found = (recording.c.call_id, recording.c.seq, recording.c.offer), set()
    for at in range(0, len(calls), _PORTION):
        rows = connection.execute(select(*key).where(recording.c.call_id.in_(calls[at : at + _PORTION])))
        found |= {(row.call_id, row.seq, row.offer) for row in rows}
    return found


def stored_in(connection: Connection, hour: str) -> list[Recording]:
    """Rows of recordings in one of the archive's folders, `2026/11/27/04`: of talks that began in that hour of UTC."""
    begun_ms = round(datetime.strptime(f"{hour} +0000", "%Y/%m/%d/%H %z").timestamp()) * 1000
    query = (
        select(*RECORDING_COLUMNS)
        .join(call, call.c.id == recording.c.call_id)
        .where(call.c.arrived_ms >= begun_ms - LONGEST_CALL_MS, call.c.arrived_ms < begun_ms + HOUR_MS)
        .where(recording.c.path.startswith(f"{hour}/", autoescape=True))
    )
    return [made for row in connection.execute(query) if (made := recording_of(row)) is not None]


def gaps_of(connection: Connection, call_id: str, seq: int) -> list[GapRow]:
    """The stretches of a segment's talk without a recording, in order."""
    query = select(*(gap.c[field.name] for field in fields(GapRow))).where(gap.c.call_id == call_id, gap.c.seq == seq)
    return [GapRow(*row) for row in connection.execute(query.order_by(gap.c.from_ms))]


def by_file(connection: Connection, file: str) -> Recording | None:
    """The row of a file's name."""
    of_call = recording.c.call_id.in_(_calls_named(file))
    row = connection.execute(select(*RECORDING_COLUMNS).where(of_call, recording.c.file == file)).first()
    return None if row is None else recording_of(row)


def by_key(connection: Connection, origin: tuple[str, int, int]) -> Recording | None:
    """The row of one call, segment and offer."""
    key = tuple_(recording.c.call_id, recording.c.seq, recording.c.offer) == tuple_(*map(literal, origin))
    row = connection.execute(select(*RECORDING_COLUMNS).where(key)).one_or_none()
    return None if row is None else recording_of(row)


def recording_of(values: Sequence[Any]) -> Recording | None:
    """A recording from the values of `RECORDING_COLUMNS`; None from an outer join that found none."""
    row = dict(zip(_NAMES, values, strict=True))
    if row["call_id"] is None:
        return None
    row["call"] = CallId(row.pop("call_id"))
    return Recording(**row | {"status": RecordingStatus(row["status"])})


_COLUMN_OF = {"call": "call_id"}
