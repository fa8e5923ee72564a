"""Looking for talks on both databases: by number in forty spellings, by date, and by all else (rule 14)."""

from __future__ import annotations

from datetime import date
from itertools import product

import pytest
from sqlalchemy import Engine

from calls.ids import CallId
from calls.local_day import Span, local_day
from calls.phone import caller_key
from calls.recording import Recording, RecordingStatus
from calls.search import Coverage, hours_of
from recordings.access.search import Asked, BadSearchError, look, search_of
from storage.ledger import Ledger
from storage.record import CallRow, OfferRow, RatingRow, SegmentRow
from storage.recording_search import counts, coverage, kinds_of
from storage.recordings import write_recording
from storage.rows import save
from tests.unit.storage.databases import BOTH_WAYS

LOOK_UPS = BOTH_WAYS
ZONE = "Asia/Almaty"
NOON_MS = 1_763_967_600_000  # 2025-11-24 12:00 in Almaty
DAY = date(2025, 11, 24)

RAW = {
    "mobile": "77051112233",
    "landline": "+77172501234",
    "short": "1414",
    "foreign": "998901234567",
    "anonymous": "anonymous",
    "sip": "sip:aigul@ministry.kz",
}
SEPARATORS = ("", " ", "-", ".", " - ")
WRAPPERS = (
    "{}",
    "sip:{}@10.0.0.1",
    '"X" <sip:{}@10.0.0.1:5060;user=phone>;tag=1',
    "<{}>",
    " {} ",
    "{}\u200e",
    "'{}'",
    "«{}»",
)


def _national(parts: tuple[str, ...]) -> list[str]:
    prefixes = ("+7", "8", "7", "", "007", "8107", "+7 8", "+8")
    return [f"{prefix}{gap}{gap.join(parts)}" for prefix, gap in product(prefixes, SEPARATORS)]


WITHHELD = [
    "anonymous",
    "Anonymous",
    "unknown",
    "restricted",
    "private",
    "withheld",
    "аноним",
    "Скрыт",
    "жасырын",
    "неизвестный",
]

SPELLINGS = {
    "mobile": _national(("705", "111", "22", "33")),
    "landline": _national(("7172", "50", "12", "34")),
    "short": [wrapper.format(gap.join(("14", "14"))) for wrapper, gap in product(WRAPPERS, SEPARATORS)],
    "foreign": [
        form.format(f"{prefix}{gap}{gap.join(('90', '123', '45', '67'))}")
        for prefix, gap, form in product(("+998", "998", "00998", "810998"), SEPARATORS, ("{}", "sip:{}@10.0.0.1"))
    ],
    "anonymous": [
        form.format(word)
        for word, form in product(
            WITHHELD,
            ("{}", " {} ", "<{}>", '"{}"'),
        )
    ],
    "sip": [
        wrapper.format(name)
        for wrapper, name in product(
            ("sip:{}@ministry.kz", "<sip:{}@ministry.kz>", "sips:{}@ministry.kz;x=1", '"A" <sip:{}@ministry.kz>', "{}",
             " {} ", "sip:{}@other.kz", "SIP:{}@MINISTRY.KZ"),
            ("aigul", "Aigul", "AIGUL", "ai.gul", "a-igul"),
        )
    ],
}  # fmt: skip


def enter(
    engine: Engine, number: int, raw: str, at_ms: int = NOON_MS, *, operator: str = "101", group: str = "portal",
    score: int | None = None, seconds: int | None = 60, language: str = "ru",
) -> str:  # fmt: skip
    """A call with a talk of a minute; its recording is a gap when it has no `seconds`."""
    key = CallId(f"hl1-{at_ms // 1000}.{number}")
    end_ms = at_ms + 120_000
    made = Recording(
        key, 1, 1, f"{key}-1-1", RecordingStatus.OK if seconds else RecordingStatus.MISSING, end_ms,
        path=f"x/{key}-1-1.flac" if seconds else "", duration_ms=(seconds or 0) * 1000, sha256="ab" if seconds else "",
    )  # fmt: skip
    call = CallRow(key, "hl1", at_ms, "1414", raw, "", caller_key(raw), answered_ms=at_ms, ended_ms=end_ms)
    rows = [
        call,
        SegmentRow(key, 1, group, language, offer=1, operator_id=operator, answered_ms=at_ms, ended_ms=end_ms),
        OfferRow(key, 1, 1, operator, "router", f"{key}-1-1", at_ms, at_ms, "ANSWER"),
    ]
    if score is not None:
        rows.append(RatingRow(key, 1, operator, end_ms, end_ms, "given", score))  # type: ignore[arg-type]
    with engine.begin() as connection:
        save(connection, rows)  # type: ignore[arg-type]
        write_recording(connection, made)
    return key


