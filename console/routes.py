"""Every path of the API and what it does, once: the server and the description are both made from this table."""

from __future__ import annotations

from typing import Any, Literal

from console import answers
from console.demand_routes import DEMAND_ROUTES
from console.errors import (
    AlreadyConsultingError,
    ApiError,
    NobodyThereError,
    NoConsultationError,
    NoSoundError,
    NoSuchGroupError,
    NoSuchRangeError,
    NoTalkError,
    NothingLeftError,
    NoWrapUpError,
    RecordingGoesOnError,
    RecordingPausedError,
    RefusedError,
    UnavailableError,
    UnknownCallbackError,
    UnknownCallError,
    UnknownGroupError,
    UnknownLanguageError,
    UnknownOperatorError,
    UnknownRecordingError,
)
from console.metrics import METRICS_MEDIA, exposition
from console.openapi import document
from console.ports import DayWait
from console.queries import DayQuery, ListenQuery, LowRatingsQuery, NoBody, Query, RatingsQuery, TalksQuery
from console.route import Asked, Asks, Office, Part, Route
from console.scopes import Scope
from console.story import Story
from console.stream import SOUND_MEDIA, Stream

PREFIX = "/api/v1"
BEHIND_S = 60.0

_OPERATOR = Part("number", r"[0-9]{2,6}", "The operator's number.", UnknownOperatorError)
_GROUP = Part("name", r"[a-z][a-z0-9-]{0,31}", "The group's name.", NoSuchGroupError)
_CALL = Part("id", r"[A-Za-z0-9._-]{1,64}", "The call's id, as /calls lists it.", UnknownCallError)
_RECORDING = Part(
    "file",
    r"[a-z][a-z0-9]{0,15}-[0-9.]{3,23}-[0-9]{1,6}-[0-9]{1,9}(?:-[0-9]{6,24})?",
    "The recording's name, as a search shows it.",
    UnknownRecordingError,
)
_CALLBACK = Part("id", r"[A-Za-z0-9._-]{1,64}", "The call it was asked in.", UnknownCallbackError)


async def health(office: Office, _: Asked[Query, NoBody]) -> answers.Health:
    """Whether the controller does its work; asked without a token by whoever watches over it."""
    floor = office.state.floor()
    disks = {disk.name: disk.state for disk in floor.disks}
    ledger: Literal["ok", "behind", "away"] = "behind" if floor.journal_lag_s > BEHIND_S else "ok"
    if floor.ledger_away:
        ledger = "away"
    well = floor.in_truth and ledger == "ok" and not {"full", "unwritable"} & set(disks.values())
    well = well and not floor.faults
    status: Literal["ok", "degraded"] = "ok" if well else "degraded"
    return answers.Health(status=status, in_truth=floor.in_truth, ledger=ledger, disks=disks, faults=floor.faults)


async def operators(office: Office, _: Asked[Query, NoBody]) -> answers.Operators:
    """Every operator's state."""
    return answers.Operators(operators=tuple(await office.state.operators()))


async def ready(office: Office, asked: Asked[Query, NoBody]) -> answers.Duty:
    """Make an operator ready."""
    return office.control.duty(asked.part, None)


async def pause(office: Office, asked: Asked[Query, answers.PauseBody]) -> answers.Duty:
    """Pause an operator."""
    return office.control.duty(asked.part, asked.body.reason)


async def wrap_up(office: Office, asked: Asked[Query, answers.WrapUpBody]) -> answers.WrapUp:
    """Make a wrap-up longer, or end it."""
    return office.control.wrap_up(asked.part, longer=asked.body.do == "extend")


async def calls(office: Office, _: Asked[Query, NoBody]) -> answers.Calls:
    """The calls of this moment."""
    return answers.Calls(calls=tuple(await office.state.calls()))


async def story(office: Office, asked: Asked[Query, NoBody]) -> Story:
    """One call."""
    return await office.books.story(asked.part)


async def transfer(office: Office, asked: Asked[Query, answers.TransferBody]) -> answers.Transferred:
    """Transfer a talk."""
    return await office.control.transfer(asked.part, asked.body.to)


