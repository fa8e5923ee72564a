"""The HTTP API beside the controller: begun after the calls are cared for, and never able to take them down."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
from collections.abc import Callable

import structlog

from bailanys.loop.at_hand import settle_memory
from calls.alarms import AlarmKind
from config.places import Places
from config.settings import Settings
from console.ports import Live
from dispatch.dispatcher import Dispatcher
from storage.engine import Engine

log = structlog.get_logger(__name__)

LOOK_EVERY_S = 0.1
WRITE_USES_S = 60.0
_LOADED = (
    "console.app", "bailanys.api.demands", "bailanys.api.playback", "bailanys.api.reports", "storage.async_reader",
)  # fmt: skip
"""Takes half a second, in which calls go on."""


async def keep_api(
    settings: Settings,
    places: Places,
    dispatcher: Dispatcher,
    live: Live,
    engine: Engine,
    alarm: Callable[[str, str], None],
) -> None:
    """Serve the API until cancelled. Whatever goes wrong is one log line and an alarm; calls go on.

    `engine`: of the ledger, for what is written and for long lists.
    """
    if not settings.api.enabled:
        return
    try:
        while not dispatcher.synced:  # the calls first: loading the server takes a moment
            await asyncio.sleep(LOOK_EVERY_S)
        for module in _LOADED:
            await asyncio.to_thread(importlib.import_module, module)
        settle_memory()
        await _serve(settings, places, live, engine, alarm)
    except Exception as error:  # the edge between the API and the calls: nothing of it may get further
        alarm(AlarmKind.API, repr(error)[:300])


async def _serve(
    settings: Settings,
    places: Places,
    live: Live,
    engine: Engine,
    alarm: Callable[[str, str], None],
) -> None:
    from bailanys.api.demands import DemandOffice
    from bailanys.api.playback import Hearing
    from bailanys.api.reports import LedgerBooks
    from calls.people import People
    from console.app import api_app
    from console.gate import Gate
    from console.ports import Office
    from console.server import serve
    from console.token_file import TokenFile
    from demands.desk import DemandDesk
    from storage.async_reader import reads_in_loop
    from storage.demands import Register
    from storage.ledger import Ledger

    gate = Gate(TokenFile(places.tokens))
    zone = settings.hotline.time_zone
    uses = asyncio.create_task(_keep_uses(gate.write_uses))
    try:
        async with reads_in_loop(places.database_url, engine) as look_ups:
            ledger = Ledger(engine, look_ups)
            demands = DemandDesk(Register(engine, look_ups), ledger, zone, People(settings.people))
            everybody = Office(
                live.state,
                live.control,
                live.supervision,
                LedgerBooks(ledger, places.database_url, zone, settings.rating.low),
                DemandOffice(demands, places, zone),
                Hearing(ledger, places, demands),
                upkeep=live.upkeep,
            )
            await serve(api_app(everybody, gate), settings.api.bind, settings.api.port, alarm)
    finally:
        uses.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await uses


async def _keep_uses(write: Callable[[], None]) -> None:
    from console.tokens import TokenError

    while True:
        await asyncio.sleep(WRITE_USES_S)
        try:
            await asyncio.to_thread(write)
        except TokenError as error:
            log.warning("last uses of tokens not kept", error=str(error))
