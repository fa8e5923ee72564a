"""What is let in, what is refused and with which words, over real HTTP."""

from __future__ import annotations

import asyncio
import json
import time
from datetime import date
from pathlib import Path

import pytest
import structlog

from calls.disks import DiskNow
from console import app
from console.app import LARGEST_BODY
from console.limits import FAILURES, REQUESTS_AT_ONCE, STRANGERS_AT_ONCE, Pace
from console.operations.operators import SkillsBody
from console.route import Route
from console.routes import ROUTES
from console.scopes import Scope
from tests.unit.console.paper import BODIES, CALLER, TALKING, WAITING, Paper, example

GUARDED = [route for route in ROUTES if route.scopes]


@pytest.mark.parametrize("route", GUARDED, ids=lambda route: route.path)
async def test_every_path_but_two_wants_a_token_with_its_scope(paper: Paper, route: Route) -> None:
    path, body = example(route.path), BODIES.get(route.handler.__name__)
    assert await paper.refused(route.method, path, json=body) == (401, "no-token")
    wrong = {"Authorization": "Bearer bln_" + "x" * 43}
    assert await paper.refused(route.method, path, json=body, headers=wrong) == (401, "bad-token")
    others = paper.token(*(set(Scope) - set(route.scopes)))
    assert await paper.refused(route.method, path, json=body, headers=others) == (403, "missing-scope")
    assert paper.desk.said == paper.desk.moved == paper.books.asked == []
    for scope in route.scopes:
        async with paper.client.request(
            route.method, f"/api/v1{path}", json=body, headers=paper.token(scope)
        ) as response:
            assert response.status == 200


async def test_health_and_description_are_open(paper: Paper) -> None:
    well = {"status": "ok", "in_truth": True, "ledger": "ok", "disks": {}, "faults": []}
    assert await paper.asked("GET", "/health") == (200, well)
    paper.desk.in_truth = False
    assert await paper.asked("GET", "/health") == (200, well | {"status": "degraded", "in_truth": False})
    paper.desk.in_truth = True
    full = DiskNow(name="spool", state="full", used_percent=100, free_bytes=0, hours_to_full=None)
    paper.desk.disks = (full,)
    assert await paper.asked("GET", "/health") == (200, well | {"status": "degraded", "disks": {"spool": "full"}})
    paper.desk.disks, paper.desk.lag_s = (), 90.0
    assert await paper.asked("GET", "/health") == (200, well | {"status": "degraded", "ledger": "behind"})
    paper.desk.ledger_away = "connection refused"
    assert await paper.asked("GET", "/health") == (200, well | {"status": "degraded", "ledger": "away"})
    paper.desk.ledger_away, paper.desk.lag_s, paper.desk.faults = "", 0.25, ("tokens.json belongs to root",)
    told = {"status": "degraded", "faults": ["tokens.json belongs to root"]}
    assert await paper.asked("GET", "/health") == (200, well | told)
    status, described = await paper.asked("GET", "/openapi.json")
    assert (status, described["openapi"]) == (200, "3.1.0")


async def test_duty_and_transfer_reach_the_desk(paper: Paper) -> None:
    all_ = paper.token()
    ready = await paper.asked("POST", "/operators/101/ready", headers=all_)
    assert ready == (200, {"operator": "101", "state": "ready"})
    await paper.asked("POST", "/operators/101/pause", headers=all_)
    await paper.asked("POST", "/operators/101/pause", headers=all_, json={"reason": "lunch"})
    assert paper.desk.said == [("101", None), ("101", "break"), ("101", "lunch")]
    moved = await paper.asked("POST", f"/calls/{TALKING}/transfer", headers=all_, json={"to": "ict"})
    assert moved == (200, {"call": TALKING, "to": "ict"})
    joined = await paper.asked("POST", f"/calls/{TALKING}/three-way", headers=all_)
    assert joined == (200, {"call": TALKING})
    asked = await paper.asked("POST", f"/calls/{TALKING}/consult", headers=all_, json={"to": "ict"})
    assert asked == (200, {"call": TALKING, "to": "ict"})
    assert await paper.asked("POST", f"/calls/{TALKING}/join", headers=all_) == (200, {"call": TALKING})
    back = await paper.asked("POST", f"/calls/{TALKING}/take-back", headers=all_)
    assert back == (200, {"call": TALKING, "operator": "101"})
    assert paper.desk.moved == [(TALKING, "ict"), (TALKING, "three")] + [(TALKING, "ict")] + 2 * [(TALKING, "three")]


