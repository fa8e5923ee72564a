"""What MixMonitor really does on the caller's channel, and that the finaliser bears it."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from calls.recording import EndedTalk, Gap, Recording, SpoolFault
from phones.tones import hears, write_tone
from recordings.capture.finaliser import Finaliser
from recordings.capture.readiness import adopted
from recordings.capture.spool import look
from telephony.embedded import find_asterisk
from telephony.process import rx, start_asterisk, stop_asterisk

CACHE = Path(__file__).resolve().parents[2] / ".cache"
FILE = "hl1-1764000000.1-1-1"
DAY_MS = 24 * 3_600_000
HALF_THE_TALK = 2 * 2 * 8_000
"""Bytes of one second of both sides, 16 bit at 8 kHz: surely still being written."""

MODULES = (
    *("res_timing_timerfd", "pbx_config", "app_dial", "app_mixmonitor", "app_playback", "res_clioriginate"),
    *("format_sln", "format_pcm", "format_wav", "bridge_simple", "bridge_softmix", "codec_alaw", "codec_ulaw"),
)

DIALPLAN = """
[centre]
exten => caller,1,Answer()
 same => n,MixMonitor({home}/spool/{file}.raw,bD)
 same => n,Dial(Local/operator@centre,10,g)
 same => n,StopMixMonitor()
 same => n,Wait(20)
exten => operator,1,Wait(1)
 same => n,Answer()
 same => n,Playback({home}/operator)
exten => callers-voice,1,Answer()
 same => n,Playback({home}/caller)
"""


@dataclass
class Book:
    """A ledger that tells what it is told to tell."""

    talks: list[EndedTalk] = field(default_factory=list)
    rows: list[Recording] = field(default_factory=list)

    async def segments_to_finalise(self) -> Sequence[EndedTalk]:
        return self.talks

    async def spool_faults(self, from_ms: int, to_ms: int) -> Sequence[SpoolFault]:
        return []

    async def add_recording(self, recording: Recording, gaps: Sequence[Gap] = ()) -> None:
        self.rows.append(recording)
        self.talks.clear()


def configure(home: Path, modules: Path, data: Path) -> None:
    names = ("astvarlibdir", "astdbdir", "astkeydir", "astagidir", "astspooldir", "astrundir", "astlogdir", "astetcdir")
    lines = ["[directories]", *(f"{name} => {home}" for name in names)]
    lines += [f"astmoddir => {modules}", f"astdatadir => {data}"]
    (home / "asterisk.conf").write_text("\n".join(lines) + "\n")
    (home / "modules.conf").write_text("[modules]\nautoload=no\n" + "".join(f"load={name}.so\n" for name in MODULES))
    (home / "logger.conf").write_text("[general]\n[logfiles]\n")
    (home / "extensions.conf").write_text(DIALPLAN.format(home=home, file=FILE))
    write_tone(home / "caller.wav", 440, 20)
    write_tone(home / "operator.wav", 1000, 2)
    (home / "spool").mkdir()


@pytest.fixture
async def home() -> AsyncIterator[Path]:
    """The folder of an Asterisk in which a caller has just begun to be recorded."""
    install = find_asterisk(CACHE)
    with tempfile.TemporaryDirectory(prefix="mix") as name:
        conf_file = Path(name) / "asterisk.conf"
        configure(Path(name), install.module_dir, install.data_dir)
        process = await start_asterisk(install, conf_file, Path(name) / "log")
        try:
            await rx(install, conf_file, "channel originate Local/callers-voice@centre/n extension caller@centre")
            yield Path(name)
        finally:
            await stop_asterisk(install, conf_file, process.pid)
            await process.wait()


async def test_a_talk_is_recorded_caller_left_operator_right_and_never_touched_before_its_end(home: Path) -> None:
    book = Book()
    spool, archive = home / "spool", home / "archive"
    days_later = Finaliser(spool, archive, book, now_ms=lambda: time.time_ns() // 1_000_000 + 2 * DAY_MS)
    at_work = Finaliser(spool, archive, book)
    async with asyncio.timeout(30):
        while (found := look(spool).get(FILE)) is None or found.bytes < HALF_THE_TALK:
            # MixMonitor opens its file at once and keeps it open, empty, until there is a bridge; then it writes in
            # bursts. However old the file looks, it is neither an empty offer's nor an orphan.
            assert await days_later.finish_ready() == []
            await asyncio.sleep(0.02)
        while (found := look(spool)[FILE]).being_written is not False:
            await asyncio.sleep(0.02)
        book.talks.append(adopted(found))
        while not (finished := await at_work.finish_ready()):
            await asyncio.sleep(0.02)
    (row,) = book.rows
    assert [one.recording for one in finished] == [row]
    assert row.status == "ok"
    assert row.duration_ms == pytest.approx(2_000, abs=300)  # neither the ringing before nor the silence after
    flac = archive / row.path
    assert hears(flac, 440, channel=0) and not hears(flac, 1000, channel=0, share=0.1)
    assert hears(flac, 1000, channel=1) and not hears(flac, 440, channel=1, share=0.1)
    assert not list(spool.iterdir())
