"""A register of demands that exists on paper only."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from calls.demand import Also, Authority
from console.errors import RefusedError, UnknownDemandError
from console.operations.demands import DemandBody, DemandFound, DemandHit, DemandNow, DemandPacked, DemandStep
from console.stream import Stream

DEMAND = "D-2026-0001"
FILE = "hl1-1764000000.12-1-1"


def now(**changed: object) -> DemandNow:
    known = DemandNow(
        demand=DEMAND, authority=Authority.SERVICE_QUALITY, letter="14-2/118", ground="rule 14", date="2026-11-20",
        phone="87012345678", received_ms=1, registered_ms=2, deadline_ms=14_400_001, left_s=14_000.5, found=(FILE,),
        selected=None, selected_by="", approved_by="", alone=False, package_sha256="", closed_ms=None, in_time=None,
        steps=(DemandStep(kind="searched", at_ms=2, actor="clerk", files=(FILE,), detail="{}"),),
    )  # fmt: skip
    return known.model_copy(update=changed)


HIT = DemandHit(
    call="hl1-1764000000.12", segment=1, file=FILE, match="exact", day="on", phone="+77012345678", operator="101",
    arrived_ms=1, status="ok", duration_ms=5000, sound=True, on_hold=True,
)  # fmt: skip


@dataclass
class PaperDemands:
    done: list[tuple[object, ...]] = field(default_factory=list)

    async def all(self, *, every: bool) -> list[DemandNow]:
        return [now(), now(demand="D-2026-0002", closed_ms=9, in_time=True)][: 2 if every else 1]

    async def of(self, demand: str) -> DemandNow:
        if demand != DEMAND:
            raise UnknownDemandError(f"no demand {demand}")
        return now()

    async def enter(self, body: DemandBody, by: str) -> DemandFound:
        self.done.append(("enter", body, by))
        return DemandFound(state=now(phone=body.phone), hits=(HIT,))

    async def hits(self, demand: str) -> list[DemandHit]:
        await self.of(demand)
        return [HIT]

    async def search(self, demand: str, by: str) -> DemandFound:
        return DemandFound(state=await self.of(demand), hits=(HIT,))

    async def select(self, demand: str, files: Sequence[str], by: str) -> DemandNow:
        if set(files) - {FILE}:
            raise RefusedError("not among what was found")
        return await self._do("select", demand, by, tuple(files))

    async def approve(self, demand: str, by: str) -> DemandNow:
        return await self._do("approve", demand, by)

    async def break_glass(self, demand: str, reason: str, by: str) -> DemandNow:
        return await self._do("glass", demand, by, reason)

    async def package(self, demand: str, also: Collection[Also], by: str) -> DemandPacked:
        return DemandPacked(state=await self._do("package", demand, by, *also), path="/var/packages/x.zip")

    async def packed(self, demand: str, by: str) -> Stream:
        await self._do("fetch", demand, by)

        async def read(at: int, most: int) -> bytes:
            return b"PK, as if it were"[at : at + most]

        async def close() -> None:
            return

        return Stream("application/zip", f"{demand}.zip", 17, "tag", read, close)

    async def deliver(self, demand: str, to: str, way: str, by: str) -> DemandNow:
        return await self._do("deliver", demand, by, to, way)

    async def withdraw(self, demand: str, letter: str, by: str) -> DemandNow:
        return await self._do("withdraw", demand, by, letter)

    async def _do(self, what: str, demand: str, by: str, *said: object) -> DemandNow:
        state = await self.of(demand)
        self.done.append((what, by, *said))
        return state