async def test_a_recording_pauses_with_a_reason_and_goes_on(paper: Paper) -> None:
    header, path = paper.token(Scope.RECORDINGS_PAUSE, name="crm"), f"/calls/{TALKING}/recording"
    paper.desk.recording = True
    status, said = await paper.asked("POST", f"{path}/resume", headers=header)
    paper.desk.recording = False
    assert (status, said["error_id"]) == (409, "recording-goes-on")
    assert (await paper.asked("POST", f"{path}/pause", headers=header, json={"reason": ""}))[0] == 400
    paused = await paper.asked("POST", f"{path}/pause", headers=header, json={"reason": "card number"})
    assert paused == (200, {"call": TALKING, "paused": True, "most_s": 120})
    resumed = await paper.asked("POST", f"{path}/resume", headers=header)
    assert resumed == (200, {"call": TALKING, "paused": False, "most_s": None})
    assert paper.desk.paused == [(TALKING, "card number", "api:crm"), (TALKING, "", "api:crm")]


async def test_nobody_joins_a_talk_whose_operator_asks_nobody(paper: Paper) -> None:
    paper.desk.alone = True
    status, said = await paper.asked("POST", f"/calls/{TALKING}/three-way", headers=paper.token())
    assert (status, said["error_id"], said["retryable"]) == (409, "no-consultation", False)


async def test_ratings_are_asked_for_by_days_and_told_without_a_number(paper: Paper) -> None:
    header = paper.token(Scope.RATINGS_READ)
    days = "from=2026-11-01&to=2026-11-22"
    status, told = await paper.asked("GET", f"/ratings?{days}&by=operator", headers=header)
    assert (status, told["total"]["mean"], told["total"]["given"], told["total"]["offered"]) == (200, 5.0, 1, 2)
    assert [(line["of"], line["same_call"]["offered"]) for line in told["lines"]] == [("101", 0), ("103", 1)]
    assert told["lines"][1]["rated"] | {"mean": None, "deviation": None, "given": 0} == told["lines"][1]["rated"]
    status, low = await paper.asked("GET", f"/ratings/low?{days}", headers=header)
    assert (status, low["talks"][0]["others"], low["talks"][0]["recorded"]) == (200, ["103"], True)
    assert CALLER not in json.dumps([told, low])
    first, second = paper.books.rated
    assert (first.first, first.last, second.last) == (date(2026, 11, 1), date(2026, 11, 22), date(2026, 11, 22))


@pytest.mark.parametrize("query", ["from=x", "first=2026-11-01", "by=caller", "to=2026-11-01&to=2026-11-02"])
async def test_ratings_asked_for_in_another_form_are_refused(paper: Paper, query: str) -> None:
    assert await paper.refused("GET", f"/ratings?{query}", headers=paper.token()) == (400, "bad-request")


async def test_a_supervisors_changes_carry_the_name_of_the_token(paper: Paper) -> None:
    header = paper.token(Scope.ROUTING_WRITE, name="lead")
    await paper.asked("PATCH", "/operators/101", headers=header, json={"levels": {"portal": 3}, "reset": True})
    await paper.asked("POST", f"/calls/{WAITING}/priority", headers=header, json={"by_s": -60})
    told = await paper.asked("PATCH", "/groups/portal", headers=header, json={"priority_s": 30})
    assert told == (200, {"of": "portal", "priority_s": 30})
    assert paper.supervision.done == [
        ("101", SkillsBody(levels={"portal": 3}, reset=True), "api:lead"),
        (WAITING, -60, None, "api:lead"),
        ("portal", 30, "api:lead"),
    ]