async def three_way(office: Office, asked: Asked[Query, NoBody]) -> answers.Joined:
    """Bring three together."""
    return await office.control.three_way(asked.part)


async def pause_recording(office: Office, asked: Asked[Query, answers.PauseRecordingBody]) -> answers.RecordingNow:
    """Pause a recording."""
    return await office.control.pause_recording(asked.part, asked.body.reason, f"api:{asked.by}")


async def resume_recording(office: Office, asked: Asked[Query, NoBody]) -> answers.RecordingNow:
    """Have it go on."""
    return await office.control.resume_recording(asked.part, f"api:{asked.by}")


async def consult(office: Office, asked: Asked[Query, answers.TransferBody]) -> answers.Consulting:
    """Ask a colleague."""
    return await office.control.consult(asked.part, asked.body.to)


async def join(office: Office, asked: Asked[Query, NoBody]) -> answers.Joined:
    """Give the caller to the colleague."""
    return await office.control.join(asked.part)


async def take_back(office: Office, asked: Asked[Query, NoBody]) -> answers.TakenBack:
    """End the question."""
    return await office.control.take_back(asked.part)


async def skills(office: Office, asked: Asked[Query, answers.SkillsBody]) -> answers.SkillsNow:
    """Change what an operator serves."""
    return await office.supervision.skills(asked.part, asked.body, f"api:{asked.by}")


async def call_priority(office: Office, asked: Asked[Query, answers.CallPriorityBody]) -> answers.Prioritised:
    """Give a caller seconds of waiting."""
    return await office.supervision.prioritise_call(asked.part, asked.body.by_s, asked.body.to_s, f"api:{asked.by}")


async def groups(office: Office, _: Asked[Query, NoBody]) -> answers.Groups:
    """Every group."""
    return answers.Groups(groups=tuple(await office.supervision.groups()))


async def group_priority(office: Office, asked: Asked[Query, answers.GroupPriorityBody]) -> answers.Prioritised:
    """Set a group's priority."""
    return await office.supervision.prioritise_group(asked.part, asked.body.priority_s, f"api:{asked.by}")


async def callbacks(office: Office, asked: Asked[Query, NoBody]) -> answers.OwedCallbacks:
    """Callbacks that are owed."""
    owed = await office.state.callbacks()
    if Scope.CALLS_READ not in asked.scopes:
        owed = [one.model_copy(update={"number": None}) for one in owed]
    return answers.OwedCallbacks(callbacks=tuple(owed))


async def cancel_callback(office: Office, asked: Asked[Query, NoBody]) -> answers.CancelledCallback:
    """Cancel a callback."""
    return await office.control.cancel_callback(asked.part)


async def stats(office: Office, asked: Asked[DayQuery, NoBody]) -> answers.Stats:
    """A day's figures."""
    return await office.books.stats(asked.query.day)


async def ratings(office: Office, asked: Asked[RatingsQuery, NoBody]) -> answers.RatingsTold:
    """What callers rated."""
    return await office.books.ratings(asked.query)


async def low_ratings(office: Office, asked: Asked[LowRatingsQuery, NoBody]) -> answers.LowTalks:
    """Talks that were rated low."""
    return await office.books.rated_low(asked.query)


async def target(office: Office, _: Asked[Query, NoBody]) -> answers.TargetNow:
    """Each group against its target."""
    return office.state.target()


async def talks(office: Office, asked: Asked[TalksQuery, NoBody]) -> answers.FoundTalks:
    """Talks of a date and a number."""
    return await office.books.talks(asked.query)


async def listen(office: Office, asked: Asked[ListenQuery, NoBody]) -> Stream:
    """A recording's sound."""
    return await office.listening.recording(asked.part, asked.query, asked.by)


async def metrics(office: Office, _: Asked[Query, NoBody]) -> str:
    """Figures for Prometheus; without the ledger's own when the ledger is away."""
    day: DayWait | None
    against: answers.TargetNow | None
    try:
        day = await office.books.day_wait()
    except ApiError:
        day = None
    try:
        against = office.state.target()
    except ApiError:
        against = None
    return exposition(office.state.floor(), day, against)


