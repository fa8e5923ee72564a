"""`make mutate`: which small faults are made of a file, under which names, and which of them are drawn."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[3]
LAW = b'''"""Docs: 1."""
from __future__ import annotations

TERM_S = 4 * 3600


@dataclass(frozen=True)
class Demand:
    alone: bool = False

    @property
    def late(self) -> int | None:
        """Longer than 5."""
        if self.at_s < TERM_S and not self.alone:
            return None
        log.info("late", by=self.at_s - 1)
        self.told += 1
        return f"{self.at_s + 1}"
'''


@pytest.fixture(scope="module")
def mutants() -> Iterator[ModuleType]:
    sys.path.insert(0, str(ROOT / "tools"))
    try:
        yield importlib.import_module("mutants")
    finally:
        sys.path.remove(str(ROOT / "tools"))


def test_what_is_made_of_a_file_is_what_somebody_could_notice(mutants: ModuleType) -> None:
    """No annotation, decorator, docstring, log line or text; all else, constants too."""
    made = mutants.mutants_of("law.py", LAW)
    assert [(one.line, one.name) for one in made] == [
        (4, "<module>: * to / #1"),
        (4, "<module>: number raised by one #1"),
        (4, "<module>: number raised by one #2"),
        (9, "Demand: False to True #1"),
        (14, "Demand.late: and to or #1"),
        (14, "Demand.late: operand dropped #1"),
        (14, "Demand.late: operand dropped #2"),
        (14, "Demand.late: < to <= #1"),
        (14, "Demand.late: < to >= #1"),
        (14, "Demand.late: not dropped #1"),
        (17, "Demand.late: assignment dropped #1"),
        (17, "Demand.late: += to -= #1"),
        (17, "Demand.late: number raised by one #1"),
    ]
    assert b"TERM_S = 4 * (3601)" in made[2].applied(LAW)
    for one in made:
        compile(one.applied(LAW), "law.py", "exec")
        assert one.applied(LAW) != LAW


def test_a_mutant_keeps_its_name_and_its_lot_when_its_file_moves_or_other_code_changes(mutants: ModuleType) -> None:
    moved = LAW.replace(
        b"TERM_S = 4 * 3600", b"OTHER = 2 + 2\n\n\ndef new() -> int:\n    return 7 + 7\n\n\nTERM_S = 4 * 3600"
    )
    before = [one for one in mutants.mutants_of("law.py", LAW) if one.where == "Demand.late"]
    after = [one for one in mutants.mutants_of("rules/demand.py", moved) if one.where == "Demand.late"]
    assert [one.name for one in after] == [one.name for one in before]
    for seed in range(50):
        assert [one.drawn(seed, 0.5) for one in after] == [one.drawn(seed, 0.5) for one in before]


def test_a_share_is_drawn_and_another_seed_draws_others(mutants: ModuleType) -> None:
    made = mutants.mutants_of("core.py", (ROOT / "tools/mutants.py").read_bytes())
    drawn = [one.name for one in made if one.drawn(1, 0.2)]
    assert 0.1 < len(drawn) / len(made) < 0.3
    assert set(drawn) < {one.name for one in made if one.drawn(1, 0.4)}
    assert drawn != [one.name for one in made if one.drawn(2, 0.2)]
    assert all(one.drawn(1, 1.0) for one in made) and not any(one.drawn(1, 0.0) for one in made)


def test_the_sample_of_this_project_can_be_read_and_its_list_fits(mutants: ModuleType) -> None:
    sample_module = importlib.import_module("mutant_sample")
    sample = sample_module.read_sample(ROOT / "tools/mutants.toml", ROOT)
    assert sample.stale() == []
    assert {one.name: one.least for one in sample.packages} == {
        "routing": 0.9, "storage/journal": 0.9, "recordings": 0.9, "demands": 0.9, "calls": 0.9, "dispatch": 0.8,
    }  # fmt: skip
    for package in sample.packages:
        assert sum(one.drawn(sample.seed, package.share) for one in sample.mutants[package.name]) >= 30, package.name


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("seed = 1", "KeyError: 'packages'"),
        ("seed = ", "Invalid value"),
        ('packages = [{name = "x", least = 1, share = 1, files = ["no/such/*.py"]}]', "there is no file no/such"),
        ('packages = [{name = "x", least = 1, share = 1, files = ["*.py", "law.py"]}]', "law.py is named twice"),
        ('packages = []\nequivalents = [{mutant = "a", line = "b", reason = " "}]', "no reason is given for a"),
    ],
)
def test_a_sample_that_cannot_be_used_says_why(mutants: ModuleType, tmp_path: Path, text: str, why: str) -> None:
    sample_module = importlib.import_module("mutant_sample")
    (tmp_path / "law.py").write_bytes(LAW)
    path = tmp_path / "mutants.toml"
    path.write_text(text if text.startswith("seed") else f"seed = 1\nbudget_s = 1\n{text}\n")
    with pytest.raises(sample_module.SampleError, match=why):
        sample_module.read_sample(path, tmp_path)


def test_an_equivalent_is_one_only_as_long_as_its_line_stands(mutants: ModuleType, tmp_path: Path) -> None:
    sample_module = importlib.import_module("mutant_sample")
    path = tmp_path / "mutants.toml"
    path.write_text(
        'seed = 1\nbudget_s = 1\npackages = [{name = "x", least = 1, share = 1, files = ["law.py"]}]\n'
        'equivalents = [{mutant = "<module>: * to / #1", line = "TERM_S = 4 * 3600", reason = "who knows"}]'
    )
    (tmp_path / "law.py").write_bytes(LAW)
    sample = sample_module.read_sample(path, tmp_path)
    assert [sample.is_equivalent(one) for one in sample.mutants["x"][:2]] == [True, False]
    assert sample.stale() == []
    (tmp_path / "law.py").write_bytes(LAW.replace(b"3600", b"3_600"))
    sample = sample_module.read_sample(path, tmp_path)
    assert sample.stale() == ["<module>: * to / #1 (TERM_S = 4 * 3600)"]
    assert not any(sample.is_equivalent(one) for one in sample.mutants["x"])


TALK = b"""from functools import cache

