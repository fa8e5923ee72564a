"""What `make install` puts into a folder: all that the hotline needs to run, and nothing of the clone's own tools."""

from __future__ import annotations

import importlib
import re
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[3]
PACKAGES = (
    *("bailanys", "calls", "config", "console", "demands", "dialplan", "dispatch", "ivr", "planning"),
    *("rating", "recordings", "routing", "speech", "storage", "telephony"),
)


@pytest.fixture(scope="module")
def tools() -> Iterator[None]:
    """The folder of tools as one to import from."""
    sys.path.insert(0, str(ROOT / "tools"))
    yield
    sys.path.remove(str(ROOT / "tools"))


@pytest.fixture(scope="module")
def lock(tools: None) -> ModuleType:
    return importlib.import_module("lock")


@pytest.fixture(scope="module")
def virtual_environment(tools: None) -> ModuleType:
    return importlib.import_module("virtual_environment")


def text_of(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def names_of(dependencies: list[str]) -> set[str]:
    return {re.split(r"[\[<>=!~; ]", one, maxsplit=1)[0].lower().replace("_", "-") for one in dependencies}


def test_the_wheel_holds_every_file_of_every_package(tmp_path: Path) -> None:
    """Templates, prompts, catalogues, migrations, texts, fonts and units: what is no Python is easily forgotten."""
    command = (sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path))
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=60)
    with zipfile.ZipFile(next(tmp_path.glob("*.whl"))) as wheel:
        held = {name for name in wheel.namelist() if ".dist-info/" not in name}
        meta = next(name for name in wheel.namelist() if name.endswith("entry_points.txt"))
        assert "bailanys = bailanys.cli:main" in wheel.read(meta).decode()
    ours = {
        path.relative_to(ROOT).as_posix()
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and path.suffix != ".pyc"
    }
    assert held == ours
    for ending in (".wav", ".toml", ".conf", ".jinja", ".json", ".ttf", ".mako", ".service", ".svg"):
        assert [name for name in held if name.endswith(ending)], ending


def test_what_runs_is_locked_line_for_line_as_in_the_whole_lock(lock: ModuleType) -> None:
    whole, run = (lock.pinned(text_of(name)) for name in ("requirements.lock", "requirements-run.lock"))
    assert all(block.count("--hash=sha256:") >= 1 for block in run.values())
    assert {name: whole.get(name) for name in run} == run, "run `make lock`"
    project = tomllib.loads(text_of("pyproject.toml"))["project"]
    needed, own = names_of(project["dependencies"]), names_of(project["optional-dependencies"]["dev"])
    assert needed <= run.keys() and not own & run.keys(), "run `make lock`"


def test_a_python_without_a_wheel_of_the_phones_is_told_so_and_not_the_network(
    virtual_environment: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".cache").mkdir()
    where = tmp_path / "requirements.lock"
    where.write_text(text_of("requirements.lock"))
    failed = importlib.import_module("steps").SetupError

    def refused(command: tuple[str, ...], what: str, remedy: str, **_: object) -> str:
        raise failed(f"{what} failed (error: No solution found when resolving dependencies)", remedy)

    monkeypatch.setattr(virtual_environment, "run", refused)
    with pytest.raises(failed, match=r"has no wheel for Python 3\.\d+ .*make setup PYTHON=.*make install PREFIX="):
        virtual_environment._must_have_phones(("uv",), where, {})
    assert list((tmp_path / ".cache").iterdir()) == []

    def away(command: tuple[str, ...], what: str, remedy: str, **_: object) -> str:
        raise failed(f"{what} failed (Connection refused)", remedy)

    monkeypatch.setattr(virtual_environment, "run", away)
    virtual_environment._must_have_phones(("uv",), where, {})  # says nothing: it is the network


def test_nothing_is_installed_over_the_clone() -> None:
    for where in ("", str(ROOT), str(ROOT.parent)):
        command = (sys.executable, str(ROOT / "tools" / "install.py"), where)
        said = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
        assert said.returncode == 1 and said.stderr.count("\n") == 1 and "make install PREFIX=" in said.stderr


def test_nothing_is_installed_where_something_else_is(tmp_path: Path) -> None:
    (tmp_path / ".bashrc").touch()
    environment = tmp_path / "somebodys-venv"
    (environment / "lib").mkdir(parents=True)
    (environment / "pyvenv.cfg").touch()
    command = (sys.executable, str(ROOT / "tools" / "install.py"), str(environment))
    said = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert said.returncode == 1 and f"{environment} has something else in it (lib)" in said.stderr
    assert sorted(path.name for path in environment.iterdir()) == ["lib", "pyvenv.cfg"]
    assert said.stderr.count("\n") == 1
    sys.path.insert(0, str(ROOT / "tools"))
    try:
        from install import MARK, must_be_ours
    finally:
        sys.path.remove(str(ROOT / "tools"))
    (environment / MARK).touch()
    for ours in (environment, tmp_path / "not-there"):
        must_be_ours(ours)
    (environment / "lib").rmdir()
    (environment / "pyvenv.cfg").unlink()
    (environment / MARK).unlink()
    (environment / ".profile").touch()
    must_be_ours(environment)
