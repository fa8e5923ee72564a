"""Would the unit tests notice? A fixed sample of small faults is put into the core, one at a time (`make mutate`).

The sample, what is asked of each package and the mutants that change nothing are in tools/mutants.toml. Exit status 0:
every package reaches its share; 1: one does not, or an entry of the list of equivalents fits nothing any more; 2: the
run could not be made, or was stopped.

`--only demands` tries the sample of one folder or file. The nearest tests are asked first, and what the others enter is
looked up only where a mutant is left for them. What was seen, and what came of each mutant, is kept in .cache/mutate.

Neither mutmut nor cosmic-ray does this here. mutmut 3 leaves a module's constants alone, and with them thirty seconds,
four hours and one to five, and whatever is decorated; cosmic-ray starts Python anew for each mutant, and mutates every
`int | None` of an annotation. Both name a mutant by its file's path or its number, so that a move or a new line draws
another sample.
"""

from __future__ import annotations

import argparse
import fcntl
import json
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from mutant_map import Map
from mutant_outcomes import Outcomes
from mutant_sample import Package, Sample, SampleError, read_sample
from mutant_trials import TrialError, Trials
from mutants import Job, Mutant

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / ".cache/mutate"
Say = Callable[[str], None]
LEAST_S, SLOWER = 10.0, 6.0  # a trial may take so many times its tests' own time and this on top
STAGES = ("mirrored", "near", "far")
"""The tests of the folder that mirrors the mutant's; those that import its file; those that do so by another file.

Each is asked only about what none before has noticed, and only then is it seen what they enter."""


