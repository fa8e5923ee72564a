"""A hotline's spool, ledger and archive with finished talks, made by the product's own finaliser."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, Engine

from bench.talking import speak
from calls.ids import CallId, GroupId, OperatorId
from calls.recording import EndedTalk
from config.places import Places
from recordings.capture.finaliser import Finaliser
from recordings.capture.spool import raw_path
from recordings.vault.vault import Vault
from storage.engine import open_engine, sqlite_url
from storage.ledger import Ledger
from storage.migrate import upgrade
from storage.record import CallRow, OfferRow, SegmentRow
from storage.rows import save

ARRIVED_MS = 1_764_000_000_000
ZONE = "Asia/Almaty"
PHONE, KEY = "8 (705) 111-22-33", "+77051112233"


@dataclass(frozen=True, slots=True)
class Desk:
    """One caller's talks as they come out of Asterisk, and who finishes them."""

    places: Places
    engine: Engine
    finaliser: Finaliser

    def talked(self, number: int, seconds: float) -> Path:
        """Put a talk that is over into the ledger and its raw recording, which is returned, into the spool."""
        talk = _talk(number, seconds)
        raw = raw_path(self.places.spool, f"{talk.call}-1-1")
        speak(raw, seconds, seed=number)
        os.utime(raw, (talk.ended_ms / 1000, talk.ended_ms / 1000))
        with self.engine.begin() as connection:
            _enter(connection, talk)
        return raw


@contextmanager
def desk(folder: Path) -> Iterator[Desk]:
    """A desk in an empty folder. Blocks the thread."""
    state = folder / "var"
    url = sqlite_url(state / "ledger.db")
    places = Places(state, state / "archive", state / "keys" / "archive.json", url, folder / "studio")
    places.spool.mkdir(parents=True)
    upgrade(url)
    engine = open_engine(url)
    try:
        yield Desk(
            places, engine, Finaliser(places.spool, places.archive, Ledger(engine).recordings, keys=Vault(places).ring)
        )
    finally:
        engine.dispose()


def archived(folder: Path, talks: int, seconds: float) -> Places:
    """So many talks of one caller on one day, each a call of its own, in `folder`. Blocks the thread."""
    with desk(folder) as made:
        for number in range(talks):
            made.talked(number, seconds)
            finished = asyncio.run(made.finaliser.finish_ready())
            if [one.recording.duration_ms for one in finished] != [round(seconds * 1000)]:
                raise RuntimeError(f"talk {number} became {finished}")
        return made.places


def _talk(number: int, seconds: float) -> EndedTalk:
    began_ms = ARRIVED_MS + number * 60_000
    call = CallId(f"hl1-{ARRIVED_MS // 1000}.{number + 1}")
    lasted_ms = round(seconds * 1000)
    return EndedTalk(call, 1, 1, OperatorId("101"), GroupId("portal"), began_ms, began_ms + lasted_ms, lasted_ms)


def _enter(connection: Connection, talk: EndedTalk) -> None:
    came_ms = talk.began_ms - 20_000
    number, operator, group = KEY.removeprefix("+"), talk.operator, talk.group
    save(
        connection,
        [
            CallRow(
                talk.call, "hl1", came_ms, "1414", number, "", KEY, "ru", "key", came_ms, group, came_ms,
                talk.began_ms, talk.ended_ms, "answered",
            ),
            SegmentRow(
                talk.call, 1, group, "ru", "menu", came_ms, came_ms, 1, operator, "router", talk.began_ms,
                talk.began_ms, talk.bridged_ms, ended_ms=talk.ended_ms, ended_by="operator",
            ),
            OfferRow(talk.call, 1, 1, operator, "router", f"{talk.call}-1-1", came_ms, talk.began_ms, "ANSWER"),
        ],
    )  # fmt: skip
