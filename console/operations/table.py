"""All that may be asked, once: the HTTP API serves it, and the control socket what the controller answers alone."""

from __future__ import annotations

from console.operations import callbacks, calls, demands, figures, groups, health, operators, recordings, upkeep
from console.route import Route

OPERATIONS: tuple[Route, ...] = (
    *operators.ROUTES,
    *groups.ROUTES,
    *calls.ROUTES,
    *callbacks.ROUTES,
    *figures.ROUTES,
    *recordings.ROUTES,
    *demands.ROUTES,
    *upkeep.ROUTES,
)
LIVE: dict[str, Route] = {route.name: route for route in (*health.ROUTES, *OPERATIONS) if route.live}
"""By name: `POST /calls/{id}/transfer`."""
