"""Make this clone runnable: the virtual environment in `.venv`, Asterisk and SIPp in `.cache`.

Run by `make setup` with the system's own Python (3.11 or newer), so: the standard library only. A second run finds
everything in place and ends at once. Errors are one line and exit status 1.
"""

from __future__ import annotations

import fcntl
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

if sys.version_info < (3, 11):  # noqa: UP036 - an older Python gets here before pyproject.toml is ever read
    sys.exit(f"setup: this is Python {sys.version.split()[0]}; install Python 3.11 or newer")


def main() -> int:
    """Set up; exit status 0 or 1."""
    import prefix
    import virtual_environment
    from steps import SetupError, say

    from telephony import embedded

    cache = ROOT / ".cache"
    start = time.monotonic()
    try:
        cache.mkdir(exist_ok=True)
        with (cache / "setup.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # two set-ups of one clone would undo each other's work
            with ThreadPoolExecutor(2) as pool:  # one waits for Debian while the other waits for PyPI
                for part in [pool.submit(virtual_environment.install, ROOT), pool.submit(prefix.install, cache)]:
                    part.result()
            found = embedded.find_asterisk(cache)
    except SetupError as error:
        sys.stderr.write(f"setup: {error}\n")
        return 1
    except OSError as error:
        sys.stderr.write(
            f"setup: {error.filename or cache}: {error.strerror}; check the disk and the owner, and run it again\n"
        )
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("\nsetup: interrupted; run it again to go on\n")
        return 1
    version = ".".join(map(str, found.version))
    say(f"ok ready in {time.monotonic() - start:.1f} s: .venv, Asterisk {version} ({found.kind})")
    return 0


if __name__ == "__main__":
    sys.exit(main())
