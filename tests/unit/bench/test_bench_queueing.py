from __future__ import annotations

import random
from statistics import fmean

import pytest

from bench.queueing import Job, backlog, erlang_c_wait_s, ideal_waits, trace


def test_callers_are_served_in_the_order_they_came_by_whoever_is_free_first() -> None:
    jobs = [Job(0.0, 10.0), Job(1.0, 2.0), Job(2.0, 5.0), Job(2.5, 1.0), Job(20.0, 1.0)]

    assert ideal_waits(jobs, operators=2) == [0.0, 0.0, 1.0, 5.5, 0.0]


def test_the_order_of_a_trace_is_that_of_its_instants() -> None:
    jobs = [Job(2.0, 1.0), Job(0.0, 4.0)]

    assert ideal_waits(jobs, operators=1) == [0.0, 2.0]


@pytest.mark.parametrize(
    ("operators", "load", "mean_s", "wait_s"),
    [
        (1, 0.5, 1.0, 1.0),  # M/M/1: load / (1 - load) talks
        (1, 0.9, 2.0, 18.0),
        (2, 0.5, 1.0, 1 / 3),  # M/M/2: load² / (1 - load²)
        (10, 0.85, 6.0, 2.1194),
        (10, 0.0, 6.0, 0.0),
    ],
)
def test_erlang_c_is_the_textbook_s(operators: int, load: float, mean_s: float, wait_s: float) -> None:
    assert erlang_c_wait_s(operators, load, mean_s) == pytest.approx(wait_s, abs=5e-5)


def test_the_ideal_of_a_long_trace_is_what_erlang_says() -> None:
    chance = random.Random(7)
    at_s, jobs = 0.0, []
    for _ in range(200_000):
        at_s += chance.expovariate(8.0)
        jobs.append(Job(at_s, chance.expovariate(1.0)))

    assert fmean(ideal_waits(jobs, operators=10)) == pytest.approx(erlang_c_wait_s(10, 0.8, 1.0), rel=0.05)


def test_a_line_that_grows_for_ever_is_refused() -> None:
    with pytest.raises(ValueError, match="grows"):
        erlang_c_wait_s(10, 1.0, 6.0)


def test_a_trace_has_its_load_and_no_talk_shorter_than_the_telling_of_the_number() -> None:
    jobs = trace(20_000, operators=10, load=0.85, shortest_s=3.0, mean_s=6.0, seed=1)

    assert sum(job.talk_s for job in jobs) / jobs[-1].at_s / 10 == pytest.approx(0.85, rel=0.03)
    assert min(job.talk_s for job in jobs) >= 3.0
    assert jobs == trace(20_000, operators=10, load=0.85, shortest_s=3.0, mean_s=6.0, seed=1)
    assert [job.at_s for job in jobs] == sorted(job.at_s for job in jobs)


def test_a_backlog_keeps_about_so_many_waiting_until_the_last_arrival() -> None:
    jobs = backlog(400, operators=10, waiting=30, shortest_s=3.0, longest_s=5.0, seed=1)
    begun = [job.at_s + wait_s for job, wait_s in zip(jobs, ideal_waits(jobs, 10), strict=True)]

    for at_s in range(5, int(jobs[-1].at_s)):
        waiting = sum(job.at_s <= at_s < start_s for job, start_s in zip(jobs, begun, strict=True))
        assert 15 <= waiting <= 45
