from dataclasses import replace

from prometheus_client.parser import text_string_to_metric_families

from calls.disks import DiskNow
from console.errors import UnavailableError
from console.metrics import METRICS_MEDIA, exposition
from console.operations.health import DayWait, Floor, LoopNow
from tests.unit.console.paper import TARGET, Paper

FLOOR = Floor(True, {"portal": 2, "ict": 0}, {"ready": 1, "paused": 0}, 0.125)


def samples(text: str) -> dict[tuple[str, str], float]:
    return {
        (sample.name, ",".join(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_everything_that_is_watched_is_there() -> None:
    assert samples(exposition(FLOOR, DayWait(4, 21.5))) == {
        ("bailanys_calls_waiting", "portal"): 2,
        ("bailanys_calls_waiting", "ict"): 0,
        ("bailanys_operators", "ready"): 1,
        ("bailanys_operators", "paused"): 0,
        ("bailanys_in_truth", ""): 1,
        ("bailanys_journal_lag_seconds", ""): 0.125,
        ("bailanys_idle_beside_waiting_total", ""): 0,
        ("bailanys_ledger_away", ""): 0,
        ("bailanys_sip_refused_total", ""): 0,
        ("bailanys_day_calls_answered", ""): 4,
        ("bailanys_day_asa_seconds", ""): 21.5,
    }


def test_alarms_are_counted_by_their_kind() -> None:
    told = samples(exposition(FLOOR, DayWait(4, 21.5, {"phone-failed": 2, "spool-full": 1})))
    assert told["bailanys_day_alarms", "phone-failed"] == 2
    assert told["bailanys_day_alarms", "spool-full"] == 1


def test_the_loop_and_a_ledger_that_is_away_are_told() -> None:
    floor = replace(FLOOR, ledger_away="connection refused", loop=LoopNow(0.012, 3, 1))
    told = samples(exposition(floor, None))
    assert told["bailanys_ledger_away", ""] == 1
    assert told["bailanys_loop_longest_stall_seconds", ""] == 0.012
    assert told["bailanys_loop_stalls_total", ""] == 3
    assert told["bailanys_loop_starved_total", ""] == 1


def test_each_group_is_told_against_its_target() -> None:
    told = samples(exposition(FLOOR, None, TARGET))
    group = {name: value for (name, label), value in told.items() if label == "portal" and "group" in name}
    assert group == {
        "bailanys_group_asa_seconds": 34.2,
        "bailanys_group_asa_target_seconds": 30,
        "bailanys_group_asa_projected_seconds": 38,
        "bailanys_group_target_state": 2,
        "bailanys_group_helpers": 1,
        "bailanys_group_target_missed": 1,
        "bailanys_group_operators_missing": 3,
    }
    assert told["bailanys_target_ledger_age_seconds", ""] == 1


async def test_nothing_decided_yet_leaves_the_target_out(paper: Paper) -> None:
    paper.desk.broken = UnavailableError("the day has not been looked at yet")
    async with paper.client.get("/api/v1/metrics", headers=paper.token()) as response:
        told = samples(await response.text())
    assert told["bailanys_calls_waiting", "portal"] == 2
    assert not any("group" in name for name, _ in told)


def test_a_day_without_an_answered_call_has_no_average() -> None:
    told = samples(exposition(FLOOR, DayWait(0, None)))
    assert told["bailanys_day_calls_answered", ""] == 0
    assert ("bailanys_day_asa_seconds", "") not in told


async def test_the_ledger_away_leaves_its_figures_out(paper: Paper) -> None:
    paper.books.away = True
    async with paper.client.get("/api/v1/metrics", headers=paper.token()) as response:
        assert (response.status, response.headers["Content-Type"]) == (200, METRICS_MEDIA)
        told = samples(await response.text())
    assert told["bailanys_calls_waiting", "portal"] == 2
    assert not any("day" in name for name, _ in told)


def test_each_disk_is_told_and_what_is_not_known_left_out() -> None:
    """Promise 14."""
    spool = DiskNow(name="spool", state="filling", used_percent=72.5, free_bytes=5, hours_to_full=3.5)
    away = DiskNow(name="archive", state="unwritable", used_percent=None, free_bytes=None, hours_to_full=None)
    told = samples(exposition(replace(FLOOR, disks=(spool, away)), None))
    assert {key: value for key, value in told.items() if "disk" in key[0]} == {
        ("bailanys_disk_used_percent", "spool"): 72.5,
        ("bailanys_disk_hours_to_full", "spool"): 3.5,
        ("bailanys_disk_unwritable", "spool"): 0,
        ("bailanys_disk_unwritable", "archive"): 1,
    }