async def test_numbers_to_be_called_are_shown_only_with_the_scope_that_sees_numbers(paper: Paper) -> None:
    both = paper.token(Scope.CALLBACKS_READ, Scope.CALLS_READ)
    for token, number in ((both, CALLER), (paper.token(Scope.CALLBACKS_READ), None)):
        status, said = await paper.asked("GET", "/callbacks", headers=token)
        assert (status, said["callbacks"][0]["number"]) == (200, number)


async def test_a_callback_is_cancelled(paper: Paper) -> None:
    all_ = paper.token()
    gone = await paper.asked("DELETE", f"/callbacks/{TALKING}", headers=all_)
    assert gone == (200, {"call": TALKING, "being_called": False})
    assert await paper.refused("DELETE", "/callbacks/hl1-1.1", headers=all_) == (404, "unknown-callback")
    assert await paper.refused("POST", f"/callbacks/{TALKING}", headers=all_) == (405, "wrong-method")


async def test_a_wrap_up_is_made_longer_or_ended(paper: Paper) -> None:
    all_ = paper.token()
    longer = await paper.asked("POST", "/operators/101/wrap-up", headers=all_, json={"do": "extend"})
    assert longer == (200, {"operator": "101", "until_ms": 1_764_000_060_000})
    await paper.asked("POST", "/operators/101/wrap-up", headers=all_, json={"do": "end"})
    assert paper.desk.said == [("101", "longer"), ("101", "over")]


@pytest.mark.parametrize(
    ("method", "path", "body", "refusal"),
    [
        ("POST", "/operators/999/ready", None, (404, "unknown-operator")),
        ("POST", "/operators/op101/ready", None, (404, "unknown-operator")),
        ("POST", "/operators/101/pause", {"reason": "x" * 81}, (400, "bad-request")),
        ("POST", "/operators/101/pause", {"why": "lunch"}, (400, "bad-request")),
        ("POST", "/operators/101/pause", [], (400, "bad-request")),
        ("POST", "/operators/102/wrap-up", {"do": "extend"}, (409, "no-wrap-up")),
        ("POST", "/operators/101/wrap-up", {"do": "more"}, (400, "bad-request")),
        ("POST", "/operators/101/wrap-up", None, (400, "bad-request")),
        ("PATCH", "/operators/999", {"levels": {"portal": 1}}, (404, "unknown-operator")),
        ("PATCH", "/operators/101", {"levels": {"it": 1}}, (422, "unknown-group")),
        ("PATCH", "/operators/101", {"levels": {"portal": 6}}, (400, "bad-request")),
        ("PATCH", "/operators/101", {"groups": ["portal"]}, (400, "bad-request")),
        ("PATCH", "/groups/none", {"priority_s": 1}, (404, "no-such-group")),
        ("PATCH", "/groups/NONE", {"priority_s": 1}, (404, "no-such-group")),
        ("PATCH", "/groups/portal", {"priority_s": 3601}, (400, "bad-request")),
        ("PATCH", "/groups/portal", {}, (400, "bad-request")),
        ("POST", "/calls/hl1-1.1/priority", {"by_s": 60}, (404, "unknown-call")),
        ("POST", f"/calls/{WAITING}/priority", {}, (400, "bad-request")),
        ("POST", f"/calls/{WAITING}/priority", {"by_s": 1, "to_s": 1}, (400, "bad-request")),
        ("GET", "/calls/hl1-1.1", None, (404, "unknown-call")),
        ("GET", "/calls/..%2f..%2fetc", None, (404, "unknown-call")),
        ("GET", "/calls/%00", None, (404, "unknown-call")),
        ("POST", "/calls/hl1-1.1/transfer", {"to": "ict"}, (404, "unknown-call")),
        ("POST", f"/calls/{WAITING}/transfer", {"to": "ict"}, (409, "no-talk")),
        ("POST", f"/calls/{TALKING}/transfer", {"to": "nowhere"}, (422, "unknown-group")),
        ("POST", f"/calls/{TALKING}/transfer", {}, (400, "bad-request")),
        ("POST", f"/calls/{TALKING}/transfer", {"to": 62}, (400, "bad-request")),
        ("GET", "/stats?day=22.11.2026", None, (400, "bad-request")),
        ("GET", "/stats?day=1764000000", None, (400, "bad-request")),
        ("GET", "/stats?day=9999-12-31", None, (400, "bad-request")),
        ("GET", "/stats?day=2026-11-22&day=2026-11-23", None, (400, "bad-request")),
        ("GET", "/stats?year=2026", None, (400, "bad-request")),
        ("GET", "/recordings?date=22.11.2026", None, (400, "bad-request")),
        ("GET", "/recordings?phone=87012345678&date=", None, (400, "bad-request")),
        ("GET", f"/recordings?date=2026-11-22&phone={'7' * 65}", None, (422, "bad-request")),
        ("GET", "/recordings?date=2026-11-22&hours=25:00-", None, (400, "bad-request")),
        ("GET", "/recordings?date=2026-11-22&rating=0-2", None, (400, "bad-request")),
        ("GET", "/recordings?date=2026-11-22&length_s=+60-", None, (400, "bad-request")),
        ("GET", "/recordings?date=2026-11-22&operator=1%2001", None, (400, "bad-request")),
        ("GET", "/recordings?date=2026-11-22&anonymous=1", None, (400, "bad-request")),
        ("POST", f"/calls/{WAITING}/priority", {"by_s": "60"}, (400, "bad-request")),
        ("POST", f"/calls/{WAITING}/priority", {"by_s": True}, (400, "bad-request")),
        ("PATCH", "/operators/101", {"reset": "yes"}, (400, "bad-request")),
        ("GET", "/nothing", None, (404, "no-such-path")),
        ("DELETE", "/calls", None, (405, "wrong-method")),
        ("GET", f"/calls/{TALKING}/transfer", None, (405, "wrong-method")),
    ],
)
async def test_refusals_have_one_form(paper: Paper, method: str, path: str, body: object, refusal: object) -> None:
    sent = {} if body is None else {"json": body}
    assert await paper.refused(method, path, headers=paper.token(), **sent) == refusal


