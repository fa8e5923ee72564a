"""Would the unit tests notice? A fixed sample of small faults is put into the core, one at a time (`make mutate`).

The sample, what is asked of each package and the mutants that change nothing are in tools/mutants.toml. Exit status 0:
every package reaches its share; 1: one does not, or an entry of the list of equivalents fits nothing any more; 2: the
run could not be made.

Neither mutmut nor cosmic-ray does this here. mutmut 3 leaves a module's constants alone, and with them thirty seconds,
four hours and one to five, and whatever is decorated; cosmic-ray starts Python anew for each mutant, and mutates every
`int | None` of an annotation. Both name a mutant by its file's path or its number, so that a move or a new line draws
another sample.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from mutant_map import reachable
from mutant_sample import Package, Sample, SampleError, read_sample
from mutant_tests import Reachable
from mutant_trials import TrialError, Trials
from mutants import Job, Mutant

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / ".cache/mutate"
Say = Callable[[str], None]
LEAST_S, SLOWER = 20.0, 6.0  # a trial may take so many times its tests' own time and this on top


@dataclass(frozen=True)
class Tried:
    """What came of one mutant: `by` is the test that noticed it, `` if none did."""

    package: str
    mutant: Mutant
    outcome: str  # killed, survived, equivalent
    by: str = ""

    def told(self) -> dict[str, str | int]:
        """As JSON has it."""
        mutant = self.mutant
        return {
            "package": self.package,
            "file": mutant.file,
            "line": mutant.line,
            "name": mutant.name,
            "before": mutant.before,
            "instead": mutant.text,
            "outcome": self.outcome,
            "by": self.by,
        }


@dataclass
class Figures:
    """A package's line of the table."""

    killed: int = 0
    survived: int = 0
    equivalent: int = 0

    @property
    def share(self) -> float:
        """Killed of those that are not equivalent; 1 where there is none."""
        return self.killed / (self.killed + self.survived) if self.killed + self.survived else 1.0