def test_forty_spellings_of_each_kind_are_tried() -> None:
    assert {kind: len(set(typed)) for kind, typed in SPELLINGS.items()} == dict.fromkeys(RAW, 40)


@pytest.mark.parametrize("kind", RAW)
async def test_no_spelling_of_a_number_is_missed_or_taken_for_another(
    engine: Engine, ledger: Ledger, kind: str
) -> None:
    """Promise 7: 40 spellings of 6 kinds, none missed."""
    ids = {name: enter(engine, number, raw) for number, (name, raw) in enumerate(RAW.items(), 1)}
    for typed in SPELLINGS[kind]:
        exact = [hit.call_id for hit in await ledger.recordings.find(DAY, typed, ZONE) if hit.match == "exact"]
        assert exact == [ids[kind]], typed


async def test_talks_are_found_by_all_else_that_is_known_of_them(engine: Engine, ledger: Ledger) -> None:
    one = enter(engine, 1, "77050000001", operator="101", group="portal", score=5, seconds=30, language="kk")
    two = enter(engine, 2, "77050000002", operator="102", group="ict", score=2, seconds=600)
    three = enter(engine, 3, "anonymous", operator="102", group="portal", seconds=None)

    async def found(**wanted: object) -> list[str]:
        return [hit.call_id for hit in (await look(ledger, Asked(ZONE, DAY, **wanted)))[0]]  # type: ignore[arg-type]

    assert await found() == [one, two, three]
    assert await found(operator="102") == [two, three]
    assert await found(operator="102", group="portal") == [three]
    assert await found(language="kk") == [one]
    assert await found(rating=(1, 2)) == [two]
    assert await found(rating=(None, 5)) == [one, two]
    assert await found(length_s=(None, 60)) == [one, three]
    assert await found(length_s=(300, None)) == [two]
    assert await found(anonymous=True) == [three]
    assert await found(call=two) == [two]
    assert await found(phone="87050000001") == [one]
    assert await found(limit=1, after=1) == [two]
    (hit,), covered = await look(ledger, Asked(ZONE, DAY, call=one))
    assert (hit.score, hit.language) == (5, "kk")
    assert covered is not None
    assert (covered.talks, covered.recorded, covered.unfinished, covered.gaps) == (3, 2, 0, {"missing": 1})
    assert [hit.call_id for hit in (await look(ledger, Asked(ZONE, None, call=two)))[0]] == [two]


async def test_a_range_of_dates_is_searched_whole_and_its_edges_are_adjacent(engine: Engine, ledger: Ledger) -> None:
    half_hour, day = 1_800_000, 24 * 3_600_000
    midnight = NOON_MS - 12 * 3_600_000
    before = enter(engine, 1, "77050000001", midnight - half_hour)
    enter(engine, 2, "77050000001", midnight + half_hour)
    enter(engine, 3, "77050000001", midnight + 2 * day - half_hour)
    after = enter(engine, 4, "77050000001", midnight + 2 * day + half_hour)
    enter(engine, 5, "77050000001", midnight + 2 * day + 2 * 3_600_000)
    found, _ = await look(ledger, Asked(ZONE, DAY, date(2025, 11, 25), phone="77050000001"))
    assert [hit.day for hit in found] == ["on", "on", "adjacent", "adjacent"]
    assert {hit.call_id for hit in found if hit.day == "adjacent"} == {before, after}


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        (Asked(ZONE, DAY, phone="%"), "no phone number"),
        (Asked(ZONE, DAY, phone=""), "no phone number"),
        (Asked(ZONE, DAY, date(2025, 11, 23)), "before the first"),
        (Asked(ZONE, date(2026, 1, 1)), "not yet"),
        (Asked(ZONE, DAY, call="../../etc/passwd"), "no call's id"),
        (Asked(ZONE, DAY, operator="101' OR 1=1"), "no operator's id"),
        (Asked(ZONE, DAY, rating=(0, 5)), "from 1 to 5"),
    ],
)
def test_what_cannot_be_looked_for_is_said(asked: Asked, why: str) -> None:
    with pytest.raises(BadSearchError, match=why):
        search_of(asked, NOON_MS)


