"""Commands on a terminal of few letters, before a reader that goes, and what stands before every command."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).parents[4]
ASCII = {"LC_ALL": "C", "PYTHONIOENCODING": "ascii"}
PROMPTS = ("prompts", "list", "--language", "kk")


def typed(*words: str, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        (sys.executable, "-m", "bailanys", *words), cwd=ROOT, env={**os.environ, **(env or {})}, capture_output=True,
        check=False, timeout=60,
    )  # fmt: skip


def test_an_ascii_terminal_gets_a_table_in_ascii_and_json_that_means_the_same() -> None:
    shown, told = typed(*PROMPTS, env=ASCII), typed(*PROMPTS, "--json", env=ASCII)
    assert (shown.returncode, shown.stderr) == (0, b"") and shown.stdout.isascii()
    assert b"-----  " in shown.stdout and b"\\u0421\\u04d9\\u043b\\u0435\\u043c" in shown.stdout
    assert (told.returncode, told.stderr) == (0, b"") and told.stdout.isascii()
    assert json.loads(told.stdout) == json.loads(typed(*PROMPTS, "--json").stdout.decode())


def test_help_and_errors_on_an_ascii_terminal() -> None:
    helped, failed = typed("recordings", "find", "--help", env=ASCII), typed("check", "--config", "/жоқ", env=ASCII)
    assert (helped.returncode, helped.stderr) == (0, b"") and helped.stdout.isascii()
    assert (failed.returncode, failed.stdout) == (2, b"")
    assert failed.stderr.startswith(b"/\\u0436\\u043e\\u049b: there is no such file")


def test_a_reader_that_has_seen_enough_hears_no_complaint() -> None:
    for words in (PROMPTS, (*PROMPTS, "--json"), ("--help",)):
        read, write = os.pipe()
        os.close(read)
        ended = subprocess.run(
            (sys.executable, "-m", "bailanys", *words), cwd=ROOT, stdout=write, stderr=subprocess.PIPE, check=False
        )
        os.close(write)
        assert (ended.returncode, ended.stderr) == (141, b""), words


def test_the_version_is_the_packages() -> None:
    assert typed("--version").stdout.decode() == f"bailanys {version('bailanys')}\n"


def test_the_environment_names_the_configuration_and_the_option_wins() -> None:
    env = {"BAILANYS_CONFIG": "/nowhere/hotline.toml"}
    ended = typed("check", env=env)
    assert (ended.returncode, ended.stderr) == (2, b"/nowhere/hotline.toml: there is no such file\n")
    ended = typed("check", "--config", "/elsewhere.toml", env=env)
    assert (ended.returncode, ended.stderr) == (2, b"/elsewhere.toml: there is no such file\n")


def test_a_shell_completes_commands() -> None:
    asked = {"_BAILANYS_COMPLETE": "complete_bash", "COMP_WORDS": "bailanys rec", "COMP_CWORD": "1"}
    script = "import sys; sys.argv[0] = 'bailanys'; from bailanys.cli import main; main()"
    done = subprocess.run(
        (sys.executable, "-c", script), cwd=ROOT, env={**os.environ, **asked}, capture_output=True, check=False
    )
    assert done.stdout.split() == [b"recordings"]