def figures_of(tried: Sequence[Tried]) -> dict[str, Figures]:
    """By package."""
    found: dict[str, Figures] = {}
    for one in tried:
        line = found.setdefault(one.package, Figures())
        setattr(line, one.outcome, getattr(line, one.outcome) + 1)
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status as the module says."""
    options = _options(arguments)
    say = _unsaid if options.json else _said
    FOLDER.mkdir(parents=True, exist_ok=True)
    try:
        sample = read_sample(ROOT / "tools/mutants.toml", ROOT)
        stale = sample.stale()
        for entry in stale:
            say(f"an equivalent that fits no mutant: {entry}")
        chosen = list(_chosen(sample, options))
        if options.list:
            for _, mutant in chosen:
                say(_line(mutant))
            return 0
        trials = Trials(ROOT, FOLDER)
        tests = reachable(trials, FOLDER, say, as_seen=options.as_seen)
        tried = list(_tried(chosen, sample, trials, tests, say, quick=not options.slow))
    except (SampleError, TrialError) as error:
        print(f"mutate: {error}", file=sys.stderr)
        return 2
    told = _told(tried, sample)
    (FOLDER / "last.json").write_text(json.dumps(told, ensure_ascii=False, indent=1))
    if options.json:
        print(json.dumps(told, ensure_ascii=False, indent=1))
    else:
        _table(tried, sample)
    figures = figures_of(tried)
    short = [one for one in sample.packages if figures.get(one.name, Figures()).share < one.least]
    return 1 if short or stale else 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make mutate", description="Put small faults in; see whether a test notices.")
    parser.add_argument("--json", action="store_true", help="everything as JSON, nothing else")
    parser.add_argument("--package", action="append", help="only this package of tools/mutants.toml (again for more)")
    parser.add_argument("--only", help="all the mutants whose file or name has this text, drawn or not")
    parser.add_argument("--again", action="store_true", help="only those that survived the last run")
    parser.add_argument("--list", action="store_true", help="say which mutants there are, and try none")
    parser.add_argument("--as-seen", action="store_true", help="do not look anew at what unchanged tests enter")
    parser.add_argument("--slow", action="store_true", help="import everything anew for each, which changes nothing")
    parser.add_argument("--seed", type=int, help="another sample than the fixed one")
    return parser.parse_args(arguments)


def _chosen(sample: Sample, options: argparse.Namespace) -> Iterator[tuple[Package, Mutant]]:
    seed = sample.seed if options.seed is None else options.seed
    again: set[tuple[str, str]] | None = None
    if options.again:
        last = json.loads((FOLDER / "last.json").read_text())
        again = {(one["file"], one["name"]) for one in last["mutants"] if one["outcome"] == "survived"}
    for package in sample.packages:
        if options.package and package.name not in options.package:
            continue
        for mutant in sample.mutants[package.name]:
            if again is not None:
                wanted = (mutant.file, mutant.name) in again
            elif options.only:
                wanted = options.only in f"{mutant.file} {mutant.name}"
            else:
                wanted = mutant.drawn(seed, package.share)
            if wanted:
                yield package, mutant


def _tried(
    chosen: Sequence[tuple[Package, Mutant]], sample: Sample, trials: Trials, tests: Reachable, say: Say, *, quick: bool
) -> Iterator[Tried]:
    """Each mutant's outcome, the survivors told as they come."""
    start = time.monotonic()
    wanted = [(package, mutant, tests.tests_for(mutant, sample.budget_s)) for package, mutant in chosen]

    def limit_s(ids: Sequence[str]) -> float:
        return LEAST_S + SLOWER * tests.seconds(ids)

    def found(at: int, by: str) -> None:
        by_mutant[at] = by
        if not by:
            say(f"survived: {_line(chosen[at][1])}")
        if len(by_mutant) % 25 == 0:
            say(f"{len(by_mutant)} of {len(chosen)} after {time.monotonic() - start:.0f} s")

    by_mutant: dict[int, str] = {}
    jobs: list[tuple[int, Job]] = []
    for at, (_, mutant, portions) in enumerate(wanted):
        if sample.is_equivalent(mutant):
            by_mutant[at] = ""
        elif not portions:
            found(at, "")
        else:
            ids = [test for portion in portions for test in portion]
            jobs.append((at, Job(mutant, ids, [limit_s([test]) for test in ids])))
    slow = {at for at, _ in jobs}
    for number, by in trials.quickly([job for _, job in jobs]) if jobs and quick else ():
        at = jobs[number][0]
        if by is None:
            slow.add(at)
        else:
            slow.discard(at)
            found(at, by)
    for at in sorted(slow):
        found(at, trials.noticed(chosen[at][1], wanted[at][2], limit_s))
    for test in sorted({by for by in by_mutant.values() if "::" in by}):
        if not trials.passes(test, limit_s([test])):  # a test that fails by itself has noticed nothing
            raise TrialError(f"{test} fails by itself with nothing changed")
    for at, (package, mutant) in enumerate(chosen):
        by = by_mutant[at]
        outcome = "equivalent" if sample.is_equivalent(mutant) else "killed" if by else "survived"
        yield Tried(package.name, mutant, outcome, by)


def _line(mutant: Mutant) -> str:
    instead = mutant.text if len(mutant.text) < 100 else f"{mutant.text[:97]}..."
    return f"{mutant.file}:{mutant.line} {mutant.name}\n      {mutant.before}\n   -> {instead}"


def _told(tried: Sequence[Tried], sample: Sample) -> dict[str, object]:
    figures = figures_of(tried)
    packages = {
        one.name: {
            "killed": figures[one.name].killed,
            "survived": figures[one.name].survived,
            "equivalent": figures[one.name].equivalent,
            "share": round(figures[one.name].share, 4),
            "least": one.least,
        }
        for one in sample.packages
        if one.name in figures
    }
    return {"seed": sample.seed, "packages": packages, "mutants": [one.told() for one in tried]}


def _table(tried: Sequence[Tried], sample: Sample) -> None:
    figures = figures_of(tried)
    print(f"{'package':<16} {'mutants':>7} {'killed':>7} {'survived':>8} {'equivalent':>10} {'share':>7} {'least':>6}")
    for one in sample.packages:
        if (line := figures.get(one.name)) is not None:
            number = line.killed + line.survived + line.equivalent
            counts = f"{number:>7} {line.killed:>7} {line.survived:>8} {line.equivalent:>10}"
            print(f"{one.name:<16} {counts} {line.share:>7.1%} {one.least:>6.0%}")


def _said(line: str) -> None:
    print(line, flush=True)


def _unsaid(_line: str) -> None:
    pass


if __name__ == "__main__":
    sys.exit(main())
