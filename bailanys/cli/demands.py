"""`bailanys demands`: an authorised body's demand for recordings, from its receipt to its delivery (rule 14)."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from bailanys.cli.context import DEFAULT_CONFIG, ROOT, ConfigOption, JsonOption, centre, show
from bailanys.cli.days import day_of, instant_of
from bailanys.cli.person import who
from calls.demand import Authority, Kind, State, Step
from calls.local_day import local_time
from calls.people import People

if TYPE_CHECKING:
    from bailanys.demands import DemandDesk
    from bailanys.site import Places
    from storage.find import FoundRecording
    from storage.register import Register

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
    phone: Annotated[str, typer.Option(help="The caller's number as the letter writes it.")],
    received: Annotated[str, typer.Option(help="Local instant of receipt, 2026-11-22T14:05; else now.")] = "",
    scan: Annotated[Path | None, typer.Option(help="The letter's scan: its hash is kept.", dir_okay=False)] = None,
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
) -> None:
    """Enter a demand and search at once; what is found is on hold from then on."""
    zone = _zone(config)
    received_ms, day = instant_of(received, zone), day_of(date, zone)
    digest = hashlib.sha256(scan.read_bytes()).hexdigest() if scan is not None else None

    async def work(desk: DemandDesk, _: Register, __: Places) -> None:
        clerk = who(centre(config).settings)
        entered = await desk.enter(authority, letter, ground, day, phone, received_ms, clerk, digest)
        if not as_json:
            until = local_time(entered.state.demand.deadline_ms, zone)
            typer.echo(f"{entered.state.demand.id} is entered; to be handed over by {until:%Y-%m-%d %H:%M:%S}")
        _show_found(entered.state, entered.found, zone, as_json=as_json)

    _at_desk(config, work)


@app.command("list")
def list_(
    every: Annotated[bool, typer.Option("--all", help="Closed ones, too.")] = False,
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
) -> None:
    """Show the open demands, each with the time that is left."""

    async def work(_: DemandDesk, register: Register, __: Places) -> None:
        now_ms = await register.now_ms()
        rows = [_row(state, now_ms, _zone(config)) for state, _ in await register.all(only_open=not every)]
        show(rows, as_json=as_json, title="Demands", empty="No demand is open.")

    _at_desk(config, work)


@app.command("show")
def show_(demand: DemandId, config: ConfigOption = DEFAULT_CONFIG, as_json: JsonOption = False) -> None:
    """Show one demand and everything that was done about it."""
    zone = _zone(config)

    async def work(_: DemandDesk, register: Register, __: Places) -> None:
        state, steps = await register.of(demand)
        now_ms = await register.now_ms()
        if as_json:
            show([_row(state, now_ms, zone) | {"steps": [_step(step, zone) for step in steps]}], as_json=True)
            return
        show([_row(state, now_ms, zone)], as_json=False)
        show([_step(step, zone) for step in steps], as_json=False, title="What was done", empty="Nothing yet.")

    _at_desk(config, work)


@app.command()
def search(demand: DemandId, config: ConfigOption = DEFAULT_CONFIG, as_json: JsonOption = False) -> None:
    """Search again, e.g. once the last recordings of the day are finished."""

    async def work(desk: DemandDesk, _: Register, __: Places) -> None:
        entered = await desk.search(demand, who(centre(config).settings))
        _show_found(entered.state, entered.found, _zone(config), as_json=as_json)

    _at_desk(config, work)


@app.command()
def listen(
    demand: DemandId,
    file: Annotated[str, typer.Argument(help="The recording, as `show` names it.")],
    reason: Annotated[str, typer.Option(help="Why; kept in the audit log with your name.")],
    to: Annotated[Path, typer.Option(help="An existing folder.", exists=True, file_okay=False)] = Path(),
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Write a copy to listen to (Opus, in stereo: left the caller, right the operator)."""

    async def work(desk: DemandDesk, _: Register, places: Places) -> None:
        typer.echo(await desk.listen(demand, file, who(centre(config).settings), reason, places, to))

    _at_desk(config, work)


