"""A call is found by every number that came with it, on both databases (rule 14; ADR 27)."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Engine, func, select

from calls.local_day import local_date
from storage import tables
from storage.journal.projector import Projector
from storage.ledger import Ledger
from storage.meant import identities_of
from storage.recording_search import FoundRecording
from tests.unit.storage.databases import BOTH_WAYS
from tests.unit.storage.scene import START_MS, Caller

LOOK_UPS = BOTH_WAYS

ZONE = "Asia/Almaty"
DAY = local_date(START_MS, ZONE)
OFFICE, MOBILE = "+77172501234", "+77015550213"


def office_call(number: int, headers: dict[str, str], caller: str = OFFICE) -> Caller:
    """A talk of a company's clerk: the exchange's number is asserted, the clerk's own is in From."""
    call = Caller(number, START_MS, caller)
    for source, value in headers.items():
        call.fact("identity", source=source, value=value, end="")
    return call.arrive().choose().queue().offer("103").pick_up("103").talk("103").operator_leaves("103").hang_up()


async def test_all_numbers_of_a_call_find_it_and_one_is_sure(
    engine: Engine, ledger: Ledger, projector: Projector, journal: Path
) -> None:
    headers = {"asserted": f"<sip:{OFFICE}@kt.kz>", "from": f'"Desk" <sip:{MOBILE}@pbx.kz>;tag=1'}
    one, other = office_call(1, headers), office_call(2, {}, "+77010000001")
    journal.write_bytes(b"".join(one.lines + other.lines))  # noqa: ASYNC240
    projector.project_now()

    async def found(phone: str) -> list[tuple[str, str, str]]:
        return [_told(hit) for hit in await ledger.recordings.find(DAY, phone, ZONE)]

    assert await found("8 (7172) 50-12-34") == [(one.id, "exact", "number")]
    assert await found("8 701 555-02-13") == [(one.id, "possible", "identity")]
    assert await found("8 701 000-00-01") == [(other.id, "exact", "number")]
    story = await ledger.call_story(one.id)
    assert story is not None
    assert {row.key: (row.source, row.raw) for row in story.record.identities.values()} == {
        MOBILE: ("from", f'"Desk" <sip:{MOBILE}@pbx.kz>;tag=1')
    }
    assert [
        row.key for row in (await ledger.read(lambda connection: identities_of(connection, [one.id, other.id])))[one.id]
    ] == [MOBILE]
    projector.project_now()
    with engine.connect() as connection:  # a call whose headers say what is known has no row
        assert connection.scalar(select(func.count()).select_from(tables.caller_identity)) == 1


async def test_a_callers_language_is_recalled_by_the_number_that_the_menu_knows(
    engine: Engine, ledger: Ledger, projector: Projector, journal: Path
) -> None:
    """Asterisk takes the first asserted value, a name; the caller's key is the number behind it."""
    asserted = f"<sip:aigul@ministry.example>, <tel:{MOBILE}>"
    journal.write_bytes(b"".join(office_call(1, {"asserted": asserted}, "aigul").lines))  # noqa: ASYNC240
    projector.project_now()
    assert [await ledger.language_of(key) for key in ("sip:aigul", MOBILE, OFFICE)] == ["ru", "ru", None]


async def test_a_call_by_which_a_callback_was_asked_is_found_by_the_number_to_be_called(
    engine: Engine, ledger: Ledger, projector: Projector, journal: Path
) -> None:
    call = Caller(1).arrive().choose().queue().offer("103").pick_up("103").talk("103").operator_leaves("103")
    call.fact("callback_asked", 60_000, seq=1, number="77272501234").hang_up(3000)
    journal.write_bytes(b"".join(call.lines))  # noqa: ASYNC240
    projector.project_now()
    found = await ledger.recordings.find(DAY, "8 727 250 12 34", ZONE)
    assert [_told(hit) for hit in found] == [(call.id, "possible", "identity")]


def _told(hit: FoundRecording) -> tuple[str, str, str]:
    return hit.call_id, hit.match, hit.why.value
