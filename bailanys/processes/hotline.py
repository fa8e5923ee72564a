"""Brings the whole hotline up and down: Asterisk, the ledger's tables, the supervised controller."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from bailanys.control import ControlError, ask
from bailanys.processes.asterisk_keeper import AsteriskKeeper, alone
from bailanys.processes.asterisk_user import settled
from bailanys.processes.log_keeper import LogKeeper
from bailanys.processes.reload import NotTakenError, not_listening, wants_restart
from bailanys.processes.watchdog import Supervisor
from bailanys.site.identity import claim_ledger
from bailanys.site.prepare import prepare
from bailanys.site.secrets import Secrets
from config.load import load
from config.path_signs import paths_unfit
from config.places import Places, places_of
from config.ports_free import ports_in_use
from config.problems import ConfigError
from config.settings import Settings
from config.source import read
from recordings.vault.vault import Vault
from storage.errors import LedgerTakenError, LedgerUnavailableError
from storage.migrate import upgrade
from telephony.embedded import AsteriskInstall, find_asterisk
from telephony.process import AsteriskSilentError, running_pid, rx

READY_S = 30.0


@dataclass(frozen=True, slots=True)
class Hotline:
    """A hotline that is up."""

    settings: Settings
    places: Places
    secrets: Secrets
    asterisk: AsteriskInstall
    supervisor: Supervisor
    keeper: AsteriskKeeper


@contextlib.asynccontextmanager
async def hotline_up(
    config: Path,
    base: Path,
    cache: Path,
    tell: Callable[[str], None] = lambda _: None,
    env: Mapping[str, str] | None = None,
) -> AsyncIterator[Hotline]:
    """Start everything, and stop it at the end. `env`: settings over those of the file.

    An Asterisk that still runs on this site (its supervisor was ended or killed) is taken over with its calls, and left
    to the next one after `keeper.leave()`, or if we cannot come up.
    Raises ConfigError for a port in use and a path that Asterisk cannot name, AlreadyRunningError, LedgerTakenError,
    AsteriskUserError, AsteriskError, OSError.
    """
    over = {**os.environ, **(env or {})}
    settings = load(config, over)
    places = places_of(settings, base)
    asterisk = find_asterisk(cache)
    if problems := paths_unfit(settings, base, (asterisk.module_dir, asterisk.data_dir), read(config, over)):
        raise ConfigError(tuple(problems))
    with alone(places.state):
        running = running_pid(places.asterisk_conf) if places.asterisk_conf.exists() else None
        if running is None and (problems := ports_in_use(settings, read(config, over))):
            raise ConfigError(tuple(problems))
        tell("Preparing the ledger")
        try:
            await asyncio.to_thread(upgrade, places.database_url, Vault(places).ledger_begun)
            await asyncio.to_thread(claim_ledger, places)
        except LedgerTakenError:
            raise
        except LedgerUnavailableError as error:
            tell(f"The ledger is unavailable ({error}): calls are answered, the journal waits for it")
        tell("Preparing sounds, secrets and Asterisk's files")
        secrets = await asyncio.to_thread(prepare, settings, places, asterisk)
        account, said = await asyncio.to_thread(settled, settings, places, asterisk)
        if said:
            tell(said)
        keeper = AsteriskKeeper(asterisk, places, tell, account)
        await keeper.start()
        await _look(keeper, settings, places, asterisk, tell)
        supervisor = Supervisor(config, places.log / "controller.log", env or {}, tell)
        logs = LogKeeper(places.log, partial(rx, asterisk, places.asterisk_conf, "logger reload"))
        keeping = [asyncio.create_task(job) for job in (supervisor.run(), keeper.keep(), logs.keep())]
        try:
            tell("Starting the controller")
            await controller_ready(places)
            yield Hotline(settings, places, secrets, asterisk, supervisor, keeper)
        except BaseException:
            if keeper.taken_over:  # a mishap of ours ends no talk: the next one takes it over, as we did
                keeper.leave()
            raise
        finally:
            for task in keeping:
                task.cancel()
            await asyncio.gather(*keeping, return_exceptions=True)
            await keeper.stop()


async def _look(
    keeper: AsteriskKeeper, settings: Settings, places: Places, asterisk: AsteriskInstall, tell: Callable[[str], None]
) -> None:
    """See that SIP listens as configured: Asterisk goes on without a word where it cannot. Raises NotTakenError.

    One that was taken over goes on as it is, with its calls.
    """
    try:
        if keeper.taken_over:
            for line in await wants_restart(asterisk, places, settings):
                tell(f"Asterisk goes on as it was started: {line} (`bailanys stop` and a start change it)")
            return
        faults = await not_listening(asterisk, places, settings)
    except AsteriskSilentError as error:
        tell(f"Asterisk was not looked at: {error}")
        return
    if faults:
        await keeper.stop()
        raise NotTakenError(f"{'; '.join(faults)}: see {places.log}/messages.log")


async def controller_ready(places: Places) -> None:
    """Wait until the controller knows the truth and answers. Raises ControlError."""
    try:
        async with asyncio.timeout(READY_S):
            while True:
                with contextlib.suppress(ControlError):
                    if (await ask(places.control, "GET /health")).get("in_truth"):
                        return
                await asyncio.sleep(0.05)
    except TimeoutError:
        raise ControlError(
            f"the controller did not come up in {READY_S:g} s: see {places.log}/controller.log"
        ) from None
