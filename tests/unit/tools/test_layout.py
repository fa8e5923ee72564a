"""Which worker of the test run takes which module next."""

from __future__ import annotations

from pathlib import Path

from layout import SCENES, SECONDS, next_module

ROOT = Path(__file__).resolve().parents[3]
UNIT, LARGE_UNIT = "tests/unit/calls/test_phone.py", "tests/unit/calls/test_law.py"
SHORT, LONG = "tests/asterisk/test_short.py", f"tests/asterisk/{max(SECONDS, key=lambda module: SECONDS[module])}.py"


def test_every_scene_that_is_named_is_there() -> None:
    assert [name for name in SECONDS if not (ROOT / SCENES / f"{name}.py").exists()] == []


def test_the_longest_scene_comes_first_and_no_unit_before_the_last_scene() -> None:
    waiting = {UNIT: 90, SHORT: 4, LONG: 2}
    taken = []
    while waiting:
        taken.append(next_module(waiting, units=False))
        del waiting[taken[-1]]
    assert taken == [LONG, SHORT, UNIT]


def test_the_units_worker_takes_scenes_only_when_no_unit_is_left() -> None:
    waiting = {SHORT: 4, UNIT: 3, LARGE_UNIT: 60, LONG: 2}
    taken = []
    while waiting:
        taken.append(next_module(waiting, units=True))
        del waiting[taken[-1]]
    assert taken == [LARGE_UNIT, UNIT, LONG, SHORT]