async def openapi(_: Office, __: Asked[Query, NoBody]) -> dict[str, Any]:
    """This description."""
    return document(ROUTES, PREFIX)


ROUTES: tuple[Route, ...] = (
    Route("GET", "/health", "Whether the controller does its work", (), health, answers.Health),
    Route("GET", "/openapi.json", "This description", (), openapi, None),
    Route("GET", "/metrics", "Figures for Prometheus", (Scope.METRICS_READ,), metrics, None, media=METRICS_MEDIA),
    Route(
        "GET", "/operators", "Every operator's state and skills",
        (Scope.OPERATORS_READ, Scope.ROUTING_WRITE), operators, answers.Operators,
    ),
    Route(
        "POST", "/operators/{number}/ready", "Make an operator ready, as `*1` on the phone does",
        (Scope.OPERATORS_WRITE,), ready, answers.Duty,
        part=_OPERATOR, body=NoBody, errors=(UnknownOperatorError,),
    ),
    Route(
        "POST", "/operators/{number}/pause", "Pause an operator, as `*2` on the phone does; a talk goes on",
        (Scope.OPERATORS_WRITE,), pause, answers.Duty,
        part=_OPERATOR, body=answers.PauseBody, errors=(UnknownOperatorError,),
    ),
    Route(
        "POST", "/operators/{number}/wrap-up", "Make a running wrap-up longer, as `*3` on the phone does, or end it",
        (Scope.OPERATORS_WRITE,), wrap_up, answers.WrapUp,
        part=_OPERATOR, body=answers.WrapUpBody, errors=(UnknownOperatorError, NoWrapUpError),
    ),
    Route(
        "PATCH", "/operators/{number}", "Change an operator's groups, levels and languages, at once and until reset",
        (Scope.ROUTING_WRITE,), skills, answers.SkillsNow, Asks.ASTERISK,
        part=_OPERATOR, body=answers.SkillsBody,
        errors=(UnknownOperatorError, UnknownGroupError, UnknownLanguageError, NothingLeftError),
    ),
    Route(
        "GET", "/groups", "Every group: its priority, who waits and who serves",
        (Scope.OPERATORS_READ, Scope.ROUTING_WRITE), groups, answers.Groups,
    ),
    Route(
        "PATCH", "/groups/{name}", "Let a group's callers count as waiting longer, or shorter, than they do",
        (Scope.ROUTING_WRITE,), group_priority, answers.Prioritised, Asks.ASTERISK,
        part=_GROUP, body=answers.GroupPriorityBody, errors=(NoSuchGroupError,),
    ),
    Route(
        "GET", "/calls", "The calls of this moment; no caller's number",
        (Scope.CALLS_READ, Scope.CALLS_TRANSFER, Scope.ROUTING_WRITE), calls, answers.Calls, Asks.ASTERISK,
    ),
    Route(
        "GET", "/calls/{id}", "Everything the ledger knows of one call", (Scope.CALLS_READ,), story, Story, Asks.LEDGER,
        part=_CALL, errors=(UnknownCallError,), personal=True,
    ),
    Route(
        "POST", "/calls/{id}/transfer", "Transfer a talk to a group or an operator; the caller is told first (rule 11)",
        (Scope.CALLS_TRANSFER,), transfer, answers.Transferred, Asks.ASTERISK,
        part=_CALL, body=answers.TransferBody,
        errors=(UnknownCallError, UnknownGroupError, NoTalkError, NobodyThereError),
    ),
    Route(
        "POST", "/calls/{id}/three-way", "Bring caller, operator and the colleague being asked together (rule 11)",
        (Scope.CALLS_TRANSFER,), three_way, answers.Joined, Asks.ASTERISK,
        part=_CALL, body=NoBody, errors=(UnknownCallError, NoTalkError, NoConsultationError),
    ),
    Route(
        "POST", "/calls/{id}/recording/pause", "Pause a talk's recording, as `*7` does; it resumes by itself",
        (Scope.RECORDINGS_PAUSE,), pause_recording, answers.RecordingNow, Asks.ASTERISK,
        part=_CALL, body=answers.PauseRecordingBody, errors=(UnknownCallError, NoTalkError, RecordingPausedError),
    ),
    Route(
        "POST", "/calls/{id}/recording/resume", "Have a paused recording go on, as `*8` does",
        (Scope.RECORDINGS_PAUSE,), resume_recording, answers.RecordingNow, Asks.ASTERISK,
        part=_CALL, body=NoBody, errors=(UnknownCallError, NoTalkError, RecordingGoesOnError),
    ),
    Route(
        "POST", "/calls/{id}/consult", "Hold the caller while the operator asks a group or an operator (rule 11)",
        (Scope.CALLS_TRANSFER,), consult, answers.Consulting, Asks.ASTERISK,
        part=_CALL, body=answers.TransferBody,
        errors=(UnknownCallError, UnknownGroupError, NoTalkError, AlreadyConsultingError, NobodyThereError),
    ),
    Route(
        "POST", "/calls/{id}/join", "Give the caller to the colleague being asked; the caller is told first (rule 11)",
        (Scope.CALLS_TRANSFER,), join, answers.Joined, Asks.ASTERISK,
        part=_CALL, body=NoBody, errors=(UnknownCallError, NoTalkError, NoConsultationError),
    ),
    Route(
        "POST", "/calls/{id}/take-back", "End the question to a colleague; the caller stays with the operator",
        (Scope.CALLS_TRANSFER,), take_back, answers.TakenBack, Asks.ASTERISK,
        part=_CALL, body=NoBody, errors=(UnknownCallError, NoTalkError, NoConsultationError),
    ),
    Route(
        "POST", "/calls/{id}/priority", "Let a caller count as waiting longer, or shorter, than they do",
        (Scope.ROUTING_WRITE,), call_priority, answers.Prioritised, Asks.ASTERISK,
        part=_CALL, body=answers.CallPriorityBody, errors=(UnknownCallError,),
    ),
    Route(
        "GET", "/callbacks", "Callbacks that are owed; the numbers only with `calls:read`, too",
        (Scope.CALLBACKS_READ,), callbacks, answers.OwedCallbacks, personal=True,
    ),
    Route(
        "DELETE", "/callbacks/{id}", "Cancel a callback; a call that is being made goes on", (Scope.CALLBACKS_CANCEL,),
        cancel_callback, answers.CancelledCallback,
        part=_CALLBACK, errors=(UnknownCallbackError, UnavailableError),
    ),
    Route(
        "GET", "/stats", "A day's figures (rule 7)", (Scope.STATS_READ,), stats, answers.Stats, Asks.LEDGER,
        query=DayQuery,
    ),
    Route(
        "GET", "/ratings", "What callers rated, by operator, group, language or day (rule 13)",
        (Scope.STATS_READ, Scope.RATINGS_READ), ratings, answers.RatingsTold, Asks.LEDGER, query=RatingsQuery,
    ),
    Route(
        "GET", "/ratings/low", "Talks that were rated low, with everybody who talked in them; no caller's number",
        (Scope.RATINGS_READ, Scope.RECORDINGS_READ), low_ratings, answers.LowTalks, Asks.LEDGER, query=LowRatingsQuery,
        personal=True,
    ),
    Route(
        "GET", "/target", "Each group's average wait today against its target, and who helps whom (rule 7)",
        (Scope.STATS_READ,), target, answers.TargetNow, Asks.LEDGER,
    ),
    Route(
        "GET", "/recordings", "Talks by local date and caller's number (rule 14), and by all else",
        (Scope.RECORDINGS_READ,), talks, answers.FoundTalks, Asks.LEDGER, query=TalksQuery, personal=True,
    ),
    Route(
        "GET", "/recordings/{file}/audio", "Hear a recording: left the caller, right the operator; takes `Range`",
        (Scope.RECORDINGS_LISTEN,), listen, None, Asks.ARCHIVE, part=_RECORDING, query=ListenQuery, media=SOUND_MEDIA,
        errors=(UnknownRecordingError, NoSoundError, RefusedError, NoSuchRangeError),
        personal=True,
    ),
    *DEMAND_ROUTES,
)  # fmt: skip
