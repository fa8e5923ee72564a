"""Which test modules can matter to a file of ours, read from the imports alone: nothing is run.

A module that is named in a text, as `"demands/offline/verify.py"` or `"demands.offline.verify"`, counts as imported;
so do the fixtures of a `conftest.py` where a test names one of them.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

TESTS = "tests/unit"


class Imports:
    """The project's Python files, and who imports whom."""

    def __init__(self, tree: Path, files: Iterable[str]) -> None:
        parsed = {file: ast.parse((tree / file).read_bytes()) for file in files}
        modules = {_dotted(file): file for file in parsed}
        self._direct: dict[str, set[str]] = {}
        for file, code in parsed.items():
            self._direct[file] = set(_files(_named(code), modules)) | {text for text in _texts(code) if text in parsed}
        fixtures = {file: _given(code) for file, code in parsed.items() if Path(file).name == "conftest.py"}
        for file, code in parsed.items():
            if not self._is_test(file):
                continue
            asked = {
                argument.arg for node in ast.walk(code) if isinstance(node, ast.arguments) for argument in node.args
            }
            self._direct[file] |= {
                conftest
                for conftest, given in fixtures.items()
                if file.startswith(conftest.removesuffix("conftest.py")) and not given.isdisjoint(asked)
            }
        self.tests = sorted(filter(self._is_test, parsed))
        self._whole: dict[str, frozenset[str]] = {}

    def mirrored(self, files: Sequence[str]) -> list[str]:
        """The test modules of the folders that mirror those of these files, or the next one above that has any."""
        homes = {Path(test).parent for test in self.tests}
        found: set[Path] = set()
        for file in files:
            around = [Path(TESTS) / folder for folder in Path(file).parents[:-1]]
            found |= set([folder for folder in around if folder in homes][:1])
        return [test for test in self.tests if Path(test).parent in found]

    def near(self, files: Sequence[str]) -> list[str]:
        """Those that import one of these files themselves."""
        return [test for test in self.tests if not self._direct[test].isdisjoint(files)]

    def far(self, files: Sequence[str]) -> list[str]:
        """Those that import one of these files by whatever way."""
        return [test for test in self.tests if not self.under(test).isdisjoint(files)]

    def under(self, file: str) -> frozenset[str]:
        """All that a file imports, by whatever way."""
        if file not in self._whole:
            found: set[str] = set()
            todo = [file]
            while todo:
                more = self._direct[todo.pop()] - found
                found |= more
                todo += more
            self._whole[file] = frozenset(found)
        return self._whole[file]

    @staticmethod
    def _is_test(file: str) -> bool:
        return file.startswith(f"{TESTS}/") and Path(file).name.startswith("test_")


def _dotted(file: str) -> str:
    return file.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def _named(code: ast.AST) -> Iterator[str]:
    """The dotted names that a file imports or mentions."""
    for node in ast.walk(code):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
    yield from _texts(code)


def _texts(code: ast.AST) -> Iterator[str]:
    for node in ast.walk(code):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and 3 < len(node.value) < 100:
            yield node.value


def _files(names: Iterable[str], modules: dict[str, str]) -> Iterator[str]:
    """The files of these modules, each with those of the packages that it is in."""
    for name in names:
        if name in modules:
            parts = name.split(".")
            for length in range(1, len(parts) + 1):
                if file := modules.get(".".join(parts[:length])):
                    yield file


def _given(code: ast.Module) -> set[str]:
    """The names that a module has at its top."""
    found: set[str] = set()
    for node in code.body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            found.add(node.name)
        elif isinstance(node, ast.ImportFrom):
            found |= {alias.asname or alias.name for alias in node.names}
    return found
