"""Install the hotline alone into a folder: a wheel built of this clone, the locked packages that it needs, Asterisk.

Run by `make install PREFIX=/opt/bailanys` with the system's own Python (3.11 or newer), as any user who may write
there; nothing of the system is touched. What is for the clone's own use (tests, phones, linters) is not installed. Run
again it brings the folder up to date in place. The standard library only; errors are one line and exit status 1.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

if sys.version_info < (3, 11):  # noqa: UP036 - an older Python gets here before pyproject.toml is ever read
    sys.exit(f"install: this is Python {sys.version.split()[0]}; install Python 3.11 or newer")

MARK = ".installed-by-bailanys"
"""Written first: what is brought up to date later, or was interrupted, is ours to put in order."""
NEEDED, ALL = "requirements-run.lock", "requirements.lock"
UNUSED = (
    "phonenumbers/geodata",  # places and carriers of the whole world's numbers
    "phonenumbers/carrierdata",
    "*/tests",
    "*/*/tests",
)
"""Folders of packages that nothing of ours imports: 35 MB."""
SOURCES = ("*.c", "*.pyx")
"""What compiled modules were made of."""
SLOWER = "fontTools/**/*.so"
"""Modules that are there in Python, too: a protocol's few letters need no speed."""


def main() -> int:
    """Exit status 0 or 1."""
    from steps import SetupError, say

    start = time.monotonic()
    if len(sys.argv) != 2 or not sys.argv[1]:
        sys.stderr.write("install: say where: make install PREFIX=/opt/bailanys\n")
        return 1
    prefix = Path(sys.argv[1]).absolute()
    try:
        if prefix.resolve() == ROOT or ROOT.is_relative_to(prefix.resolve()):
            raise SetupError(
                f"{prefix} holds this clone", "name a folder of its own: make install PREFIX=/opt/bailanys"
            )
        must_be_ours(prefix)
        version = _install(prefix)
    except SetupError as error:
        sys.stderr.write(f"install: {error}\n")
        return 1
    except OSError as error:
        sys.stderr.write(f"install: {error.filename or prefix}: {error.strerror}; check the disk and the owner\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("\ninstall: interrupted; run it again to go on\n")
        return 1
    from steps import megabytes

    asterisk = _bytes(prefix / ".cache/asterisk")
    sizes = f"{megabytes(_bytes(prefix) - asterisk)}" + (f", and {megabytes(asterisk)} of Asterisk" if asterisk else "")
    say(f"ok installed in {time.monotonic() - start:.1f} s: {prefix}/bin/bailanys {version}; {sizes}")
    return 0


def must_be_ours(prefix: Path) -> None:
    """What is in the folder and not of the hotline would be removed. Raises SetupError, OSError."""
    from steps import SetupError

    if (prefix / MARK).exists() or not prefix.is_dir():
        return
    others = sorted(path.name for path in prefix.iterdir() if not path.name.startswith("."))  # a home has such files
    if others:
        raise SetupError(
            f"{prefix} has something else in it ({others[0]})",
            "name an empty folder, or one that is not there yet: make install PREFIX=/opt/bailanys",
        )


def _bytes(folder: Path) -> int:
    return sum(path.lstat().st_size for path in folder.rglob("*"))


def _install(prefix: Path) -> str:
    """Fill the folder; returns the version. Raises SetupError, OSError."""
    import prefix as asterisk
    from steps import run, step
    from uv_bootstrap import NETWORK, install_uv
    from virtual_environment import runs

    from telephony.embedded import host_asterisk

    cache = prefix / ".cache"
    cache.mkdir(parents=True, exist_ok=True)
    (prefix / MARK).touch()
    with tempfile.TemporaryDirectory(dir=cache) as folder:
        work, wheels = Path(folder) / "tools", Path(folder) / "wheels"
        for downloads in ("PIP_CACHE_DIR", "UV_CACHE_DIR"):  # the user's home may be this very folder
            os.environ.setdefault(downloads, str(Path(folder) / downloads))
        need_venv = "install Python 3.11 or newer with its venv module (Debian: python3-venv)"
        with step("fetching uv, which installs the rest"):
            run((sys.executable, "-m", "venv", "--without-pip", str(work)), "making a folder for uv", need_venv)
            variables = install_uv(work, ROOT / ALL, Path(folder))
        uv = str(work / "bin/uv")
        with step("building the wheel"):
            building = ("--wheel", "--build-constraints", str(ROOT / ALL), "--require-hashes", "--out-dir", str(wheels))
            command = (uv, "build", "--quiet", "--python", sys.executable, *building, str(ROOT))
            run(command, "building the wheel", NETWORK, env=variables)
        wheel = next(wheels.glob("*.whl"))
        python = prefix / "bin/python"
        with step("installing the locked packages", lambda: _installed(prefix)):
            if not runs(prefix):
                run((sys.executable, "-m", "venv", "--without-pip", str(prefix)), f"making {prefix}", need_venv)
            pip = (uv, "pip", "sync", "--quiet", "--python", str(python), "--require-hashes", str(ROOT / NEEDED))
            run(pip, f"installing {NEEDED}", NETWORK, env=variables)
        with step("installing the hotline itself"):
            itself = (uv, "pip", "install", "--quiet", "--python", str(python), "--no-deps", "--offline", str(wheel))
            run(itself, f"installing {wheel.name}", "see above", env=variables)
            _leave_out(prefix)
            compiled = (str(python), str(ROOT / "tools/compile_imports.py"), "--installed")
            run(compiled, "importing the hotline", "run it again", env={"PYTHONDONTWRITEBYTECODE": ""}, cwd=prefix)
        if host_asterisk() is None:
            asterisk.build_prefix(cache, asterisk=True, sipp=False)
    shutil.copytree(ROOT / "docs", prefix / "docs", dirs_exist_ok=True)
    (prefix / "config").mkdir(exist_ok=True)
    if not (prefix / "config/hotline.toml").exists():
        shutil.copyfile(ROOT / "config/hotline.toml", prefix / "config/hotline.toml")
    return wheel.name.split("-")[1]


def _leave_out(prefix: Path) -> None:
    for packages in prefix.glob("lib/python3.*/site-packages"):
        for pattern in UNUSED:
            for folder in packages.glob(pattern):
                shutil.rmtree(folder)
        for path in [*packages.glob(SLOWER), *(path for pattern in SOURCES for path in packages.rglob(pattern))]:
            path.unlink()


def _installed(prefix: Path) -> str:
    return f"{len(list(prefix.glob('lib/python3*/site-packages/*.dist-info')))} packages"


if __name__ == "__main__":
    sys.exit(main())
