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
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from calls.demand import ActionRefusedError, Also, DemandState, DemandStep, StepKind, check
from config.places import Places
from demands.case_file import CaseFile
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


@dataclass(frozen=True, slots=True)
class Contents:
    """What a package is made of, but for where was sought and the sound itself."""

    about: dict[str, Any]
    recordings: tuple[tuple[dict[str, Any], str], ...]
    """The facts of each, and its path in the archive."""
    proof: tuple[dict[str, Any], ...]


async def pack(
    desk: DemandDesk, demand_id: str, actor: str, places: Places, zone: str, also: Collection[Also] = ()
) -> tuple[Path, DemandState]:
    """Build the package, enter it in the audit log, and only then let it be seen in the state folder's `packages/`.

    `also`: what lies beside each WAV.
    Raises ActionRefusedError (not approved, or another choice approved meanwhile; a recording chosen that is not
    there), LedgerUnavailableError, and what `demands.package_zip.build` raises.
    """
    desk.people.check(actor, StepKind.PACKAGED)
    case = await desk.case(demand_id)
    packed, vault = contents(case, actor, zone), Vault(places)
    signer = await asyncio.to_thread(vault.signer)
    about = packed.about | {"searched": await desk.searched(case.state, places)}
    items = [Item(told, partial(vault.recording, path)) for told, path in packed.recordings]
    target = package_path(places, demand_id)
    async with hidden(target) as fresh:
        sha256 = await asyncio.to_thread(build, fresh, about, items, packed.proof, signer, also)
        await asyncio.to_thread(target.unlink, missing_ok=True)  # of an older choice: a kill must not leave it there
        state = await desk.do(demand_id, StepKind.PACKAGED, actor, detail=sha256, choice=case.choice)
    return target, state


def contents(case: CaseFile, actor: str, zone: str) -> Contents:
    """What a package of this case holds. Raises ActionRefusedError when it may not be packed, or cannot be any more."""
    check(case.state, DemandStep(StepKind.PACKAGED, 0, actor))
    if case.missing:
        raise ActionRefusedError(f"{', '.join(case.missing)}: chosen, and not in the archive any more; choose again")
    if not case.chosen:
        check_understood(case.state)
    recordings = ((_facts(hit) | {"identities": _tied(case, hit.call_id)}, made.path) for hit, made in case.chosen)
    return Contents(_about(case, zone), tuple(recordings), tuple(asdict(entry) for entry in case.proof))


def package_path(places: Places, demand_id: str) -> Path:
    """Where a demand's package lies."""
    return places.packages / f"{demand_id}.zip"


def _about(case: CaseFile, zone: str) -> dict[str, Any]:
    state = case.state
    glass = [step.detail for step in case.steps if step.kind is StepKind.BROKE_GLASS]
    return {
        "format": FORMAT,
        "made_ms": case.now_ms,
        "time_zone": zone,
        "demand": asdict(state.demand) | {"deadline_ms": state.demand.deadline_ms},
        "search": counts(case.hits) | {"numbers": by_number(case.hits, state.demand.phone)},
        "gaps": list(_gaps(case.hits)),
        "channels": {"left": "caller", "right": "operator"},
        "persons": {
            "selected_by": state.selected_by,
            "approved_by": state.approved_by,
            "alone": glass[-1] if state.alone else "",
        },
    }


def _tied(case: CaseFile, call: str) -> list[dict[str, str]]:
    """What else the call is tied to: where it was told, its key, and as it was sent."""
    return [{"source": row.source, "key": row.key, "as_sent": row.raw} for row in case.identities.get(call, ())]


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
