"""What holds for every test."""

from __future__ import annotations

from typing import Any

import layout
import pytest
from hypothesis import settings

# How fast the core decides is measured in bench/; a machine that is busy for a moment is no counter-example.
settings.register_profile("bailanys", deadline=None)
settings.load_profile("bailanys")


def pytest_configure(config: pytest.Config) -> None:
    """In each process of the run."""
    layout.register(config)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """How many `-n auto` are."""
    return layout.workers()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> layout.Layout:
    """Who of them runs what."""
    return layout.Layout(config, log)
