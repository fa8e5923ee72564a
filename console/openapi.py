"""The API's description (OpenAPI 3.1), made from the route table."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic.json_schema import GenerateJsonSchema, models_json_schema

from console.answers import Refusal
from console.errors import (
    ApiError,
    BadRequestError,
    BadTokenError,
    BusyError,
    MissingScopeError,
    NoSuchRangeError,
    NoTokenError,
    TooLargeError,
    TooManyError,
    UnavailableError,
)
from console.queries import Query
from console.route import Route

_VERSION = "1"
_DESCRIPTION = """\
What programs may ask of the running hotline. Every path but `/health` and `/openapi.json` wants a bearer token, made by
`bailanys tokens add`. Instants (`_ms`) are UTC epoch milliseconds, durations (`_s`) seconds, dates local.

HEAD is answered as GET, without a body. Another method on one of these paths is answered by 405 (`wrong-method`;
`Allow` names them), another path by 404 (`no-such-path`). 400 is what does not have the form that is described here,
422 what has it and still does not fit: a last date before the first, a number that nobody understands."""
_HEADERS = {
    401: {"WWW-Authenticate": {"schema": {"type": "string"}, "required": True}},
    429: {"Retry-After": {"description": "Seconds.", "schema": {"type": "integer"}, "required": True}},
}
_REFERENCE = "#/components/schemas/{model}"


@cache
def document(routes: tuple[Route, ...], prefix: str) -> dict[str, Any]:
    """The whole description; it is the same object each time and must not be changed."""
    answers: list[type[BaseModel]] = [Refusal, *(route.answer for route in routes if route.answer)]
    bodies = [route.body for route in routes if route.body]
    schemas, definitions = models_json_schema(
        [*((model, "serialization") for model in answers), *((model, "validation") for model in bodies)],
        ref_template=_REFERENCE,
    )
    references = {model.__name__: schema for (model, _), schema in schemas.items()}
    paths: dict[str, Any] = {}
    for route in routes:
        paths.setdefault(prefix + route.path, {})[route.method.lower()] = _operation(route, references)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Bailanys", "version": _VERSION, "description": _DESCRIPTION},
        "paths": paths,
        "components": {
            "schemas": definitions["$defs"],
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def errors_of(route: Route) -> list[type[ApiError]]:
    """Every error that a path may answer with."""
    errors: list[type[ApiError]] = [BadRequestError]
    if route.scopes:  # the tokens' own file may be unreadable, too
        errors += [NoTokenError, BadTokenError, MissingScopeError, UnavailableError]
    if route.part is not None:
        errors.append(route.part.unknown)
    if route.body is not None:
        errors.append(TooLargeError)
    return list(dict.fromkeys([*errors, TooManyError, BusyError, *route.errors, ApiError]))


def _operation(route: Route, references: dict[str, Any]) -> dict[str, Any]:
    schema = references[route.answer.__name__] if route.answer else {"type": _loose(route)}
    content = {media.partition(";")[0]: {"schema": schema} for media in route.media.split(", ")}
    parts = NoSuchRangeError in route.errors
    told: dict[str, Any] = {
        "operationId": route.handler.__name__,
        "summary": route.summary,
        "parameters": [*_part(route), *_parameters(route.query)],
        "responses": {
            "200": {"description": "Done.", "content": content},
            **({"206": {"description": "The part asked for.", "content": content}} if parts else {}),
            **_refusals(errors_of(route), references[Refusal.__name__]),
        },
    }
    told["security"] = [{"token": [scope.value]} for scope in route.scopes]  # none: open to everybody
    if route.body is not None:
        told["requestBody"] = {
            "required": _needed(route.body),
            "content": {"application/json": {"schema": references[route.body.__name__]}},
        }
    return told


def _needed(body: type[BaseModel]) -> bool:
    """Whether there must be a body: none is taken for an empty object."""
    try:
        body.model_validate({})
    except ValidationError:
        return True
    return False


def _loose(route: Route) -> str:
    return "object" if route.media == "application/json" else "string"


def _part(route: Route) -> list[dict[str, Any]]:
    if route.part is None:
        return []
    schema = {"type": "string", "pattern": f"^{route.part.pattern}$"}
    return [
        {"name": route.part.name, "in": "path", "required": True, "description": route.part.description,
         "schema": schema, "example": route.part.example}
    ]  # fmt: skip


def _parameters(query: type[Query]) -> list[dict[str, Any]]:
    schema = query.model_json_schema(schema_generator=GenerateJsonSchema)
    needed = schema.get("required", [])
    found = []
    for name, field in schema.get("properties", {}).items():
        shape = {key: value for key, value in field.items() if key not in ("description", "title")}
        options = [option for option in shape.pop("anyOf", ()) if option.get("type") != "null"]
        if shape.get("default") is None:  # left out is not null
            shape.pop("default", None)
        found.append(
            {"name": name, "in": "query", "required": name in needed, "description": field.get("description", ""),
             "schema": shape | (options[0] if options else {})}
        )  # fmt: skip
    return found


def _refusals(errors: Iterable[type[ApiError]], schema: dict[str, Any]) -> dict[str, Any]:
    by_status: dict[int, list[type[ApiError]]] = {}
    for error in errors:
        by_status.setdefault(error.status, []).append(error)
    return {
        str(status): {
            "description": "; ".join(f"`{error.error_id}`: {(error.__doc__ or '').splitlines()[0]}" for error in kinds),
            **({"headers": _HEADERS[status]} if status in _HEADERS else {}),
            "content": {"application/json": {"schema": schema}},
        }
        for status, kinds in sorted(by_status.items())
    }
