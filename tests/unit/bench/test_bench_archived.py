"""The talks of the benchmarks are talks: two people in turn, telephoned, finished by the product's own finaliser."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile

from bench.archived import archived
from bench.talking import RATE, speak
from recordings.vault.sidecar import recordings_in
from recordings.vault.vault import Vault

A_LAW_VALUES = 256


def test_two_people_take_turns_on_a_line(tmp_path: Path) -> None:
    speak(tmp_path / "one.raw", 70.0, seed=1)
    speak(tmp_path / "other.raw", 70.0, seed=2)
    one, other = (np.fromfile(tmp_path / f"{name}.raw", "<i2").reshape(-1, 2) for name in ("one", "other"))
    assert len(one) == len(other) == 70 * RATE
    assert not np.array_equal(one, other)
    assert len(np.unique(one)) <= A_LAW_VALUES
    loud = (np.abs(one.astype(np.int32)).reshape(-1, RATE // 10, 2).mean(axis=1) > 300).sum(axis=0)
    assert all(100 < side < 600 for side in loud)
    assert sum(loud) < 700, "both at once"


def test_what_is_archived_is_sealed_and_whole(tmp_path: Path) -> None:
    places = archived(tmp_path, 2, 3.0)
    found = list(recordings_in(Vault(places).store))
    assert [one.recording.duration_ms for one in found] == [3000, 3000]
    assert all(one.sealed is not None and one.operator == "101" for one in found)
    assert list(places.spool.iterdir()) == []
    with soundfile.SoundFile(Vault(places).recording(found[0].recording.path)) as flac:
        assert (flac.frames, flac.channels) == (3 * RATE, 2)
