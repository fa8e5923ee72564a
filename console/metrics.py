"""Figures of this moment for Prometheus; each scrape reads them anew, nothing is counted in memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4, CollectorRegistry, generate_latest
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from console.disk_metrics import disk_families
from console.operations.figures import TargetNow
from console.operations.health import DayWait, Floor, LoopNow
from console.target_metrics import target_families

METRICS_MEDIA = CONTENT_TYPE_PLAIN_0_0_4


class _Collected(Collector):
    def __init__(self, families: Iterable[Metric]) -> None:
        self._families = tuple(families)

    def collect(self) -> Iterable[Metric]:
        return self._families


def exposition(floor: Floor, day: DayWait | None, target: TargetNow | None = None) -> str:
    """The text that Prometheus reads. `day` None: the ledger is away, its figures are left out rather than old.

    `target` None: nothing was decided yet.
    """
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Collected((*_families(floor, day), *(target_families(target) if target else ()))))
    return generate_latest(registry).decode()


def _families(floor: Floor, day: DayWait | None) -> Iterator[Metric]:
    waiting = GaugeMetricFamily("bailanys_calls_waiting", "Callers without an offer, by group", labels=["group"])
    for group, count in floor.waiting.items():
        waiting.add_metric([group], count)
    yield waiting
    operators = GaugeMetricFamily("bailanys_operators", "Operators, by state", labels=["state"])
    for state, count in floor.operators.items():
        operators.add_metric([state], count)
    yield operators
    yield GaugeMetricFamily(
        "bailanys_in_truth", "1 while the controller knows what Asterisk knows", value=int(floor.in_truth)
    )
    yield GaugeMetricFamily(
        "bailanys_journal_lag_seconds", "How far the ledger is behind the journal", value=floor.journal_lag_s
    )
    yield CounterMetricFamily(
        "bailanys_idle_beside_waiting",
        "Operators left idle beside a caller for over 100 ms, since the controller's start",
        value=floor.idle_beside_waiting,
    )
    yield GaugeMetricFamily(
        "bailanys_ledger_away", "1 while the ledger cannot be written to", value=int(bool(floor.ledger_away))
    )
    yield CounterMetricFamily(
        "bailanys_sip_refused",
        "Requests refused over SIP for a wrong account, password or address, since the controller's start",
        value=floor.sip_refused,
    )
    if floor.loop is not None:
        yield from _loop_families(floor.loop)
    yield from disk_families(floor.disks)
    if day is None:
        return
    yield GaugeMetricFamily("bailanys_day_calls_answered", "Calls of the local day answered so far", value=day.answered)
    alarms = GaugeMetricFamily("bailanys_day_alarms", "Alarms of the local day so far, by kind", labels=["kind"])
    for kind, times in day.alarms.items():
        alarms.add_metric([kind], times)
    yield alarms
    if day.mean_s is not None:
        yield GaugeMetricFamily(
            "bailanys_day_asa_seconds",
            "Average wait of the local day from the arrival to the operator (rule 7: 30 s)",
            value=day.mean_s,
        )


def _loop_families(loop: LoopNow) -> Iterator[Metric]:
    yield GaugeMetricFamily(
        "bailanys_loop_longest_stall_seconds",
        "The longest that the calls' event loop stood still through us in the last one or two minutes",
        value=loop.longest_s,
    )
    yield CounterMetricFamily(
        "bailanys_loop_stalls", "Times it stood still through us for over 100 ms, since the start", value=loop.stalls
    )
    yield CounterMetricFamily(
        "bailanys_loop_starved", "Times it had no processor for over a second, since the start", value=loop.starved
    )
