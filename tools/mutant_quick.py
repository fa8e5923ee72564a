"""Most mutants without starting anything anew: pytest collects once, and each is a fork with one function changed.

A mutant outside of functions, or in one that already ran while our modules were imported, is not tried so: what was
made of it then would stay as it was. Those are left to `mutant_trials`, which imports everything anew.
"""

from __future__ import annotations

import contextlib
import gc
import os
import resource
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import CodeType, FrameType, FunctionType

import pytest
from mutant_trials import MOST_MEMORY, end_with_parent, ended, written
from mutants import Job

Tell = Callable[[int, str | None], None]
"""Told of each job by its number: the test that noticed it, `` for none, None if it is to be tried the slow way.

The last word on a number holds."""
Codes = Sequence[tuple[CodeType, CodeType]]
"""Functions' codes, each with the one to take its place."""
TOO_LONG = 99  # exit status of a fork in which one test went on for ever
LONGEST_S = 300.0


class Quick:
    """A plugin of pytest that tries the jobs instead of running the tests."""

    def __init__(self, tree: Path, jobs: Sequence[Job], tell: Tell) -> None:
        self._tree = tree
        self._jobs = jobs
        self._tell = tell
        self._at_import: set[tuple[str, str]] = set()
        self._failed: list[str] = []
        self._functions: dict[CodeType, list[FunctionType]] = {}

    def watch_imports(self) -> None:
        """Note from now on until the tests are collected what runs while our modules are imported."""
        inside = f"{self._tree}/"

        def traced(frame: FrameType, _event: str, _argument: object) -> None:
            code = frame.f_code
            if code.co_filename.startswith(inside):
                self._at_import.add((code.co_filename, code.co_qualname))

        sys.settrace(traced)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note a test that fails."""
        if report.failed:
            self._failed.append(report.nodeid)

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Try each job in a fork of its own."""
        sys.settrace(None)
        items = {item.nodeid: item for item in session.items}
        self._functions = functions_in(f"{self._tree}/")
        gc.collect()
        gc.freeze()
        noticed: dict[int, str] = {}
        for number, job in enumerate(self._jobs):
            by = self._tried(job, items, session.config)
            self._tell(number, by)
            if by in items:
                noticed[number] = by
        unsound = self._failing([items[test] for test in dict.fromkeys(noticed.values())], session.config)
        for number in (number for number, by in noticed.items() if by in unsound):
            self._tell(number, None)
        return True

    def _tried(self, job: Job, items: Mapping[str, pytest.Item], config: pytest.Config) -> str | None:
        path = self._tree / job.mutant.file
        source = path.read_bytes()
        changed = job.mutant.applied(source)
        both = list(pairs(compile(source, str(path), "exec"), compile(changed, str(path), "exec")))
        codes = [(code, other) for code, other in both if code != other]
        if any(is_outside(code) and not is_alike(code, other) for code, other in codes):
            return None
        if any((code.co_filename, code.co_qualname) in self._at_import for code, _ in codes if not is_outside(code)):
            return None
        imported = any(code.co_filename == str(path) for code in self._functions)
        if imported and not any(code in self._functions for code, _ in codes):
            return None
        tests = [(items[test], limit) for test, limit in zip(job.tests, job.limits_s, strict=True) if test in items]
        if not tests:
            return None
        with written(path, changed):
            status, failed = self._forked(tests, codes, config, stops=True)
        if status is None or status == TOO_LONG:
            return "time"
        return (failed[0] if failed else "") if status in (0, 1) else "death"

    def _failing(self, items: Sequence[pytest.Item], config: pytest.Config) -> set[str]:
        """Those that fail in a fork with nothing changed: what they noticed is nothing."""
        return set(self._forked([(item, LONGEST_S) for item in items], (), config, stops=False)[1])

    def _forked(
        self, tests: Sequence[tuple[pytest.Item, float]], codes: Codes, config: pytest.Config, *, stops: bool
    ) -> tuple[int | None, list[str]]:
        """The exit status of a fork that ran these with these codes, and those that failed."""
        read_fd, write_fd = os.pipe()
        with tempfile.TemporaryDirectory(prefix="mutate-", ignore_cleanup_errors=True) as folder:
            child = os.fork()
            if child == 0:
                os.close(read_fd)
                config._tmp_path_factory._given_basetemp = Path(folder) / "t"  # type: ignore[attr-defined]
                self._child(tests, codes, write_fd, stops=stops)
            os.close(write_fd)
            with os.fdopen(read_fd) as said:
                status = ended(child, LONGEST_S + sum(limit for _, limit in tests))
                return status, said.read().splitlines()

    def _child(self, tests: Sequence[tuple[pytest.Item, float]], codes: Codes, told: int, *, stops: bool) -> None:
        status = 3
        try:
            os.setsid()
            end_with_parent()
            resource.setrlimit(resource.RLIMIT_DATA, (MOST_MEMORY, MOST_MEMORY))
            for code, changed in codes:
                for function in self._functions.get(code, ()):
                    function.__code__ = changed
            self._run(tests, stops=stops)
            status = int(bool(self._failed))
            os.write(told, "\n".join(self._failed).encode())
        finally:
            with contextlib.suppress(Exception):
                sys.stdout.flush()
            os._exit(status)

    def _run(self, tests: Sequence[tuple[pytest.Item, float]], *, stops: bool) -> None:
        until_s = [time.monotonic() + LONGEST_S]

        def watch() -> None:
            while time.monotonic() < until_s[0]:
                time.sleep(0.2)
            os._exit(TOO_LONG)  # a spin, or a wait without end

        threading.Thread(target=watch, daemon=True).start()
        for at, (item, limit_s) in enumerate(tests):
            until_s[0] = time.monotonic() + limit_s
            following = tests[at + 1][0] if at + 1 < len(tests) else None
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            if self._failed and stops:
                with contextlib.suppress(Exception):
                    item.session._setupstate.teardown_exact(None)
                return


def functions_in(folder: str) -> dict[CodeType, list[FunctionType]]:
    """Every function there is whose code is from a file in the folder, by its code and wherever it is held."""
    found: defaultdict[CodeType, list[FunctionType]] = defaultdict(list)
    for one in gc.get_objects():
        if isinstance(one, FunctionType) and one.__code__.co_filename.startswith(folder):
            found[one.__code__].append(one)
    return found


def pairs(code: CodeType, other: CodeType) -> Iterator[tuple[CodeType, CodeType]]:
    """A module's codes and those of the same functions after the change, outermost first."""
    yield code, other
    inner = [one for one in code.co_consts if isinstance(one, CodeType)]
    changed = [one for one in other.co_consts if isinstance(one, CodeType)]
    if len(inner) == len(changed):
        for pair in zip(inner, changed, strict=True):
            yield from pairs(*pair)


def is_outside(code: CodeType) -> bool:
    """A module's or a class's: it has run, and will not again."""
    return not code.co_flags & 0x2 or code.co_name == "<module>"  # CO_NEWLOCALS: a function's


def is_alike(code: CodeType, other: CodeType) -> bool:
    """But for the functions within them."""
    consts, others = ([one for one in each.co_consts if not isinstance(one, CodeType)] for each in (code, other))
    return (code.co_code, consts, code.co_names) == (other.co_code, others, other.co_names)
