"""Which tests enter what, kept in the cache from run to run: seen anew where a test or what it enters has changed."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TypedDict

from mutant_imports import Imports
from mutant_tests import Reachable
from mutant_trials import Trials

AT_ONCE, WHOLE_S = 4, 3600.0  # so many modules in one run, and how long that may take
_NOT_OURS = {"stubs", "tests", "tools"}


class _Known(TypedDict):
    """A test module as it was seen: its tests with seconds and functions, the files they enter, digests of all that."""

    tests: dict[str, tuple[float, list[str]]]
    entered: list[str]
    own: str
    digest: str


class Map:
    """What was seen of the test modules, written down after every few of them."""

    def __init__(self, trials: Trials, folder: Path, say: Callable[[str], None], *, as_seen: bool = False) -> None:
        self._trials = trials
        self._tree = trials.tree
        self._folder = folder
        self._say = say
        self._as_seen = as_seen
        self._store = folder / "reach.json"
        self._known: dict[str, _Known] = json.loads(self._store.read_text()) if self._store.exists() else {}
        packages = [path for path in self._tree.iterdir() if path.name not in _NOT_OURS and any(path.glob("*.py"))]
        self._sources = [file for package in packages for file in _under(self._tree, package, "*.py")]
        self.imports = Imports(self._tree, [*self._sources, *_under(self._tree, self._tree / "tests", "*.py")])

    def reachable(self, modules: Sequence[str]) -> Reachable:
        """The tests of these modules as they are now; only what is not known of them is run."""
        stale = [file for file in modules if not self._is_same(file)]
        start = time.monotonic()
        for at in range(0, len(stale), AT_ONCE):
            portion = stale[at : at + AT_ONCE]
            seen = self._folder / "seen.json"
            seen.unlink(missing_ok=True)
            self._trials.reach(portion, seen, WHOLE_S)
            self._note(portion, json.loads(seen.read_text()))
            self._say(
                f"the tests of {at + len(portion)} of {len(stale)} modules seen, {time.monotonic() - start:.0f} s"
            )
        tests = {name: test for file in modules for name, test in self._known[file]["tests"].items()}
        return Reachable(tests, self._tree, self._sources)

    def digest(self, modules: Iterable[str]) -> str:
        """Of these test modules and of all that they enter, as they were seen."""
        found = hashlib.sha256()
        for file in sorted(set(modules)):
            known = self._known.get(file)
            found.update(f"{file} {(known['own'] if self._as_seen else known['digest']) if known else ''}\n".encode())
        return found.hexdigest()[:16]

    def _note(self, files: Sequence[str], tests: dict[str, tuple[float, list[str]]]) -> None:
        for file in files:
            own = {name: test for name, test in tests.items() if name.partition("::")[0] == file}
            entered = sorted({name.partition("::")[0] for _, names in own.values() for name in names})
            self._known[file] = _Known(
                tests=own, entered=entered, own=self._own(file), digest=self._digest([file, *entered])
            )
        fresh = self._store.with_suffix(".part")
        fresh.write_text(json.dumps(self._known))
        fresh.replace(self._store)

    def _is_same(self, file: str) -> bool:
        known = self._known.get(file)
        if known is None or known["own"] != self._own(file):
            return False
        return self._as_seen or known["digest"] == self._digest([file, *known["entered"]])

    def _own(self, file: str) -> str:
        """Of a test module with the modules of the tests that it imports."""
        return self._digest([file, *sorted(one for one in self.imports.under(file) if one.startswith("tests/"))])

    def _digest(self, files: Iterable[str]) -> str:
        found = hashlib.sha256()
        for file in files:
            path = self._tree / file
            found.update(path.read_bytes() if path.exists() else b"gone")
        return found.hexdigest()


def _under(tree: Path, folder: Path, pattern: str) -> list[str]:
    return sorted(path.relative_to(tree).as_posix() for path in folder.rglob(pattern))
