"""The study that the policies are held against: its layouts of skills, its traces, and what it measured on them."""

from __future__ import annotations

import csv
import gzip
import json
import math
import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from bench.base_cases import LANGUAGE, SHARES
from calls.ids import GroupId, OperatorId
from planning.simulator import Arrival, Centre
from routing.policy_view import Policy
from routing.rules import Rules
from routing.skills import BEST_LEVEL, Need, Skills

GROUPS = tuple(SHARES)
LAYOUTS = {"chain": "chain", "web": "web100", "mixed": "mixed"}
"""Our names of the layouts, and the study's."""
TRACES = ("10", "11", "12")

_FOLDER = Path(__file__).with_name("data")
_ROUNDED_S = 0.0005
"""The traces are rounded to milliseconds: each time is known this exactly."""


def centre(layout: str, policy: str | Policy, *, learn: bool = False) -> Centre:
    """Return the 80 operators with this layout of skills, no wrap-up, nothing to learn about the traffic unless told.

    `pooled` is the layout in which everybody can do everything.
    """
    if layout == "pooled":
        skills: Sequence[Sequence[int]] = [range(len(GROUPS))] * 80
    else:
        skills = json.loads((_FOLDER / "staff-N.json").read_text())[LAYOUTS[layout]]
    operators = {OperatorId(f"{number:03}"): _skills(GROUPS[at] for at in one) for number, one in enumerate(skills)}
    shares = None if learn else {Need(group, LANGUAGE): share for group, share in SHARES.items()}
    return Centre(operators, Rules(wrap_up_s=0.0, policy=policy), shares=shares)


def _skills(groups: Iterable[GroupId]) -> Skills:
    return Skills(tuple(sorted((group, BEST_LEVEL) for group in groups)), frozenset({LANGUAGE}))


def trace(case: str, number: str, variant: int = 0) -> list[Arrival]:
    """Return a trace of the study; a variant moves each talk within the rounding of the file."""
    chance = random.Random(variant)  # noqa: S311 - the same variant each time is meant
    with gzip.open(_FOLDER / f"trace-{case}-{number}.csv.gz", "rt") as lines:
        read = [
            Arrival(
                float(row["arrival_s"]),
                GROUPS[int(row["group"])],
                float(row["talk_s"]),
                float(row["patience_s"] or math.inf),
                LANGUAGE,
            )
            for row in csv.DictReader(lines)
        ]
    if not variant:
        return read
    return [replace(call, talk_s=call.talk_s + chance.choice((-_ROUNDED_S, _ROUNDED_S))) for call in read]


def expected(case: str, number: str, layout: str, policy: str) -> Mapping[str, float]:
    """Return what the study measured: `asa_s`, `p90_s`, `max_s`, `abandoned`."""
    name = "/".join((case, number, LAYOUTS.get(layout, layout), policy))
    results: dict[str, dict[str, float]] = json.loads((_FOLDER / "expected.json").read_text())["results"]
    return results[name]