async def test_a_refusal_does_not_repeat_what_was_sent(paper: Paper) -> None:
    _, said = await paper.asked("GET", f"/recordings?date=x&phone={CALLER[1:]}", headers=paper.token())
    assert CALLER[-8:] not in json.dumps(said)
    assert said["message"] == "date: must be a date such as 2026-11-22"


async def test_a_whole_number_may_have_a_point_and_nothing_behind_it(paper: Paper) -> None:
    told = await paper.asked("POST", f"/calls/{WAITING}/priority", headers=paper.token(), json={"by_s": 60.0})
    assert told == (200, {"of": WAITING, "priority_s": 60})
    assert await paper.refused("POST", f"/calls/{WAITING}/priority", headers=paper.token(), json={"by_s": 60.5}) == (
        400,
        "bad-request",
    )


@pytest.mark.parametrize("route", [route for route in ROUTES if route.method == "GET"], ids=lambda route: route.path)
async def test_head_is_answered_as_get_without_a_body(paper: Paper, route: Route) -> None:
    path, token = f"/api/v1{example(route.path)}", paper.token()
    async with paper.client.get(path, headers=token) as got, paper.client.head(path, headers=token) as head:
        told = {name: value for name, value in head.headers.items() if name not in ("Date", "Content-Length")}
        assert (head.status, await head.read()) == (200, b"")
        assert told == {name: value for name, value in got.headers.items() if name in told}
        assert head.headers["Content-Length"] == got.headers["Content-Length"]
    async with paper.client.head(path) as closed:
        assert (closed.status, await closed.read()) == (401 if route.scopes else 200, b"")


@pytest.mark.parametrize("body", [b"{", b"\xff", b"[" * 4000, b'{"to": ' + b"1" * 4000 + b"}", b"to=ict"])
async def test_a_body_that_is_no_json(paper: Paper, body: bytes) -> None:
    path = f"/calls/{TALKING}/transfer"
    assert await paper.refused("POST", path, data=body, headers=paper.token()) == (400, "bad-request")


