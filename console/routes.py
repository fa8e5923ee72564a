"""Every path of the API and what it does, once: the server and the description are both made from this table."""

from __future__ import annotations

from typing import Any

from console.errors import ApiError
from console.metrics import METRICS_MEDIA, exposition
from console.openapi import document
from console.operations import health
from console.operations.figures import TargetNow
from console.operations.health import DayWait
from console.operations.table import OPERATIONS
from console.ports import Office
from console.queries import NoBody, Query
from console.route import Asked, Route
from console.scopes import Scope

PREFIX = "/api/v1"


async def metrics(office: Office, _: Asked[Query, NoBody]) -> str:
    """Figures for Prometheus; without the ledger's own when the ledger is away."""
    day: DayWait | None
    against: TargetNow | None
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
    *health.ROUTES,
    Route("GET", "/openapi.json", "This description", (), openapi, None),
    Route("GET", "/metrics", "Figures for Prometheus", (Scope.METRICS_READ,), metrics, None, media=METRICS_MEDIA),
    *OPERATIONS,
)
