"""uv is installed and fed as pip would be: from the lock, and over the network that pip was told of."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
sys.path.append(str(ROOT / "tools"))

from steps import SetupError  # noqa: E402 - the tools run without the virtual environment
from uv_bootstrap import as_uv_reads, locked  # noqa: E402

SAID = """\
:env:.cert='/etc/ssl/ours.pem'
:env:.disable-pip-version-check='1'
global.cert='/etc/ssl/theirs.pem'
global.constraint='/etc/constraints.txt'
global.extra-index-url='https://one.example/simple https://two.example/simple'
global.find-links='/opt/wheels\\n/opt/more'
global.index-url='https://far.example/simple'
install.index-url='https://near.example/simple'
"""


def test_uv_is_told_what_pip_knows_of_the_network_and_the_nearest_word_holds() -> None:
    assert as_uv_reads(SAID, {}) == {
        "SSL_CERT_FILE": "/etc/ssl/ours.pem",
        "UV_DEFAULT_INDEX": "https://near.example/simple",
    }


def test_folders_of_wheels_are_looked_into_where_there_is_no_index() -> None:
    told = as_uv_reads("global.find-links='/opt/wheels\\n/opt/more'\nglobal.no-index='true'\n", {})
    assert told == {"UV_NO_INDEX": "true", "UV_FIND_LINKS": "/opt/wheels,/opt/more"}


def test_what_uv_was_told_itself_goes_before() -> None:
    told = as_uv_reads("global.index-url='https://far.example/simple'\n", {"UV_DEFAULT_INDEX": "https://mine.example"})
    assert told == {}


def test_uv_is_in_the_lock_with_the_hashes_of_its_files() -> None:
    first, *hashes = locked("uv", (ROOT / "requirements.lock").read_text()).splitlines()
    assert first.startswith("uv==")
    assert hashes and all(line.startswith("    --hash=sha256:") for line in hashes)


def test_a_lock_without_it_is_told() -> None:
    with pytest.raises(SetupError, match="the lock has no uv"):
        locked("uv", "uvloop==1.0 \\\n    --hash=sha256:00\n")
