"""The API over HTTP: form, token, scope, then what the route does; every error answered in one form."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import Mapping
from functools import partial
from typing import Any

import structlog
from aiohttp import hdrs, web
from aiohttp.typedefs import Handler, Middleware
from pydantic import BaseModel, ValidationError

from calls.json_text import json_text, made_visible
from calls.portions import in_portions
from console.answers import Refusal
from console.errors import (
    ApiError,
    BadRequestError,
    BusyError,
    NotFoundError,
    TooLargeError,
    TooManyError,
    WrongMethodError,
)
from console.gate import Gate
from console.limits import STRANGERS_AT_ONCE, STRANGERS_PER_S, Pace, Turnstile
from console.ports import Office
from console.queries import Query
from console.route import Asked, Asks, Route, told
from console.routes import PREFIX, ROUTES
from console.scopes import Scope
from console.stream import Stream
from console.streaming import streamed

log = structlog.get_logger(__name__)

LARGEST_BODY = 256 * 1024
"""The choice of thousands of recordings; read only once the token is known."""
LONG = 100
"""Rows of an answer."""
PATIENCE_S = 10.0
PATIENCE_OF = {Asks.ARCHIVE: 20.0}
"""Half an hour of talk is made into Opus in ten seconds."""
WHOLE_S = 25.0
"""The longest a request may take, its body included; what is streamed, each portion."""
LIMIT = web.RequestKey("limit", asyncio.Timeout)
ADMITTED = web.RequestKey("admitted", bool)
"""Set once a token has let the request in."""
SLOW_S = 1.0
"""How long a 429 is kept back: who asks in a loop is slowed to the number of connections in a second."""
OPEN = frozenset(PREFIX + route.path for route in ROUTES if not route.scopes)


def api_app(office: Office, gate: Gate) -> web.Application:
    """The application; must be made inside the event loop that serves it."""
    strangers = Pace(STRANGERS_AT_ONCE, STRANGERS_PER_S)
    app = web.Application(client_max_size=LARGEST_BODY, middlewares=[_slower(strangers), _in_one_form])
    turnstiles = {asks: Turnstile(asks.value, PATIENCE_OF.get(asks, PATIENCE_S)) for asks in Asks if asks.value}
    for route in ROUTES:
        handler = _handler(route, office, gate, turnstiles.get(route.asks))
        app.router.add_route(route.method, PREFIX + route.path, handler)
        if route.method == hdrs.METH_GET:  # RFC 9110, section 9.3.2: the same without a body
            app.router.add_route(hdrs.METH_HEAD, PREFIX + route.path, handler)
    app.on_response_prepare.append(_say_little)
    return app


def _handler(route: Route, office: Office, gate: Gate, turnstile: Turnstile | None) -> Handler:
    async def handle(request: web.Request) -> web.StreamResponse:
        began_s = time.monotonic()
        name, scopes = "", frozenset[Scope]()
        if route.scopes:
            token = gate.admit(request.headers.get(hdrs.AUTHORIZATION), request.remote or "", route.scopes)
            name, scopes = token.name, token.scopes
            request[ADMITTED] = True
        asked = await _asked(route, request, name, scopes)
        handle = partial(route.handler, office, asked)
        said = await (turnstile.through(handle) if turnstile else handle())
        if route.personal or route.method != hdrs.METH_GET:  # who read or did what; the query would tell a number
            log.info("api", method=route.method, path=route.path, part=asked.part, token=name,
                     took_ms=round((time.monotonic() - began_s) * 1000))  # fmt: skip
        if isinstance(said, Stream):
            return await streamed(request, said, request[LIMIT])
        return await _response(said, route.media)

    return handle


async def _asked(route: Route, request: web.Request, by: str, scopes: frozenset[Scope]) -> Asked[Query, BaseModel]:
    part = ""
    if route.part is not None:
        part = request.match_info[route.part.name]
        if not re.fullmatch(route.part.pattern, part):
            raise route.part.unknown(f"no such {route.part.name}")
    if len(set(request.query)) < len(request.query):
        raise BadRequestError("a key of the query is given twice")
    try:
        return route.asked(part, dict(request.query), await _json(request) if route.body else {}, by, scopes)
    except ValidationError as error:
        raise BadRequestError(told(error)) from None


async def _json(request: web.Request) -> object:
    try:
        sent = await request.read()
        return json.loads(sent) if sent.strip() else {}
    except (ValueError, RecursionError):
        raise BadRequestError("the body is no JSON") from None


async def _response(said: BaseModel | Mapping[str, Any] | str, media: str) -> web.Response:
    match said:
        case str():
            return web.Response(body=said.encode(), headers={hdrs.CONTENT_TYPE: media})
        case BaseModel():
            return web.Response(text=await written(said), content_type=media)
        case _:
            return web.json_response(said, dumps=json_text)


async def written(said: BaseModel) -> str:
    """An answer as JSON; long lists in it are written row by row, with calls in between."""
    long = {
        name: rows
        for name in type(said).model_fields
        if isinstance(rows := getattr(said, name), tuple) and len(rows) > LONG and isinstance(rows[0], BaseModel)
    }
    text = made_visible(said.model_dump_json(exclude=set(long)))
    for name, rows in long.items():
        lines = ",".join([made_visible(row.model_dump_json()) async for row in in_portions(rows)])
        text = f'{text[:-1]}{"" if text == "{}" else ","}"{name}":[{lines}]}}'
    return text


def _slower(strangers: Pace) -> Middleware:
    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        """Hold back who asks too much, so that a flood costs the dispatcher's loop next to nothing."""
        response = await handler(request)
        strange = request.path in OPEN or (response.status in (401, 404, 405) and ADMITTED not in request)
        if strange and (wait_s := strangers.take("", time.monotonic())):
            response = _refusal(TooManyError(f"too many requests: wait {wait_s:.2f} s"))
        if response.status == TooManyError.status:
            await asyncio.sleep(SLOW_S)
        return response

    return middleware


