"""`make mutate` by part: whom it asks first, what it keeps of a run that was stopped, and how it counts."""

from __future__ import annotations

import argparse
import importlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[3]
FILES = {
    "law/__init__.py": "",
    "law/term.py": "TERM_S = 30\n",
    "law/desk.py": "def late() -> int:\n    from law.term import TERM_S\n    return TERM_S\n",
    "law/offline/verify.py": "import sys\n",
    "tests/unit/conftest.py": "from tests.unit.desks import desk, shop\n",
    "tests/unit/desks.py": "import law.desk\n",
    "tests/unit/law/test_law.py": "import json\n",
    "tests/unit/law/test_verify.py": "PROGRAM = 'law/offline/verify.py'\n",
    "tests/unit/shop/test_shop.py": "from law import desk\n",
    "tests/unit/shop/test_fixture.py": "def test_it(shop): pass\n",
    "tests/unit/shop/test_other.py": "def test_it(door): import json\n",
}


@pytest.fixture(autouse=True)
def tools() -> Iterator[None]:
    sys.path.insert(0, str(ROOT / "tools"))
    yield
    sys.path.remove(str(ROOT / "tools"))


def module(name: str) -> ModuleType:
    return importlib.import_module(name)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for file, text in FILES.items():
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_text(text)
    return tmp_path


def test_the_nearest_tests_are_asked_first_and_those_that_cannot_matter_never(tree: Path) -> None:
    imports = module("mutant_imports").Imports(tree, FILES)
    law, verify, shop, fixture = (
        "tests/unit/law/test_law.py", "tests/unit/law/test_verify.py", "tests/unit/shop/test_shop.py",
        "tests/unit/shop/test_fixture.py",
    )  # fmt: skip
    assert imports.mirrored(["law/term.py"]) == imports.mirrored(["law/offline/verify.py"]) == [law, verify]
    assert imports.near(["law/offline/verify.py"]) == [verify]
    assert imports.near(["law/desk.py"]) == [shop]
    assert imports.near(["law/term.py"]) == []
    assert imports.far(["law/term.py"]) == [fixture, shop]
    assert imports.far(["law/desk.py", "law/offline/verify.py"]) == [verify, fixture, shop]


@pytest.fixture
def mutants(tree: Path) -> list[Any]:
    made: list[Any] = module("mutants").mutants_of("law/term.py", (tree / "law/term.py").read_bytes())
    return made + module("mutants").mutants_of("law/desk.py", b"def late():\n    return 4 + 1\n")


def test_a_run_that_was_stopped_goes_on_where_it_was(tree: Path, mutants: list[Any]) -> None:
    store, tests = tree / "outcomes.jsonl", ["tests/a.py::one", "tests/b.py::two"]
    seen = {"tests/a.py": "1", "tests/b.py": "1"}

    def outcomes() -> Any:
        return module("mutant_outcomes").Outcomes(store, tree, lambda files: repr([seen[one] for one in sorted(files)]))

    first = outcomes()
    first.note(mutants[0], "near", tests, "tests/a.py::one")
    first.note(mutants[1], "near", tests, "")
    first.note(mutants[2], "near", tests, "time")
    first.note_sound(["tests/a.py::one"])
    with store.open("a") as file:
        file.write('["near law/desk.py late: + to')  # killed in the middle of a line

    def known(by: Any) -> list[str | None]:
        return [by.of(mutant, "near", tests) for mutant in mutants[:3]]

    assert known(outcomes()) == ["tests/a.py::one", "", "time"]
    assert outcomes().of(mutants[0], "far", tests) is None
    assert outcomes().of(mutants[1], "near", [*tests, "tests/b.py::three"]) is None
    assert outcomes().is_sound("tests/a.py::one") and not outcomes().is_sound("tests/b.py::two")
    seen["tests/b.py"] = "2"
    assert known(outcomes()) == ["tests/a.py::one", None, None]
    (tree / "law/term.py").write_text("TERM_S = 31\n")
    assert known(outcomes())[0] is None
    (tree / "law/term.py").write_text(FILES["law/term.py"])
    outcomes().forget("tests/a.py::one")
    assert known(outcomes())[0] is None and not outcomes().is_sound("tests/a.py::one")


def test_a_part_is_a_package_a_folder_or_a_file(tmp_path: Path) -> None:
    mutate, some = module("mutate"), tmp_path / "mutants.toml"
    some.write_text(
        "seed = 83\nbudget_s = 15\n"
        '[[packages]]\nname = "recordings"\nleast = 0.9\nshare = 0.5\n'
        'files = ["recordings/vault/f*.py", "recordings/levels.py", "storage/retention.py"]\n'
        '[[packages]]\nname = "demands"\nleast = 0.9\nshare = 0.5\nfiles = ["demands/mp3.py", "demands/verifier.py"]\n'
        '[[packages]]\nname = "calls"\nleast = 0.9\nshare = 0.5\nfiles = ["calls/demand.py", "calls/ids.py"]\n'
    )
    sample = module("mutant_sample").read_sample(some, ROOT)

    def drawn(*parts: str, every: str | None = None) -> set[str]:
        options = argparse.Namespace(seed=None, again=False, only=list(parts), every=every)
        return {mutant.file for _, mutant in mutate._chosen(sample, options)}

    assert {file.partition("/")[0] for file in drawn("demands")} == {"demands"}
    assert "storage/retention.py" in drawn("recordings")
    assert {file.rpartition("/")[0] for file in drawn("recordings/vault/")} == {"recordings/vault"}
    assert drawn("calls/demand.py", every="due") == {"calls/demand.py"}
    with pytest.raises(module("mutant_sample").SampleError, match="vault: no folder or file of the sample"):
        drawn("vault")


def test_what_had_to_be_ended_was_noticed_and_what_nobody_can_notice_does_not_count() -> None:
    mutate = module("mutate")
    line = mutate.Figures(killed=7, timed_out=2, survived=1, equivalent=5)
    assert line.share == 0.9
    assert mutate.Figures(equivalent=5).share == 1.0


def test_the_table_tells_who_is_below(mutants: list[Any], capsys: pytest.CaptureFixture[str]) -> None:
    mutate = module("mutate")
    package = module("mutant_sample").Package
    sample = argparse.Namespace(packages=[package("law", 0.9, 1.0, ()), package("shop", 0.5, 1.0, ())], seed=1)
    tried = [mutate.Tried("law", mutants[0], "killed"), mutate.Tried("law", mutants[1], "survived")]
    mutate._table([*tried, mutate.Tried("shop", mutants[2], "timed_out")], sample)
    _, law, shop = capsys.readouterr().out.splitlines()
    assert law.split() == ["law", "2", "1", "0", "1", "0", "50.0%", "90%", "too", "few"]
    assert shop.split() == ["shop", "1", "0", "1", "0", "0", "100.0%", "50%"]
    told = json.loads(json.dumps(mutate._told(tried, sample)))
    assert told["packages"]["law"] == {
        "killed": 1, "timed_out": 0, "survived": 1, "equivalent": 0, "share": 0.5, "least": 0.9,
    }  # fmt: skip
