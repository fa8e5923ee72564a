"""`bailanys recordings`: the recording of a talk by date and phone number (rule 14)."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated, Any

import typer

from bailanys.cli import keys, recordings_keep, recordings_repair, recordings_retention
from bailanys.cli.context import (
    DEFAULT_CONFIG,
    ONE_OF_LANGUAGES,
    ROOT,
    ConfigOption,
    JsonOption,
    WideOption,
    centre,
    say,
    show,
)
from bailanys.cli.days import day_of, span_of, times_of
from bailanys.cli.person import who
from calls.people import Action
from calls.search import PAGE
from calls.store import StoreAwayError
from rating.scale import WORDS
from recordings.naming import SEALED, CopyKind
from storage.ledger import Ledger

app = typer.Typer(help="Recordings of talks.", no_args_is_help=True)


class FaultyRecordingsError(Exception):
    """Recordings were changed, cut, swapped or lost."""

    error_id = "faulty-recordings"
    retryable = False


recordings_keep.add_to(app)
recordings_retention.add_to(app)
keys.add_to(app)
recordings_repair.add_to(app)


@app.callback()
def recordings() -> None:
    """Find recordings of talks, hand them out, and look whether they are what they were."""


@app.command()
def find(
    date: Annotated[str, typer.Option(help="Local date of the call, YYYY-MM-DD or DD.MM.YYYY.")] = "",
    to_date: Annotated[str, typer.Option(help="Last local date, to search several.")] = "",
    hours: Annotated[
        str, typer.Option(help="Local times, 14:00-15:30, from on the first date, until on the last.")
    ] = "",
    phone: Annotated[
        str | None, typer.Option(help="The caller's number in any usual spelling, or several by commas.")
    ] = None,
    anonymous: Annotated[bool, typer.Option("--anonymous", help="Callers who withheld their number.")] = False,
    call: Annotated[str | None, typer.Option(help="The call's id.")] = None,
    operator: Annotated[str | None, typer.Option(help="The operator's number.")] = None,
    group: Annotated[str | None, typer.Option(help="The skill group.")] = None,
    language: Annotated[str | None, typer.Option(help=f"{ONE_OF_LANGUAGES}.")] = None,
    rating: Annotated[str, typer.Option(help=f"Given by the caller, {WORDS}, or a range: 1-2.")] = "",
    length: Annotated[str, typer.Option(help="Of the recording in seconds, a range: 60-300 or 600-.")] = "",
    page: Annotated[int, typer.Option(min=1, help=f"Which {PAGE} of the hits.")] = 1,
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
    wide: WideOption = False,
) -> None:
    """Find the recordings of talks by local date and number, and by all else; doubtful hits are marked as such."""
    from bailanys.cli.ledger import ledger_of
    from bailanys.cli.recordings_shown import show_hits
    from config.places import places_of
    from recordings.access.hits import row
    from recordings.access.search import Asked, look
    from recordings.vault.vault import Vault

    settings = centre(config).settings
    zone = settings.hotline.time_zone
    first = day_of(date, zone) if date or call is None else None
    asked = Asked(
        zone=zone,
        first=first,
        last=day_of(to_date, zone) if to_date else first,
        phone=phone,
        anonymous=anonymous,
        call=call,
        operator=operator,
        group=group,
        language=language,
        rating=span_of(rating, "rating"),
        length_s=span_of(length, "length"),
        hours=times_of(hours),
        after=(page - 1) * PAGE,
    )
    with ledger_of(settings) as ledger:
        found, covered = asyncio.run(look(ledger, asked))
    store = Vault(places_of(settings, ROOT)).store
    if len(found) == PAGE:
        say(f"There may be more: --page {page + 1}", err=as_json)
    if as_json:
        show([row(hit, store.place_of) for hit in found], as_json=True)
        return
    show_hits(found, zone, wide=wide)
    if not found:
        say("No talk found.")
    if covered is not None:
        gaps = ", ".join(f"{count} {status}" for status, count in sorted(covered.gaps.items())) or "none"
        say(
            f"All talks of these dates: {covered.talks}; recorded {covered.recorded}, not finished yet "
            f"{covered.unfinished}, gaps: {gaps}"
        )


@app.command()
def verify(
    call: Annotated[str | None, typer.Option(help="Of one call.")] = None,
    date: Annotated[str, typer.Option(help="Of the calls of one local date.")] = "",
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
) -> None:
    """Open and decode recordings, all if none is named, and hold them against the ledger and the audit log."""
    from rich.console import Console
    from rich.progress import Progress

    from bailanys.cli.ledger import ledger_of
    from calls.audit import Note
    from calls.local_day import local_day
    from config.places import places_of
    from recordings.access.export import recordings_of
    from recordings.access.verify import verified
    from recordings.vault.keyring import ring_at
    from recordings.vault.vault import Vault

    settings = centre(config).settings
    actor = who(settings, Action.VERIFY)
    places, zone = places_of(settings, ROOT), settings.hotline.time_zone
    span = local_day(day_of(date, zone), zone) if date else None
    with ledger_of(settings, writing=True) as ledger:
        if call is not None:
            asyncio.run(recordings_of(ledger, call))  # that there are none must not look like all being well
        rows = asyncio.run(ledger.recordings.kept(span, call))
        if any(row.recording.path.endswith(SEALED) for row in rows):
            ring_at(places.keys)  # keys that are away must not look like recordings that were changed
        with Progress(console=Console(stderr=True), transient=True, disable=as_json) as progress:
            looked = progress.track(
                verified(Vault(places).store, places.keys, rows), len(rows), description="recordings"
            )
            told_of = [verdict for verdict in looked if verdict.faults or verdict.away]
        bad, away = ([one for one in told_of if one.faults], [one for one in told_of if one.away])
        about: dict[str, str | int | None] = {
            "recordings": len(rows),
            "faults": len(bad),
            "not_reached": len(away),
            "call": call or "",
            "date": date,
        }
        asyncio.run(ledger.audit.note(Note(actor, "recordings.verified", call or date or "archive", about)))
    told = [
        {"recording": one.file, "path": one.path, "faults": one.faults if as_json else "; ".join(one.faults)}
        for one in bad
    ]
    said = f"{len(rows) - len(away)} recordings looked at, all as they were put there."
    show(told, as_json=as_json, title="Recordings that are not what they were", empty=said)
    if bad:
        raise FaultyRecordingsError(f"{len(bad)} of {len(rows)} recordings are not what they were put there as")
    if away:
        raise StoreAwayError(f"{len(away)} of {len(rows)} recordings could not be looked at: {away[0].away}")


@app.command()
def export(
    call: Annotated[str, typer.Argument(help="The call's id, as `find` shows it.")],
    reason: Annotated[str, typer.Option(help="Why; kept in the audit log with your name.")],
    to: Annotated[Path, typer.Option(help="An existing folder.", exists=True, file_okay=False)] = Path(),
    form: Annotated[CopyKind, typer.Option("--format", help="flac and wav hold every sample.")] = CopyKind.WAV,
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
) -> None:
    """Write copies of a call's recordings, one for each talk: left the caller, right the operator."""
    from bailanys.cli.ledger import ledger_of
    from config.places import places_of
    from recordings.access.export import hand_out, recordings_of

    settings = centre(config).settings
    places, actor = places_of(settings, ROOT), who(settings, Action.EXPORT)

    async def copies(ledger: Ledger) -> list[dict[str, Any]]:
        return [
            {
                "file": str(await hand_out(ledger, places, recording, form, to, actor, reason)),
                "length_s": round(recording.duration_ms / 1000, 1),
                "segment": recording.seq,
                "flac_sha256": recording.sha256,
            }
            for recording in await recordings_of(ledger, call)
        ]

    with ledger_of(settings, writing=True) as ledger:
        rows = asyncio.run(copies(ledger))
    show(rows, as_json=as_json, title=f"Copies of {call}")
