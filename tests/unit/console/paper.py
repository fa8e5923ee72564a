"""The API over a real socket, with a hotline behind it that exists on paper only."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any

from aiohttp.test_utils import TestClient

from calls.disks import DiskNow
from calls.ratings import RatingGiven
from calls.statistics import CallTimes
from console.answers import Prioritised
from console.errors import (
    NoConsultationError,
    NoSuchGroupError,
    NoTalkError,
    NoWrapUpError,
    RecordingGoesOnError,
    UnavailableError,
    UnknownCallbackError,
    UnknownCallError,
    UnknownGroupError,
    UnknownOperatorError,
    UnknownRecordingError,
)
from console.gate import Gate
from console.operations.callbacks import CancelledCallback, OwedCallback
from console.operations.calls import CallNow, Consulting, Joined, RecordingNow, TakenBack, Transferred
from console.operations.figures import (
    DaysQuery,
    LowRatingsQuery,
    LowTalk,
    LowTalks,
    RatingsQuery,
    RatingsTold,
    Stats,
    TargetNow,
    TargetOfGroup,
)
from console.operations.groups import GroupNow
from console.operations.health import DayWait, Floor
from console.operations.operators import Duty, OperatorNow, SkillsBody, SkillsNow, WrapUp
from console.operations.recordings import Covered, FoundTalk, FoundTalks, ListenQuery, TalksQuery
from console.operations.upkeep import Reloaded
from console.scopes import Scope
from console.story import CallFacts, OfferFacts, RatingFacts, RecordingFacts, SegmentFacts, StepFacts, Story
from console.stream import Stream
from console.token_file import TokenFile
from console.tokens import new_token
from dispatch.slowed_addresses import Slowed
from rating.day import rated_day
from rating.figures import counted
from rating.report import rating_report
from tests.unit.console.paper_demands import DEMAND, FILE, PaperDemands

CALLER = "+77012345678"
TODAY = date(2026, 11, 22)
PATHS = {"{file}": FILE, "{demand}": DEMAND, "{number}": "101", "{name}": "portal", "{id}": "hl1-1764000000.12"}
QUERIES = {
    "/recordings": "?date=2026-11-22&phone=87012345678",
    f"/recordings/{FILE}/audio": "?reason=is+it+meant&format=wav",
}
BODIES = {
    "skills": {"levels": {"portal": 2}, "remove": ["ict"]},
    "call_priority": {"by_s": 60},
    "group_priority": {"priority_s": 30},
    "transfer": {"to": "ict"},
    "pause_recording": {"reason": "card number"},
    "consult": {"to": "ict"},
    "wrap_up": {"do": "extend"},
    "demand_add": {
        "authority": "service-quality",
        "letter": "14-2/118",
        "ground": "rule 14",
        "date": "2026-11-20",
        "phone": "87012345678",
    },
    "demand_select": {"files": [FILE]},
    "demand_glass": {"reason": "alone at night"},
    "demand_deliver": {"to": "A. Serikova", "way": "courier"},
    "demand_withdraw": {"letter": "14-2/119"},
}
PORTAL = TargetOfGroup(
    group="portal", target_s=30, answered=40, abandoned=1, waiting=2, asa_s=34.2, projected_s=38.0, state="widened",
    width="helpers", helpers=("104",), missed=True, operators_missing=3, until_ms=1764007200000,
)  # fmt: skip
TARGET = TargetNow(
    at_ms=1764000000000,
    ledger_at_ms=1763999999000,
    time_zone="Asia/Almaty",
    total=PORTAL.model_copy(update={"group": "", "width": "", "helpers": ()}),
    groups=(PORTAL,),
)
TALKING, WAITING = "hl1-1764000000.12", "hl1-1764000000.34"


def example(path: str) -> str:
    """A path with its variable part and its query filled in."""
    for part, value in PATHS.items():
        path = path.replace(part, value)
    return path + QUERIES.get(path, "")


@dataclass
class PaperDesk:
    in_truth: bool = True
    said: list[tuple[str, str | None]] = field(default_factory=list)
    moved: list[tuple[str, str]] = field(default_factory=list)
    paused: list[tuple[str, str, str]] = field(default_factory=list)
    recording: bool = False
    cancelled: list[str] = field(default_factory=list)
    broken: Exception | None = None
    alone: bool = False
    """Whether no colleague is being asked."""
    disks: tuple[DiskNow, ...] = ()
    lag_s: float = 0.25
    ledger_away: str = ""
    faults: tuple[str, ...] = ()
    reloaded: list[str] = field(default_factory=list)

    def floor(self) -> Floor:
        waiting, operators = {"portal": 2, "ict": 0}, {"ready": 1, "talking": 3}
        return Floor(
            self.in_truth,
            waiting,
            operators,
            self.lag_s,
            disks=self.disks,
            ledger_away=self.ledger_away,
            faults=self.faults,
        )

    async def operators(self) -> list[OperatorNow]:
        return [
            OperatorNow(
                operator="101",
                name="Айгүл",
                groups=("portal",),
                levels={"portal": 2},
                languages=("kk", "ru"),
                changed=True,
                state="talking",
                reason=TALKING,
            )
        ]

    async def reload(self, by: str) -> Reloaded:
        self.reloaded.append(by)
        return Reloaded(changed=("operator 105 (Болат): new, serves ict",), wants_start=())

    def duty(self, number: str, reason: str | None) -> Duty:
        if number != "101":
            raise UnknownOperatorError(f"no operator {number}")
        self.said.append((number, reason))
        return Duty(operator=number, state="ready" if reason is None else "paused")

    def wrap_up(self, number: str, *, longer: bool) -> WrapUp:
        if number == "102":
            raise NoWrapUpError("no wrap-up at the moment")
        self.said.append((number, "longer" if longer else "over"))
        return WrapUp(operator=number, until_ms=1_764_000_060_000)

    def target(self) -> TargetNow:
        if self.broken:
            raise self.broken
        return TARGET

    async def callbacks(self) -> list[OwedCallback]:
        return [
            OwedCallback(
                call=TALKING, number=CALLER, group="portal", language="kk", asked_ms=1, tried=1, state="later",
                place=None, not_before_ms=9,
            )
        ]  # fmt: skip

    async def cancel_callback(self, call: str) -> CancelledCallback:
        if call != TALKING:
            raise UnknownCallbackError(f"no callback is owed for {call}")
        self.cancelled.append(call)
        return CancelledCallback(call=call, being_called=False)

    async def calls(self) -> list[CallNow]:
        if self.broken:
            raise self.broken
        told = {"group": "portal", "language": "kk", "for_s": 12, "priority_s": 60}
        return [
            CallNow(call=TALKING, where="talking", operator="101", place=None, **told),
            CallNow(call=WAITING, where="waiting", operator="", place=1, **told),
        ]

    async def transfer(self, call: str, to: str) -> Transferred:
        if to != "ict":
            raise UnknownGroupError(f"no group {to}")
        if call == WAITING:
            raise NoTalkError("only a talk can be transferred")
        if call != TALKING:
            raise UnknownCallError(f"no such call now: {call}")
        self.moved.append((call, to))
        return Transferred(call=call, to=to)

    async def three_way(self, call: str) -> Joined:
        if call == WAITING:
            raise NoTalkError("the caller talks to no operator")
        if call != TALKING:
            raise UnknownCallError(f"no such call now: {call}")
        if self.alone:
            raise NoConsultationError("operator 101 talks with no colleague")
        self.moved.append((call, "three"))
        return Joined(call=call)

    async def pause_recording(self, call: str, reason: str, by: str) -> RecordingNow:
        if call == WAITING:
            raise NoTalkError("nothing is recorded")
        self.paused.append((call, reason, by))
        return RecordingNow(call=call, paused=True, most_s=120)

    async def resume_recording(self, call: str, by: str) -> RecordingNow:
        if call == WAITING:
            raise NoTalkError("nothing is recorded")
        if self.recording:
            raise RecordingGoesOnError("the recording is not paused")
        self.paused.append((call, "", by))
        return RecordingNow(call=call, paused=False)

    async def consult(self, call: str, to: str) -> Consulting:
        await self.transfer(call, to)
        return Consulting(call=call, to=to)

    async def join(self, call: str) -> Joined:
        return await self.three_way(call)

    async def take_back(self, call: str) -> TakenBack:
        await self.three_way(call)
        return TakenBack(call=call, operator="101")


@dataclass
class PaperGuessers:
    slowed: list[Slowed] = field(default_factory=lambda: [Slowed("203.0.113.5", 1, 600_001)])
    let_in: list[tuple[str, str]] = field(default_factory=list)

    async def lift(self, address: str, by: str) -> Slowed | None:
        for one in self.slowed:
            if one.address == address:
                self.slowed.remove(one)
                self.let_in.append((address, by))
                return one
        return None


@dataclass
class PaperSupervision:
    done: list[tuple[object, ...]] = field(default_factory=list)

    async def skills(self, number: str, asked: SkillsBody, by: str) -> SkillsNow:
        if number != "101":
            raise UnknownOperatorError(f"no operator {number}")
        if asked.levels.keys() - {"portal", "ict"}:
            raise UnknownGroupError("no such group; there are: portal, ict")
        self.done.append((number, asked, by))
        return SkillsNow(operator=number, levels=asked.levels, languages=("kk",), changed=True)

    async def prioritise_call(self, call: str, by_s: int | None, to_s: int | None, by: str) -> Prioritised:
        if call not in (TALKING, WAITING):
            raise UnknownCallError(f"no such call now: {call}")
        self.done.append((call, by_s, to_s, by))
        return Prioritised(of=call, priority_s=to_s or by_s or 0)

    async def groups(self) -> list[GroupNow]:
        return [GroupNow(group="portal", priority_s=30, waiting=2, operators=3, ready=0)]

    async def prioritise_group(self, group: str, priority_s: int, by: str) -> Prioritised:
        if group != "portal":
            raise NoSuchGroupError(f"no group {group}; there are: portal")
        self.done.append((group, priority_s, by))
        return Prioritised(of=group, priority_s=priority_s)


@dataclass
class PaperBooks:
    away: bool = False
    asked: list[TalksQuery] = field(default_factory=list)
    rated: list[DaysQuery] = field(default_factory=list)

    async def story(self, call: str) -> Story:
        if call != TALKING:
            raise UnknownCallError(f"no call {call}")
        segment = dict.fromkeys(SegmentFacts.model_fields) | {"seq": 1, "group_id": "portal"}
        facts = {"id": call, "node": "hl1", "arrived_ms": 1, "caller_key": CALLER, "result": "answered"}
        return Story(
            call=CallFacts(**(dict.fromkeys(CallFacts.model_fields) | facts)),
            segments=(SegmentFacts(**segment),),
            offers=(OfferFacts(seq=1, offer=1, operator_id="101", offered_ms=2, ended_ms=3, status="ANSWER"),),
            ratings=(RatingFacts(seq=1, operator_id="101", offered_ms=9, outcome="given"),),
            steps=(StepFacts(at_ms=1, step="topic-asked", detail=""),),
            recordings=(
                RecordingFacts(seq=1, offer=1, status="ok", path="a.flac", duration_ms=5, bytes=7, sha256="00"),
            ),
        )

    async def stats(self, day: date | None) -> Stats:
        if self.away:
            raise UnavailableError("the ledger does not answer", "ledger-unavailable")
        figures = rated_day([CallTimes(0, 1000, 21_000, 50_000, "portal")])
        return Stats(
            day=day or date(2026, 11, 22),
            time_zone="Asia/Almaty",
            total=figures.total,
            groups=figures.groups,
            operators=figures.operators,
        )

    async def ratings(self, asked: RatingsQuery) -> RatingsTold:
        if self.away:
            raise UnavailableError("the ledger does not answer", "ledger-unavailable")
        self.rated.append(asked)
        offers = [RatingGiven("given", 5, "101", ("103",)), RatingGiven("hung_up", None, "101")]
        told = rating_report("operator", *counted(offers))
        return RatingsTold.model_validate(
            {"from_day": TODAY, "to_day": asked.last or TODAY, "time_zone": "Asia/Almaty", **asdict(told)}
        )

    async def rated_low(self, asked: LowRatingsQuery) -> LowTalks:
        self.rated.append(asked)
        talk = LowTalk(
            call=TALKING, seq=2, arrived_ms=1, rated_ms=9, score=1, operator="101", others=("103",), group="portal",
            language="kk", recorded=True,
        )  # fmt: skip
        return LowTalks(from_day=TODAY, to_day=TODAY, time_zone="Asia/Almaty", at_most=2, more=False, talks=(talk,))

    async def talks(self, asked: TalksQuery) -> FoundTalks:
        self.asked.append(asked)
        hit = FoundTalk(
            call=TALKING, seq=1, match="exact", day="on", phone=CALLER, arrived_ms=1, operator="101", group="portal",
            answered_ms=2, ended_ms=None, language="kk", file=None, status=None, on_hold=False,
            duration_ms=None, path=None, sha256=None,
        )  # fmt: skip
        covered = Covered(talks=2, recorded=1, unfinished=1, gaps={})
        return FoundTalks(exact=1, possible=0, adjacent=0, more=False, coverage=covered, talks=(hit,))

    async def day_wait(self) -> DayWait:
        if self.away:
            raise UnavailableError("the ledger does not answer", "ledger-unavailable")
        return DayWait(4, 21.5)


def stream(sound: bytes, media: str, name: str) -> Stream:
    """Bytes that are sent as they would be from a file."""

    async def read(at: int, most: int) -> bytes:
        return sound[at : at + most]

    async def close() -> None:
        return

    return Stream(media, name, len(sound), "tag", read, close)


@dataclass
class PaperListening:
    sound: bytes = b"RIFF, as if it were"
    heard: list[tuple[str, str, str]] = field(default_factory=list)

    async def recording(self, file: str, asked: ListenQuery, by: str) -> Stream:
        if file != FILE:
            raise UnknownRecordingError(f"no recording {file}")
        self.heard.append((file, asked.reason, by))
        return stream(self.sound, "audio/wav", f"{file}.wav")


@dataclass
class Paper:
    """The API, what is behind it, and a client."""

    desk: PaperDesk
    supervision: PaperSupervision
    books: PaperBooks
    demands: PaperDemands
    listening: PaperListening
    tokens: TokenFile
    gate: Gate
    client: TestClient[Any, Any]

    def token(self, *scopes: Scope, name: str = "") -> dict[str, str]:
        """A header with a new token of these scopes; all of them if none is named."""
        name = name or f"t{len(self.tokens.current())}"
        secret, token = new_token(name, scopes or tuple(Scope), 1)
        self.tokens.add(token)
        return {"Authorization": f"Bearer {secret}"}

    async def asked(self, method: str, path: str, **more: Any) -> tuple[int, Any]:
        """The status and the JSON of one request."""
        async with self.client.request(method, f"/api/v1{path}", **more) as response:
            return response.status, await response.json()

    async def refused(self, method: str, path: str, **more: Any) -> tuple[int, str]:
        """The status and the error's id of a request that is refused."""
        status, said = await self.asked(method, path, **more)
        assert set(said) == {"error_id", "message", "retryable"}
        return status, said["error_id"]
