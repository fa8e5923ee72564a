"""The ledger for commands that read it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from bailanys.cli.context import ROOT
from bailanys.site import places_of
from config.settings import Settings
from storage.engine import driver_url, open_engine
from storage.ledger import Ledger


class NoLedgerError(Exception):
    """There is no ledger yet."""

    error_id = "no-ledger"
    retryable = False


@contextlib.contextmanager
def ledger_of(settings: Settings) -> Iterator[Ledger]:
    """Open the ledger for a while. Raises NoLedgerError before the hotline was ever started."""
    url = places_of(settings, ROOT).database_url
    file = driver_url(url).database if url.startswith("sqlite") else None
    if file is not None and not Path(file).exists():
        raise NoLedgerError(f"no ledger at {file} yet: start the hotline with `bailanys run` first")
    engine = open_engine(url)
    try:
        yield Ledger(engine)
    finally:
        engine.dispose()