async def test_a_large_body_is_refused(paper: Paper) -> None:
    path, large = "/operators/101/pause", b" " * (LARGEST_BODY + 1)
    assert await paper.refused("POST", path, data=large, headers=paper.token()) == (413, "too-large")


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Basic YTpi", "bln_x", "Bearer\tx"])
async def test_other_authorizations_are_no_token(paper: Paper, header: str) -> None:
    async with paper.client.get("/api/v1/operators", headers={"Authorization": header}) as response:
        assert (response.status, response.headers["WWW-Authenticate"]) == (401, "Bearer")
        assert (await response.json())["error_id"] == "no-token"


async def test_wrong_tokens_are_limited_and_right_ones_are_not(paper: Paper) -> None:
    right = paper.token()
    wrong = {"Authorization": "Bearer nonsense"}
    for _ in range(FAILURES):
        assert await paper.refused("GET", "/operators", headers=wrong) == (401, "bad-token")
    assert await paper.refused("GET", "/operators", headers=wrong) == (429, "too-many-requests")
    assert (await paper.asked("GET", "/operators", headers=right))[0] == 200


async def test_one_token_cannot_ask_without_end(paper: Paper) -> None:
    eager, other = paper.token(), paper.token()
    statuses = [(await paper.asked("GET", "/operators", headers=eager))[0] for _ in range(3 * REQUESTS_AT_ONCE)]
    assert statuses[:REQUESTS_AT_ONCE] == [200] * REQUESTS_AT_ONCE
    assert statuses.count(429) > REQUESTS_AT_ONCE
    assert (await paper.asked("GET", "/operators", headers=other))[0] == 200


async def test_strangers_are_held_back_together(paper: Paper) -> None:
    statuses = {(await paper.asked("GET", "/health"))[0] for _ in range(STRANGERS_AT_ONCE)}
    assert statuses == {200}
    for path in ("/health", "/nothing", "/operators"):
        assert await paper.refused("GET", path) == (429, "too-many-requests")
    assert (await paper.asked("GET", "/operators", headers=paper.token()))[0] == 200


