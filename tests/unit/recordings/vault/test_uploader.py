"""Recordings move on to a real object storage by themselves, and none is lost when it is away, full, or another's."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
import soundfile

from calls.recording import Recording
from calls.store import Stored
from phones.tones import hears
from recordings.access.verify import examine
from recordings.errors import DisposedOfError, SealBrokenError
from recordings.vault.archive import Archive
from recordings.vault.folder import Folder
from recordings.vault.keyring import KeyRing, first_ring
from recordings.vault.opening import open_recording, sidecar_of
from recordings.vault.sidecar import Sidecar, beside, recordings_in, remove
from recordings.vault.tiered_store import TieredStore
from recordings.vault.uploader import Uploader
from recordings.watched import Watched
from storage.objects import ObjectStore
from tests.unit.recordings.raw_talk import BEGAN_MS, CALLER_HZ, OPERATOR_HZ, ended_talk, two_voices, write_raw
from tests.unit.storage.object_server import ObjectServer

HOUR = "2025/11/24/16"


class Site:
    """A local folder before an object storage."""

    def __init__(self, folder: Path, server: ObjectServer) -> None:
        self.spool, self.near = folder / "spool", Folder(folder / "archive")
        self.server, self.address = server, server.address()
        self.far = ObjectStore(self.address)
        self.store = TieredStore(self.near, self.far)
        self.ring: KeyRing = first_ring(folder / "keys.json")
        self.archive = Archive(self.near.root, lambda: self.ring)
        self.now_ms = BEGAN_MS + 60_000
        self.noted: list[str] = []
        self.alarms: list[tuple[str, str]] = []
        self.ledger_is_away = False
        self.uploader = self.again()

    def again(self) -> Uploader:
        """As after a restart."""
        return Uploader(
            self.near, self.far, lambda: self.ring, self.note, self.alarm, self.last_alarm, lambda: self.now_ms
        )

    def alarm(self, kind: str, detail: str) -> None:
        self.alarms.append((kind, detail))

    async def last_alarm(self) -> str:
        return self.alarms[-1][0] if self.alarms else ""

    async def note(self, sidecar: Sidecar) -> None:
        if self.ledger_is_away:
            raise ConnectionError("no ledger")
        self.noted.append(sidecar.recording.file)

    def finished(self, seq: int = 1, *, forgotten: bool = True) -> Recording:
        """A recording as the finaliser leaves it in the local folder."""
        raw = write_raw(self.spool, two_voices(2.0), f"hl1-1764000000.12-{seq}-{seq}")
        sidecar = self.archive.enclose(raw, ended_talk(seq, seq), self.now_ms)
        self.archive.place(sidecar)
        if forgotten:
            self.archive.forget(sidecar.recording.file)
        return sidecar.recording

    def here(self) -> list[str]:
        return [stored.path for stored in self.near.list()]

    def there(self) -> list[str]:
        return [stored.path for stored in self.far.list()]

    def whole(self, made: Recording) -> bool:
        """Whether it is opened, decoded and heard, from wherever it is."""
        with open_recording(self.store, sidecar_of(self.store, made.path), self.ring) as opened:
            both = hears(opened, CALLER_HZ, channel=0) and hears(opened, OPERATOR_HZ, channel=1)
        return both and examine(self.store, made, self.ring, made.sha256).faults == ()


@pytest.fixture
def site(tmp_path: Path, objects: ObjectServer) -> Site:
    return Site(tmp_path, objects)


async def test_finished_recordings_move_on_and_are_whole_there(site: Site) -> None:
    made = [site.finished(seq) for seq in range(1, 13)]
    assert all(site.whole(one) for one in made)
    assert await site.uploader.look() == 12
    assert site.here() == []
    assert set(site.there()) == {path for one in made for path in (one.path, beside(one.path))}
    assert sorted(site.noted) == sorted(one.file for one in made)
    assert all(site.whole(one) for one in made)
    assert {sidecar.recording for sidecar in recordings_in(site.store)} == set(made)  # a rebuilt index
    assert await site.uploader.look() == 0
    assert site.alarms == []


@pytest.mark.parametrize("moment", ["before it is noted", "between its two files"])
async def test_nothing_stays_of_what_is_disposed_of_while_it_moves(
    site: Site, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    """Moving an old archive begins with just what is over age."""
    made = site.finished()

    async def disposed(_: Sidecar) -> None:
        raise DisposedOfError(made.file)

    put = ObjectStore.put

    def put_then_disposed(store: ObjectStore, path: str, source: Path) -> None:
        put(store, path, source)
        remove(site.store, made.path)

    if moment == "before it is noted":
        monkeypatch.setattr(site, "note", disposed)
        site.uploader = site.again()
    else:
        monkeypatch.setattr(ObjectStore, "put", put_then_disposed)
    assert await site.uploader.look() == 0
    assert site.here() == [] and site.there() == []


async def test_what_is_still_being_finished_stays(site: Site) -> None:
    made = site.finished(forgotten=False)
    assert await site.uploader.look() == 0
    site.archive.forget(made.file)
    assert await site.uploader.look() == 1


async def test_nothing_is_lost_while_the_store_is_away_and_all_moves_on_afterwards(
    tmp_path: Path, mortal_objects: ObjectServer
) -> None:
    site = Site(tmp_path, mortal_objects)
    before = site.finished(1)
    assert await site.uploader.look() == 1
    mortal_objects.kill()
    made = [site.finished(seq) for seq in range(2, 6)]
    while site.now_ms < BEGAN_MS + 3_660_000:  # an hour
        assert await site.uploader.look() == 0
        site.now_ms += 300_000
    assert [kind for kind, _ in site.alarms] == ["store-away"]
    assert "nothing listens there; 4 recordings wait" in site.alarms[0][1]
    assert all(site.whole(one) for one in made)  # listening, export and package while it is away
    verdict = examine(site.store, before, site.ring)
    assert verdict.faults == () and "nothing listens there" in verdict.away
    site.uploader = site.again()  # the controller dies in it
    assert await site.uploader.look() == 0
    mortal_objects.start()
    site.now_ms += 60_000
    assert await site.uploader.look() == 4
    assert [kind for kind, _ in site.alarms] == ["store-away", "store-caught-up"]
    assert site.here() == []
    assert all(site.whole(one) for one in (before, *made))


async def test_the_alarm_is_taken_back_when_the_store_is_back(tmp_path: Path, mortal_objects: ObjectServer) -> None:
    site = Site(tmp_path, mortal_objects)
    site.finished()
    mortal_objects.kill()
    for _ in range(3):
        await site.uploader.look()
        site.now_ms += 60_000
    mortal_objects.start()
    await site.uploader.look()
    assert [kind for kind, _ in site.alarms] == ["store-away", "store-caught-up"]


async def test_a_store_that_hangs_holds_up_nothing_but_itself(
    tmp_path: Path, mortal_objects: ObjectServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.objects.SILENT_S", 2)
    site = Site(tmp_path, mortal_objects)
    first = site.finished(1)
    with mortal_objects.hanging():
        looking = asyncio.create_task(site.uploader.look())
        later = await asyncio.to_thread(site.finished, 2)  # finishing goes on
        assert not looking.done()
        assert await looking == 0
        assert site.whole(first) and site.whole(later)
    site.now_ms += 60_000
    assert await site.uploader.look() == 2


async def test_another_hotlines_recording_is_never_overwritten(site: Site, tmp_path: Path) -> None:
    made, other = site.finished(1), site.finished(2)
    foreign = tmp_path / "foreign"
    foreign.write_bytes(b"somebody else's")
    site.far.put(made.path, foreign)
    for _ in range(3):
        await site.uploader.look()
        site.now_ms += 20_000
    with site.far.open(made.path) as opened:
        assert opened.read() == b"somebody else's"
    assert site.whole(other) and site.whole(made)
    assert site.here() == [made.path, beside(made.path)]
    assert [kind for kind, _ in site.alarms] == ["recording-not-stored"]
    assert made.file in site.alarms[0][1]


async def test_what_comes_back_otherwise_than_it_was_stored_is_taken_out_again(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = site.finished()
    put: Callable[[str, Path], None] = site.far.put

    def tears(path: str, source: Path) -> None:
        put(path, source)
        stored = site.server.file(site.address, path)
        stored.write_bytes(stored.read_bytes()[:-1] + b"\0")

    monkeypatch.setattr(site.far, "put", tears)
    assert await site.uploader.look() == 0
    assert site.there() == [] and site.noted == []
    assert site.whole(made)
    assert "gives back is not what was stored" in site.alarms[0][1]
    monkeypatch.undo()
    site.now_ms += 20_000
    assert await site.uploader.look() == 1


async def test_nothing_goes_here_before_the_audit_log_has_it(site: Site) -> None:
    made = [site.finished(seq) for seq in range(1, 4)]
    site.ledger_is_away = True
    assert await site.uploader.look() == 0
    assert len(site.here()) == 6 and site.alarms == []
    site.ledger_is_away = False
    assert await site.uploader.look() == 0  # rests
    site.now_ms += 20_000
    assert await site.uploader.look() == 3
    assert all(site.whole(one) for one in made)


async def test_empty_folders_of_old_hours_go(site: Site) -> None:
    site.finished()
    site.now_ms += 25 * 3_600_000
    late = site.near.root / "2025/11/25/20"
    late.mkdir(parents=True)
    assert await site.uploader.look() == 1
    assert [path.name for path in site.near.root.iterdir()] == [".pending", "2025"]
    assert late.exists() and not (site.near.root / "2025/11/24").exists()


async def test_a_store_that_is_away_is_asked_again_after_a_second_two_four_and_so_on(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.finished()
    asked: list[int] = []

    async def away(waiting: Sequence[Stored]) -> tuple[int, str]:
        asked.append(site.now_ms)
        return 0, "no answer"

    monkeypatch.setattr(site.uploader, "_moved", away)
    begun_ms = site.now_ms
    for at_ms in range(0, 16_000, 500):
        site.now_ms = begun_ms + at_ms
        assert await site.uploader.look() == 0
    assert [at_ms - begun_ms for at_ms in asked] == [0, 1_000, 3_000, 7_000, 15_000]
    assert site.alarms == [("store-away", "no answer; 1 recordings wait")]


async def test_while_the_ledger_takes_no_entry_nothing_is_tried_for_ten_seconds(site: Site) -> None:
    made = site.finished()
    site.ledger_is_away = True
    assert await site.uploader.look() == 0
    site.ledger_is_away = False
    site.now_ms += 9_999
    assert (await site.uploader.look(), site.noted) == (0, [])
    site.now_ms += 1
    assert (await site.uploader.look(), site.noted) == (1, [made.file])


def test_what_went_wrong_in_the_file_is_raised_and_not_what_it_led_to() -> None:
    class Broken(io.BytesIO):
        def read(self, count: int | None = -1) -> bytes:
            raise SealBrokenError("was changed")

    watched = Watched(Broken())
    with pytest.raises(SealBrokenError, match="was changed"), watched.sound():
        assert watched.read(4) == b""  # and no more: soundfile would think the file is short
    with pytest.raises(SealBrokenError), watched.sound():
        raise soundfile.LibsndfileError(1)
    whole = Watched(io.BytesIO(b"sound"))
    with pytest.raises(soundfile.LibsndfileError), whole.sound():
        raise soundfile.LibsndfileError(1)
    with whole.sound():
        assert (whole.read(2), whole.tell(), whole.seek(1), whole.read()) == (b"so", 2, 1, b"ound")
