"""Mutants tried one after the other: each in a fork of this process, in a copy of the project that is nobody's work.

The fork has the libraries imported already, which spares each trial a second or more; ours are imported anew. A trial
that goes on too long is ended and counts as noticed: a test suite that hangs is noticed by everybody. Whatever a trial
leaves behind is a child of this process by then and is ended too.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib
import json
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator, Sequence
from pathlib import Path

from mutants import Job

TREE = "MUTATE_TREE"  # environment: the copy of the project in which the tests run
REACHED = "MUTATE_REACHED"  # environment: the file that takes what was seen; without it nothing is traced
LIBRARIES = (
    *("aiohttp", "alembic", "cryptography.hazmat.primitives.ciphers.aead", "fpdf", "jinja2", "numpy", "obstore"),
    *("panoramisk", "phonenumbers", "prometheus_client", "psycopg", "pydantic", "rich.console", "rich.table"),
    *("soundfile", "sqlalchemy", "structlog", "typer", "unittest.mock"),
)
OPTIONS = ("-q", "-rfE", "--tb=no", "-p", "no:cacheprovider", "-p", "no:xdist", "-p", "mutant_reach", "-o", "addopts=")
MOST_MEMORY = 3 << 30  # bytes of its own for a trial: some mutants gather without end
PASSED, FAILED, NONE_FOUND = 0, (1, 2), (4, 5)  # pytest's exit statuses; 2 is a module that no longer imports
PORTION = 60  # tests at once: the likeliest come first, and one that notices spares the others
_SUBREAPER, _END_WITH_PARENT = 36, 1  # prctl: orphans below us become our children; a signal at the parent's end


class TrialError(Exception):
    """The trials cannot go on; the message says why."""


class Trials:
    """A copy of the project, and forks that run tests in it."""

    def __init__(self, root: Path, folder: Path) -> None:
        self.tree = folder / "tree"
        self._folder = folder
        _copy(root, self.tree)
        reap_orphans()
        os.environ["PYTHONPATH"] = os.pathsep.join((str(self.tree), str(self.tree / "tools")))
        os.environ[TREE] = str(self.tree)
        sys.path[:0] = [str(self.tree), str(self.tree / "tools")]
        os.chdir(self.tree)
        for name in LIBRARIES:
            importlib.import_module(name)

    def reach(self, paths: Sequence[str], into: Path, timeout_s: float) -> None:
        """Run the tests of these modules once, unchanged, and write down what each of them enters."""
        os.environ[REACHED] = str(into)
        try:
            status = self._run([*paths, "-m", "not process", "-k", "not postgresql"], timeout_s)
        finally:
            del os.environ[REACHED]
        if status not in (PASSED, 1, 5) or not into.exists():
            raise TrialError(f"the tests do not run as they are; see {self._folder}/log")

    def noticed(self, job: Job) -> str:
        """By which test, or `` if by none; "time" if it had to be ended, "death" if it died otherwise."""
        path = self.tree / job.mutant.file
        with written(path, job.mutant.applied(path.read_bytes())):
            for at in range(0, len(job.tests), PORTION):
                tests = job.tests[at : at + PORTION]
                if by := self._noticed(tests, sum(job.limits_s[at : at + PORTION])):
                    return by
        return ""

    def quickly(self, jobs: Sequence[Job]) -> Iterator[tuple[int, str | None]]:
        """Try these in forks of one process that has collected all their tests; see `mutant_quick`."""
        files = sorted({test.partition("::")[0] for job in jobs for test in job.tests})
        read_fd, write_fd = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(read_fd)
            self._collecting(files, jobs, write_fd)
        os.close(write_fd)
        try:
            with os.fdopen(read_fd) as told:
                for line in told:
                    number, by = json.loads(line)
                    yield number, by
        except BaseException:
            os.kill(child, signal.SIGKILL)  # its forks end with it
            raise
        finally:
            os.waitpid(child, 0)
            _end_orphans()

    def _collecting(self, files: Sequence[str], jobs: Sequence[Job], told: int) -> None:
        def tell(number: int, by: str | None) -> None:
            os.write(told, f"{json.dumps([number, by])}\n".encode())

        from mutant_quick import Quick

        reap_orphans()
        options = [*OPTIONS, "-s", "-k", "not postgresql", *files]
        quick = Quick(self.tree, jobs, tell)
        quick.watch_imports()
        self._child(options, [quick], "quick-log")

    def failing(self, tests: Sequence[str], limits_s: Sequence[float]) -> list[str]:
        """Those that fail with nothing changed, each by itself: only if a test passes does its failure say anything."""
        if not tests or self._run(list(tests), sum(limits_s)) == PASSED:
            return []
        return [test for test, limit in zip(tests, limits_s, strict=True) if self._run([test], limit) != PASSED]

    def _noticed(self, tests: Sequence[str], timeout_s: float) -> str:
        status = self._run(["-x", *tests], timeout_s)
        if status == PASSED:
            return ""
        if status in FAILED:
            found = re.search(
                r"^(?:FAILED|ERROR) (\S+(?: \S+)*?)(?: - .*)?$",
                (self._folder / "log").read_text(errors="replace"),
                re.M,
            )
            return found[1] if found else "import"
        if status in NONE_FOUND:
            return "import"  # its tests are there without it
        return "time" if status is None else "death"

    def _run(self, arguments: Sequence[str], timeout_s: float) -> int | None:
        """Pytest's exit status, None if it took too long, negative if it died."""
        with tempfile.TemporaryDirectory(prefix="mutate-", ignore_cleanup_errors=True) as temporary:
            child = os.fork()
            if child == 0:
                self._child([*OPTIONS, f"--basetemp={temporary}/t", *arguments])
            return ended(child, timeout_s)

    def _child(self, arguments: list[str], plugins: Sequence[object] = (), log: str = "log") -> None:
        status = 3
        try:
            os.setsid()
            end_with_parent()
            output = os.open(self._folder / log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            nothing = os.open(os.devnull, os.O_RDONLY)
            for own, wanted in ((0, nothing), (1, output), (2, output)):
                os.dup2(wanted, own)
            resource.setrlimit(resource.RLIMIT_DATA, (MOST_MEMORY, MOST_MEMORY))
            import pytest

            status = int(pytest.main(arguments, plugins))
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(status)


def reap_orphans() -> None:
    """Be the parent of whatever our descendants leave behind."""
    ctypes.CDLL(None).prctl(_SUBREAPER, 1, 0, 0, 0)


def end_with_parent() -> None:
    """Whoever is stopped leaves nothing running."""
    ctypes.CDLL(None).prctl(_END_WITH_PARENT, signal.SIGKILL, 0, 0, 0)


def ended(child: int, timeout_s: float) -> int | None:
    """The exit status of a trial, None if it took too long; nothing that it started is left."""
    try:
        status = _waited(child, timeout_s)
    except BaseException:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child, signal.SIGKILL)
        raise
    if status is None:
        for sign, patience_s in ((signal.SIGINT, 5.0), (signal.SIGKILL, 60.0)):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child, sign)
            if _waited(child, patience_s) is not None:
                break
    _end_orphans()
    return status