async def test_anonymous_callers_are_found_by_the_time(engine: Engine, ledger: Ledger) -> None:
    noon = enter(engine, 1, "anonymous")
    later = enter(engine, 2, "anonymous", NOON_MS + 20 * 60_000)
    enter(engine, 3, "anonymous", NOON_MS + 4 * 3_600_000)
    enter(engine, 4, "77050000001")

    async def found(typed: str) -> list[tuple[str, str]]:
        asked = Asked(ZONE, DAY, anonymous=True, hours=hours_of(typed))
        return [(hit.call_id, hit.day) for hit in (await look(ledger, asked))[0]]

    assert await found("11:30-12:10") == [(noon, "on"), (later, "adjacent")]
    assert await found("12:10-12:50") == [(later, "on"), (noon, "adjacent")]
    assert await found("17:30-") == []
    with pytest.raises(BadSearchError, match="not after"):
        await found("12:00-11:00")


def test_an_hour_that_came_twice_is_searched_both_times() -> None:
    """Almaty, the night to 1 March 2024: 23:00 to 24:00 came twice."""
    night = date(2024, 2, 29)
    span = search_of(Asked(ZONE, night, anonymous=True, hours=hours_of("23:00-23:59")), NOON_MS).span
    assert span is not None and span.to_ms - span.from_ms == (60 + 59) * 60_000


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        *((typed, f"^{typed}$") for typed in ("14", "14:00", "14:00-15", "-", "x-y", "1:00-2:00", "14:00-15:00-16:00")),
        ("25:00-26:00", "hour must be"),
        ("14:61-", "minute must be"),
    ],
)
def test_times_that_are_none_are_refused(typed: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        hours_of(typed)


def test_coverage_counts_the_calls_of_its_span_and_no_others(engine: Engine) -> None:
    """From its first millisecond to the one before its end: a demand's day is not its neighbours'."""
    span = Span(NOON_MS, NOON_MS + 3_600_000)
    enter(engine, 1, RAW["mobile"], span.from_ms - 1)
    enter(engine, 2, RAW["mobile"], span.from_ms)
    enter(engine, 3, RAW["mobile"], span.to_ms - 1)
    enter(engine, 4, RAW["mobile"], span.to_ms)
    enter(engine, 5, RAW["mobile"], span.from_ms + 60_000, seconds=None)
    enter(engine, 6, RAW["mobile"], span.from_ms + 61_000, seconds=None)
    with engine.begin() as connection:
        talk, at_ms = CallId("hl1-1.7"), span.from_ms + 5
        save(connection, [CallRow(talk, "hl1", at_ms, "1414", "", "", "anonymous"),
                          OfferRow(talk, 1, 1, "101", "router", "f", at_ms, at_ms, "ANSWER")])  # fmt: skip
        told = coverage(connection, span)
    assert told == Coverage(talks=5, recorded=2, unfinished=1, gaps={"missing": 2})
    with engine.begin() as connection:
        assert coverage(connection, Span(0, 1)) == Coverage(0, 0, 0, {})


async def test_hits_are_counted_by_how_sure_they_are_and_those_without_a_recording_apart(engine: Engine) -> None:
    day_ms = local_day(DAY, ZONE)
    enter(engine, 1, RAW["mobile"])
    enter(engine, 2, RAW["mobile"], NOON_MS + 1_000, seconds=None)
    enter(engine, 3, "1112233", NOON_MS + 2_000)  # within a city: it may be this one
    enter(engine, 4, RAW["mobile"], day_ms.to_ms + 5_000)
    with engine.begin() as connection:
        talk = CallId("hl1-1.7")
        save(connection, [CallRow(talk, "hl1", NOON_MS, "1414", RAW["mobile"], "", "+77051112233", ended_ms=NOON_MS),
                          OfferRow(talk, 1, 1, "101", "router", "f", NOON_MS, NOON_MS, "ANSWER")])  # fmt: skip
    found, _ = await look(Ledger(engine), Asked(ZONE, DAY, phone="8 705 111 22 33"))
    kinds = {"exact": 3, "possible": 0, "adjacent": 1}
    assert (kinds_of(found), counts(found)) == (kinds, {**kinds, "without_recording": 2})
    assert [hit.day for hit in found] == ["on", "on", "on", "adjacent"]


@pytest.mark.parametrize(
    ("arrived_s", "lasts_s", "day"),
    [
        (-3_600 - 120, 119, None),  # over an hour and a second before the day
        (-3_600 - 120, 120, "adjacent"),
        (-120, 119, "adjacent"),
        (-120, 120, "on"),
        (0, 60, "on"),
        (86_399, 60, "on"),
        (86_400, 60, "adjacent"),
        (86_400 + 3_599, 60, "adjacent"),
        (86_400 + 3_600, 60, None),
    ],
)
async def test_a_day_is_its_own_and_an_hour_beside_it_is_shown_apart(
    engine: Engine, arrived_s: int, lasts_s: int, day: str | None
) -> None:
    arrived_ms = local_day(DAY, ZONE).from_ms + arrived_s * 1000
    key, ended_ms = CallId("hl1-1.7"), arrived_ms + lasts_s * 1000
    with engine.begin() as connection:
        save(connection, [CallRow(key, "hl1", arrived_ms, "1414", RAW["mobile"], "", "+77051112233", ended_ms=ended_ms),
                          OfferRow(key, 1, 1, "101", "router", "f", arrived_ms, arrived_ms, "ANSWER")])  # fmt: skip
    found, _ = await look(Ledger(engine), Asked(ZONE, DAY, phone="8 705 111 22 33"))
    assert [hit.day for hit in found] == ([] if day is None else [day])


@pytest.mark.parametrize(
    ("rating", "ends"),
    [
        ((1, 5), (1, 5)), ((None, 5), (None, 5)), ((1, None), (1, None)), ((None, None), (None, None)),
        ((0, 5), None), ((1, 6), None), ((None, 6), None), ((0, None), None),
    ],
)  # fmt: skip
def test_ratings_are_looked_for_between_one_and_five(
    rating: tuple[float | None, float | None], ends: tuple[int | None, int | None] | None
) -> None:
    asked = Asked(ZONE, DAY, rating=rating)
    if ends is None:
        with pytest.raises(BadSearchError, match="ratings are from 1 to 5"):
            search_of(asked, NOON_MS)
    else:
        found = search_of(asked, NOON_MS)
        assert (found.score_from, found.score_to) == ends


def test_everything_that_is_asked_is_looked_for() -> None:
    asked = Asked(ZONE, DAY, operator="101", group="ict", language="kk", length_s=(1.5, 60), limit=7, after=3)
    found = search_of(asked, NOON_MS)
    assert (found.operator, found.group, found.language, found.limit, found.after) == ("101", "ict", "kk", 7, 3)
    assert (found.length_from_ms, found.length_to_ms, found.wanted, found.call) == (1_500, 60_000, None, None)
    assert found.span == local_day(DAY, ZONE)
    for wrong, why in (
        (Asked(ZONE, None), "name a date"),
        (Asked(ZONE, None, phone=" "), "name a date"),
        (Asked(ZONE, None, anonymous=True), "name a date"),
        (Asked(ZONE, DAY, phone="87050000001", anonymous=True), "anonymous or has a number"),
        (Asked(ZONE, DAY, group="../ict"), "no group's id"),
    ):
        with pytest.raises(BadSearchError, match=why):
            search_of(wrong, NOON_MS)
    assert search_of(Asked(ZONE, None, phone="87050000001"), NOON_MS).span is None