TERM_S = 30


class Talk:
    def __init__(self, waits):
        self.waits = waits

    @property
    def late(self):
        return [wait for wait in self.waits if wait > TERM_S]


@cache
def is_late(wait):
    return wait > 30


def counter():
    def count(waits):
        return sum(wait > 30 for wait in waits)

    return count
"""


@pytest.fixture
def quick(mutants: ModuleType) -> ModuleType:
    return importlib.import_module("mutant_quick")


def test_a_functions_code_is_changed_wherever_the_function_is_held(
    mutants: ModuleType, quick: ModuleType, tmp_path: Path
) -> None:
    path = tmp_path / "talk.py"
    scope: dict[str, Any] = {}
    exec(compile(TALK, str(path), "exec"), scope)
    talk, count = scope["Talk"]([29, 30, 31]), scope["counter"]()

    def seen() -> tuple[object, ...]:
        scope["is_late"].cache_clear()
        return talk.late, scope["is_late"](30), count([29, 30, 31]), scope["counter"]()([29, 30, 31])

    assert seen() == ([31], False, 1, 1)
    changed = []
    for mutant in mutants.mutants_of("talk.py", TALK):
        if mutant.operator != "> to >=":
            continue
        pairs = list(quick.pairs(compile(TALK, str(path), "exec"), compile(mutant.applied(TALK), str(path), "exec")))
        assert not any(quick.is_outside(code) and not quick.is_alike(code, other) for code, other in pairs)
        held = quick.functions_in(f"{tmp_path}/")
        for code, other in pairs:
            for function in held.get(code, ()):
                function.__code__ = other
        changed.append(seen())
        scope.clear()
        exec(compile(TALK, str(path), "exec"), scope)
        talk, count = scope["Talk"]([29, 30, 31]), scope["counter"]()
    assert changed == [([30, 31], False, 1, 1), ([31], True, 1, 1), ([31], False, 2, 2)]


def test_what_stands_outside_of_functions_is_not_changed_so(mutants: ModuleType, quick: ModuleType) -> None:
    (constant,) = [one for one in mutants.mutants_of("talk.py", TALK) if one.where == "<module>"]
    pairs = quick.pairs(compile(TALK, "talk.py", "exec"), compile(constant.applied(TALK), "talk.py", "exec"))
    assert [code.co_name for code, other in pairs if quick.is_outside(code) and not quick.is_alike(code, other)] == [
        "<module>"
    ]
