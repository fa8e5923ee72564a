"""Demands over the HTTP API: the same desk as at the command line, the token's name for the person."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from pathlib import Path
from typing import TypeVar

from bailanys.api.audit_once import AuditOnce
from bailanys.api.errors import translated
from calls.demand import ActionRefusedError, Also, DemandState, DemandStep, NoSuchDemandError, StepKind
from calls.portions import in_portions
from calls.typed_dates import NotADateError, typed_instant
from config.places import Places
from console.errors import RefusedError, UnavailableError, UnfitError, UnknownDemandError
from console.operations.demands import DemandBody, DemandFound, DemandHit, DemandNow, DemandPacked
from console.operations.demands import DemandStep as StepAnswer
from console.stream import ZIP_MEDIA, Stream
from demands.desk import DemandDesk, Entered
from demands.package import pack, package_path
from demands.package_zip import sha256_of
from recordings.access.hits import facts
from recordings.access.playback import Plain

T = TypeVar("T")


class DemandOffice:
    """The controller's side of `console.ports.DemandsOffice`."""

    def __init__(self, desk: DemandDesk, places: Places, zone: str) -> None:
        self._desk = desk
        self._places = places
        self._zone = zone
        self._once = AuditOnce()
        self._packing: set[asyncio.Future[tuple[Path, DemandState]]] = set()

    async def all(self, *, every: bool) -> list[DemandNow]:
        """Open demands, or all."""
        now_ms = await translated(self._desk.now_ms())
        known = await translated(self._desk.all(only_open=not every))
        return [demand_now(state, steps, now_ms) async for state, steps in in_portions(known)]

    async def of(self, demand: str) -> DemandNow:
        """One demand. Raises UnknownDemandError."""
        state, steps, now_ms = await _about_known(self._desk.now(demand))
        return demand_now(state, steps, now_ms)

    async def enter(self, body: DemandBody, by: str) -> DemandFound:
        """Enter a demand, and search."""
        received_ms = await self._received_ms(body)
        entering = self._desk.enter(
            body.authority, body.letter, body.ground, body.date, body.phone, received_ms, self._who(by),
            body.scan_sha256, confirm_dates=body.confirm_dates,
        )  # fmt: skip
        return await self._found(await translated(entering))

    async def hits(self, demand: str) -> list[DemandHit]:
        """What there is for a demand. Raises UnknownDemandError."""
        found = await _about_known(self._desk.hits(demand))
        return [DemandHit.model_validate(facts(hit)) async for hit in in_portions(found)]

    async def search(self, demand: str, by: str) -> DemandFound:
        """Search again."""
        return await self._found(await self._done(demand, by, lambda who: self._desk.search(demand, who)))

    async def select(self, demand: str, files: Sequence[str], by: str) -> DemandNow:
        """Say which are meant."""
        return await self._do(demand, StepKind.SELECTED, by, files)

    async def approve(self, demand: str, by: str) -> DemandNow:
        """Approve the selection."""
        return await self._do(demand, StepKind.APPROVED, by)

    async def break_glass(self, demand: str, reason: str, by: str) -> DemandNow:
        """Approve alone."""
        return await self._do(demand, StepKind.BROKE_GLASS, by, detail=reason)

    async def package(self, demand: str, also: Collection[Also], by: str) -> DemandPacked:
        """Build the package."""

        async def packed(who: str) -> Path:
            packing = asyncio.ensure_future(pack(self._desk, demand, who, self._places, self._zone, also))
            self._packing.add(packing)  # a client that waits no longer must not undo what was begun
            packing.add_done_callback(self._packing.discard)
            return (await asyncio.shield(packing))[0]

        target = await self._done(demand, by, packed)
        return DemandPacked(state=await self.of(demand), path=str(target))

    async def packed(self, demand: str, by: str) -> Stream:
        """The package itself; further parts of one fetching are covered by its entry."""
        state, _ = await _about_known(self._desk.of(demand))
        sha256 = state.package_sha256
        if not sha256:
            raise RefusedError(f"{demand}: there is no package of the approved choice yet")
        path = package_path(self._places, demand)
        if await translated(asyncio.to_thread(sha256_of, path)) != sha256:
            raise UnavailableError("the file is not what was packed: pack again", "package-differs", retryable=False)
        await self._once.do(
            (by, demand, sha256), lambda: translated(self._desk.note_fetched(demand, self._who(by), sha256))
        )
        source = await translated(asyncio.to_thread(lambda: Plain(path.open("rb"))))
        return Stream(
            media=ZIP_MEDIA,
            name=path.name,
            size=source.size,
            tag=sha256[:32],
            read=lambda at, most: asyncio.to_thread(source.read, at, most),
            close=lambda: asyncio.to_thread(source.close),
        )

    async def deliver(self, demand: str, to: str, way: str, by: str) -> DemandNow:
        """Stop the clock."""
        await self._done(demand, by, lambda who: self._desk.deliver(demand, to, way, who))
        return await self.of(demand)

    async def withdraw(self, demand: str, letter: str, by: str) -> DemandNow:
        """Close what was withdrawn."""
        return await self._do(demand, StepKind.WITHDRAWN, by, detail=letter)

    def _who(self, token: str) -> str:
        try:
            return self._desk.people.with_token(token)
        except ActionRefusedError as error:
            raise RefusedError(str(error)) from error

    async def _do(self, demand: str, kind: StepKind, by: str, files: Sequence[str] = (), detail: str = "") -> DemandNow:
        await self._done(demand, by, lambda who: self._desk.do(demand, kind, who, files, detail))
        return await self.of(demand)

    async def _done(self, demand: str, by: str, work: Callable[[str], Awaitable[T]]) -> T:
        """What comes of it, done in the person's name. An unknown demand is told as such, whoever asks."""
        try:
            return await _about_known(work(self._who(by)))
        except RefusedError:
            await self.of(demand)
            raise

    async def _received_ms(self, body: DemandBody) -> int:
        if body.received is not None:
            try:
                return typed_instant(body.received, self._zone)
            except NotADateError as error:
                raise UnfitError(f"received: {error}") from error
        return await translated(self._desk.now_ms()) if body.received_ms is None else body.received_ms

    async def _found(self, entered: Entered) -> DemandFound:
        hits = [DemandHit.model_validate(facts(hit)) async for hit in in_portions(entered.found)]
        return DemandFound(state=await self.of(entered.state.demand.id), hits=tuple(hits))


