"""`bailanys calls`: calls of this moment, one call's story, transfers, pauses of a recording, who is served first."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bailanys.cli.context import (
    DEFAULT_CONFIG,
    ConfigOption,
    JsonOption,
    WideOption,
    centre,
    length,
    say,
    say_json,
    show,
)
from bailanys.cli.controller import asked, within_an_hour
from bailanys.cli.listing import NOTHING
from bailanys.cli.person import person

if TYPE_CHECKING:
    from storage.ledger import CallStory


class UnknownCallError(Exception):
    """The ledger has no such call."""

    error_id = "unknown-call"
    retryable = False


class BadPriorityError(Exception):
    """What was typed is no number of seconds."""

    error_id = "bad-priority"
    retryable = False


LiveCall = Annotated[str, typer.Argument(help="Call id, as `calls list` shows it.")]
app = typer.Typer(
    help="Calls: those of this moment, one call's story, transfers, recording pauses.", no_args_is_help=True
)


@app.command("list")
def list_(config: ConfigOption = DEFAULT_CONFIG, as_json: JsonOption = False, wide: WideOption = False) -> None:
    """Show the calls of this moment: where each one is, for how long, with whom."""
    rows = asked(centre(config).settings, "GET /calls")["calls"]
    if not as_json:
        rows = [
            {
                "call": row["call"],
                "where": row["where"],
                "for": length(row["for_s"]),
                "with": row["operator"],
                "place": row["place"],
                "group": f"{row['group'] or NOTHING} ({row['language']})" if row["language"] else row["group"],
                "priority_s": row["priority_s"] or None,
            }
            for row in rows
        ]
    show(rows, as_json=as_json, title="Calls now", empty="No call at the moment.", wide=wide)


@app.command("show")
def show_(
    call: Annotated[str, typer.Argument(help="Call id.")],
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
) -> None:
    """Tell one call's story: what happened and when, with whom; `--json` for all that the ledger knows of it."""
    from bailanys.cli import call_story
    from bailanys.cli.ledger import ledger_of

    settings = centre(config).settings
    with ledger_of(settings) as ledger:
        story = asyncio.run(ledger.call_story(call))
    if story is None:
        raise UnknownCallError(f"no call {call} in the ledger")
    if as_json:
        say_json(_all_of(story))
        return
    zone = settings.hotline.time_zone
    show(call_story.lines(story, zone), as_json=False, title=call_story.title(story, zone))
    for title, rows in (
        ("Recordings", call_story.recordings(story)),
        ("Other numbers that came with it", call_story.identities(story)),
    ):
        if rows:
            say("")
            show(rows, as_json=False, title=title)


def _all_of(story: CallStory) -> dict[str, Any]:
    from dataclasses import asdict

    from storage.record import talked

    record = story.record
    return {
        "call": asdict(record.call),
        "identities": [asdict(row) for row in record.identities.values()],
        "segments": [asdict(row) for row in record.segments.values()],
        "offers": [asdict(row) for row in record.offers.values()],
        "ratings": [
            {**asdict(row), "others": [each for each in talked(record) if each != row.operator_id]}
            for row in record.ratings.values()
        ],
        "recordings": [asdict(row) for row in story.recordings],
        "gaps": [asdict(row) for row in record.gaps.values()],
        "steps": [asdict(row) for row in story.steps],
    }


@app.command()
def transfer(
    call: LiveCall,
    to: Annotated[str, typer.Option(help="Group's name or transfer number, or an operator's number.")],
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Transfer a talk to another group or operator; the caller is told first and keeps the waited time (rule 11)."""
    answer = asked(centre(config).settings, "POST /calls/{id}/transfer", call, {"to": to})
    say(f"Call {answer['call']}: on its way to {answer['to']}")


@app.command("three-way")
def three_way(
    call: LiveCall,
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Bring caller, operator and the colleague whom the operator asks together; the caller is told first (rule 11)."""
    answer = asked(centre(config).settings, "POST /calls/{id}/three-way", call)
    say(f"Call {answer['call']}: the colleague joins")


@app.command("pause-recording")
def pause_recording(
    call: LiveCall,
    reason: Annotated[str, typer.Option(help="For the ledger and the audit log, e.g. `card number`.")],
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Pause a talk's recording for what must not be recorded, as `*7` does; it goes on by itself (rule 14)."""
    settings, body = centre(config).settings, {"reason": reason}
    answer = asked(settings, "POST /calls/{id}/recording/pause", call, body, by=person())
    say(f"Call {answer['call']}: the recording is paused; it goes on by itself after {answer['most_s']} s")


@app.command("resume-recording")
def resume_recording(
    call: LiveCall,
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Have a paused recording go on, as `*8` does."""
    answer = asked(centre(config).settings, "POST /calls/{id}/recording/resume", call, by=person())
    say(f"Call {answer['call']}: the recording goes on")


@app.command()
def consult(
    call: LiveCall,
    to: Annotated[str, typer.Option(help="Group's name or transfer number, or an operator's number.")],
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Put the caller on hold and let the operator ask a colleague; then `join` or `take-back` (rule 11)."""
    answer = asked(centre(config).settings, "POST /calls/{id}/consult", call, {"to": to})
    say(f"Call {answer['call']}: on hold, its operator asks {answer['to']}")


@app.command()
def join(
    call: LiveCall,
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Give the caller to the colleague whom the operator asks; the caller is told first (rule 11)."""
    answer = asked(centre(config).settings, "POST /calls/{id}/join", call)
    say(f"Call {answer['call']}: on its way to the colleague")


@app.command("take-back")
def take_back(
    call: LiveCall,
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """End the question to a colleague: the caller stays with the operator."""
    answer = asked(centre(config).settings, "POST /calls/{id}/take-back", call)
    say(f"Call {answer['call']}: with operator {answer['operator']} again")


@app.command(context_settings={"ignore_unknown_options": True})  # `-60` is no option
def priority(
    call: LiveCall,
    seconds: Annotated[str, typer.Argument(help="`+60` or `-60`: more or fewer than now; `60`: so many; `0`: none.")],
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Let a caller count as waiting longer than they do, e.g. an elderly one; at once, for this call only."""
    if not seconds.removeprefix("+").removeprefix("-").isdecimal():
        raise BadPriorityError(f"{seconds!r}: write seconds, `+60`, `-60` or `60`")
    key = "by_s" if seconds[0] in "+-" else "to_s"
    body = {key: within_an_hour(int(seconds))}
    answer = asked(centre(config).settings, "POST /calls/{id}/priority", call, body, by=person())
    say(f"Call {answer['of']}: priority {answer['priority_s']} s")
