"""`bailanys demands`: an authorised body's demand for recordings, from its receipt to its delivery (rule 14)."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from bailanys.cli.context import DEFAULT_CONFIG, ROOT, ConfigOption, JsonOption, WideOption, centre, say, show
from bailanys.cli.days import day_of, instant_of
from bailanys.cli.person import who
from calls.demand import Also, Authority, StepKind
from calls.local_day import local_time
from calls.people import People
from config.ownership import as_caller
from config.whole_file import write_whole

if TYPE_CHECKING:
    from config.places import Places
    from demands.desk import DemandDesk
    from storage.demands import Register

app = typer.Typer(help="Demands for recordings: four hours from receipt to delivery.", no_args_is_help=True)

T = TypeVar("T")
DemandId = Annotated[str, typer.Argument(metavar="DEMAND", help="Its id, as `list` shows it: D-2026-0001.")]
Files = Annotated[list[str] | None, typer.Argument(help="Recordings, as `show` names them.")]


@app.command()
def add(
    authority: Annotated[Authority, typer.Option(help="Which of the two authorised bodies demands.")],
    letter: Annotated[str, typer.Option(help="Number and date of its letter.")],
    ground: Annotated[str, typer.Option(help="The legal ground that it names.")],
    date: Annotated[str, typer.Option(help="Local date of the talk, YYYY-MM-DD or DD.MM.YYYY.")],
    phone: Annotated[str, typer.Option(help="The caller's number as the letter writes it, or several.")],
    received: Annotated[str, typer.Option(help="Local instant of receipt, 2026-11-22T14:05; else now.")] = "",
    scan: Annotated[Path | None, typer.Option(help="The letter's scan: its hash is kept.", dir_okay=False)] = None,
    confirm_dates: Annotated[
        bool,
        typer.Option(
            "--confirm-dates",
            help="The dates are right, though it was received over 24 hours ago, or 365 days after the talk.",
        ),
    ] = False,
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
) -> None:
    """Enter a demand and search at once; what is found is on hold from then on."""
    zone = _zone(config)
    if not date.strip():  # elsewhere it is today; a letter names a date
        raise typer.BadParameter("name the date of the talk")
    received_ms, day = instant_of(received, zone), day_of(date, zone)
    with as_caller():
        digest = hashlib.sha256(scan.read_bytes()).hexdigest() if scan is not None else None

    async def work(desk: DemandDesk, _: Register, __: Places) -> None:
        from bailanys.cli.demands_shown import show_found

        clerk = who(centre(config).settings)
        entered = await desk.enter(
            authority, letter, ground, day, phone, received_ms, clerk, digest, confirm_dates=confirm_dates
        )
        if not as_json:
            until = local_time(entered.state.demand.deadline_ms, zone)
            say(f"{entered.state.demand.id} is entered; to be handed over by {until:%Y-%m-%d %H:%M:%S}")
        show_found(entered.state, entered.found, zone, as_json=as_json)

    _at_desk(config, work)


@app.command("list")
def list_(
    every: Annotated[bool, typer.Option("--all", help="Closed ones, too.")] = False,
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
    wide: WideOption = False,
) -> None:
    """Show the open demands, each with the time that is left."""

    async def work(_: DemandDesk, register: Register, __: Places) -> None:
        from bailanys.cli.demands_shown import show_list

        now_ms = await register.now_ms()
        known = await register.all(only_open=not every)
        show_list(known, now_ms, _zone(config), as_json=as_json, wide=wide)

    _at_desk(config, work, writing=False)


@app.command("show")
def show_(demand: DemandId, config: ConfigOption = DEFAULT_CONFIG, as_json: JsonOption = False) -> None:
    """Show one demand and everything that was done about it."""
    zone = _zone(config)

    async def work(desk: DemandDesk, _: Register, __: Places) -> None:
        from bailanys.cli.demands_shown import show_one

        case = await desk.case(demand)
        show_one(case.state, case.steps, case.hits, case.now_ms, zone, as_json=as_json)

    _at_desk(config, work, writing=False)


@app.command()
def search(demand: DemandId, config: ConfigOption = DEFAULT_CONFIG, as_json: JsonOption = False) -> None:
    """Search again, e.g. once the last recordings of the day are finished."""

    async def work(desk: DemandDesk, _: Register, __: Places) -> None:
        from bailanys.cli.demands_shown import show_found

        entered = await desk.search(demand, who(centre(config).settings))
        show_found(entered.state, entered.found, _zone(config), as_json=as_json)

    _at_desk(config, work)


@app.command()
def listen(
    demand: DemandId,
    file: Annotated[str, typer.Argument(help="The recording, as `show` names it.")],
    reason: Annotated[str, typer.Option(help="Why; kept in the audit log with your name.")],
    to: Annotated[Path, typer.Option(help="An existing folder.", exists=True, file_okay=False)] = Path(),
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
) -> None:
    """Write a copy to listen to (Opus, in stereo: left the caller, right the operator)."""

    async def work(desk: DemandDesk, _: Register, places: Places) -> None:
        copy = await desk.listen(demand, file, who(centre(config).settings), reason, places, to)
        if as_json:
            show([{"file": str(copy)}], as_json=True)
        else:
            say(copy)

    _at_desk(config, work)


@app.command()
def select(
    demand: DemandId,
    files: Files = None,
    none: Annotated[bool, typer.Option("--none", help="No recording is meant: that is an answer, too.")] = False,
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
) -> None:
    """Say which of the recordings found are meant."""
    if bool(files) is none:
        raise typer.BadParameter("name the recordings that are meant, or say --none")
    _do(
        config,
        demand,
        StepKind.SELECTED,
        files or [],
        "",
        f"{len(files or [])} selected; another person approves now",
        as_json=as_json,
    )


@app.command()
def approve(demand: DemandId, config: ConfigOption = DEFAULT_CONFIG, as_json: JsonOption = False) -> None:
    """Approve the selection; the person who selected cannot."""
    _do(config, demand, StepKind.APPROVED, [], "", "approved", as_json=as_json)


@app.command("break-glass")
def break_glass(
    demand: DemandId,
    reason: Annotated[str, typer.Option(help="Why nobody else can approve; stays on the report.")],
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
) -> None:
    """Approve alone, from the fourth hour on, when nobody else is there."""
    _do(
        config,
        demand,
        StepKind.BROKE_GLASS,
        [],
        reason,
        "approved by one person alone; this stays on the report",
        as_json=as_json,
    )


@app.command()
def package(
    demand: DemandId,
    also: Annotated[list[Also] | None, typer.Option(help="What lies beside the WAV of each recording.")] = None,
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
) -> None:
    """Pack what was approved: audio, protocol in Kazakh and Russian, proof, and a verifier; signed."""
    zone = _zone(config)

    async def work(desk: DemandDesk, _: Register, places: Places) -> None:
        from demands.package import pack

        target, state = await pack(desk, demand, who(centre(config).settings), places, zone, also or ())
        if as_json:
            show([{"demand": demand, "package": str(target), "sha256": state.package_sha256}], as_json=True)
            return
        say(f"{target}\nsha256 {state.package_sha256}\nCheck it anywhere with the verifier (`demands verifier`)")

    _at_desk(config, work)


@app.command()
def verifier(
    to: Annotated[
        Path | None, typer.Option(help="An existing folder to write the program to.", exists=True, file_okay=False)
    ] = None,
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
) -> None:
    """Show what an authority checks packages by, to be published apart from them: program, its hash, the public key.

    The one in a package is as good as the package: who changed that can have changed it, too.
    """
    from config.places import places_of
    from demands.verifier import VERIFIER, verifier_sha256
    from recordings.vault.vault import Vault

    key = Vault(places_of(centre(config).settings, ROOT)).signer().public_key
    file = VERIFIER if to is None else to / VERIFIER.name
    if to is not None:
        with as_caller():
            write_whole(file, VERIFIER.read_bytes())  # half of one must not be published
    row = {"file": str(file), "sha256": verifier_sha256(), "public_key": key}
    if as_json:
        show([row], as_json=True)
        return
    say(f"{file}\nsha256 {row['sha256']}\nkey    {key}")
    say("Publish all three where an authority finds them without us: on the centre's site, in a letter.")


@app.command()
def deliver(
    demand: DemandId,
    to: Annotated[str, typer.Option(help="Who received the package.")],
    way: Annotated[str, typer.Option(help="How: courier, by hand, the state's mail system...")],
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
) -> None:
    """Say that the package was handed over: only this stops the clock."""
    from demands.desk import handed_over

    _do(config, demand, StepKind.DELIVERED, [], handed_over(to, way), "delivered", as_json=as_json)


@app.command()
def withdraw(
    demand: DemandId,
    letter: Annotated[str, typer.Option(help="The letter by which the authority withdrew it.")],
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
) -> None:
    """Close a demand that the authority itself has withdrawn."""
    _do(config, demand, StepKind.WITHDRAWN, [], letter, "withdrawn", as_json=as_json)


def _do(config: Path, demand: str, kind: StepKind, files: list[str], detail: str, said: str, *, as_json: bool) -> None:
    async def work(desk: DemandDesk, register: Register, _: Places) -> None:
        from bailanys.cli.demands_shown import clock, for_program

        state = await desk.do(demand, kind, who(centre(config).settings), files, detail)
        now_ms = await register.now_ms()
        if as_json:
            show([for_program(*await register.of(demand), now_ms)], as_json=True)
        else:
            say(f"{demand}: {said}; {clock(state, now_ms)}")

    _at_desk(config, work)


def _at_desk(config: Path, work: Callable[[DemandDesk, Register, Places], Awaitable[T]], *, writing: bool = True) -> T:
    from bailanys.cli.ledger import ledger_of
    from config.places import places_of
    from demands.desk import DemandDesk
    from storage.demands import Register

    settings = centre(config).settings

    async def at_work() -> T:
        register = Register(ledger.engine)
        desk = DemandDesk(register, ledger, settings.hotline.time_zone, People(settings.people))
        return await work(desk, register, places_of(settings, ROOT))

    with ledger_of(settings, writing=writing) as ledger:
        return asyncio.run(at_work())


def _zone(config: Path) -> str:
    return centre(config).settings.hotline.time_zone