@dataclass(frozen=True)
class Tried:
    """What came of one mutant: `by` is the test that noticed it, `` if none did."""

    package: str
    mutant: Mutant
    outcome: str  # killed, timed_out, survived, equivalent
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
    timed_out: int = 0
    survived: int = 0
    equivalent: int = 0

    @property
    def share(self) -> float:
        """Noticed of those that are not equivalent, in whichever way; 1 where there is none."""
        noticed = self.killed + self.timed_out
        return noticed / (noticed + self.survived) if noticed + self.survived else 1.0


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
    for sign in (signal.SIGINT, signal.SIGTERM):
        signal.signal(sign, signal.default_int_handler)
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
        with (FOLDER / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            tried = Run(chosen, sample, options, say).tried()
    except BlockingIOError:
        print("mutate: another run is under way here", file=sys.stderr)
        return 2
    except (SampleError, TrialError) as error:
        print(f"mutate: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("mutate: stopped; what was found is kept, and the next run goes on from there", file=sys.stderr)
        return 2
    told = _told(tried, sample)
    if not options.again:
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
    parser.add_argument("--only", action="append", help="only those drawn of this folder or file (again for more)")
    parser.add_argument("--every", help="all the mutants whose file or name has this text, drawn or not")
    parser.add_argument("--again", action="store_true", help="only those that survived the last run")
    parser.add_argument("--list", action="store_true", help="say which mutants there are, and try none")
    parser.add_argument(
        "--mirrored", action="store_true", help="ask only the mirrored folder's tests: others might notice more"
    )
    parser.add_argument("--as-seen", action="store_true", help="do not look anew at what unchanged tests enter")
    parser.add_argument("--slow", action="store_true", help="import everything anew for each, which changes nothing")
    parser.add_argument("--afresh", action="store_true", help="try those again, too, of which it is known what came")
    parser.add_argument("--seed", type=int, help="another sample than the fixed one")
    return parser.parse_args(arguments)


def _chosen(sample: Sample, options: argparse.Namespace) -> Iterator[tuple[Package, Mutant]]:
    seed = sample.seed if options.seed is None else options.seed
    again: set[tuple[str, str]] | None = None
    if options.again:
        last = json.loads((FOLDER / "last.json").read_text())
        again = {(one["file"], one["name"]) for one in last["mutants"] if one["outcome"] == "survived"}
    parts = [one.rstrip("/") for one in options.only or ()]
    known = {one.name for one in sample.packages}
    for part in parts:
        mutants = (mutant for package in sample.packages for mutant in sample.mutants[package.name])
        if part not in known and not any(_is_in(mutant, part) for mutant in mutants):
            raise SampleError(f"{part}: no folder or file of the sample")
    for package in sample.packages:
        for mutant in sample.mutants[package.name]:
            if parts and package.name not in parts and not any(_is_in(mutant, part) for part in parts):
                continue
            if again is not None:
                wanted = (mutant.file, mutant.name) in again
            elif options.every:
                wanted = options.every in f"{mutant.file} {mutant.name}"
            else:
                wanted = mutant.drawn(seed, package.share)
            if wanted:
                yield package, mutant


def _is_in(mutant: Mutant, part: str) -> bool:
    return mutant.file == part or mutant.file.startswith(f"{part}/")


class Run:
    """The mutants chosen, tried stage by stage."""

    def __init__(
        self, chosen: Sequence[tuple[Package, Mutant]], sample: Sample, options: argparse.Namespace, say: Say
    ) -> None:
        self._chosen = chosen
        self._sample = sample
        self._options = options
        self._say = say
        self._trials = Trials(ROOT, FOLDER)
        self._map = Map(self._trials, FOLDER, say, as_seen=options.as_seen)
        if options.afresh:
            (FOLDER / "outcomes.jsonl").unlink(missing_ok=True)
        self._outcomes = Outcomes(FOLDER / "outcomes.jsonl", self._trials.tree, self._map.digest)
        self._unsound: set[str] = set()  # tests that fail with nothing changed

    def tried(self) -> list[Tried]:
        """Each mutant's outcome; the survivors are told as they come."""
        mutants = [mutant for _, mutant in self._chosen]
        alive = [at for at, mutant in enumerate(mutants) if not self._sample.is_equivalent(mutant)]
        noticed: dict[int, str] = {}
        asked: dict[int, set[str]] = {at: set() for at in alive}
        modules: set[str] = set()
        for stage in STAGES[: 1 if self._options.mirrored else 3]:
            if not alive:
                break
            files = sorted({mutants[at].file for at in alive})
            which = {
                "mirrored": self._map.imports.mirrored,
                "near": self._map.imports.near,
                "far": self._map.imports.far,
            }
            modules |= set(which[stage](files))
            self._say(f"{len(alive)} mutants, {len(modules)} test modules ({stage})")
            noticed |= self._stage(stage, alive, asked, sorted(modules))
            alive = [at for at in alive if at not in noticed]
        for at in alive:
            self._say(f"survived: {_line(mutants[at])}")
        found = []
        for at, (package, mutant) in enumerate(self._chosen):
            by = noticed.get(at, "")
            outcome = "timed_out" if by == "time" else "killed" if by else "survived"
            if self._sample.is_equivalent(mutant):
                outcome = "equivalent"
            found.append(Tried(package.name, mutant, outcome, by))
        return found

    def _stage(
        self, stage: str, alive: Sequence[int], asked: dict[int, set[str]], modules: list[str]
    ) -> dict[int, str]:
        """Who noticed which of them; a test that fails by itself has noticed nothing, and the others are asked."""
        tests = self._map.reachable(modules)
        jobs: dict[int, Job] = {}
        for at in alive:
            mutant = self._chosen[at][1]
            found = [one for portion in tests.tests_for(mutant, self._sample.budget_s) for one in portion]
            ids = [one for one in found if one not in asked[at]]
            asked[at] |= set(ids)
            if ids:
                jobs[at] = Job(mutant, ids, [LEAST_S + SLOWER * tests.seconds([test]) for test in ids])
        noticed: dict[int, str] = {}
        while True:
            left = {at: self._without_unsound(job) for at, job in jobs.items() if at not in noticed}
            noticed |= self._asked(stage, {at: job for at, job in left.items() if job.tests})
            killers = sorted({by for by in noticed.values() if "::" in by and not self._outcomes.is_sound(by)})
            fresh = self._trials.failing(killers, [LEAST_S + SLOWER * tests.seconds([test]) for test in killers])
            self._outcomes.note_sound(set(killers) - set(fresh))
            if not fresh:
                return {at: by for at, by in noticed.items() if by}
            for test in fresh:
                self._say(f"{test} fails with nothing changed: what it notices does not count")
                self._outcomes.forget(test)
            self._unsound |= set(fresh)
            noticed = {at: by for at, by in noticed.items() if by not in self._unsound}

    def _without_unsound(self, job: Job) -> Job:
        both = [(test, limit) for test, limit in zip(job.tests, job.limits_s, strict=True) if test not in self._unsound]
        return Job(job.mutant, [test for test, _ in both], [limit for _, limit in both])

    def _asked(self, stage: str, jobs: dict[int, Job]) -> dict[int, str]:
        """By whom each was noticed, `` by nobody: as it is known, or else tried, quickly where that can be."""
        start, found = time.monotonic(), {}
        for at, job in jobs.items():
            if (by := self._outcomes.of(job.mutant, stage, job.tests)) is not None:
                found[at] = by
        if found:
            self._say(f"of {len(found)} of {len(jobs)} it is known what came")
        todo = [at for at in jobs if at not in found]

        def note(at: int, by: str) -> None:
            found[at] = by
            self._outcomes.note(jobs[at].mutant, stage, jobs[at].tests, by)
            if len(found) % 10 == 0 or len(found) == len(jobs):
                killed = sum(bool(by) for by in found.values())
                took_s = time.monotonic() - start
                self._say(f"{len(found)} of {len(jobs)} tried, {killed} noticed, {took_s:.0f} s")

        slow = list(todo)
        if todo and not self._options.slow:
            for number, by in self._trials.quickly([jobs[at] for at in todo]):
                at = todo[number]
                if by is None:
                    found.pop(at, None)
                    if at not in slow:
                        slow.append(at)
                else:
                    slow.remove(at)
                    note(at, by)
        for at in slow:
            note(at, self._trials.noticed(jobs[at]))
        return found


def _line(mutant: Mutant) -> str:
    instead = mutant.text if len(mutant.text) < 100 else f"{mutant.text[:97]}..."
    return f"{mutant.file}:{mutant.line} {mutant.name}\n      {mutant.before}\n   -> {instead}"


def _told(tried: Sequence[Tried], sample: Sample) -> dict[str, object]:
    figures = figures_of(tried)
    packages = {
        one.name: asdict(figures[one.name]) | {"share": round(figures[one.name].share, 4), "least": one.least}
        for one in sample.packages
        if one.name in figures
    }
    return {"seed": sample.seed, "packages": packages, "mutants": [one.told() for one in tried]}


def _table(tried: Sequence[Tried], sample: Sample) -> None:
    figures = figures_of(tried)
    heads = ("mutants", "killed", "timed out", "survived", "equivalent", "share", "least")
    print(f"{'package':<16}" + "".join(f" {head:>10}" for head in heads))
    for one in sample.packages:
        if (line := figures.get(one.name)) is not None:
            counts = (line.killed, line.timed_out, line.survived, line.equivalent)
            numbers = "".join(f" {count:>10}" for count in (sum(counts), *counts))
            short = "" if line.share >= one.least else "  too few"
            print(f"{one.name:<16}{numbers} {line.share:>10.1%} {one.least:>10.0%}{short}")


def _said(line: str) -> None:
    print(line, flush=True)


def _unsaid(_line: str) -> None:
    pass


if __name__ == "__main__":
    sys.exit(main())
