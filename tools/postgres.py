"""A PostgreSQL server for the tests: the machine's own, or Debian's in `.cache/postgresql`, as Asterisk is fetched.

Only the tests ask for it, the first time they run; `python tools/postgres.py` fetches it beforehand.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tools")]

from apt_private import architecture, open_apt  # noqa: E402 - the folders above are where it is
from steps import SetupError, folder_size, megabytes, run, say, step  # noqa: E402

from telephony.embedded import prefix_command  # noqa: E402

PREFIX = "postgresql"
NEEDED = ("initdb", "postgres", "pg_dump", "pg_restore")

# Of all that Debian's package depends on: the server, its libraries and a loader. Just-in-time compilation (LLVM) and
# what installs a system are left out.
_KEEP = re.compile(r"(lib|zlib1g$|postgresql-(client-)?\d+$)")
_DROP = re.compile(r"lib(llvm|perl|python|json-perl|common-sense-perl|types-serialiser-perl|c-gconv)")


@dataclass(frozen=True, slots=True)
class PostgresInstall:
    """A server's programs (`initdb`, `postgres`, `pg_dump`, `pg_restore`) in one folder."""

    binaries: Path
    version: str


def find_or_fetch(cache: Path) -> PostgresInstall:
    """The machine's own server, or the one in the cache, fetched if it is not there yet. Raises SetupError."""
    if (found := host_postgres() or prefix_postgres(cache)) is not None:
        return found
    cache.mkdir(exist_ok=True)
    with (cache / "postgresql.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # tests beside each other ask at the same time
        if (found := prefix_postgres(cache)) is None:
            fetch(cache)
            found = prefix_postgres(cache)
    if found is None:
        raise SetupError("PostgreSQL was fetched and is not whole", f"delete {cache / PREFIX} and run the tests again")
    return found


def host_postgres() -> PostgresInstall | None:
    """The server that the machine has: the newest, None if it has none."""
    folders = [Path(folder) for folder in os.environ.get("PATH", "").split(":") if folder]
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name), reverse=True)
    return next((_install(folder) for folder in [*debian, *folders] if _whole(folder)), None)


def prefix_postgres(cache: Path) -> PostgresInstall | None:
    """The server in the cache, None if it is not there."""
    folder = next(iter((cache / PREFIX).glob("usr/lib/postgresql/*/bin")), None)
    return _install(folder) if folder is not None and _whole(folder) else None


def fetch(cache: Path) -> None:
    """Fetch the server into the cache; it is renamed into place when it is whole. Raises SetupError."""
    work = cache / f"{PREFIX}.{os.getpid()}"
    debs, prefix = work / "debs", work / "prefix"
    try:
        debs.mkdir(parents=True)
        with step("reading Debian's index for PostgreSQL"):
            apt = open_apt(work / "apt", architecture())
            wanted = apt.packages(("postgresql",))
        packages = tuple(package for package in wanted if _KEEP.match(package.name) and not _DROP.match(package.name))
        total = megabytes(sum(package.size for package in packages))
        with step(f"downloading PostgreSQL, {total}", lambda: megabytes(folder_size(debs))):
            apt.download(packages, debs)
        with step(f"unpacking {len(packages)} packages"):
            for deb in sorted(debs.glob("*.deb")):
                run(("dpkg-deb", "-x", str(deb), str(prefix)), f"unpacking {deb.name}", "make room on the disk")
            for name in ("doc", "man", "locale"):
                shutil.rmtree(prefix / "usr/share" / name, ignore_errors=True)
            for folder in prefix.glob("usr/lib/postgresql/*/bin"):
                for name in NEEDED:
                    _wrap(prefix, folder / name)
        shutil.rmtree(cache / PREFIX, ignore_errors=True)
        prefix.rename(cache / PREFIX)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _wrap(prefix: Path, program: Path) -> None:
    """Put a script in a program's place that runs it through the prefix's own loader, wherever the prefix is.

    `initdb` starts `postgres` from its own folder by itself, so the loader has to be behind the program's name.
    """
    real = program.with_name(f"{program.name}.bin")
    program.rename(real)
    up = "/.." * len(program.parent.relative_to(prefix).parts)
    command = (f'"{part}"'.replace(str(prefix), f"${{0%/*}}{up}") for part in prefix_command(prefix, real))
    loader, *rest = command
    program.write_text(f'#!/bin/sh\nexec {loader} --argv0 "$0" {" ".join(rest)} "$@"\n')
    program.chmod(0o755)


def _whole(folder: Path) -> bool:
    return all(os.access(folder / name, os.X_OK) for name in NEEDED)


def _install(folder: Path) -> PostgresInstall:
    asked = run((str(folder / "postgres"), "--version"), "asking PostgreSQL's version", "remove it from the PATH")
    return PostgresInstall(folder, asked.split()[2])


def main() -> int:
    """Find or fetch; exit status 0 or 1."""
    try:
        found = find_or_fetch(ROOT / ".cache")
    except SetupError as error:
        sys.stderr.write(f"postgres: {error}\n")
        return 1
    say(f"ok PostgreSQL {found.version} in {found.binaries}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
