"""Which of our functions each test enters, and how long it takes: a plugin of pytest, loaded by tools/mutate.py.

One trace of calls alone (no lines): a test costs about half as much again. What a test starts in another process is
not seen.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Generator
from pathlib import Path
from types import CodeType, FrameType

import pytest
from mutant_trials import REACHED, TREE


def pytest_configure() -> None:
    """Let no test fail for a busy machine, nor find by chance what it did not find before."""
    from hypothesis import HealthCheck, settings

    quiet = settings(derandomize=True, database=None, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    settings.register_profile("mutate", quiet)
    settings.load_profile("mutate")


class Reach:
    """What the running test has entered."""

    def __init__(self, tree: str) -> None:
        self._tree = f"{tree}/"
        self._known: dict[CodeType, str] = {}
        self.tests: dict[str, tuple[float, list[str]]] = {}
        self.now: set[str] = set()
        self.shared: dict[pytest.FixtureDef[object], set[str]] = {}  # what the making of a shared fixture enters
        self.failed: set[str] = set()

    def traced(self, frame: FrameType, _event: str, _argument: object) -> None:
        """Told of every call of a Python function; asks for nothing about its lines."""
        code = frame.f_code
        name = self._known.get(code)
        if name is None:
            name = self._known[code] = self._name(code)
        if name:
            self.now.add(name)

    def _name(self, code: CodeType) -> str:
        file = code.co_filename
        ours = file.startswith(self._tree) and not file.startswith((f"{self._tree}tests/", f"{self._tree}tools/"))
        return f"{file[len(self._tree) :]}::{code.co_qualname}" if ours else ""


if REACHED in os.environ:
    reach = Reach(os.environ[TREE])

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
        """Trace a test with its fixtures."""
        reach.now = set()
        start = time.monotonic()
        threading.settrace(reach.traced)
        sys.settrace(reach.traced)
        try:
            return (yield)
        finally:
            sys.settrace(None)
            threading.settrace(None)
            for made in item._fixtureinfo.name2fixturedefs.values():  # type: ignore[attr-defined]
                for fixture in made:
                    reach.now |= reach.shared.get(fixture, set())
            reach.tests[item.nodeid] = (time.monotonic() - start, sorted(reach.now))

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(fixturedef: pytest.FixtureDef[object]) -> Generator[None, object, object]:
        """Let a fixture made once for many tests count for each of them: in a fork it is made anew for any."""
        if fixturedef.scope == "function":
            return (yield)
        before, reach.now = reach.now, set()
        try:
            return (yield)
        finally:
            reach.shared[fixturedef] = reach.now
            reach.now = before | reach.now

    def pytest_runtest_logreport(report: pytest.TestReport) -> None:
        """Leave out what fails with nothing changed, and what is skipped here."""
        if not report.passed:
            reach.failed.add(report.nodeid)

    def pytest_sessionfinish() -> None:
        """Write down what was seen."""
        passed = {name: test for name, test in reach.tests.items() if name not in reach.failed}
        Path(os.environ[REACHED]).write_text(json.dumps(passed))
