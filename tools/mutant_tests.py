"""Which tests could notice a mutant: those that enter its function, and for a constant those that meet its name."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from mutants import MODULE, Mutant

FIRST_FILES, FIRST_TESTS = 4, 60  # tried before all the others


@dataclass(frozen=True)
class Seen:
    """One test: the seconds it takes, and the functions it enters as `file::qualified name`."""

    id: str
    seconds: float
    entered: frozenset[str]

    @property
    def file(self) -> str:
        """Its module's path."""
        return self.id.partition("::")[0]


class Reachable:
    """The tests by what they enter."""

    def __init__(self, tests: Mapping[str, tuple[float, list[str]]], tree: Path, files: Iterable[str]) -> None:
        self._tests = [Seen(test, seconds, frozenset(entered)) for test, (seconds, entered) in tests.items()]
        self._seconds = {test.id: test.seconds for test in self._tests}
        self._by_function: defaultdict[str, list[Seen]] = defaultdict(list)
        for test in self._tests:
            for function in test.entered:
                self._by_function[function].append(test)
        self._texts = {file: (tree / file).read_text() for file in {test.file for test in self._tests}}
        self._words: dict[str, set[str]] = {}  # by function: the names it mentions
        self._made: dict[str, set[str]] = defaultdict(set)  # by a module's constant: the constants made from it
        self._owners: dict[tuple[str, int], set[str]] = {}  # by file and line outside functions: the names it gives
        for file in files:
            self._read(file, ast.parse((tree / file).read_bytes()))

    def tests_for(self, mutant: Mutant, budget_s: float) -> list[list[str]]:
        """The tests to run, in portions: the likeliest first, then the cheapest of the rest within the budget."""
        found = self._entering(mutant) or self._meeting(mutant)
        chosen: list[Seen] = []
        left = budget_s
        for test in sorted(found, key=lambda test: (test.seconds, test.id)):
            if chosen and test.seconds > left:
                break
            chosen.append(test)
            left -= test.seconds
        cost: defaultdict[str, list[float]] = defaultdict(list)
        for test in chosen:
            cost[test.file].append(test.seconds)
        near = sorted(cost, key=lambda file: (-self._likeness(file, mutant), sum(cost[file]) / len(cost[file])))
        first = [test for test in chosen if test.file in near[:FIRST_FILES]][:FIRST_TESTS]
        rest = [test for test in chosen if test not in first]
        return [[test.id for test in portion] for portion in (first, rest) if portion]

    def seconds(self, tests: Iterable[str]) -> float:
        """What these tests take together."""
        return sum(self._seconds[test] for test in tests)

    def _entering(self, mutant: Mutant) -> list[Seen]:
        names = (mutant.where, mutant.where.replace(".<locals>", ""))
        return self._by_function.get(f"{mutant.file}::{names[0]}") or self._by_function.get(
            f"{mutant.file}::{names[1]}", []
        )

    def _meeting(self, mutant: Mutant) -> list[Seen]:
        """For what stands outside of functions, or in one that no test enters by itself."""
        words = set(self._owners.get((mutant.file, mutant.line), {mutant.where.rpartition(".")[2]}))
        todo = list(words)
        while todo:
            more = self._made[todo.pop()] - words
            words |= more
            todo += more
        inside = f"{mutant.file}::{'' if mutant.where == MODULE else mutant.where}"
        functions = {name for name, mentioned in self._words.items() if mentioned & words}
        functions |= {name for name in self._by_function if name.startswith(inside)}
        stem = mutant.file.rpartition("/")[2].removesuffix(".py")
        named = {file for file, text in self._texts.items() if any(word in text for word in words) and stem in text}
        return [test for test in self._tests if test.file in named or not functions.isdisjoint(test.entered)]

    def _likeness(self, file: str, mutant: Mutant) -> int:
        """2: the test's module names the mutant's; 1: it has its folder's name."""
        folder, _, name = mutant.file.removesuffix(".py").rpartition("/")
        text = self._texts[file]
        dotted = folder.replace("/", ".")
        return 2 if f"{dotted}.{name} " in text or f"from {dotted} import {name}" in text else f"/{folder}/" in file

    def _read(self, file: str, tree: ast.Module) -> None:
        """Note who mentions which name."""
        for statement in tree.body:
            if not isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef)):
                names = _given(statement)
                for line in range(statement.lineno, (statement.end_lineno or statement.lineno) + 1):
                    self._owners[file, line] = names
                for word in _mentioned(statement) - names if not isinstance(statement, ast.ClassDef) else ():
                    self._made[word] |= names
        todo: list[tuple[str, ast.AST]] = [("", node) for node in tree.body]
        while todo:
            around, node = todo.pop()
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                self._words[f"{file}::{around}{node.name}"] = _mentioned(node)
            elif isinstance(node, ast.ClassDef):
                todo += [(f"{around}{node.name}.", inner) for inner in node.body]


def _given(node: ast.stmt) -> set[str]:
    """The names that a statement outside of functions gives."""
    if isinstance(node, ast.ClassDef):
        return {node.name}
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    return {name.id for target in targets for name in ast.walk(target) if isinstance(name, ast.Name)}


def _mentioned(node: ast.AST) -> set[str]:
    names = {inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name)}
    return names | {inner.attr for inner in ast.walk(node) if isinstance(inner, ast.Attribute)}
