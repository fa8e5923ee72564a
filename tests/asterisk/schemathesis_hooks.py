"""Loaded by schemathesis (`SCHEMATHESIS_HOOKS`): with which tokens it asks, from which addresses, about what is there.

What holds back one program (a pace for each token, a few wrong tokens from each address) is not to hold back the test.
"""

from __future__ import annotations

import itertools
import json
import os
import time
from pathlib import Path
from typing import Any

import requests
import schemathesis
from urllib3.util import connection

ASKS: dict[str, Any] = json.loads(os.environ["BAILANYS_ASKS"])
THERE = Path(ASKS["there"])
TOKENS = itertools.cycle(ASKS["tokens"])
ADDRESSES = itertools.cycle(f"127.0.{ASKS['network']}.{host}" for host in range(1, 255))
AWAY_S = 20.0
_connect = connection.create_connection


def _from_another_address(address: Any, *about: Any, **more: Any) -> Any:
    return _connect(address, *about, **{**more, "source_address": (next(ADDRESSES), 0)})


connection.create_connection = _from_another_address
_send = requests.Session.send


def _send_apart(session: requests.Session, request: Any, **more: Any) -> requests.Response:
    """What no token admits is answered so often a second and no more (`console.limits.STRANGERS_PER_S`).

    After a reload the API is away until the new controller listens: then it is asked again. No connection is kept:
    there are few (`console.server.CONNECTIONS`), and schemathesis leaves many of its own open.
    """
    request.headers["Connection"] = "close"
    until_s = time.monotonic() + AWAY_S
    while True:
        try:
            response = _send(session, request, **more)
            break
        except requests.ConnectionError:
            if time.monotonic() > until_s:
                raise
            time.sleep(0.1)
    if response.status_code in (401, 405) or "Authorization" not in request.headers:
        time.sleep(ASKS["apart_s"])
    return response


requests.Session.send = _send_apart  # type: ignore[method-assign]


@schemathesis.auth(refresh_interval=None)
class ManyTokens:
    """A token after the other."""

    def get(self, case: Any, ctx: Any) -> str:
        return next(TOKENS)

    def set(self, case: Any, data: str, ctx: Any) -> None:
        case.headers["Authorization"] = f"Bearer {data}"


@schemathesis.hook
def map_path_parameters(ctx: Any, path_parameters: dict[str, Any]) -> dict[str, Any]:
    """Random requests about the call, the operator, the group that there are: others are asked about elsewhere."""
    known: dict[str, Any] = json.loads(THERE.read_text()) if THERE.exists() else {}
    return {name: known.get(name, value) for name, value in (path_parameters or {}).items()}
