"""What holds for every test."""

from __future__ import annotations

from hypothesis import settings

# How fast the core decides is measured in bench/; a machine that is busy for a moment is no counter-example.
settings.register_profile("bailanys", deadline=None)
settings.load_profile("bailanys")
