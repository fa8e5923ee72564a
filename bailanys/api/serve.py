"""The HTTP API beside the controller: begun after the calls are cared for, and never able to take them down."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
from collections.abc import Callable

import structlog

from bailanys.loop.at_hand import settle_memory
from config.settings import Settings
from console.ports import Books, Desk, Supervision
from demands.desk import DemandDesk
from dispatch.dispatcher import Dispatcher
from recordings.vault.places import Places
from storage.ledger import Ledger

log = structlog.get_logger(__name__)

LOOK_EVERY_S = 0.1
WRITE_USES_S = 60.0


async def keep_api(
    settings: Settings,
    places: Places,
    dispatcher: Dispatcher,
    office: tuple[Desk, Supervision, Books],
    demands: DemandDesk,
    ledger: Ledger,
    alarm: Callable[[str, str], None],
) -> None:
    """Serve the API until cancelled. Whatever goes wrong is one log line and an alarm; calls go on."""
    if not settings.api.enabled:
        return
    try:
        while not dispatcher.in_truth:  # the calls first: loading the server takes a moment
            await asyncio.sleep(LOOK_EVERY_S)
        for module in ("console.app", "bailanys.api.demands", "bailanys.api.playback"):  # 0.4 s, in which calls go on
            await asyncio.to_thread(importlib.import_module, module)
        settle_memory()
        await _serve(settings, places, office, demands, ledger, alarm)
    except Exception as error:  # the edge between the API and the calls: nothing of it may get further
        alarm("api", repr(error)[:300])


async def _serve(
    settings: Settings,
    places: Places,
    office: tuple[Desk, Supervision, Books],
    demands: DemandDesk,
    ledger: Ledger,
    alarm: Callable[[str, str], None],
) -> None:
    from bailanys.api.demands import DemandOffice
    from bailanys.api.playback import Hearing
    from console.app import api_app
    from console.gate import Gate
    from console.route import Office
    from console.server import serve
    from console.token_file import TokenFile

    gate = Gate(TokenFile(places.tokens))
    uses = asyncio.create_task(_keep_uses(gate.write_uses))
    try:
        zone = settings.hotline.time_zone
        everybody = Office(*office, DemandOffice(demands, places, zone), Hearing(ledger, places, demands))
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
