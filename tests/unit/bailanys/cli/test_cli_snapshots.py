"""Every listing as it looks at 80 and at 120 columns: held against `snapshots/`, which a person has looked at.

A listing that is changed on purpose: delete its file there, run this test, and look at the new file.
"""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from typer.testing import CliRunner

from bailanys import control
from bailanys.cli import alarms, prompts, ratings, statistics, tokens
from bailanys.cli.app import app
from bailanys.cli.context import show
from bailanys.cli.demands_shown import show_list, show_one
from bailanys.cli.recordings_shown import show_hits
from calls.alarms import Alarm
from calls.audit import Entry
from calls.demand import Authority, Demand, DemandStep, StepKind, state_of
from calls.disks import DiskNow
from calls.ids import CallId
from calls.ratings import RatedTalk, RatingCount, RatingGiven
from calls.recording import Recording, RecordingStatus
from calls.search import Why
from calls.statistics import CallTimes
from console.operations.callbacks import OwedCallback
from console.operations.calls import CallNow
from console.operations.figures import TargetNow, TargetOfGroup
from console.operations.groups import GroupNow
from console.operations.operators import OperatorNow
from console.tokens import Token
from rating.day import rated_day
from rating.report import rating_report
from storage.ledger import CallStory, Step
from storage.record import CallRecord, CallRow, GapRow, IdentityRow, OfferRow, RatingRow, SegmentRow
from storage.recording_search import FoundRecording

FOLDER = Path(__file__).parent / "snapshots"
CONFIG = Path(__file__).parents[4] / "config" / "hotline.toml"
ZONE = "Asia/Almaty"
AT_MS = 1_795_938_055_250
CALL = "hl1-1795938055.2501"
OTHER = "hl1-1795938411.25017"
KK = "Қаржылық сұрақтар бойынша мамандардың біліктілігін арттыру курсы (түске дейін)"
RU = "Обучение работе с новой версией портала электронного правительства, кабинет 214"

