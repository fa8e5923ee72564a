"""A command given as a person gives it, in this process."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from bailanys.cli import main

CONFIG = Path(__file__).resolve().parents[3] / "config" / "hotline.toml"


@pytest.fixture
def say(
    state: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str, str]]:
    """Give a command to the state folder of the test's own fixture `state`: exit status, output, errors."""
    monkeypatch.setenv("BAILANYS_STORAGE__STATE_DIR", str(state))
    monkeypatch.setenv("COLUMNS", "300")

    def said(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["bailanys", *words, "--config", str(CONFIG)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capsys.readouterr()
        assert "Traceback" not in err
        return (ended.value.code if isinstance(ended.value.code, int) else 0), out, err

    return said
