"""The disks that recordings are written to, for Prometheus (promise 14)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from prometheus_client.metrics_core import GaugeMetricFamily

from calls.disks import DiskNow


def disk_families(disks: Sequence[DiskNow]) -> Iterator[GaugeMetricFamily]:
    """A gauge for each figure; one that is not known is left out."""
    figures: tuple[tuple[str, str, Callable[[DiskNow], float | None]], ...] = (
        ("used_percent", "What is used of a disk", lambda disk: disk.used_percent),
        ("hours_to_full", "How long it lasts at the rate of the last hour", lambda disk: disk.hours_to_full),
        ("unwritable", "1 while it takes no bytes", lambda disk: int(disk.state in ("full", "unwritable"))),
    )
    for name, told, figure in figures if disks else ():
        family = GaugeMetricFamily(f"bailanys_disk_{name}", told, labels=["disk"])
        for disk in disks:
            if (value := figure(disk)) is not None:
                family.add_metric([disk.name], value)
        yield family