OPERATORS = [
    OperatorNow(
        operator="101", name="Айгүл Сәрсенбайқызы Төлегенова", groups=("state-services", "portal", "ict"),
        levels={"state-services": 1, "portal": 2, "ict": 4}, languages=("kk", "ru", "en"), changed=True,
        state="talking", reason=CALL,
    ),
    OperatorNow(
        operator="102", name="Нұрлан", groups=("portal",), levels={"portal": 1}, languages=("ru",), changed=False,
        state="paused", reason=RU,
    ),
    OperatorNow(
        operator="1030", name="Константин Константинопольский", groups=("ict", "portal"),
        levels={"ict": 1, "portal": 3}, languages=("kk", "ru"), changed=False, state="wrap-up", reason="",
        until_ms=AT_MS + 25_000,
    ),
    OperatorNow(
        operator="104", name="Дина", groups=("portal",), levels={"portal": 1}, languages=("kk",), changed=False,
        state="unreachable", reason="not registered",
    ),
]  # fmt: skip
CALLS = [
    CallNow(call=CALL, where="talking", operator="1030", group="state-services", language="kk", place=None,
            priority_s=0, for_s=754),
    CallNow(call=OTHER, where="waiting", operator="", group="portal", language="ru", place=12,
            priority_s=120, for_s=48),
    CallNow(call="hl1-1795938500.25020", where="transfer-notice", operator="101", group="ict", language="en",
            place=None, priority_s=0, for_s=8105),
]  # fmt: skip
GROUPS = [
    GroupNow(group="state-services", priority_s=-120, waiting=17, operators=24, ready=3),
    GroupNow(group="portal", priority_s=0, waiting=0, operators=12, ready=12),
]
CALLBACKS = [
    OwedCallback(call=CALL, number="+77051112233", group="state-services", language="kk", asked_ms=AT_MS, tried=0,
                 state="waiting", place=1, not_before_ms=None),
    OwedCallback(call=OTHER, number="+77272501414", group="portal", language="ru", asked_ms=AT_MS + 90_000, tried=2,
                 state="later", place=None, not_before_ms=AT_MS + 3_600_000),
]  # fmt: skip
SLOWED = [
    {"address": "2001:db8:85a3:8d3:1319:8a2e:370:7348", "from_ms": AT_MS, "until_ms": AT_MS + 600_000, "times": 4},
    {"address": "203.0.113.7", "from_ms": AT_MS, "until_ms": AT_MS + 60_000, "times": 1},
]
GIB = 1 << 30
GIVEN = (RatingGiven("given", 5), RatingGiven("given", 2), RatingGiven("silence"))
TIMES = [
    CallTimes(AT_MS, AT_MS + 9000, AT_MS + wait_ms, AT_MS + 300_000, group, (one,))
    for wait_ms, one in zip((14_000, 30_000, 1_127_500), GIVEN, strict=True)
    for group in ("ict", "portal", "state-services")
]
GIVEN_UP = [
    CallTimes(AT_MS, AT_MS + 9000, None, AT_MS + ended_ms, "state-services") for ended_ms in (12_000, 47_000, 1_800_000)
]
REPORT = rating_report(
    "operator",
    [RatingCount("101", "given", 5, 412), RatingCount("101", "silence", None, 37), RatingCount("1030", "given", 1, 3)],
    [RatingCount("1030", "given", 4, 11)],
)
LOW = RatedTalk(
    call=OTHER, seq=2, arrived_ms=AT_MS, rated_ms=AT_MS + 250_000, score=1, operator="1030", others=("101", "104"),
    group="state-services", language="kk", recorded=True,
)  # fmt: skip
DISKS = [
    DiskNow("spool", "full", 97.5, 480 * GIB, 91.5),
    DiskNow("archive", "ok", None, None, None),
]
TARGETS = (
    TargetOfGroup(
        group="state-services", target_s=30, answered=1400, abandoned=33, waiting=5, asa_s=34.21, projected_s=38.04,
        state="widened", width="helpers", helpers=("103", "104", "1030"), missed=True, operators_missing=3,
        until_ms=AT_MS + 7_200_000,
    ),
    TargetOfGroup(
        group="ict", target_s=30, answered=0, abandoned=0, waiting=0, asa_s=None, projected_s=None, state="calm",
        width="", helpers=(), missed=False, operators_missing=None, until_ms=None,
    ),
)  # fmt: skip
PROMPTS: list[dict[str, Any]] = [
    {"language": "kk", "id": "hello", "voice": "studio", "seconds": 1.83, "level_dbfs": -19.0, "text": "Сәлем!",
     "remarks": []},
    {"language": "ru", "id": "callback-not-confirmed", "voice": "synthetic", "seconds": 14.2, "level_dbfs": -23.4,
     "text": "Вы не подтвердили обратный звонок. Оставайтесь на линии, ваше место в очереди сохраняется, либо нажмите "
             "девять, чтобы мы перезвонили вам на номер, с которого вы звоните.",
     "remarks": ["clipped in 12 places", "4.4 dB below the others"]},
    {"language": "kk", "id": "welcome", "voice": "none", "seconds": None, "level_dbfs": None, "text": "",
     "remarks": ["no sound for kk/welcome: render it or take a studio's"]},
]  # fmt: skip
ANSWERS: dict[str, Any] = {
    "GET /operators": {"operators": [one.model_dump(mode="json") for one in OPERATORS]},
    "GET /calls": {"calls": [one.model_dump(mode="json") for one in CALLS]},
    "GET /groups": {"groups": [one.model_dump(mode="json") for one in GROUPS]},
    "GET /callbacks": {"callbacks": [one.model_dump(mode="json") for one in CALLBACKS]},
    "GET /target": TargetNow(
        at_ms=AT_MS,
        ledger_at_ms=AT_MS,
        time_zone=ZONE,
        total=TARGETS[0].model_copy(update={"group": ""}),
        groups=TARGETS,
    ).model_dump(mode="json"),
    "GET /disks": {"disks": [asdict(one) for one in DISKS]},
    "GET /guesses": {"slowed": SLOWED},
}
ALARMS = [
    Alarm(AT_MS, "recording-missing", f"{CALL}-1-1: the talk of 101 lasted 154 s and has no sound"),
    Alarm(AT_MS + 60_000, "disk-full", "/srv/bailanys/spool takes no bytes"),
    Alarm(AT_MS + 240_000, "keys-away", RU),
]
NOTES = [
    Entry(14_001, AT_MS, "bailanys", "recording.kept", f"{CALL}-1-1",
          '{"bytes":912384,"sha256":"' + "ab" * 32 + '"}', "", ""),
    Entry(14_377, AT_MS + 86_400_000, "Айгүл Сәрсенбайқызы Төлегенова", "recording.exported", f"{CALL}-1-1",
          json.dumps({"format": "wav", "reason": RU}, ensure_ascii=False), "", ""),
]  # fmt: skip
TOKENS = [
    Token(name="crm-of-the-ministry-of-digital-development", sha256="0" * 64, created_ms=AT_MS, used_ms=AT_MS,
          scopes=frozenset({"calls:read", "calls:transfer", "operators:read", "recordings:listen", "recordings:read"})),
    Token(name="wallboard", sha256="1" * 64, created_ms=AT_MS, used_ms=None, scopes=frozenset({"stats:read"})),
]  # fmt: skip
MADE = Recording(
    file=f"{CALL}-1-1", call=CallId(CALL), seq=1, offer=1, made_ms=AT_MS, status=RecordingStatus.OK,
    duration_ms=154_240, bridged_ms=154_300, path="2026/11/29/08/a.flac", sha256="ab" * 32, bytes=900_000,
)  # fmt: skip
STORY = CallStory(
    CallRecord(
        CallRow(
            CALL, "hl1", AT_MS, "1414", "87051112233", "", "+77051112233", "kk", "key", AT_MS + 4000, "state-services",
            AT_MS + 9000, AT_MS + 41_000, AT_MS + 260_000, "answered",
        ),
        segments={
            1: SegmentRow(
                CALL, 1, "state-services", "kk", "menu", AT_MS + 9000, AT_MS, 2, "1030", "router", AT_MS + 41_000,
                AT_MS + 44_000, 80_000, transferred_ms=AT_MS + 124_000, transfer_kind="blind", transfer_to="portal",
                wanted="104", ended_ms=AT_MS + 124_000, ended_by="transfer",
            ),
            2: SegmentRow(
                CALL, 2, "portal", "kk", "transfer", AT_MS + 124_000, AT_MS + 80_000, 3, "104", "router",
                AT_MS + 140_000, AT_MS + 141_000, 102_000, notice_ms=AT_MS + 125_000, ended_ms=AT_MS + 243_000,
                ended_by="operator",
            ),
        },
        offers={
            (1, 1): OfferRow(CALL, 1, 1, "101", "router", None, AT_MS + 10_000, AT_MS + 30_000, "NOANSWER"),
            (1, 2): OfferRow(CALL, 1, 2, "1030", "router", None, AT_MS + 31_000, AT_MS + 41_000, "ANSWER"),
            (2, 3): OfferRow(CALL, 2, 3, "104", "net", None, AT_MS + 130_000, AT_MS + 140_000, "ANSWER"),
        },
        ratings={
            (1, "1030"): RatingRow(CALL, 1, "1030", None),
            (2, "104"): RatingRow(CALL, 2, "104", AT_MS + 244_000, AT_MS + 252_000, "given", 5),
        },
        gaps={(2, AT_MS + 180_000): GapRow(
            CALL, 2, AT_MS + 180_000, AT_MS + 200_000, "paused", "Айгүл Сәрсенбайқызы Төлегенова", RU
        )},
        identities={("diversion", "+77272501414"): IdentityRow(CALL, "diversion", "+77272501414", "2501414", AT_MS)},
    ),
    (Step(AT_MS + 1000, "language-asked", ""), Step(AT_MS + 5000, "topic-asked", "")),
    (MADE, replace(MADE, file=f"{CALL}-2-3", seq=2, offer=3, status=RecordingStatus.MISSING, path="", sha256="")),
)  # fmt: skip
HITS = [
    FoundRecording(
        call_id=CALL, seq=1, offer=1, match="exact", day="on", caller_key="+77051112233", caller_raw="87051112233",
        arrived_ms=AT_MS, operator_id="1030", group_id="state-services", answered_ms=AT_MS, ended_ms=AT_MS + 160_000,
        recording=MADE, language="kk", score=5, held=True, why=Why.NUMBER, number="8 705 111-22-33",
    ),
    FoundRecording(
        call_id=OTHER, seq=2, offer=3, match="exact", day="on", caller_key="+77051112233", caller_raw="87051112233",
        arrived_ms=AT_MS + 400_000, operator_id="101", group_id=None, answered_ms=None, ended_ms=None, recording=None,
    ),
    FoundRecording(
        call_id=OTHER, seq=1, offer=1, match="possible", day="on", caller_key="+77271112233", caller_raw="1112233",
        arrived_ms=AT_MS + 400_000, operator_id="101", group_id="portal", answered_ms=AT_MS, ended_ms=None,
        recording=None, language="ru", why=Why.CALLBACK, number="111-22-33",
    ),
]  # fmt: skip
DEMANDS = [
    (
        Demand(
            id="D-2026-0001", authority=Authority.SERVICE_QUALITY, day="2026-11-28", phone="8 (705) 111-22-33",
            letter="№ 03-12/4471-И от 28.11.2026, Комитет государственных услуг", received_ms=AT_MS,
            ground="подпункт 3) пункта 14 Правил взаимодействия Единого контакт-центра", registered_ms=AT_MS,
            registered_by="Айгүл",
        ),
        (
            DemandStep(StepKind.SEARCHED, AT_MS, "Айгүл", (f"{CALL}-1-1", f"{OTHER}-2-3"), '{"exact": 2}'),
            DemandStep(StepKind.LISTENED, AT_MS + 1000, "Айгүл", (f"{CALL}-1-1",), KK),
            DemandStep(StepKind.SELECTED, AT_MS + 2000, "Айгүл", (f"{CALL}-1-1",)),
        ),
    ),
    (
        Demand(
            id="D-2026-0002", authority=Authority.INFORMATISATION, day="2026-11-01", phone="+7 727 250 14 14",
            letter="17-4/221", received_ms=AT_MS - 13_000_000, ground="art. 14", registered_ms=AT_MS,
            registered_by="Dina",
        ),
        (DemandStep(StepKind.SEARCHED, AT_MS, "Dina", (), "{}"),),
    ),
]  # fmt: skip
KNOWN = [(state_of(demand, steps), steps) for demand, steps in DEMANDS]


