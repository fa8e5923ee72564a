"""The archive: how a recording gets into it so that a kill or a power cut at any moment loses and doubles nothing.

A recording is encoded and proved in `.pending/`, on the archive's own filesystem, and a receipt is written there: its
sidecar, which says where the FLAC belongs. From then on all that remains (move, sidecar, ledger's row, removal of
the raw file) is read from the receipt and may be done twice. The receipt goes last.
"""

from __future__ import annotations

from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from calls.recording import EndedTalk, Recording, RecordingStatus
from recordings import durable
from recordings.audio import sha256_of, to_flac
from recordings.errors import ArchiveUnwritableError, ReceiptVoidError
from recordings.naming import FLAC, SIDECAR, Origin, archive_path, file_of
from recordings.sidecar import Sidecar, from_json, sidecar_path, to_json

if TYPE_CHECKING:
    from collections.abc import Iterator


class Archive:
    """The folder of finished recordings. Every method blocks: call it in a thread."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._pending = root / ".pending"

    def enclose(self, raw: Path, talk: EndedTalk, made_ms: int, *, orphan: bool = False) -> Sidecar:
        """Encode and prove a raw recording, and leave its receipt.

        Raises ArchiveUnwritableError, what `to_flac` raises, and ValueError for a talk that has no name.
        """
        file = file_of(Origin(talk.call, talk.seq, talk.offer))
        path = archive_path(file, talk.began_ms)
        flac = self._pending / f"{file}{FLAC}"
        with _writing():
            durable.make_folder(self._pending)
        try:
            facts = to_flac(raw, flac)
            with _writing():
                durable.sync(flac)
        except BaseException:
            with suppress(OSError):
                flac.unlink()  # on a full disk every byte counts
            raise
        found = RecordingStatus.REPAIRED if facts.repaired else RecordingStatus.OK
        recording = Recording(
            call=talk.call,
            seq=talk.seq,
            offer=talk.offer,
            file=file,
            status=RecordingStatus.ORPHAN if orphan else found,
            made_ms=made_ms,
            path=str(path),
            duration_ms=facts.duration_ms,
            bridged_ms=talk.bridged_ms,
            bytes=facts.bytes,
            sha256=facts.sha256,
            caller_dbfs=facts.caller_dbfs,
            operator_dbfs=facts.operator_dbfs,
        )
        sidecar = Sidecar(
            recording=recording,
            began_ms=talk.began_ms,
            ended_ms=talk.ended_ms,
            operator=talk.operator,
            group=talk.group,
            silent_sides=facts.silent_sides,
            raw_bytes=facts.raw_bytes,
        )
        with _writing():
            durable.write(self._receipt(file), to_json(sidecar))
            durable.sync(self._pending)
        return sidecar

    def place(self, sidecar: Sidecar) -> None:
        """Move a FLAC from its receipt's side to where it belongs, and its sidecar with it; may be done twice.

        Raises ArchiveUnwritableError, and ReceiptVoidError when the FLAC is at neither place.
        """
        recording = sidecar.recording
        encoded, target = self._pending / f"{recording.file}{FLAC}", self._root / recording.path
        with _writing():
            durable.make_folder(target.parent)
            if encoded.exists():
                self._make_way(target, recording.sha256)
                encoded.replace(target)
            elif not target.exists() or sha256_of(target) != recording.sha256:
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
        return self._pending / f"{file}{SIDECAR}"

    @staticmethod
    def _make_way(target: Path, sha256: str) -> None:
        # Names are never used twice, so this does not happen; if it does, neither recording may be lost.
        if target.exists() and (older := sha256_of(target)) != sha256:
            target.rename(target.with_name(f"{target.stem}.{older[:12]}.older"))


@contextmanager
def _writing() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ArchiveUnwritableError(str(error)) from error
