"""Puts the commands together, and turns errors into one line and an exit status."""

from __future__ import annotations

import signal
import sys
from typing import Annotated

import typer

from bailanys.cli import (
    alarms,
    audit,
    backup,
    callbacks,
    calls,
    database,
    demands,
    dialplan,
    groups,
    guesses,
    operators,
    prompts,
    ratings,
    recordings,
    reload,
    service,
    simulate,
    staffing,
    statistics,
    target,
    tokens,
)
from bailanys.cli.context import say
from bailanys.cli.terminal import make_ready
from config.visible_text import shown
from storage.errors import in_one_line

EPILOG = "Exit status: 0 done, 1 refused or failed, 2 wrong usage or configuration; see docs/commands.md."


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        say(f"bailanys {version('bailanys')}")
        raise typer.Exit


app = typer.Typer(
    name="bailanys",
    help="The telephony engine of the 1414 hotline, on Asterisk.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


@app.callback(help="The telephony engine of the 1414 hotline, on Asterisk.", epilog=EPILOG)
def bailanys(
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_version, help="Print the version, and end.")
    ] = False,
) -> None:
    """Every command's own options come after its name."""


service.add_to(app)
backup.add_to(app)
reload.add_to(app)
statistics.add_to(app)
ratings.add_to(app)
target.add_to(app)
alarms.add_to(app)
staffing.add_to(app)
simulate.add_to(app)
app.add_typer(operators.app, name="operators")
app.add_typer(groups.app, name="groups")
app.add_typer(calls.app, name="calls")
app.add_typer(callbacks.app, name="callbacks")
app.add_typer(guesses.app, name="guesses")
app.add_typer(recordings.app, name="recordings")
app.add_typer(demands.app, name="demands")
app.add_typer(audit.app, name="audit")
app.add_typer(dialplan.app, name="dialplan")
app.add_typer(prompts.app, name="prompts")
app.add_typer(database.app, name="db")
app.add_typer(tokens.app, name="tokens")

BAD_CONFIGURATION = 2
FAILED = 1
READER_GONE = 128 + signal.SIGPIPE
"""As a shell says it of a program that such a pipe ends, e.g. before `head`."""
LEDGER_AWAY = "ledger-unavailable"
DATABASE_ERRORS = ("OperationalError", "InterfaceError", "DatabaseError")
"""Of SQLAlchemy, which most commands need not load: what a database that is away or damaged causes."""
SEE = "`bailanys check` says where it should be, and what to do"
CONFIGURATION_ERRORS = ("configuration", "missing-prompt", "unknown-prompt", "unreadable-sound")


def main() -> None:
    """Run the command line. A user's mistake is one line on standard error, never a traceback."""
    make_ready()
    try:
        app()
    except SystemExit as ended:
        if isinstance(ended.__context__, BrokenPipeError):  # typer's and rich's way: whoever read has seen enough
            sys.exit(READER_GONE)
        raise
    except KeyboardInterrupt:
        sys.exit(130)
    except TimeoutError:
        raise  # nothing that a person did: a bug, or a hotline that does not do its part
    except OSError as error:
        where = f" ({error.filename})" if error.filename else ""
        _fail(f"{error.strerror or error}{where}", FAILED)
    except Exception as error:
        # Errors that are meant for the person carry an id; anything else is a bug and keeps its traceback.
        if type(error).__module__ == "sqlalchemy.exc" and type(error).__name__ in DATABASE_ERRORS:
            _fail(f"The ledger is away: {in_one_line(str(error.__cause__ or error))}; {SEE}", FAILED)
        if not hasattr(error, "error_id"):
            raise
        said = f"The ledger is away: {error}; {SEE}" if error.error_id == LEDGER_AWAY else str(error)
        _fail(said, BAD_CONFIGURATION if error.error_id in CONFIGURATION_ERRORS else FAILED)


def _fail(message: str, status: int) -> None:
    for line in message.splitlines():
        print(shown(line), file=sys.stderr)
    sys.exit(status)
