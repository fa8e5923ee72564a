"""The ears of `bench.chaos`: who was heard when, and who was told of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile

from bench.chaos_people import CALLER_HZ, OPERATOR_HZ
from bench.chaos_truth import NOTICE_HZ, Ear, ear, silent_spells, switches, told
from phones.tones import tone

FIRST, SECOND, THIRD = OPERATOR_HZ[:3]
NOTICE = NOTICE_HZ["transfer-notice"]
ALL = [*CALLER_HZ, *OPERATOR_HZ, *NOTICE_HZ.values()]


def heard(tmp_path: Path, *parts: tuple[float, tuple[int, ...]]) -> Ear:
    """A recording of so many seconds of these tones together, one part after the other, as A-law makes it."""
    samples = np.concatenate(
        [sum((tone(hz, long_s, dbfs=-18) for hz in hz_s), tone(0, long_s)) for long_s, hz_s in parts]
    )
    path = tmp_path / "heard.wav"
    soundfile.write(str(path), samples, 8000, subtype="ALAW")
    return ear(path, ALL, 100.0)


def test_every_tone_is_told_from_every_other(tmp_path: Path) -> None:
    for hz in ALL:
        found = heard(tmp_path, (2.0, (hz,)))
        assert {other: found.seconds(other) for other in ALL} == {other: 2.0 * (other == hz) for other in ALL}


def test_seconds_are_counted_between_two_instants(tmp_path: Path) -> None:
    found = heard(tmp_path, (2.0, ()), (3.0, (FIRST,)))
    assert found.stretches(FIRST) == [(102.0, 105.0)]
    assert found.seconds(FIRST, 0.0, 103.0) == 1.0


def test_another_operator_without_a_notice_is_seen(tmp_path: Path) -> None:
    found = heard(tmp_path, (2.0, (FIRST,)), (1.0, ()), (2.0, (SECOND,)))
    (switch,) = switches(found, OPERATOR_HZ)
    assert switch == (102.0, 103.0, SECOND)
    assert not told(found, switch)


def test_with_a_notice_it_is_as_it_should_be(tmp_path: Path) -> None:
    found = heard(tmp_path, (2.0, (FIRST,)), (1.0, (NOTICE,)), (9.0, ()), (2.0, (SECOND,)))
    (switch,) = switches(found, OPERATOR_HZ)
    assert told(found, switch)


def test_the_same_operator_after_a_hold_is_no_other(tmp_path: Path) -> None:
    found = heard(tmp_path, (2.0, (FIRST,)), (3.0, ()), (2.0, (FIRST,)))
    assert switches(found, OPERATOR_HZ) == []


def test_one_who_stays_of_two_was_told_of_already(tmp_path: Path) -> None:
    found = heard(tmp_path, (2.0, (FIRST,)), (1.0, (NOTICE,)), (2.0, (FIRST, SECOND)), (2.0, (SECOND,)))
    assert [switch[2] for switch in switches(found, OPERATOR_HZ)] == [SECOND]
    assert all(told(found, switch) for switch in switches(found, OPERATOR_HZ))


def test_two_who_begin_together_are_told_of_by_one_notice(tmp_path: Path) -> None:
    begun = ((2.0, (FIRST,)), (6.0, ()), (0.75, (NOTICE,)), (0.75, (SECOND,)))
    found = heard(tmp_path, *begun, (2.0, (FIRST, SECOND)))
    assert [switch[2] for switch in switches(found, OPERATOR_HZ)] == [SECOND, FIRST]
    assert all(told(found, switch) for switch in switches(found, OPERATOR_HZ))


def test_who_joins_two_later_needs_a_notice_of_their_own(tmp_path: Path) -> None:
    found = heard(tmp_path, (2.0, (FIRST,)), (1.0, (NOTICE,)), (2.0, (SECOND,)), (2.0, (SECOND, THIRD)))
    assert [told(found, switch) for switch in switches(found, OPERATOR_HZ)] == [True, False]


def test_who_is_silent_at_first_in_a_talk_of_three_was_told_of_with_the_other(tmp_path: Path) -> None:
    begun = ((2.0, (FIRST,)), (1.0, (NOTICE_HZ["three-way-notice"],)), (3.0, (FIRST,)), (0.5, ()))
    found = heard(tmp_path, *begun, (2.0, (SECOND,)))
    (switch,) = switches(found, OPERATOR_HZ)
    assert told(found, switch, [{FIRST, SECOND}])
    assert not told(found, switch, [{FIRST, THIRD}])
    assert not told(found, switch)


def test_who_comes_after_a_talk_of_three_was_not_told_of_by_its_notice(tmp_path: Path) -> None:
    begun = ((2.0, (FIRST,)), (1.0, (NOTICE_HZ["three-way-notice"],)), (3.0, (FIRST, SECOND)), (0.5, ()))
    found = heard(tmp_path, *begun, (2.0, (THIRD,)))
    assert [told(found, switch, [{FIRST, SECOND}]) for switch in switches(found, OPERATOR_HZ)] == [True, False]


def test_a_notice_of_a_transfer_tells_of_one(tmp_path: Path) -> None:
    found = heard(tmp_path, (2.0, (FIRST,)), (1.0, (NOTICE,)), (3.0, (FIRST,)), (0.5, ()), (2.0, (SECOND,)))
    (switch,) = switches(found, OPERATOR_HZ)
    assert not told(found, switch, [{FIRST, SECOND}])


def test_time_with_nobody_is_what_is_left(tmp_path: Path) -> None:
    found = heard(tmp_path, (2.0, (FIRST,)), (8.0, ()))
    assert silent_spells(found, OPERATOR_HZ, 100.0, 110.0, [(104.0, 106.0)]) == [(102.0, 104.0), (106.0, 110.0)]
