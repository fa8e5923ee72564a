"""A case file: read at one moment, and what is packed follows from it alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from sqlalchemy import Engine, event

from calls.demand import ActionRefusedError, NoSuchDemandError, StepKind, state_of
from calls.recording import RecordingStatus
from demands.case_file import CaseFile
from demands.desk import DemandDesk
from demands.package import contents
from storage.demands import Register
from storage.ledger import Ledger
from tests.unit.demands.test_desk import ZONE, enter, talk


@pytest.fixture
def desk(engine: Engine) -> DemandDesk:
    return DemandDesk(Register(engine), Ledger(engine), ZONE)


@pytest.fixture
def begun() -> Iterator[list[str]]:
    """Transactions that were begun, whether to read or to write."""
    found: list[str] = []

    def noted(_: object) -> None:
        found.append("begun")

    event.listen(Engine, "begin", noted)
    yield found
    event.remove(Engine, "begin", noted)


async def approved(engine: Engine, desk: DemandDesk) -> tuple[CaseFile, str, str]:
    kept, missing = talk(engine, 1), talk(engine, 2, RecordingStatus.MISSING)
    demand = await enter(desk)
    await desk.do(demand, StepKind.SELECTED, "auditor", (kept,))
    await desk.do(demand, StepKind.APPROVED, "chief")
    return await desk.case(demand), kept, missing


async def test_all_that_there_is_of_a_demand_comes_in_one_read(
    engine: Engine, desk: DemandDesk, begun: list[str]
) -> None:
    case, kept, missing = await approved(engine, desk)
    begun.clear()
    again = await desk.case(case.state.demand.id)
    assert begun == ["begun"]
    assert (again.state, again.steps, again.hits, again.proof) == (case.state, case.steps, case.hits, case.proof)
    assert [step.kind for step in case.steps] == ["searched", "selected", "approved"]
    assert {hit.recording.file for hit in case.hits if hit.recording} == {kept, missing}
    assert ([made.file for _, made in case.chosen], case.missing, case.choice) == ([kept], (), 2)
    assert {entry.subject for entry in case.proof} == {case.state.demand.id, kept}
    assert set(case.identities) <= {hit.call_id for hit, _ in case.chosen}
    assert case.now_ms >= case.steps[-1].at_ms


async def test_what_is_packed_follows_from_the_case_alone(engine: Engine, desk: DemandDesk) -> None:
    case, kept, missing = await approved(engine, desk)
    packed = contents(case, "clerk", ZONE)
    assert packed == contents(case, "clerk", ZONE)
    ((facts, path),) = packed.recordings
    assert (facts["file"], path.endswith(".flac"), facts["identities"]) == (kept, True, [])
    assert [gap["call"] for gap in packed.about["gaps"]] == [missing.removesuffix("-1-1")]
    assert packed.about["persons"] == {"selected_by": "auditor", "approved_by": "chief", "alone": ""}
    assert packed.about["made_ms"] == case.now_ms
    assert [entry["seq"] for entry in packed.proof] == [entry.seq for entry in case.proof]


async def test_a_case_that_is_not_approved_or_whose_choice_is_gone_is_not_packed(
    engine: Engine, desk: DemandDesk
) -> None:
    case, kept, _ = await approved(engine, desk)
    selected = replace(case, state=state_of(case.state.demand, case.steps[:2]), steps=case.steps[:2])
    with pytest.raises(ActionRefusedError, match="not approved yet"):
        contents(selected, "clerk", ZONE)
    gone = replace(case, hits=tuple(hit for hit in case.hits if hit.recording and hit.recording.file != kept))
    assert gone.missing == (kept,)
    with pytest.raises(ActionRefusedError, match=f"{kept}: chosen, and not in the archive any more"):
        contents(gone, "clerk", ZONE)


async def test_a_demand_that_nobody_registered_is_an_error_of_its_own(desk: DemandDesk) -> None:
    for work in (
        lambda: desk.case("D-2025-0009"),
        lambda: desk.now("D-2025-0009"),
        lambda: desk.of("D-2025-0009"),
        lambda: desk.hits("D-2025-0009"),
        lambda: desk.search("D-2025-0009", "auditor"),
        lambda: desk.do("D-2025-0009", StepKind.APPROVED, "chief"),
        lambda: desk.do("D-2025-0009", StepKind.SELECTED, "auditor"),
    ):
        with pytest.raises(NoSuchDemandError, match="no demand 'D-2025-0009' in the register"):
            await work()
