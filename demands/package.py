"""Packs what was approved: the recordings of a demand, its protocol and its proof (rule 14).

One process packs at a time, and what a person sees in the folder of packages is whole and was entered before: a package
is made under a hidden name. What is hidden while nobody packs was left by a kill, and goes: it is sound.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
from collections.abc import AsyncIterator, Collection, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from calls.demand import ActionRefusedError, Also, DemandState, DemandStep, StepKind, check, choice_of
from config.places import Places
from demands.desk import DemandDesk, check_understood
from demands.package_zip import Item, build
from recordings import durable
from recordings.access.hits import facts, picked
from recordings.access.search import by_number
from recordings.vault.vault import Vault
from storage.recording_search import FoundRecording, counts

FORMAT = 2
LOOK_EVERY_S = 0.2
_OF_RECORDING = {
    "file": "file", "flac_sha256": "sha256", "call": "call", "segment": "segment", "status": "status", "match": "match",
    "why": "why", "number_demanded": "number", "day": "day", "number_as_presented": "number_as_presented",
    "number": "phone", "operator": "operator", "group": "group", "arrived_ms": "arrived_ms",
    "answered_ms": "answered_ms", "ended_ms": "ended_ms", "duration_ms": "duration_ms", "bridged_ms": "bridged_ms",
}  # fmt: skip
"""What the manifest tells of each recording, by its names, and what `recordings.access.hits` calls that."""


async def pack(
    desk: DemandDesk, demand_id: str, actor: str, places: Places, zone: str, also: Collection[Also] = ()
) -> tuple[Path, DemandState]:
    """Build the package, enter it in the audit log, and only then let it be seen in the state folder's `packages/`.

    `also`: what lies beside each WAV.
    Raises ActionRefusedError (not approved, or another choice approved meanwhile; a recording chosen that is not
    there), LedgerUnavailableError, and what `demands.package_zip.build` raises.
    """
    desk.people.check(actor, StepKind.PACKAGED)
    state, steps = await desk.of(demand_id)
    check(state, DemandStep(StepKind.PACKAGED, 0, actor))
    found = await desk.found(state)
    wanted = set(state.selected or ())
    chosen = [
        (hit, hit.recording)
        for hit in found
        if hit.recording is not None and hit.recording.path and hit.recording.file in wanted
    ]
    if missing := sorted(wanted - {made.file for _, made in chosen}):
        raise ActionRefusedError(f"{', '.join(missing)}: chosen, and not in the archive any more; choose again")
    proof = [asdict(entry) for entry in await desk.proof(state)]
    vault = Vault(places)
    signer = await asyncio.to_thread(vault.signer)
    tied = await desk.identities([hit.call_id for hit, _ in chosen])
    items = [
        Item(_facts(hit) | {"identities": tied.get(hit.call_id, [])}, partial(vault.recording, made.path))
        for hit, made in chosen
    ]
    if not items:
        check_understood(state)
    sources = await desk.searched(state, places)
    about = _about(state, steps, found, await desk.now_ms(), zone) | {"searched": sources}
    target = package_path(places, demand_id)
    async with hidden(target) as fresh:
        sha256 = await asyncio.to_thread(build, fresh, about, items, proof, signer, also)
        await asyncio.to_thread(target.unlink, missing_ok=True)  # of an older choice: a kill must not leave it there
        state = await desk.do(demand_id, StepKind.PACKAGED, actor, detail=sha256, choice=choice_of(steps))
    return target, state


def package_path(places: Places, demand_id: str) -> Path:
    """Where a demand's package lies."""
    return places.packages / f"{demand_id}.zip"


def _about(
    state: DemandState, steps: Sequence[DemandStep], found: Sequence[FoundRecording], now_ms: int, zone: str
) -> dict[str, Any]:
    glass = [step.detail for step in steps if step.kind is StepKind.BROKE_GLASS]
    return {
        "format": FORMAT,
        "made_ms": now_ms,
        "time_zone": zone,
        "demand": asdict(state.demand) | {"deadline_ms": state.demand.deadline_ms},
        "search": counts(found) | {"numbers": by_number(found, state.demand.phone)},
        "gaps": list(_gaps(found)),
        "channels": {"left": "caller", "right": "operator"},
        "persons": {
            "selected_by": state.selected_by,
            "approved_by": state.approved_by,
            "alone": glass[-1] if state.alone else "",
        },
    }


def _gaps(found: Sequence[FoundRecording]) -> Iterator[dict[str, Any]]:
    for hit in found:
        if hit.recording is None or not hit.recording.path:
            status = hit.recording.status.value if hit.recording else "unfinished"
            yield picked(hit, "call", "segment", "arrived_ms", "operator") | {"status": status}


def _facts(hit: FoundRecording) -> dict[str, Any]:
    told = facts(hit)
    return {name: told[fact] for name, fact in _OF_RECORDING.items()}


@asynccontextmanager
async def hidden(target: Path) -> AsyncIterator[Path]:
    """Where to make the package, which is shown at its place when the block ends well, and is gone otherwise.

    Waits while another process packs; the kernel lets go of it when we die. Raises OSError.
    """
    folder, fresh = target.parent, target.with_name(f".{target.name}")
    await asyncio.to_thread(durable.make_folder, folder)
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        while not _taken(descriptor):
            await asyncio.sleep(LOOK_EVERY_S)
        for left in folder.glob(".*"):
            left.unlink()
        yield fresh
        await asyncio.to_thread(_show, fresh, target)
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise
    finally:
        os.close(descriptor)


def _taken(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _show(fresh: Path, target: Path) -> None:
    fresh.replace(target)
    durable.sync(target.parent)