@web.middleware
async def _in_one_form(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn whatever goes wrong into the one form of a refusal."""
    try:
        async with asyncio.timeout(WHOLE_S) as limit:
            request[LIMIT] = limit
            return await handler(request)
    except ApiError as error:
        return _refusal(error)
    except web.HTTPRequestEntityTooLarge:
        return _refusal(TooLargeError(f"a body has at most {LARGEST_BODY} bytes"))
    except web.HTTPMethodNotAllowed as error:
        allowed = ", ".join(sorted(error.allowed_methods))
        return _refusal(WrongMethodError(f"only {allowed} here"), {hdrs.ALLOW: allowed})
    except web.HTTPException as error:
        if error.status != NotFoundError.status:
            raise
        return _refusal(NotFoundError(f"no such path; {PREFIX}/openapi.json lists them"))
    except TimeoutError:
        return _refusal(BusyError("the request took too long"))
    except Exception:  # a fault of ours must not end the connection without a word
        resource = request.match_info.route.resource
        log.exception("api fault", path=resource.canonical if resource else "")
        return _refusal(ApiError("a fault of the hotline's: see the controller's log"))


def _refusal(error: ApiError, headers: dict[str, str] | None = None) -> web.Response:
    said = Refusal(error_id=error.error_id, message=str(error), retryable=error.retryable)
    more = dict(headers or {})
    if error.status == 401:
        more[hdrs.WWW_AUTHENTICATE] = "Bearer"
    if isinstance(error, TooManyError | BusyError):
        more[hdrs.RETRY_AFTER] = "1"
    text = made_visible(said.model_dump_json())
    return web.Response(text=text, status=error.status, content_type="application/json", headers=more)


async def _say_little(_: web.Request, response: web.StreamResponse) -> None:
    response.headers[hdrs.SERVER] = "bailanys"
    response.headers[hdrs.CACHE_CONTROL] = "no-store"
    response.headers["X-Content-Type-Options"] = "nosniff"
