"""What came of mutants tried before, kept in the cache: a run that was stopped goes on where it was.

An outcome holds as long as the mutant's file and the tests that were asked, with all that they enter, are as they were.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable
from pathlib import Path

from mutants import Mutant

Digest = Callable[[Iterable[str]], str]
"""Of test modules and what they enter."""


class Outcomes:
    """By mutant and by the tests it was tried with: the test that noticed it, `` if none did."""

    def __init__(self, store: Path, tree: Path, digest: Digest) -> None:
        self._store = store
        self._tree = tree
        self._digest = digest
        self._known: dict[str, tuple[str, str]] = {}  # by mutant and stage: by whom, and the digest that it holds for
        if store.exists():
            for line in store.read_text().splitlines():
                try:
                    key, by, digest_then = json.loads(line)
                except ValueError:
                    continue  # the last line of a run that was killed
                self._known[key] = (by, digest_then)
            self._rewrite()

    def of(self, mutant: Mutant, stage: str, tests: Iterable[str]) -> str | None:
        """What came of it with these tests; None if that is not known any more."""
        known = self._known.get(self._key(mutant, stage))
        if known is None:
            return None
        by, digest = known
        return by if digest == self._holds_for(by, tests) else None

    def note(self, mutant: Mutant, stage: str, tests: Iterable[str], by: str) -> None:
        """Write it down at once."""
        self._note(self._key(mutant, stage), by, self._holds_for(by, tests))

    def is_sound(self, test: str) -> bool:
        """Whether it is known that this test passes with nothing changed."""
        return self._known.get(f"sound {test}") == (test, self._holds_for(test, ()))

    def note_sound(self, tests: Iterable[str]) -> None:
        """These pass with nothing changed."""
        for test in tests:
            self._note(f"sound {test}", test, self._holds_for(test, ()))

    def forget(self, by: str) -> None:
        """What this test noticed is nothing: it fails by itself."""
        self._known = {key: known for key, known in self._known.items() if known[0] != by}
        self._rewrite()

    def _note(self, key: str, by: str, digest: str) -> None:
        self._known[key] = (by, digest)
        with self._store.open("a") as file:
            file.write(f"{json.dumps([key, by, digest])}\n")

    def _holds_for(self, by: str, tests: Iterable[str]) -> str:
        """One test's word holds while its module is the same; that none noticed, while all the tests asked are."""
        ids = [by] if "::" in by else sorted(tests)
        modules = self._digest(test.partition("::")[0] for test in ids)
        return modules if "::" in by else f"{modules} {_digest_of(chr(10).join(ids).encode())}"

    def _key(self, mutant: Mutant, stage: str) -> str:
        source = _digest_of((self._tree / mutant.file).read_bytes())
        return f"{stage} {mutant.file} {mutant.name} {source}"

    def _rewrite(self) -> None:
        fresh = self._store.with_suffix(".part")
        fresh.write_text("".join(f"{json.dumps([key, *known])}\n" for key, known in self._known.items()))
        fresh.replace(self._store)


def _digest_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]
