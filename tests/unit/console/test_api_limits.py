import asyncio

import pytest

from console.errors import BusyError
from console.limits import ADDRESSES_KEPT, FAILURES, FAILURES_WITHIN_S, FailedAttempts, Pace, Turnstile


def test_an_address_may_fail_a_few_times_a_minute() -> None:
    failed = FailedAttempts()
    assert [failed.note("a", n) for n in range(FAILURES)] == [0.0] * FAILURES
    assert failed.note("a", 10.0) == pytest.approx(FAILURES_WITHIN_S - 10)
    assert failed.note("b", 10.0) == 0.0
    assert failed.note("a", 11.0 + FAILURES_WITHIN_S) == 0.0


def test_many_addresses_do_not_fill_the_memory() -> None:
    failed = FailedAttempts()
    for n in range(3 * ADDRESSES_KEPT):
        failed.note(str(n), 0.0)
    assert len(failed._failed) == ADDRESSES_KEPT


def test_a_token_has_a_burst_and_then_a_steady_pace() -> None:
    pace = Pace(burst=3, per_s=2)
    assert [pace.take("t", 0.0) for _ in range(4)] == [0, 0, 0, 0.5]
    assert pace.take("t", 0.5) == 0
    assert pace.take("t", 0.5) == pytest.approx(0.5)
    assert pace.take("other", 0.5) == 0
    assert [pace.take("t", 100.0) for _ in range(4)] == [0, 0, 0, 0.5]


async def test_who_hangs_keeps_the_place_and_the_next_one_is_told_so() -> None:
    turnstile, end, begun = Turnstile(1, 0.02), asyncio.Event(), 0

    async def hang() -> str:
        nonlocal begun
        begun += 1
        await end.wait()
        return "done"

    for _ in range(3):
        with pytest.raises(BusyError):
            await turnstile.through(hang)
    assert begun == 1  # the others never got to the database
    end.set()
    assert await turnstile.through(hang) == "done"


async def test_what_goes_wrong_inside_frees_the_place() -> None:
    turnstile = Turnstile(1, 1.0)

    async def fail() -> None:
        raise ZeroDivisionError

    for _ in range(3):
        with pytest.raises(ZeroDivisionError):
            await turnstile.through(fail)