@contextlib.contextmanager
def written(path: Path, source: bytes) -> Iterator[None]:
    """Another text in a file's place, and what Python compiled of either forgotten: it may be as long and as old."""
    before = path.read_bytes()
    try:
        _write(path, source)
        yield
    finally:
        _write(path, before)


def _write(path: Path, source: bytes) -> None:
    path.write_bytes(source)
    for compiled in (path.parent / "__pycache__").glob(f"{path.stem}.*.pyc"):
        compiled.unlink()


def _waited(child: int, timeout_s: float) -> int | None:
    """The exit status of a child, negative the signal that ended it, None if it is still running."""
    end = time.monotonic() + timeout_s
    pause = 0.01
    while time.monotonic() < end:
        found, status = os.waitpid(child, os.WNOHANG)
        if found:
            return os.waitstatus_to_exitcode(status)
        time.sleep(pause)
        pause = min(pause * 1.2, 0.1)
    return None


def _end_orphans() -> None:
    """End what a trial started and left, by its own process id."""
    for _ in range(50):
        children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
        if not children:
            return
        for child in map(int, children):
            with contextlib.suppress(ProcessLookupError, ChildProcessError):
                os.kill(child, signal.SIGKILL)
                os.waitpid(child, 0)


def _copy(root: Path, tree: Path) -> None:
    """What git knows of the project or would take, and links to what set-up made."""
    shutil.rmtree(tree, ignore_errors=True)
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=root,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    for name in listed.stdout.split("\0"):
        if name and (root / name).is_file():
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(root / name, tree / name)
    for name in (".venv", ".cache"):
        (tree / name).symlink_to(root / name)