@pytest.fixture(autouse=True)
def _hotline(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A hotline that answers as above, a ledger with those notes, and no other."""

    async def answer(_: Path, operation: str, *__: object, **___: object) -> dict[str, Any]:
        return json.loads(json.dumps(ANSWERS[operation]))  # type: ignore[no-any-return]

    @contextlib.contextmanager
    def ledger(*_: object, **__: object) -> Iterator[SimpleNamespace]:
        async def of(_: str) -> list[Entry]:
            return NOTES

        async def call_story(call: str) -> CallStory | None:
            return STORY if call == CALL else None

        yield SimpleNamespace(audit=SimpleNamespace(of=of), call_story=call_story)

    monkeypatch.setattr(control, "ask", answer)
    monkeypatch.setattr("bailanys.cli.ledger.ledger_of", ledger)
    monkeypatch.setattr(alarms, "_told", lambda *_: ALARMS)
    monkeypatch.setattr(alarms.time, "time_ns", lambda: (AT_MS + 300_000) * 1_000_000)
    monkeypatch.setattr(tokens.TokenFile, "current", lambda _: TOKENS)
    monkeypatch.setenv("BAILANYS_STORAGE__STATE_DIR", str(tmp_path))


def _typed(*words: str) -> str:
    result = CliRunner().invoke(app, [*words, "--config", str(CONFIG)], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


LISTINGS: dict[str, tuple[str, ...] | Callable[[], None]] = {
    "operators-list": ("operators", "list"),
    "calls-list": ("calls", "list"),
    "calls-show": ("calls", "show", CALL),
    "groups-list": ("groups", "list"),
    "callbacks-list": ("callbacks", "list"),
    "guesses-list": ("guesses", "list"),
    "alarms": ("alarms",),
    "audit-list": ("audit", "list", f"{CALL}-1-1"),
    "tokens-list": ("tokens", "list"),
    "target": ("target",),
    "stats": lambda: show(
        statistics.lines(rated_day([*TIMES, *GIVEN_UP])), as_json=False, title=f"2026-11-29 ({ZONE})"
    ),
    "ratings": lambda: show(ratings.lines(REPORT), as_json=False, title="Ratings"),
    "ratings-low": lambda: show([ratings.low_line(LOW, ZONE)], as_json=False, title="Talks rated 2 or less"),
    "disks": ("recordings", "disks"),
    "prompts-list": lambda: show([prompts.line(row) for row in PROMPTS], as_json=False, title="Prompts"),
    "recordings-find": lambda: show_hits(HITS, ZONE),
    "demands-list": lambda: show_list(KNOWN, AT_MS + 5_000_000, ZONE, as_json=False, wide=False),
    "demands-show": lambda: show_one(*KNOWN[0], HITS[:2], AT_MS + 5_000_000, ZONE, as_json=False),
}


@pytest.mark.parametrize("columns", [80, 120])
@pytest.mark.parametrize("name", LISTINGS)
def test_a_listing_fits_its_screen_unbroken(
    name: str, columns: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    listing = LISTINGS[name]
    if callable(listing):
        listing()
        shown = capsys.readouterr().out
    else:
        shown = _typed(*listing)
    assert max(map(len, shown.splitlines())) <= columns
    assert not re.search(r"\d{13}", shown), "no raw milliseconds for people"
    file = FOLDER / f"{name}-{columns}.txt"
    if not file.exists():
        file.write_text(shown, encoding="utf-8")
        pytest.fail(f"{file} is written anew: look at it, and run this again")
    assert shown == file.read_text(encoding="utf-8")


def test_wide_puts_all_of_a_row_on_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    shown = _typed("operators", "list", "--wide").splitlines()
    assert len(shown) == 3 + len(OPERATORS)
    assert RU in shown[4] and "state-services, portal 2, ict 4" in shown[3]


def test_a_program_gets_all_of_a_calls_story() -> None:
    told = json.loads(_typed("calls", "show", CALL, "--json"))
    assert list(told) == ["call", "identities", "segments", "offers", "ratings", "recordings", "gaps", "steps"]
    assert (told["call"]["arrived_ms"], told["call"]["arrived"]) == (AT_MS, "2026-11-29T07:40:55.250Z")
    assert [segment["operator_id"] for segment in told["segments"]] == ["1030", "104"]
