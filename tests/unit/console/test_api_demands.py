"""Demands over the API: who may do what, and under which name it is done (rule 14)."""

from __future__ import annotations

import pytest

from console.scopes import Scope
from tests.unit.console.paper import Paper
from tests.unit.console.paper_demands import DEMAND, FILE

LETTER = {
    "authority": "service-quality", "letter": "14-2/118", "ground": "rule 14", "date": "2026-11-20",
    "phone": "8 701 234-56-78",
}  # fmt: skip


async def test_the_whole_way_is_done_in_the_tokens_name(paper: Paper) -> None:
    clerk = paper.token(Scope.DEMANDS_WRITE, name="aigul")
    chief = paper.token(Scope.DEMANDS_APPROVE, name="nurlan")
    status, entered = await paper.asked("POST", "/demands", json=LETTER, headers=clerk)
    assert (status, entered["state"]["phone"], entered["hits"][0]["file"]) == (200, "8 701 234-56-78", FILE)
    for path, body, headers in (
        ("select", {"files": [FILE]}, clerk),
        ("approve", {}, chief),
        ("package", {}, clerk),
        ("package", {"also": ["mp3"]}, clerk),
        ("deliver", {"to": "A. Serikova", "way": "courier"}, clerk),
    ):
        status, _ = await paper.asked("POST", f"/demands/{DEMAND}/{path}", json=body, headers=headers)
        assert status == 200, path
    assert [one[0] for one in paper.demands.done] == ["enter", "select", "approve", "package", "package", "deliver"]
    assert paper.demands.done[1:] == [
        ("select", "aigul", (FILE,)),
        ("approve", "nurlan"),
        ("package", "aigul"),
        ("package", "aigul", "mp3"),
        ("deliver", "aigul", "A. Serikova", "courier"),
    ]


async def test_a_clerks_token_does_not_approve_and_an_approvers_does_not_select(paper: Paper) -> None:
    clerk, chief = paper.token(Scope.DEMANDS_WRITE), paper.token(Scope.DEMANDS_APPROVE)
    for path, body, headers in (
        ("approve", {}, clerk),
        ("break-glass", {"reason": "alone"}, clerk),
        ("select", {"files": []}, chief),
        ("deliver", {"to": "x", "way": "y"}, chief),
    ):
        refused = await paper.refused("POST", f"/demands/{DEMAND}/{path}", json=body, headers=headers)
        assert refused == (403, "missing-scope"), path
    assert paper.demands.done == []


async def test_open_demands_are_listed_and_closed_ones_on_request(paper: Paper) -> None:
    reader = paper.token(Scope.DEMANDS_READ)
    _, some = await paper.asked("GET", "/demands", headers=reader)
    _, every = await paper.asked("GET", "/demands?every=true", headers=reader)
    assert [len(said["demands"]) for said in (some, every)] == [1, 2]
    _, one = await paper.asked("GET", f"/demands/{DEMAND}", headers=reader)
    assert one["steps"][0]["kind"] == "searched"


@pytest.mark.parametrize("name", ["D-2026-0009", "..%2F..%2Fetc%2Fpasswd", "D-2026-%25", "x"])
async def test_an_unknown_id_is_unknown(paper: Paper, name: str) -> None:
    refused = await paper.refused("GET", f"/demands/{name}", headers=paper.token())
    assert refused[0] == 404


@pytest.mark.parametrize(
    "wrong",
    [
        {"authority": "police"},
        {"date": "2026-02-30"},
        {"date": "2026-W47-7"},
        {"phone": ""},
        {"received_ms": -1},
        {"scan_sha256": "zz"},
        {"more": 1},
        {"confirm_dates": "maybe"},
    ],
)
async def test_a_letter_that_is_none_is_refused(paper: Paper, wrong: dict[str, object]) -> None:
    refused = await paper.refused("POST", "/demands", json=LETTER | wrong, headers=paper.token())
    assert refused == (400, "bad-request")
    assert paper.demands.done == []


async def test_what_may_not_be_done_says_why(paper: Paper) -> None:
    body = {"files": ["other"]}
    refused = await paper.refused("POST", f"/demands/{DEMAND}/select", json=body, headers=paper.token())
    assert refused == (409, "refused")
