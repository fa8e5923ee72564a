"""An archive and a ledger full of finished talks, made by the product's own finaliser from what sounds like speech."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection

from bailanys.site import Places
from calls.ids import CallId, GroupId, OperatorId
from calls.recording import EndedTalk
from recordings.archive import Archive
from storage.book import write_recording
from storage.engine import open_engine, sqlite_url
from storage.migrate import upgrade
from storage.record import CallRow, OfferRow, SegmentRow
from storage.rows import save

ARRIVED_MS = 1_764_000_000_000
ZONE = "Asia/Almaty"
PHONE, KEY = "8 (705) 111-22-33", "+77051112233"
RATE = 8000
_BLOCK_S = 60


def archived(folder: Path, talks: int, seconds: float) -> Places:
    """So many talks of one caller on one day, each a call of its own, in `folder`. Blocks the thread."""
    state = folder / "var"
    url = sqlite_url(state / "ledger.db")
    places = Places(state, state / "archive", state / "keys" / "archive.json", url, folder / "studio")
    places.spool.mkdir(parents=True)
    upgrade(url)
    archive, engine = Archive(places.archive, places.ring), open_engine(url)
    for number in range(talks):
        talk = _talk(number, seconds)
        raw = places.spool / f"{talk.call}-1-1.raw"
        speak(raw, seconds, seed=number)
        sidecar = archive.enclose(raw, talk, talk.ended_ms)
        archive.place(sidecar)
        archive.forget(sidecar.recording.file)
        raw.unlink()
        with engine.begin() as connection:
            _enter(connection, talk)
            write_recording(connection, sidecar.recording)
    engine.dispose()
    return places


def speak(raw: Path, seconds: float, seed: int) -> None:
    """Write a raw recording: two voices of coloured noise that come and go by syllables and take turns."""
    chance = np.random.default_rng(seed)
    with raw.open("wb") as file:
        left_s = seconds
        while left_s > 0:
            frames = round(min(left_s, _BLOCK_S) * RATE)
            sides = [_voice(chance, frames, turn) for turn in (0, 1)]
            file.write(np.stack(sides, axis=1).astype("<i2").tobytes())
            left_s -= _BLOCK_S


def _voice(chance: np.random.Generator, frames: int, turn: int) -> npt.NDArray[np.float64]:
    noise = chance.standard_normal(frames)
    noise[1:] += 0.9 * noise[:-1]
    at_s = np.arange(frames) / RATE
    syllables = np.clip(np.sin(2 * np.pi * 4 * at_s + chance.random() * 6), 0, 1) ** 2
    speaks = (np.floor(at_s / 5) % 2) == turn
    voice: npt.NDArray[np.float64] = 2500 * noise * syllables * speaks + 8 * chance.standard_normal(frames)
    return voice


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