async def _about_known(asked: Awaitable[T]) -> T:
    """What comes of what was asked of one demand. Raises UnknownDemandError for one that nobody registered."""
    try:
        return await translated(asked)
    except RefusedError as error:
        if isinstance(error.__cause__, NoSuchDemandError):
            raise UnknownDemandError(str(error)) from error
        raise


def demand_now(state: DemandState, steps: Sequence[DemandStep], now_ms: int) -> DemandNow:
    """Where a demand stands at an instant, as the API and `--json` of `bailanys demands` tell it."""
    demand = state.demand
    return DemandNow(
        demand=demand.id,
        authority=demand.authority,
        letter=demand.letter,
        ground=demand.ground,
        date=demand.day,
        phone=demand.phone,
        received_ms=demand.received_ms,
        registered_ms=demand.registered_ms,
        deadline_ms=demand.deadline_ms,
        left_s=(demand.deadline_ms - (state.closed_ms or now_ms)) / 1000,
        found=state.found,
        selected=state.selected,
        selected_by=state.selected_by,
        approved_by=state.approved_by,
        alone=state.alone,
        package_sha256=state.package_sha256,
        closed_ms=state.closed_ms,
        in_time=state.in_time,
        steps=tuple(map(StepAnswer.model_validate, steps)),
    )
