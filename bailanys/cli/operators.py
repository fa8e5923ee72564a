"""`bailanys operators`: who is there and serves what; ready, paused or skilled by the supervisor's hand."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from bailanys.cli.context import (
    DEFAULT_CONFIG,
    ONE_OF_LANGUAGES,
    ConfigOption,
    JsonOption,
    WideOption,
    centre,
    clock,
    say,
    show,
)
from bailanys.cli.controller import asked
from bailanys.cli.person import person

app = typer.Typer(
    help="Operators: list them, make one ready, pause one, end a wrap-up, change what one serves.", no_args_is_help=True
)


@app.command("list")
def list_(config: ConfigOption = DEFAULT_CONFIG, as_json: JsonOption = False, wide: WideOption = False) -> None:
    """Show what every operator serves, the state now, and why."""
    settings = centre(config).settings
    rows = asked(settings, "GET /operators")["operators"]
    if not as_json:
        rows = [_row(operator, settings.hotline.time_zone) for operator in rows]
    show(rows, as_json=as_json, title="Operators", wide=wide)


@app.command()
def ready(
    number: Annotated[str, typer.Argument(help="Operator's number.")], config: ConfigOption = DEFAULT_CONFIG
) -> None:
    """Make an operator ready, as `*1` on the phone does."""
    answer = asked(centre(config).settings, "POST /operators/{number}/ready", number)
    say(f"Operator {answer['operator']}: {answer['state']}")


@app.command()
def pause(
    number: Annotated[str, typer.Argument(help="Operator's number.")],
    reason: Annotated[str, typer.Option(help="Why; shown to supervisors and kept.")] = "break",
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Pause an operator, as `*2` on the phone does; a talk goes on."""
    answer = asked(centre(config).settings, "POST /operators/{number}/pause", number, {"reason": reason})
    say(f"Operator {answer['operator']}: {answer['state']}")


@app.command("wrap-up")
def wrap_up(
    number: Annotated[str, typer.Argument(help="Operator's number.")],
    extend: Annotated[bool, typer.Option("--extend/--end", help="Longer, as `*3` on the phone, or over at once.")],
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Make an operator's running wrap-up longer, or end it."""
    settings, body = centre(config).settings, {"do": "extend" if extend else "end"}
    answer = asked(settings, "POST /operators/{number}/wrap-up", number, body)
    until = clock(answer["until_ms"], settings.hotline.time_zone)
    say(f"Operator {answer['operator']}: wrap-up until {until}")


@app.command()
def skill(
    number: Annotated[str, typer.Argument(help="Operator's number.")],
    levels: Annotated[
        list[str] | None, typer.Argument(help="Groups to serve, each with a level 1 (best) to 5: `portal=2`.")
    ] = None,
    remove: Annotated[list[str] | None, typer.Option(help="A group to serve no longer.")] = None,
    speak: Annotated[list[str] | None, typer.Option(help=f"A language to serve: {ONE_OF_LANGUAGES}.")] = None,
    not_speak: Annotated[list[str] | None, typer.Option(help="A language to serve no longer.")] = None,
    reset: Annotated[bool, typer.Option("--reset", help="First forget every earlier change.")] = False,
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Change what an operator serves, while calls wait: who waits for it is offered to the operator at once.

    What is not named stays. Kept over any restart until `--reset`; the configuration is not written.
    """
    if not (levels or remove or speak or not_speak or reset):
        raise BadSkillError("nothing to change: name a group with its level (`portal=2`) or an option, see --help")
    change = {
        "levels": dict(_level(word) for word in levels or ()),
        "remove": remove or [],
        "add_languages": speak or [],
        "remove_languages": not_speak or [],
        "reset": reset,
    }
    answer = asked(centre(config).settings, "PATCH /operators/{number}", number, change, by=person())
    serves = ", ".join(f"{group} {level}" for group, level in answer["levels"].items())
    told = "" if answer["changed"] else " (as configured)"
    say(f"Operator {answer['operator']}: {serves}; {', '.join(answer['languages'])}{told}")


@app.command()
def password(
    number: Annotated[str, typer.Argument(help="Operator's number.")],
    new: Annotated[bool, typer.Option("--new", help="Make a new one: the phone needs it from then on.")] = False,
    print_: Annotated[bool, typer.Option("--print", help="Show it where nobody looks at a terminal, too.")] = False,
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
) -> None:
    """Show the SIP account of an operator's phone, or renew its password: an administrator's, and audited.

    A new one is taken by the running Asterisk at once; talks go on, and the phone needs it at its next call or
    registration.
    """
    import asyncio
    import sys

    from bailanys.cli.context import CACHE, ROOT
    from bailanys.cli.ledger import ledger_of
    from bailanys.cli.person import who
    from bailanys.site.accounts import must_be_operators, password_of, renewed, taken
    from calls.audit import Note
    from calls.people import Action
    from config.places import places_of
    from telephony.embedded import find_asterisk

    settings = centre(config).settings
    places = places_of(settings, ROOT)
    actor = who(settings, Action.HAND_OUT)
    must_be_operators(settings, number)
    if not (print_ or sys.stdout.isatty()):
        raise NoTerminalError("a password is shown at a terminal; with --print wherever it goes")
    kind = "operator.password-renewed" if new else "operator.password-shown"
    with ledger_of(settings, writing=True) as ledger:  # who cannot be kept in the log is shown nothing
        asyncio.run(ledger.audit.note(Note(actor, kind, number, {})))
    word = renewed(settings, places, number) if new else password_of(settings, places, number)
    up = asyncio.run(taken(find_asterisk(CACHE), places, number, word)) if new else False
    if as_json:
        show([{"account": f"op{number}", "password": word}], as_json=True)
        return
    say(f"account op{number}   password {word}")
    if new:
        say("Asterisk has taken it." if up else "Asterisk is not running, and takes it at its start.")


class NoTerminalError(Exception):
    """A secret would go where nobody may be looking."""

    error_id = "no-terminal"
    retryable = False


class BadSkillError(Exception):
    """What was typed is no change of skills."""

    error_id = "bad-skill"
    retryable = False


def _level(word: str) -> tuple[str, int]:
    group, _, level = word.partition("=")
    if level not in ("1", "2", "3", "4", "5"):
        raise BadSkillError(f"{word!r}: write the group and its level from 1 (best) to 5, e.g. {group or 'portal'}=2")
    return group, int(level)


def _row(operator: dict[str, Any], zone: str) -> dict[str, Any]:
    groups = [group if level == 1 else f"{group} {level}" for group, level in operator["levels"].items()]
    return {
        "no": operator["operator"],
        "name": operator["name"],
        "state": operator["state"],
        "until": clock(operator["until_ms"], zone),
        "reason": operator["reason"],
        "groups": groups,
        "languages": operator["languages"],
        "changed": operator["changed"] or None,
    }
