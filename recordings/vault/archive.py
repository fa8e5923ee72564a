"""The archive: how a recording gets into it so that a kill or a power cut at any moment loses and doubles nothing.

A recording is encoded, proved and sealed in `.pending/`, on the archive's own filesystem, and a receipt is written
there: its sidecar, which says where it belongs. From then on all that remains (move, sidecar, ledger's row, removal
of the raw file) is read from the receipt and may be done twice. The receipt goes last.
"""

from __future__ import annotations

from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from calls.recording import EndedTalk, Recording, RecordingStatus
from recordings import durable
from recordings.audio import AudioFacts, sha256_of, to_flac
from recordings.errors import ArchiveUnwritableError, AudioDiffersError, ReceiptVoidError, SealBrokenError
from recordings.naming import FLAC, SEALED, SIDECAR, archive_path, file_of_talk
from recordings.vault.folder import Folder
from recordings.vault.opening import Keys, open_recording, opened_with, plain_sha256
from recordings.vault.sealing import seal
from recordings.vault.sidecar import Sidecar, from_json, sidecar_path, to_json

if TYPE_CHECKING:
    from collections.abc import Iterator

    from recordings.vault.keyring import Wrapped


PENDING = ".pending"


class Archive:
    """The folder of finished recordings. Every method blocks: call it in a thread."""

    def __init__(self, root: Path, keys: Keys) -> None:
        self._root = root
        self._keys = keys
        self._pending = root / PENDING

    def enclose(self, raw: Path, talk: EndedTalk, made_ms: int, *, orphan: bool = False) -> Sidecar:
        """Encode, prove and seal a raw recording, and leave its receipt.

        Raises ArchiveUnwritableError, KeysUnreadableError, what `to_flac` raises, and ValueError for a talk that has no
        name.
        """
        file = file_of_talk(talk)
        with _writing():
            durable.make_folder(self._pending)
        facts, wrapped = self._encode(raw, file)
        found = RecordingStatus.REPAIRED if facts.repaired or talk.lost else RecordingStatus.OK
        recording = Recording(
            call=talk.call,
            seq=talk.seq,
            offer=talk.offer,
            file=file,
            status=RecordingStatus.ORPHAN if orphan else found,
            made_ms=made_ms,
            path=str(archive_path(file, talk.began_ms, sealed=wrapped is not None)),
            duration_ms=facts.duration_ms,
            bridged_ms=talk.bridged_ms,
            bytes=facts.bytes,
            sha256=facts.sha256,
            caller_dbfs=facts.caller_dbfs,
            operator_dbfs=facts.operator_dbfs,
            caller_active_ms=facts.caller_active_ms,
            operator_active_ms=facts.operator_active_ms,
            caller_clipped_ms=facts.caller_clipped_ms,
            operator_clipped_ms=facts.operator_clipped_ms,
        )
        sidecar = Sidecar(
            recording=recording,
            began_ms=talk.began_ms,
            ended_ms=talk.ended_ms,
            operator=talk.operator,
            group=talk.group,
            silent_sides=facts.silent_sides,
            raw_bytes=facts.raw_bytes,
            sealed=wrapped,
        )
        with _writing():
            durable.write(self._receipt(file), to_json(sidecar))
            durable.sync(self._pending)
        return sidecar

    def place(self, sidecar: Sidecar) -> None:
        """Move a recording from its receipt's side to where it belongs, and its sidecar with it; may be done twice.

        Raises ArchiveUnwritableError, and ReceiptVoidError when it is at neither place.
        """
        recording = sidecar.recording
        target = self._root / recording.path
        made = self._pending / target.name
        with _writing():
            durable.make_folder(target.parent)
            if made.exists():
                self._make_way(target, sidecar)
                made.replace(target)
            elif not target.exists() or self._sha256_of(target, sidecar) != recording.sha256:
                raise ReceiptVoidError(f"{recording.path} is not what its receipt says")
            durable.write(sidecar_path(target), to_json(sidecar))
            durable.sync(target.parent)

    def receipts(self) -> list[Sidecar]:
        """What was enclosed and not yet forgotten; an unreadable receipt is dropped. Raises ArchiveUnwritableError.

        Dropping is safe: either the raw file is still there and is encoded again, or everything had been done.
        """
        found = []
        with _writing():
            for path in sorted(self._pending.glob(f"*{SIDECAR}")):
                try:
                    found.append(from_json(path.read_text(encoding="utf-8")))
                except ValueError:
                    path.unlink()
        return found

    def forget(self, file: str) -> None:
        """Drop a receipt: all that it stands for has been done, or it is void. Raises ArchiveUnwritableError."""
        with _writing():
            self._receipt(file).unlink(missing_ok=True)

    def _receipt(self, file: str) -> Path:
        return receipt_of(self._root, file)

    def _encode(self, raw: Path, file: str) -> tuple[AudioFacts, Wrapped | None]:
        """FLAC on the disk, sealed if there are keys; what is left of a failed try goes."""
        flac, sealed = self._pending / f"{file}{FLAC}", self._pending / f"{file}{SEALED}"
        ring = self._keys()  # before all that takes time: without keys nothing is encoded
        try:
            facts = to_flac(raw, flac)
            if ring is None:
                with _writing():
                    durable.sync(flac)
                return facts, None
            key, wrapped = ring.new_key()
            with _writing(), flac.open("rb") as plain, sealed.open("wb") as target:
                seal(plain, facts.bytes, target, key, file)
            if plain_sha256(opened_with(sealed.open("rb"), key, file)) != facts.sha256:
                raise AudioDiffersError(f"{file}: sealed, and another when opened")
            with _writing():
                durable.sync(sealed)
                flac.unlink()
            return facts, wrapped
        except BaseException:
            with suppress(OSError):  # on a full disk every byte counts
                flac.unlink(missing_ok=True)
                sealed.unlink(missing_ok=True)
            raise

    def _sha256_of(self, target: Path, sidecar: Sidecar) -> str:
        """What is in the file at its place; nothing for one that does not open."""
        try:
            return plain_sha256(open_recording(Folder(self._root), sidecar, self._keys()))
        except SealBrokenError:
            return ""

    def _make_way(self, target: Path, sidecar: Sidecar) -> None:
        # Names are never used twice, so this does not happen; if it does, neither recording may be lost, nor the key.
        if target.exists() and self._sha256_of(target, sidecar) != sidecar.recording.sha256:
            older, told = sha256_of(target)[:12], sidecar_path(target)
            target.rename(target.with_name(f"{target.stem}.{older}.older"))
            if told.exists():
                told.rename(told.with_name(f"{told.stem}.{older}.json.older"))


def receipt_of(root: Path, file: str) -> Path:
    """The receipt of a recording: while it is there, the recording is still being finished."""
    return root / PENDING / f"{file}{SIDECAR}"


@contextmanager
def _writing() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ArchiveUnwritableError(str(error)) from error