@app.command()
def select(
    demand: DemandId,
    files: Files = None,
    none: Annotated[bool, typer.Option("--none", help="No recording is meant: that is an answer, too.")] = False,
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Say which of the recordings found are meant."""
    if bool(files) is none:
        raise typer.BadParameter("name the recordings that are meant, or say --none")
    _do(config, demand, Kind.SELECTED, files or [], "", f"{len(files or [])} selected; another person approves now")


@app.command()
def approve(demand: DemandId, config: ConfigOption = DEFAULT_CONFIG) -> None:
    """Approve the selection; the person who selected cannot."""
    _do(config, demand, Kind.APPROVED, [], "", "approved")


@app.command("break-glass")
def break_glass(
    demand: DemandId,
    reason: Annotated[str, typer.Option(help="Why nobody else can approve; stays on the report.")],
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Approve alone, from the fourth hour on, when nobody else is there."""
    _do(config, demand, Kind.BROKE_GLASS, [], reason, "approved by one person alone; this stays on the report")


@app.command()
def package(demand: DemandId, config: ConfigOption = DEFAULT_CONFIG) -> None:
    """Pack what was approved: audio, protocol in Kazakh and Russian, proof, and a verifier; signed."""
    zone = _zone(config)

    async def work(desk: DemandDesk, _: Register, places: Places) -> None:
        from bailanys.packing import pack

        target, state = await pack(desk, demand, who(centre(config).settings), places, zone)
        typer.echo(f"{target}\nsha256 {state.package_sha256}\nCheck it anywhere: unzip it and run `python3 verify.py`")

    _at_desk(config, work)


@app.command()
def deliver(
    demand: DemandId,
    to: Annotated[str, typer.Option(help="Who received the package.")],
    way: Annotated[str, typer.Option(help="How: courier, by hand, the state's mail system...")],
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Say that the package was handed over: only this stops the clock."""
    _do(config, demand, Kind.DELIVERED, [], f"to {to}, by {way}", "delivered")


@app.command()
def withdraw(
    demand: DemandId,
    letter: Annotated[str, typer.Option(help="The letter by which the authority withdrew it.")],
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Close a demand that the authority itself has withdrawn."""
    _do(config, demand, Kind.WITHDRAWN, [], letter, "withdrawn")


def _do(config: Path, demand: str, kind: Kind, files: list[str], detail: str, said: str) -> None:
    async def work(desk: DemandDesk, register: Register, _: Places) -> None:
        from bailanys.demands import time_left

        state = await desk.do(demand, kind, who(centre(config).settings), files, detail)
        left_ms = state.demand.deadline_ms - (state.closed_ms or await register.now_ms())
        typer.echo(f"{demand}: {said}; {time_left(left_ms)}")

    _at_desk(config, work)


def _at_desk(config: Path, work: Callable[[DemandDesk, Register, Places], Awaitable[T]]) -> T:
    from bailanys.cli.books import ledger_of
    from bailanys.demands import DemandDesk
    from bailanys.site import places_of
    from storage.register import Register

    settings = centre(config).settings

    async def at_work() -> T:
        register = Register(ledger.engine)
        desk = DemandDesk(register, ledger, settings.hotline.time_zone, People(settings.people))
        return await work(desk, register, places_of(settings, ROOT))

    with ledger_of(settings) as ledger:
        return asyncio.run(at_work())


def _zone(config: Path) -> str:
    return centre(config).settings.hotline.time_zone


def _show_found(state: State, found: list[FoundRecording], zone: str, *, as_json: bool) -> None:
    rows = [
        {
            "file": hit.recording.file if hit.recording else None,
            "match": hit.match,
            "day": hit.day,
            "arrived": f"{local_time(hit.arrived_ms, zone):%Y-%m-%d %H:%M:%S%z}",
            "phone": hit.caller_key,
            "operator": hit.operator_id,
            "status": hit.recording.status.value if hit.recording else "not finished yet",
            "length_s": round(hit.recording.duration_ms / 1000, 1) if hit.recording else None,
        }
        for hit in found
    ]
    if as_json:
        show([{"demand": state.demand.id, "deadline_ms": state.demand.deadline_ms, "found": rows}], as_json=True)
    else:
        empty = f"No talk found on {state.demand.day} of {state.demand.phone}: `select --none` answers so."
        show(rows, as_json=False, title=f"Found for {state.demand.id}", empty=empty)


def _row(state: State, now_ms: int, zone: str) -> dict[str, Any]:
    from bailanys.demands import time_left

    demand = state.demand
    stands = "delivered" if state.in_time is not None else "withdrawn" if state.withdrawn else "to be selected"
    if state.closed_ms is None and state.selected is not None:
        stands = "to be approved"
    if state.closed_ms is None and state.approved_by:
        stands = "to be delivered" if state.package_sha256 else "to be packed"
    return {
        "demand": demand.id,
        "authority": demand.authority.value,
        "letter": demand.letter,
        "date": demand.day,
        "phone": demand.phone,
        "received": f"{local_time(demand.received_ms, zone):%Y-%m-%d %H:%M}",
        "deadline": f"{local_time(demand.deadline_ms, zone):%Y-%m-%d %H:%M}",
        "clock": time_left(demand.deadline_ms - (state.closed_ms or now_ms)),
        "stands": stands,
        "found": len(state.found),
        "selected": None if state.selected is None else len(state.selected),
    }


def _step(step: Step, zone: str) -> dict[str, Any]:
    return {
        "at": f"{local_time(step.at_ms, zone):%Y-%m-%d %H:%M:%S}",
        "who": step.actor,
        "what": step.kind.value,
        "files": ", ".join(step.files) or None,
        "said": step.detail or None,
    }
