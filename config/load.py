"""Reads the settings: the file, the environment over it, and everything that is wrong with them at once."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from config.document import filled
from config.environment import underscores_missing
from config.problems import ConfigError, Problem, together
from config.shape import fitted
from config.source import read
from config.validate import findings

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from config.settings import Settings


def load(path: Path, env: Mapping[str, str] = os.environ) -> Settings:
    """Return the settings of the file, with `BAILANYS_SECTION__KEY` variables over it.

    Raises ConfigError with every problem found, in the order of the file.
    """
    source = read(path, env)
    settings, misfits = fitted(source.document)
    # With defaults and types once everything fits; else as written, so that the rest is checked all the same.
    document = settings.model_dump(mode="json") if settings else filled(source.document)
    wrong = together(misfits, findings(document))
    slips = tuple(
        Problem("environment", None, name, f"is no setting: write {meant}, with two underscores")
        for name, meant in underscores_missing(env).items()
    )
    if settings is None or wrong or slips:
        raise ConfigError((*slips, *source.problems(wrong)))
    return settings
