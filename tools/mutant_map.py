"""Which tests enter what, kept in the cache from run to run: seen anew where a test or what it enters has changed."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TypedDict

from mutant_tests import Reachable
from mutant_trials import Trials

TESTS = "tests/unit"
AT_ONCE, WHOLE_S = 8, 3600.0  # so many modules in one run, and how long that may take
_NOT_OURS = {"stubs", "tests", "tools"}


class _Known(TypedDict):
    """A test module as it was seen: its tests with seconds and functions, the files they enter, digests of all that."""

    tests: dict[str, tuple[float, list[str]]]
    entered: list[str]
    own: str
    digest: str


def reachable(trials: Trials, folder: Path, say: Callable[[str], None], *, as_seen: bool = False) -> Reachable:
    """The tests as they are now; `as_seen`: what they enter as it was, unless they themselves have changed."""
    tree = trials.tree
    store = folder / "reach.json"
    known: dict[str, _Known] = json.loads(store.read_text()) if store.exists() else {}
    files = _under(tree, tree / TESTS, "test_*.py")
    fresh = {file: known[file] for file in files if file in known and _is_same(tree, file, known[file], as_seen)}
    stale = [file for file in files if file not in fresh]
    start = time.monotonic()
    for at in range(0, len(stale), AT_ONCE):
        portion = stale[at : at + AT_ONCE]
        seen = folder / "seen.json"
        seen.unlink(missing_ok=True)
        trials.reach(portion, seen, WHOLE_S)
        fresh |= _known(tree, portion, json.loads(seen.read_text()))
        store.write_text(json.dumps(fresh))
        say(f"the tests of {at + len(portion)} of {len(stale)} modules seen, {time.monotonic() - start:.0f} s")
    packages = [path for path in tree.iterdir() if path.name not in _NOT_OURS and any(path.glob("*.py"))]
    sources = [file for package in packages for file in _under(tree, package, "*.py")]
    return Reachable({name: test for one in fresh.values() for name, test in one["tests"].items()}, tree, sources)


def _known(tree: Path, files: Sequence[str], tests: dict[str, tuple[float, list[str]]]) -> dict[str, _Known]:
    """What was seen of these modules, by module."""
    found: dict[str, _Known] = {}
    for file in files:
        own = {name: test for name, test in tests.items() if name.partition("::")[0] == file}
        entered = sorted({name.partition("::")[0] for _, names in own.values() for name in names})
        found[file] = _Known(
            tests=own, entered=entered, own=_digest(tree, [file]), digest=_digest(tree, [file, *entered])
        )
    return found


def _is_same(tree: Path, file: str, known: _Known, as_seen: bool) -> bool:
    if as_seen:
        return known["own"] == _digest(tree, [file])
    return known["digest"] == _digest(tree, [file, *known["entered"]])


def _digest(tree: Path, files: Iterable[str]) -> str:
    found = hashlib.sha256()
    for file in files:
        path = tree / file
        found.update(path.read_bytes() if path.exists() else b"gone")
    return found.hexdigest()


def _under(tree: Path, folder: Path, pattern: str) -> list[str]:
    return sorted(path.relative_to(tree).as_posix() for path in folder.rglob(pattern))
