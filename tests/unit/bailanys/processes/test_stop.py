"""What is left when a hotline is drained."""

from __future__ import annotations

from pathlib import Path

from bailanys.processes.stop import Stopped, calls_in, stop
from config.places import Places
from telephony.embedded import AsteriskInstall

CHANNELS = """\
PJSIP/op101-00000003!connect!!1!Up!AppDial!(Outgoing Line)!101!!!3!12!b-1!hl1-1.4
PJSIP/carrier-00000001!connect!101!9!Up!Dial!PJSIP/op101,15!7701!!!3!14!b-1!hl1-1.2
PJSIP/carrier-00000005!waiting!s!7!Up!WaitForCondition!#,x!7702!!!3!4!!hl1-1.6
Local/s@net-rest-00000000;2!net-rest!s!2!Up!Wait!10!!!!3!2!!hl1-1.9
Local/s@net-rest-00000000;1!default!s!1!Up!Wait!86400!!!!3!2!!hl1-1.8
"""


def test_a_call_is_who_talks_together_or_waits_alone() -> None:
    assert calls_in(CHANNELS) == 2
    assert calls_in("") == 0
    assert calls_in("No such command\n") == 0


async def test_where_no_hotline_ever_was_there_is_nothing_to_stop(tmp_path: Path) -> None:
    state = tmp_path / "state"
    nowhere = AsteriskInstall("prefix", (22,), ("/none",), tmp_path, tmp_path)
    places = Places(state, state / "archive", state / "keys" / "k.json", "", tmp_path)
    assert await stop(places, nowhere, 60) == Stopped(was_running=False)
    assert not state.exists()
