"""The description against OpenAPI's own schema, and the real answers against the description."""

from __future__ import annotations

import re
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openapi_spec_validator import validate
from pydantic import ValidationError

from calls.search import ends_of, hours_of
from console.openapi import document, errors_of
from console.operations.recordings import TalksQuery
from console.route import Route
from console.routes import PREFIX, ROUTES
from console.scopes import Scope
from rating.scale import HIGHEST, LOWEST
from tests.unit.console.paper import BODIES, TALKING, WAITING, Paper, example

DOCUMENT = document(ROUTES, PREFIX)


def described(method: str, path: str, status: int, media: str) -> dict[str, object]:
    """The schema of an answer, with the components that it refers to."""
    answer = DOCUMENT["paths"][PREFIX + path][method.lower()]["responses"][str(status)]
    return {**answer["content"][media]["schema"], "components": DOCUMENT["components"]}


def test_the_description_is_valid() -> None:
    validate(DOCUMENT)


def test_every_path_is_described_with_its_scope() -> None:
    for route in ROUTES:
        told = DOCUMENT["paths"][PREFIX + route.path][route.method.lower()]
        scopes = [scope for one in told.get("security", ()) for scope in one["token"]]
        assert scopes == [str(scope) for scope in route.scopes]
        assert told["summary"]
    assert {scope for route in ROUTES for scope in route.scopes} == set(Scope)
    assert len({route.handler.__name__ for route in ROUTES}) == len(ROUTES)


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
async def test_answers_are_as_described(paper: Paper, route: Route) -> None:
    async with paper.client.request(
        route.method, PREFIX + example(route.path), json=BODIES.get(route.handler.__name__), headers=paper.token()
    ) as response:
        assert response.status == 200
        schema = described(route.method, route.path, 200, response.content_type)
        said = await (response.json() if response.content_type == "application/json" else response.text())
    jsonschema.validate(said, schema)
    if schema.get("type") != "string" and route.answer:
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate({}, schema)


@pytest.mark.parametrize(
    ("method", "path", "template", "body"),
    [
        ("GET", "/stats?day=x", "/stats", None),
        ("GET", "/calls/none", "/calls/{id}", None),
        ("POST", f"/calls/{WAITING}/transfer", "/calls/{id}/transfer", {"to": "ict"}),
        ("POST", f"/calls/{TALKING}/transfer", "/calls/{id}/transfer", {"to": "none"}),
        ("PATCH", "/operators/101", "/operators/{number}", {"levels": {"it": 1}}),
        ("PATCH", "/groups/none", "/groups/{name}", {"priority_s": 1}),
        ("POST", "/operators/999/pause", "/operators/{number}/pause", {}),
    ],
)
async def test_refusals_are_as_described(
    paper: Paper, method: str, path: str, template: str, body: dict[str, object] | None
) -> None:
    for header in (paper.token(), paper.token(Scope.METRICS_READ), {}):
        status, said = await paper.asked(method, path, json=body, headers=header)
        assert status >= 400
        jsonschema.validate(said, described(method, template, status, "application/json"))


def schema_of(model: str) -> dict[str, object]:
    return {**DOCUMENT["components"]["schemas"][model], "components": DOCUMENT["components"]}


def parameter(path: str, name: str) -> dict[str, object]:
    (told,) = (one for one in DOCUMENT["paths"][PREFIX + path]["get"]["parameters"] if one["name"] == name)
    found: dict[str, object] = told["schema"]
    return found


def test_a_body_is_needed_where_an_empty_one_is_refused() -> None:
    needed = {
        route.handler.__name__: DOCUMENT["paths"][PREFIX + route.path][route.method.lower()]["requestBody"]["required"]
        for route in ROUTES
        if route.body
    }
    assert needed["transfer"] and needed["call_priority"] and needed["demand_add"] and needed["wrap_up"]
    assert not (needed["pause"] or needed["ready"] or needed["skills"] or needed["demand_package"])


