"""When an archive's store is tried again, and what people are told of it."""

from __future__ import annotations

from recordings.vault.store_health import AWAY, BEHIND, BEHIND_MS, CAUGHT_UP, LAST_S, StoreHealth

NOW_MS = 1_764_000_000_000


def test_a_hiccup_is_no_alarm_and_an_outage_is_one() -> None:
    standing, said = StoreHealth().after("gone", 3, NOW_MS, NOW_MS)
    assert said == () and standing.rests(NOW_MS + 999) and not standing.rests(NOW_MS + 1000)
    standing, said = standing.after("", 0, None, NOW_MS + 1000)
    assert (standing, said) == (StoreHealth(), ())
    told = []
    for _ in range(9):
        standing, said = standing.after("gone", 5, NOW_MS, standing.again_ms)
        told += said
    assert [(one.kind, one.detail) for one in told] == [(AWAY, "gone; 5 recordings wait")]
    standing, said = standing.after("", 2, standing.again_ms - 1000, standing.again_ms)
    assert [one.kind for one in said] == [CAUGHT_UP]
    assert standing == StoreHealth()


def test_the_pause_doubles_up_to_a_minute() -> None:
    standing, at_ms, pauses = StoreHealth(), NOW_MS, []
    for _ in range(20):
        standing, _ = standing.after("gone", 1, NOW_MS, at_ms)
        pauses.append((standing.again_ms - at_ms) / 1000)
        at_ms = standing.again_ms
    assert pauses[:7] == [1, 2, 4, 8, 16, 32, LAST_S]
    assert set(pauses[6:]) == {LAST_S}


def test_a_store_that_answers_and_is_too_slow_is_told_once_until_it_has_caught_up() -> None:
    standing, said = StoreHealth().after("", 9, NOW_MS - BEHIND_MS, NOW_MS)
    assert said == ()
    standing, said = standing.after("", 9, NOW_MS - BEHIND_MS, NOW_MS + 60_000)
    assert [(one.kind, one.detail) for one in said] == [
        (BEHIND, "9 recordings wait for the archive's store, the oldest for 16 minutes")
    ]
    standing, said = standing.after("", 9, NOW_MS - BEHIND_MS, NOW_MS + 61_000)
    assert said == ()
    standing, said = standing.after("", 1, NOW_MS + 61_500, NOW_MS + 62_000)
    assert [one.kind for one in said] == [CAUGHT_UP]
