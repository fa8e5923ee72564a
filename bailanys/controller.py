"""The controller: everything clever, in one process that may die at any moment without a caller noticing."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Sequence
from functools import partial

import structlog

from bailanys.api.serve import keep_api
from bailanys.control import ControlServer
from bailanys.jobs import again_and_again, told_to_end
from bailanys.loop.at_hand import settle_memory, share_finely
from bailanys.loop.watch import LoopWatch
from bailanys.processes.office_keeper import OfficeKeeper
from bailanys.processes.reloader import Reloader
from bailanys.requests import Requests
from bailanys.site import faults
from bailanys.site.faults import SiteWatch
from bailanys.site.identity import identity_or_nobody
from bailanys.site.secrets import Secrets
from calls.clock import MachineClock
from calls.ids import CallId
from config.places import Places
from config.settings import Settings
from console.ports import Live
from dialplan import names
from dispatch import slowing
from dispatch.agi_sessions import LanguageOf, serve_callback, serve_menu
from dispatch.call_control import CallControl
from dispatch.callbacks import LIMIT_MS, Callbacks, Recalled, in_hours
from dispatch.dispatcher import Dispatcher, Inbox
from dispatch.live_state import LiveState
from dispatch.lost_calls import LostCalls
from dispatch.supervision import LiveSupervision
from dispatch.target_watch import TargetWatch, target_now
from dispatch.wait_announcements import learnt
from ivr.plan import MenuPlan, menu_plan
from recordings.upkeep import disk_watch
from recordings.upkeep.disk_watch import DiskWatch, disks_of
from storage.engine import open_engine
from storage.errors import LedgerUnavailableError
from storage.journal import reserve
from storage.journal.reserve import JournalRoom
from storage.journal.writer import ControllerJournal, raise_alarm
from storage.ledger import Ledger
from storage.owner import Hotline, guard, must_be_ours
from telephony.agi import AgiServer
from telephony.agi_line import AgiLine
from telephony.ami import AmiLink

log = structlog.get_logger(__name__)

LOST_EVERY_S = 10.0
PAST_MS = 8 * 3_600_000
"""Two half-lives of the running rates."""
TRUTH_LOOK_S = 0.1
OFFICE_WAITS_S = 2.0


async def run_controller(
    settings: Settings, places: Places, keys: Secrets, back_office: Sequence[str], take_up: Sequence[str]
) -> None:
    """Run until SIGTERM, or until the supervisor is gone. Raises OSError when a port is taken.

    `back_office`: the command line of the process that keeps the ledger and the archive; `take_up`: that of
    one that takes up a changed configuration.
    """
    share_finely()
    settle_memory()
    inbox: Inbox = asyncio.Queue()
    clock = MachineClock()
    link = AmiLink("127.0.0.1", settings.ports.ami, "bailanys", keys.ami, inbox)  # type: ignore[arg-type]  # wider queue
    journal = ControllerJournal(places.journals[1])
    ours = identity_or_nobody(places)  # calls go on whatever became of the file
    engine = guard(open_engine(places.database_url), ours)
    ledger = Ledger(engine)
    alarm = partial(raise_alarm, journal)
    office = OfficeKeeper(back_office, alarm)
    recall = partial(recall_callbacks, settings, ledger, office)
    dispatcher = Dispatcher(settings, link, clock, inbox, journal, say_alive, recall)
    watch = LoopWatch(alarm)
    disks = DiskWatch(disks_of(places), alarm)
    site = SiteWatch(settings, places, alarm)
    lost = LostCalls(link, clock, journal, partial(open_calls, ledger, ours))
    plan = menu_plan(settings)
    menu = AgiServer(
        "127.0.0.1", settings.ports.agi, partial(serve, settings, plan, ledger.language_of, dispatcher.callbacks)
    )
    target = TargetWatch(settings, dispatcher, clock, journal, ledger.so_far)
    standing = partial(target_now, target, settings)
    state = LiveState(
        settings, dispatcher, link, clock, lambda: office.in_step_ms, standing, disks.now, lambda: office.away,
        lambda: watch.now, lambda: site.now,
    )  # fmt: skip
    call_control = CallControl(settings, dispatcher, link, clock)
    supervision = LiveSupervision(settings, dispatcher, link, clock, journal)
    live = Live(state, call_control, supervision, upkeep=Reloader(take_up, settings, supervision.took_up))
    control = ControlServer(places.control, Requests(live, dispatcher.callbacks.hold, dispatcher.slowing).answer)

    await office.prepare()
    await menu.start()
    await control.start()
    await link.start()
    tasks = [
        asyncio.create_task(dispatcher.run()),
        asyncio.create_task(dispatcher.audit()),
        asyncio.create_task(know_past(ledger, dispatcher)),
        asyncio.create_task(keep_office(office, dispatcher)),
        asyncio.create_task(keep_watch(watch, dispatcher)),
        asyncio.create_task(again_and_again("journal room", reserve.EVERY_S, JournalRoom(places.journals).keep)),
        asyncio.create_task(again_and_again("disks", disk_watch.LOOK_EVERY_S, disks.look)),
        asyncio.create_task(again_and_again("site", faults.LOOK_EVERY_S, site.look)),
        asyncio.create_task(again_and_again("lost calls", LOST_EVERY_S, lost.look)),
        asyncio.create_task(again_and_again("slowing", slowing.LOOK_EVERY_S, dispatcher.slowing.look)),
        asyncio.create_task(keep_target(target, dispatcher, settings.target.every_s)),
        asyncio.create_task(keep_api(settings, places, dispatcher, live, engine, alarm)),
    ]
    try:
        await told_to_end()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await control.close()
        await menu.close()
        await link.close()
        engine.dispose()


async def recall_callbacks(settings: Settings, ledger: Ledger, office: OfficeKeeper) -> Recalled:
    """What the ledger holds of callbacks. Raises LedgerUnavailableError."""
    as_of_ms = office.in_step_ms  # before the look: what is taken in meanwhile may be seen or not
    owed = await ledger.owed_callbacks(settings.callback.tries, settings.callback.keep_hours)
    dialled = await ledger.callbacks_dialled(time.time_ns() // 1_000_000 - LIMIT_MS)
    return Recalled(as_of_ms, tuple(owed), tuple(dialled))


async def serve(settings: Settings, plan: MenuPlan, language_of: LanguageOf, owed: Callbacks, line: AgiLine) -> None:
    """Serve the session that the dialplan asks for by the path it calls us at."""
    if line.variables.get("agi_network_script") == names.CALLBACK:
        now_ms = time.time_ns() // 1_000_000
        later = not in_hours(settings.callback, settings.hotline.time_zone, now_ms)
        refused = partial(owed.refuses, now_ms=now_ms)
        await serve_callback(line, settings.callback.prefixes, refused, later=later)
    else:
        await serve_menu(line, plan, language_of)


async def know_past(ledger: Ledger, dispatcher: Dispatcher) -> None:
    """Let the expected waits begin with the ledger's last hours; without them a usual day stands in."""
    now_ms = time.time_ns() // 1_000_000
    try:
        past = await ledger.handled_between(now_ms - PAST_MS, now_ms)
        dispatcher.announcements.begin_with(await asyncio.to_thread(learnt, past, dispatcher.router.rules.wrap_up_of))
    except LedgerUnavailableError as error:
        log.warning("expected waits begin without the past", error=str(error))


