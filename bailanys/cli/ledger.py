"""The ledger for commands that read it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from bailanys.cli.context import ROOT
from bailanys.site.identity import who_commands
from config.places import places_of
from config.settings import Settings
from storage.engine import driver_url, open_engine, reading
from storage.ledger import Ledger
from storage.owner import guard, must_be_ours
from storage.transaction import transact


class NoLedgerError(Exception):
    """There is no ledger yet."""

    error_id = "no-ledger"
    retryable = False


@contextlib.contextmanager
def ledger_of(settings: Settings, *, writing: bool = False) -> Iterator[Ledger]:
    """Open the ledger for a while. Raises NoLedgerError before the hotline was ever started.

    `writing`: something will be written to it, by the hotline whose ledger it is. Raises LedgerTakenError for another.
    """
    places = places_of(settings, ROOT)
    url = places.database_url
    file = driver_url(url).database if url.startswith("sqlite") else None
    if file is not None and not Path(file).exists():
        raise NoLedgerError(f"no ledger at {file} yet: start the hotline with `bailanys run` first")
    engine = open_engine(url)
    try:
        if writing:
            ours = who_commands(places)
            transact(reading(engine), lambda connection: must_be_ours(connection, ours))
            guard(engine, ours)
        yield Ledger(engine)
    finally:
        engine.dispose()