async def test_who_has_a_token_is_no_stranger_whatever_is_asked_for(paper: Paper) -> None:
    for number in range(STRANGERS_AT_ONCE // REQUESTS_AT_ONCE + 1):
        header = paper.token(name=f"n{number}")
        told = {(await paper.asked("GET", "/calls/none", headers=header))[0] for _ in range(REQUESTS_AT_ONCE)}
        assert told == {404}
    assert (await paper.asked("GET", "/health"))[0] == 200


async def test_a_429_is_kept_back(paper: Paper, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app, "SLOW_S", 0.1)
    monkeypatch.setattr(paper.gate, "_pace", Pace(burst=1, per_s=0.1))
    header = paper.token()
    await paper.asked("GET", "/operators", headers=header)
    began_s = time.monotonic()
    assert await paper.refused("GET", "/operators", headers=header) == (429, "too-many-requests")
    assert time.monotonic() - began_s >= 0.1


async def test_a_revoked_token_opens_nothing_at_once(paper: Paper) -> None:
    header = paper.token(name="crm")
    assert (await paper.asked("GET", "/operators", headers=header))[0] == 200
    paper.tokens.revoke("crm")
    assert await paper.refused("GET", "/operators", headers=header) == (401, "bad-token")


async def test_a_damaged_file_of_tokens_lets_nobody_in(paper: Paper, tmp_path: Path) -> None:
    header = paper.token()
    (tmp_path / "tokens.json").write_text("{")
    assert await paper.refused("GET", "/operators", headers=header) == (503, "tokens-unreadable")


async def test_the_last_use_is_kept(paper: Paper) -> None:
    used, unused = paper.token(name="used"), paper.token(name="unused")
    assert unused
    await paper.asked("GET", "/operators", headers=used)
    paper.gate.write_uses()
    paper.gate.write_uses()  # nothing new: nothing written
    assert {token.name: token.used_ms is not None for token in paper.tokens.current()} == {
        "used": True,
        "unused": False,
    }


async def test_numbers_are_in_the_answers_of_their_scopes_alone(paper: Paper) -> None:
    demands = {Scope.DEMANDS_READ, Scope.DEMANDS_WRITE, Scope.DEMANDS_APPROVE}  # a demand names the number
    others = set(Scope) - {Scope.RECORDINGS_READ, Scope.CALLS_READ, *demands}
    for route in ROUTES:
        if route.scopes and not others & set(route.scopes):
            continue
        async with paper.client.request(
            route.method,
            f"/api/v1{example(route.path)}",
            json=BODIES.get(route.handler.__name__),
            headers=paper.token(*others),
        ) as response:
            assert response.status == 200
            assert CALLER[-8:] not in await response.text()


async def test_no_score_stands_beside_a_callers_number(paper: Paper) -> None:
    _, story = await paper.asked("GET", f"/calls/{TALKING}", headers=paper.token())
    assert story["call"]["caller_key"] == CALLER
    assert "score" not in json.dumps(story)


async def test_recordings_are_sought_by_date_and_number(paper: Paper) -> None:
    found = {"date": "2026-11-22", "phone": "8 (701) 234-56-78"}
    status, said = await paper.asked("GET", "/recordings", params=found, headers=paper.token(Scope.RECORDINGS_READ))
    assert (status, [talk["phone"] for talk in said["talks"]]) == (200, [CALLER])
    (asked,) = paper.books.asked
    assert (asked.date, asked.phone, asked.anonymous) == (date(2026, 11, 22), "8 (701) 234-56-78", False)
    others = {
        "date": "2026-11-22", "to_date": "2026-11-24", "anonymous": "true", "operator": "101", "group": "portal",
        "language": "kk", "rating": "1-2", "length_s": "60-", "page": "2",
    }  # fmt: skip
    assert (await paper.asked("GET", "/recordings", params=others, headers=paper.token()))[0] == 200
    assert (paper.books.asked[1].anonymous, paper.books.asked[1].rating, paper.books.asked[1].page) == (True, "1-2", 2)


@pytest.mark.parametrize(
    "wrong", [{"date": "2026-02-30"}, {"phone": ""}, {"language": "de"}, {"page": "0"}, {"path": "../x"}]
)
async def test_a_search_that_is_none_is_refused(paper: Paper, wrong: dict[str, str]) -> None:
    refused = await paper.refused("GET", "/recordings", params=wrong, headers=paper.token())
    assert refused == (400, "bad-request")
    assert paper.books.asked == []


async def test_logs_name_who_read_and_hold_neither_token_nor_number(paper: Paper) -> None:
    header = paper.token(name="auditor")
    with structlog.testing.capture_logs() as lines:
        await paper.asked("GET", f"/recordings?date=2026-11-22&phone={CALLER[1:]}", headers=header)
        await paper.asked("GET", f"/calls/{TALKING}", headers=header)
        await paper.asked("GET", "/operators", headers={"Authorization": "Bearer bln_secret"})
    assert [line.get("token") for line in lines] == ["auditor", "auditor", None]
    text = json.dumps(lines)
    for hidden in (header["Authorization"].removeprefix("Bearer "), "bln_secret", CALLER[-8:]):
        assert hidden not in text


async def test_a_fault_is_answered_and_told_in_the_log(paper: Paper) -> None:
    paper.desk.broken = ZeroDivisionError(CALLER)
    with structlog.testing.capture_logs() as lines:
        assert await paper.refused("GET", "/calls", headers=paper.token()) == (500, "fault")
    assert [(line["event"], line["path"]) for line in lines] == [("api fault", "/api/v1/calls")]


async def test_the_ledger_away_is_told_as_such(paper: Paper) -> None:
    paper.books.away = True
    status, said = await paper.asked("GET", "/stats", headers=paper.token())
    assert (status, said["error_id"], said["retryable"]) == (503, "ledger-unavailable", True)


async def test_answers_are_not_kept_by_anybody_on_the_way(paper: Paper) -> None:
    async with paper.client.get("/api/v1/health") as response:
        assert response.headers["Cache-Control"] == "no-store"
        assert response.headers["Server"] == "bailanys"


async def test_many_at_once_are_all_answered(paper: Paper) -> None:
    header = paper.token()
    answers = await asyncio.gather(*(paper.asked("GET", "/calls", headers=header) for _ in range(30)))
    assert {status for status, _ in answers} == {200}