async def keep_office(office: OfficeKeeper, dispatcher: Dispatcher) -> None:
    """Have the ledger kept: at once when the truth is known, and soon without it, too."""
    began_s = time.monotonic()
    while not dispatcher.synced and time.monotonic() - began_s < OFFICE_WAITS_S:
        await asyncio.sleep(TRUTH_LOOK_S)  # the calls first: starting a process takes a second of a processor
    await office.run()


async def keep_watch(watch: LoopWatch, dispatcher: Dispatcher) -> None:
    """Watch over this very loop from the moment on that the truth is known."""
    while not dispatcher.synced:
        await asyncio.sleep(TRUTH_LOOK_S)
    settle_memory()
    await watch.run()


async def keep_target(target: TargetWatch, dispatcher: Dispatcher, every_s: float) -> None:
    """Look at the day every so often, from the moment on that the truth is known."""
    while not dispatcher.synced:
        await asyncio.sleep(TRUTH_LOOK_S)
    await again_and_again("target", every_s, target.look)


async def open_calls(ledger: Ledger, ours: Hotline) -> list[CallId]:
    """The calls whose end has not been read, of a ledger that is ours. Raises LedgerUnavailableError."""
    await ledger.read(lambda connection: must_be_ours(connection, ours))
    return await ledger.open_calls()


def say_alive() -> None:
    """Tell the supervisor that the dispatcher does its work."""
    try:
        os.write(sys.stdout.fileno(), b".\n")
    except OSError:
        log.warning("no supervisor listens")
