"""What tools/mutants.toml says, checked against the code."""

from __future__ import annotations

import tomllib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from mutants import Mutant, mutants_of


class SampleError(Exception):
    """tools/mutants.toml cannot be used; the message says where and why."""


@dataclass(frozen=True)
class Package:
    """Files whose mutants are counted together; `share` of them are drawn, `least` of those are to be noticed."""

    name: str
    least: float
    share: float
    files: tuple[str, ...]


@dataclass(frozen=True)
class Equivalent:
    """A mutant that nobody can notice, with the line it is of: another line is another mutant."""

    mutant: str
    line: str
    reason: str


@dataclass(frozen=True)
class Sample:
    """The file, and every mutant there is of each package."""

    seed: int
    budget_s: float
    packages: tuple[Package, ...]
    equivalents: tuple[Equivalent, ...]
    mutants: dict[str, list[Mutant]]

    def is_equivalent(self, mutant: Mutant) -> bool:
        """Whether the list has it."""
        return (mutant.name, mutant.before) in {(one.mutant, one.line) for one in self.equivalents}

    def stale(self) -> list[str]:
        """The entries of the list that fit no mutant any more."""
        known = {(mutant.name, mutant.before) for mutants in self.mutants.values() for mutant in mutants}
        return [f"{one.mutant} ({one.line})" for one in self.equivalents if (one.mutant, one.line) not in known]


def read_sample(path: Path, root: Path) -> Sample:
    """Read the file; SampleError where it is wrong."""
    try:
        told = tomllib.loads(path.read_text())
        packages = tuple(
            Package(one["name"], float(one["least"]), float(one["share"]), tuple(one["files"]))
            for one in told["packages"]
        )
        equivalents = tuple(
            Equivalent(one["mutant"], one["line"], one["reason"]) for one in told.get("equivalents", [])
        )
        seed, budget_s = int(told["seed"]), float(told["budget_s"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SampleError(f"{path.name}: {type(error).__name__}: {error}") from error
    if unreasoned := [one.mutant for one in equivalents if not one.reason.strip()]:
        raise SampleError(f"{path.name}: no reason is given for {unreasoned[0]}")
    mutants = {package.name: _mutants(package, path, root) for package in packages}
    return Sample(seed, budget_s, packages, equivalents, mutants)


def _mutants(package: Package, path: Path, root: Path) -> list[Mutant]:
    files: list[str] = []
    for pattern in package.files:
        found = sorted(file.relative_to(root).as_posix() for file in root.glob(pattern))
        if not found:
            raise SampleError(f"{path.name}: {package.name}: there is no file {pattern}")
        files += found
    if twice := [file for file, times in Counter(files).items() if times > 1]:
        raise SampleError(f"{path.name}: {package.name}: {twice[0]} is named twice")
    return [mutant for file in files for mutant in mutants_of(file, (root / file).read_bytes())]