@pytest.mark.parametrize(
    ("model", "body", "fits"),
    [
        ("CallPriorityBody", {"by_s": 60}, True),
        ("CallPriorityBody", {"by_s": None, "to_s": -5}, True),
        ("CallPriorityBody", {}, False),
        ("CallPriorityBody", {"by_s": None}, False),
        ("CallPriorityBody", {"by_s": 1, "to_s": 1}, False),
        ("CallPriorityBody", {"by_s": 3601}, False),
        ("GroupPriorityBody", {"priority_s": -3601}, False),
        ("SkillsBody", {"levels": {"portal": 6}}, False),
        ("SkillsBody", {"reset": "yes"}, False),
        ("DemandBody", BODIES["demand_add"] | {"received": "2026-11-22T14:05"}, True),
        ("DemandBody", BODIES["demand_add"] | {"received": "2026-11-22T14:05:59+05:00", "received_ms": None}, True),
        ("DemandBody", BODIES["demand_add"] | {"received": "22.11.2026 14:05"}, False),
        ("DemandBody", BODIES["demand_add"] | {"received": "2026-11-22T24:05"}, False),
        ("DemandBody", BODIES["demand_add"] | {"received": "2026-11-22T14:05", "received_ms": 1}, False),
        ("DemandBody", BODIES["demand_add"] | {"received_ms": -1}, False),
        ("DemandBody", BODIES["demand_add"] | {"date": "1999-11-22"}, False),
    ],
)
def test_a_body_is_described_as_it_is_taken(model: str, body: dict[str, object], fits: bool) -> None:
    (taken,) = {route.body for route in ROUTES if route.body and route.body.__name__ == model}
    assert jsonschema.Draft202012Validator(schema_of(model)).is_valid(body) is fits
    if fits:
        taken.model_validate(body)
    else:
        with pytest.raises(ValidationError):
            taken.model_validate(body)


RANGES = ("rating", "length_s", "hours")
TYPED = st.one_of(
    st.tuples(st.sampled_from(RANGES), st.text("0123456789:.-e+ ", max_size=11)),
    *(
        st.tuples(st.just(name), st.from_regex(str(parameter("/recordings", name)["pattern"]), fullmatch=True))
        for name in RANGES
    ),
)


@given(TYPED)
def test_what_a_range_is_described_as_is_what_is_read(typed: tuple[str, str]) -> None:
    """All that the description admits is understood, but for ends in the wrong order (422); nothing else is let in."""
    name, text = typed
    described = jsonschema.Draft202012Validator(parameter("/recordings", name)).is_valid(text)
    try:
        TalksQuery.model_validate({name: text})
    except ValidationError:
        assert not described
        return
    assert described
    if name == "hours":
        hours_of(text)
    elif name == "rating":
        assert all(end is None or LOWEST <= end <= HIGHEST for end in ends_of(text))
    else:
        ends = text.split("-")
        if all(ends) and float(ends[0]) > float(ends[-1]):
            with pytest.raises(ValueError, match=re.escape(text)):
                ends_of(text)
        else:
            ends_of(text)


def test_what_is_taken_when_a_query_says_nothing_is_described() -> None:
    assert parameter("/ratings", "by")["default"] == "operator"
    assert parameter("/demands", "every")["default"] is False
    assert parameter("/recordings", "page")["default"] == 1
    assert "default" not in parameter("/stats", "day")


def test_every_part_of_a_path_may_be_unknown_and_every_path_asked_too_often() -> None:
    for route in ROUTES:
        answers = DOCUMENT["paths"][PREFIX + route.path][route.method.lower()]["responses"]
        assert {"400", "429", "503"} <= answers.keys()
        assert ("404" in answers) is (route.part is not None)
        assert ("413" in answers) is (route.body is not None)
        assert ({"401", "403"} <= answers.keys()) is bool(route.scopes)
        assert answers["429"]["headers"]["Retry-After"]["required"]


def test_the_page_tells_every_path_scope_and_refusal() -> None:
    page = (Path(__file__).resolve().parents[3] / "docs" / "http-api.md").read_text()
    rows = {
        row.split(" | ")[0]: row for row in page.partition("## Refusals")[2].partition("## Metrics")[0].splitlines()
    }
    for error in {error for route in ROUTES for error in errors_of(route)}:
        (row,) = (row for statuses, row in rows.items() if str(error.status) in statuses)
        assert f"`{error.error_id}`" in row
    assert [scope for scope in Scope if f"| `{scope}` |" not in page] == []
    assert [route.name for route in ROUTES if route.path.rpartition("}")[2] not in page] == []
