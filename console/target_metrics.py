"""Each group's day against its target, for Prometheus (rule 7)."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from prometheus_client.metrics_core import GaugeMetricFamily

from console.operations.figures import TargetNow, TargetOfGroup

STATES = ("calm", "in danger", "widened")


def target_families(now: TargetNow) -> Iterator[GaugeMetricFamily]:
    """The gauges of what was last decided; one whose figure does not exist is left out."""
    figures: tuple[tuple[str, str, Callable[[TargetOfGroup], float | None]], ...] = (
        ("asa_seconds", "Average wait of the local day from the arrival (rule 7)", lambda one: one.asa_s),
        ("asa_target_seconds", "Target of that average", lambda one: one.target_s),
        ("asa_projected_seconds", "That average at the day's end at the present rate", lambda one: one.projected_s),
        ("target_state", "0 calm, 1 in danger, 2 widened", lambda one: STATES.index(one.state)),
        ("helpers", "Operators who are lent to the group now", lambda one: len(one.helpers)),
        ("target_missed", "1 when the target will be missed at the present rate", lambda one: int(one.missed)),
        ("operators_missing", "Operators who would mend that", lambda one: one.operators_missing or 0),
    )
    for name, told, figure in figures:
        family = GaugeMetricFamily(f"bailanys_group_{name}", told, labels=["group"])
        for one in now.groups:
            if (value := figure(one)) is not None:
                family.add_metric([one.group], value)
        yield family
    yield GaugeMetricFamily(
        "bailanys_target_ledger_age_seconds",
        "How old the ledger's figures were when the target was looked at",
        value=max(0, now.at_ms - now.ledger_at_ms) / 1000,
    )
