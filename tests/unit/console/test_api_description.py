"""The description against OpenAPI's own schema, and the real answers against the description."""

from __future__ import annotations

import jsonschema
import pytest
from openapi_spec_validator import validate

from console.openapi import document
from console.route import Route
from console.routes import PREFIX, ROUTES
from console.scopes import Scope
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
