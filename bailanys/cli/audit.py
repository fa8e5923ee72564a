"""`bailanys audit`: what was done with recordings and demands, and that nobody changed what is written of it."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path
from typing import Annotated

import typer

from bailanys.cli.context import DEFAULT_CONFIG, ROOT, ConfigOption, JsonOption, WideOption, centre, say, show
from bailanys.cli.listing import text_of
from bailanys.cli.person import who
from calls.audit import Fault
from calls.local_day import local_time
from calls.people import Action

app = typer.Typer(help="The audit log of recordings and demands.", no_args_is_help=True)


class AuditFaultsError(Exception):
    """The audit log is not what was written."""

    error_id = "audit-faults"
    retryable = False


@app.command("list")
def list_(
    subject: Annotated[str, typer.Argument(help="A recording's name, or a demand's id.")],
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
    wide: WideOption = False,
) -> None:
    """Show all that was done with one recording or demand, and by whom."""
    from bailanys.cli.ledger import ledger_of

    settings = centre(config).settings
    zone = settings.hotline.time_zone
    with ledger_of(settings) as ledger:
        entries = asyncio.run(ledger.audit.of(subject))
    rows = [
        {
            "entry": entry.seq,
            **({"at_ms": entry.at_ms} if as_json else {"at": f"{local_time(entry.at_ms, zone):%Y-%m-%d %H:%M:%S%z}"}),
            "who": entry.actor,
            "what": entry.kind,
            "detail": json.loads(entry.detail) if as_json else _in_words(entry.detail),
        }
        for entry in entries
    ]
    nothing = f"Nothing is known of {subject!r}."
    show(rows, as_json=as_json, title=f"What was done with {subject}", empty=nothing, wide=wide)


@app.command()
def verify(config: ConfigOption = DEFAULT_CONFIG, as_json: JsonOption = False) -> None:
    """Go through the whole log and its signed checkpoints: an edit, a cut, a reorder or an old copy is found."""
    from rich.console import Console
    from rich.progress import Progress

    from bailanys.cli.ledger import ledger_of
    from config.places import places_of
    from recordings.upkeep.audit_checkpoints import log_faults, read
    from recordings.vault.signing import signer_at
    from storage import audit
    from storage.engine import reading

    settings = centre(config).settings
    places = places_of(settings, ROOT)
    signed = places.checkpoints.exists()
    written = read(places.checkpoints, signer_at(places.signing_key).public_key if signed else "")
    with (
        ledger_of(settings) as ledger,
        reading(ledger.engine).connect() as connection,
        Progress(console=Console(stderr=True), transient=True, disable=as_json) as progress,
    ):
        end = audit.last(connection)
        task = progress.add_task("entries", total=end.seq if end else 0)
        found = list(
            log_faults(
                audit.entries(connection),
                written,
                time.time_ns() // 1_000_000,
                lambda seq: progress.update(task, completed=seq),
            )
        )
    _tell(found, end.seq if end else 0, len(written.points), places.checkpoints, as_json=as_json)


@app.command("begin-anew")
def begin_anew(
    reason: Annotated[str, typer.Option(help="What was lost; kept in the audit log with your name.")],
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Sign the log from here on, when the signing key or the file of checkpoints is lost for good.

    A key that is there is kept. What was signed before can be checked only by the old public key, and is put aside.
    """
    from bailanys.cli.ledger import ledger_of
    from config.places import places_of
    from recordings.access.export import reason_of
    from recordings.upkeep.checkpoints_anew import checkpoints_anew

    settings = centre(config).settings
    places, actor, reason = places_of(settings, ROOT), who(settings, Action.SIGN_ANEW), reason_of(reason)
    with ledger_of(settings, writing=True) as ledger:
        public_key = asyncio.run(checkpoints_anew(ledger, places, actor, reason))
    say(f"{places.checkpoints} is begun anew, signed by {public_key}: publish that key, back up its file")


def _in_words(detail: str) -> str:
    """What is noted beside, for a person: `format: wav, reason: a complaint`."""
    facts: dict[str, object] = json.loads(detail)
    return ", ".join(f"{name.replace('_', ' ')}: {text_of(value)}" for name, value in facts.items() if text_of(value))


def _tell(found: list[Fault], entries: int, points: int, path: Path, *, as_json: bool) -> None:
    rows = [{"entry": fault.seq, "fault": fault.what} for fault in found]
    if as_json or rows:
        show(rows, as_json=as_json, title="The audit log is not what was written")
    if rows:
        raise AuditFaultsError(f"{len(rows)} faults in the audit log: keep it as it is, and find out who had access")
    if not as_json:
        say(f"{entries} entries, all as they were written; {points} signed checkpoints in {path}")
