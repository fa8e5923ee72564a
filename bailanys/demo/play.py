"""Runs the scene on a hotline of its own and tells the story from the ledger, as an auditor would find it."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from bailanys.demo.demand import demand_is_met
from bailanys.demo.scene import CALLER_TONES_HZ, RING_S, play
from bailanys.demo.story import tell_stories
from bailanys.processes.hotline import hotline_up
from bailanys.site.free_ports import own_place
from phones.fleet import Fleet
from storage.engine import open_engine
from storage.ledger import Ledger

SETTLED_S = 15.0


async def play_demo(config: Path, base: Path, cache: Path, echo: Callable[[str], None], *, keep: bool) -> None:
    """Play the demo; all it made is removed at the end unless `keep`. Raises what the hotline or the scene raises."""
    begun_s = time.monotonic()
    state = Path(tempfile.mkdtemp(prefix="bailanys-demo-"))

    def tell(line: str) -> None:
        echo(f"[{time.monotonic() - begun_s:5.1f} s] {line}")

    env = own_place(state) | {
        "BAILANYS_OFFERS__RING_S": str(RING_S),
        "BAILANYS_OFFERS__WRAP_UP_S": "1",
    }
    try:
        async with hotline_up(config, base, cache, tell, env) as up, Fleet(up.settings.sip.bind) as fleet:
            await play(up, fleet, tell)
            tell("The scene is over; the ledger and the recordings are settling")
            engine = open_engine(up.places.database_url)
            ledger = Ledger(engine)
            await _settled(ledger)
            tell("What happened, from the ledger and the recorded audio:")
            await tell_stories(ledger, up, echo)
            number = next(iter(CALLER_TONES_HZ))
            await demand_is_met(up, f"8 ({number[1:4]}) {number[4:7]}-{number[7:9]}-{number[9:]}", tell)
            engine.dispose()
    finally:
        if keep:
            tell(f"Kept: {state}")
        else:
            shutil.rmtree(state, ignore_errors=True)
    tell("Nothing is left running")


async def _settled(ledger: Ledger) -> None:
    """Wait until every call of the scene has ended in the ledger and every talk has its recording."""
    async with asyncio.timeout(SETTLED_S):
        while await ledger.recordings.segments_to_finalise() or await ledger.open_calls():
            await asyncio.sleep(0.2)  # the ledger tells nobody that it changed
