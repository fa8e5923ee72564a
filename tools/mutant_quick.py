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
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import CodeType, FrameType, FunctionType

import pytest
from mutant_trials import MOST_MEMORY, ended, written
from mutants import Job

Tell = Callable[[int, str | None], None]
"""Told of each job by its number: the test that noticed it, `` for none, None if it is to be tried the slow way."""


class Quick:
    """A plugin of pytest that tries the jobs instead of running the tests."""

    def __init__(self, tree: Path, jobs: Sequence[Job], tell: Tell) -> None:
        self._tree = tree
        self._jobs = jobs
        self._tell = tell
        self._at_import: set[tuple[str, str]] = set()
        self._failed: list[str] = []
        self._functions: dict[CodeType, list[FunctionType]] = {}

    def pytest_collection(self) -> None:
        """Note what runs while our modules are imported."""
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
        for number, job in enumerate(self._jobs):
            self._tell(number, self._tried(job, [items[test] for test in job.tests if test in items], session.config))
        return True

    def _tried(self, job: Job, items: Sequence[pytest.Item], config: pytest.Config) -> str | None:
        if not items:
            return None
        path = self._tree / job.mutant.file
        source = path.read_bytes()
        changed = job.mutant.applied(source)
        codes = list(_pairs(compile(source, str(path), "exec"), compile(changed, str(path), "exec")))
        if any(_is_outside(code) and not _is_alike(code, other) for code, other in codes):
            return None
        if any((code.co_filename, code.co_qualname) in self._at_import for code, other in codes if code != other):
            return None
        imported = any(code.co_filename == str(path) for code in self._functions)
        if imported and not any(code != other and code in self._functions for code, other in codes):
            return None
        read_fd, write_fd = os.pipe()
        with (
            written(path, changed),
            tempfile.TemporaryDirectory(prefix="mutate-", ignore_cleanup_errors=True) as folder,
        ):
            child = os.fork()
            if child == 0:
                os.close(read_fd)
                self._child(items, [pair for pair in codes if pair[0] != pair[1]], config, Path(folder), write_fd)
            os.close(write_fd)
            status = ended(child, job.timeout_s)
        with os.fdopen(read_fd) as said:
            failed = said.read()
        if status is None:
            return "time"
        return failed if status in (0, 1) else "death"

    def _child(
        self,
        items: Sequence[pytest.Item],
        codes: Sequence[tuple[CodeType, CodeType]],
        config: pytest.Config,
        folder: Path,
        told: int,
    ) -> None:
        status = 3
        try:
            os.setsid()
            resource.setrlimit(resource.RLIMIT_DATA, (MOST_MEMORY, MOST_MEMORY))
            for code, changed in codes:
                for function in self._functions.get(code, ()):
                    function.__code__ = changed
            config._tmp_path_factory._given_basetemp = folder / "t"  # type: ignore[attr-defined]
            status = self._run(items)
            os.write(told, "".join(self._failed[:1]).encode())
        finally:
            with contextlib.suppress(Exception):
                sys.stdout.flush()
            os._exit(status)

    def _run(self, items: Sequence[pytest.Item]) -> int:
        for item, following in zip(items, [*items[1:], None], strict=True):
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            if self._failed:
                with contextlib.suppress(Exception):
                    item.session._setupstate.teardown_exact(None)
                return 1
        return 0


def functions_in(folder: str) -> dict[CodeType, list[FunctionType]]:
    """Every function there is whose code is from a file in the folder, by its code and wherever it is held."""
    found: defaultdict[CodeType, list[FunctionType]] = defaultdict(list)
    for one in gc.get_objects():
        if isinstance(one, FunctionType) and one.__code__.co_filename.startswith(folder):
            found[one.__code__].append(one)
    return found


def _pairs(code: CodeType, other: CodeType) -> Iterator[tuple[CodeType, CodeType]]:
    """A module's codes and those of the same functions after the change, outermost first."""
    yield code, other
    inner = [one for one in code.co_consts if isinstance(one, CodeType)]
    changed = [one for one in other.co_consts if isinstance(one, CodeType)]
    if len(inner) == len(changed):
        for pair in zip(inner, changed, strict=True):
            yield from _pairs(*pair)


def _is_outside(code: CodeType) -> bool:
    """A module's or a class's: it has run, and will not again."""
    return not code.co_flags & 0x2 or code.co_name == "<module>"  # CO_NEWLOCALS: a function's


def _is_alike(code: CodeType, other: CodeType) -> bool:
    """But for the functions within them."""
    consts, others = ([one for one in each.co_consts if not isinstance(one, CodeType)] for each in (code, other))
    return (code.co_code, consts, code.co_names) == (other.co_code, others, other.co_names)
