"""Which worker runs what, where the tests run beside each other (`pytest -n auto`).

A scene on the real Asterisk waits for most of its time, and what it waits for must come in time. A unit test only
computes. So one worker runs the unit tests, at a priority by which it takes what the others leave; the other workers
run the scenes, a module at a time, the longest first, so that none is left over at the end. Whoever has nothing left
of its own helps the others.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadFileScheduling
from xdist.workermanage import WorkerController

SCENES = "tests/asterisk/"
SCENES_AT_ONCE = 2
"""Per processor: they wait more than they compute."""
UNITS_WORKER = "gw0"
LOW, USUAL = 10, 0
AUTOGROUP = Path("/proc/self/autogroup")
"""Linux shares the processors among sessions first (sched(7)), so that nice acts only within one."""

SECONDS = {
    "test_callback": 320,
    "test_cli": 100,
    "test_demands_way": 100,
    "test_trouble_around": 90,
    "test_recording_pause": 90,
    "test_rating_and_recording": 90,
    "test_callback_desk": 90,
    "test_lost_sides": 80,
    "test_kills": 80,
    "test_offering": 70,
    "test_kills_restart": 70,
    "test_wrap_up": 60,
    "test_supervision": 60,
    "test_object_storage": 60,
    "test_bad_configuration": 60,
    "test_consultation": 60,
    "test_transfer": 50,
    "test_service_manager": 50,
    "test_waiting_words": 50,
    "test_api": 50,
    "test_join_alone": 50,
    "test_own_calls": 50,
    "test_silent_talks": 50,
    "test_ratings_told": 50,
    "test_behaviours": 50,
    "test_full_disk": 50,
    "test_consult_by_command": 40,
    "test_three_way": 40,
    "test_given_back": 40,
    "test_presence": 40,
    "test_api_as_described": 40,
}
"""About how long the long scenes take on a busy machine, by module; who is not named is short."""
SHORT_S = 20


class Layout(LoadFileScheduling):
    """The scheduler."""

    def _assign_work_unit(self, node: WorkerController) -> None:
        waiting = {module: len(tests) for module, tests in self.workqueue.items()}
        self.workqueue.move_to_end(next_module(waiting, units=node.gateway.id == UNITS_WORKER), last=False)
        super()._assign_work_unit(node)


def next_module(waiting: Mapping[str, int], *, units: bool) -> str:
    """Which of the modules (with how many tests each) a worker takes next; not empty."""

    def wish(module: str) -> tuple[bool, int, int]:
        return module.startswith(SCENES) != units, SECONDS.get(Path(module).stem, SHORT_S), waiting[module]

    return max(waiting, key=wish)


class WorkersPriority:
    """In the worker of the unit tests."""

    def __init__(self) -> None:
        os.setsid()
        self._now = USUAL

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, Any, Any]:
        wanted = USUAL if item.nodeid.startswith(SCENES) else LOW
        if wanted != self._now:
            with contextlib.suppress(OSError):  # another kernel: all have the same share
                AUTOGROUP.write_text(str(wanted))
            self._now = wanted
        return (yield)


def workers() -> int:
    """How many, all in all."""
    return 1 + SCENES_AT_ONCE * len(os.sched_getaffinity(0))


def register(config: pytest.Config) -> None:
    """In each process of the run."""
    if os.environ.get("PYTEST_XDIST_WORKER") == UNITS_WORKER:
        config.pluginmanager.register(WorkersPriority())
