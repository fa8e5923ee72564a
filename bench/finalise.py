"""What finishing a recording costs: CPU for a minute of stereo talk, from the spool to archive and ledger (rule 14).

Ours is the product's finaliser on encrypted talks of a minute: it encodes, decodes and compares every sample,
measures, seals, opens again and hashes, writes sidecar, row and audit entry, and removes the raw file. Beside it, for
each talk in turn on the same raw file: soundfile's plain FLAC and nothing more, and Ogg Opus at 16 kbit/s by ffmpeg,
its cheapest use that is fit for speech; where there is no ffmpeg by libsndfile, as our listening copies are made. CPU
is user and system time of all threads and children.
"""

from __future__ import annotations

import asyncio
import shutil
import statistics
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import soundfile

from bench.archived import Desk, desk
from bench.cpu import own_s
from bench.figures import Run, Target
from bench.report import Tell, run
from bench.talking import RATE
from recordings.access.copies import copy
from recordings.naming import CopyKind

SECONDS = 60.0
TALKS, QUICK_TALKS = 30, 10
RUNS = 3
TARGETS = (Target("cpu_over_flac", 3.0), Target("cpu_over_opus", 0.5))
_RAW = ["-f", "s16le", "-ar", str(RATE), "-ac", "2"]
_OPUS = ["-c:a", "libopus", "-b:a", "16k"]


async def measure(quick: bool, tell: Tell) -> Sequence[Run]:
    """So many talks in each run, each of them finished in all three ways."""
    runs = []
    for number in range(RUNS):
        talks = QUICK_TALKS if quick else TALKS
        tell(f"finishing {talks} talks of {SECONDS:g} s, run {number + 1} of {RUNS}")
        runs.append(await asyncio.to_thread(_finished, range(number * talks, (number + 1) * talks)))
    return runs


def _finished(numbers: range) -> Run:
    ours, flac, opus = [], [], []
    encoder = shutil.which("ffmpeg")
    with (
        tempfile.TemporaryDirectory(prefix="bailanys-finalise-") as folder,
        desk(Path(folder)) as made,
        asyncio.Runner() as loop,
    ):
        made.talked(numbers.stop, 1.0)
        _finish(made, loop)  # what is loaded and compiled at the first talk is not of the talk
        size = 0
        for number in numbers:
            raw, plain = made.talked(number, SECONDS), Path(folder) / "plain.flac"
            flac.append(_cpu_ms(partial(_plain_flac, raw, plain)))
            opus.append(_cpu_ms(partial(_opus, encoder, raw, plain)))
            ours.append(_cpu_ms(partial(_finish, made, loop)))
            size += plain.stat().st_size
    minute_ms = statistics.fmean(ours)
    return {
        "cpu_over_flac": minute_ms / statistics.fmean(flac),
        "cpu_over_opus": minute_ms / statistics.fmean(opus),
        "cpu_ms": minute_ms,
        "flac_ms": statistics.fmean(flac),
        "opus_ms": statistics.fmean(opus),
        "opus_by_ffmpeg": float(encoder is not None),
        "flac_kib": size / len(ours) / 1024,
    }


def _finish(made: Desk, loop: asyncio.Runner) -> None:
    finished = loop.run(made.finaliser.finish_ready())
    if len(finished) != 1 or finished[0].recording.status != "ok":
        raise RuntimeError(f"not one finished recording: {finished}")


def _plain_flac(raw: Path, target: Path) -> None:
    soundfile.write(target, np.fromfile(raw, "<i2").reshape(-1, 2), RATE, format="FLAC", subtype="PCM_16")


def _opus(encoder: str | None, raw: Path, flac: Path) -> None:
    target = raw.with_suffix(".opus")
    if encoder is None:
        copy(flac.open("rb"), target, CopyKind.OPUS)
    else:
        command = [encoder, "-nostdin", "-loglevel", "error", "-y", *_RAW, "-i", str(raw), *_OPUS, str(target)]
        subprocess.run(command, check=True)
    target.unlink()


def _cpu_ms(work: Callable[[], None]) -> float:
    before = own_s()
    work()
    return (own_s() - before) * 1000


if __name__ == "__main__":
    run("finalise", f"CPU to finish {SECONDS:g} s of talk", measure, TARGETS)
