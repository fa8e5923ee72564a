"""A sealed file opens only as it was sealed, from any offset; the ring's keys can be replaced."""

from __future__ import annotations

import io
import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recordings.errors import KeyMissingError, KeysUnreadableError, SealBrokenError
from recordings.keyring import KeyRing, Wrapped, ring_at, rotate
from recordings.sealing import CHUNK_BYTES, SealedReader, seal, sealed_bytes

KEY = bytes(range(32))
NAME = "hl1-1764000000.12-1-2"
PLAIN = os.urandom(3 * CHUNK_BYTES + 1234)


def sealed(plain: bytes, key: bytes = KEY, name: str = NAME) -> bytes:
    target = io.BytesIO()
    seal(io.BytesIO(plain), len(plain), target, key, name)
    return target.getvalue()


def opened(data: bytes, key: bytes = KEY, name: str = NAME) -> bytes:
    with SealedReader(io.BytesIO(data), key, name) as reader:
        return reader.read()


SEALED = sealed(PLAIN)


@pytest.mark.parametrize("size", [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 2 * CHUNK_BYTES])
def test_what_was_sealed_opens(size: int) -> None:
    data = sealed(PLAIN[:size])
    assert len(data) == sealed_bytes(size)
    assert opened(data) == PLAIN[:size]


@given(st.integers(0, len(PLAIN) + 10), st.integers(0, 2 * CHUNK_BYTES))
def test_reads_begin_anywhere(offset: int, size: int) -> None:
    with SealedReader(io.BytesIO(SEALED), KEY, NAME) as reader:
        reader.seek(offset)
        assert reader.read(size) == PLAIN[offset : offset + size]


def test_nothing_of_it_can_be_read_without_the_key() -> None:
    assert PLAIN[:64] not in SEALED
    with pytest.raises(SealBrokenError):
        opened(SEALED, key=bytes(32))


@given(st.integers(0, len(SEALED) - 1), st.integers(1, 255))
def test_every_changed_byte_is_noticed(at: int, change: int) -> None:
    data = bytearray(SEALED)
    data[at] ^= change
    with pytest.raises(SealBrokenError):
        opened(bytes(data))


def test_cut_swapped_repeated_and_renamed_is_noticed() -> None:
    header, whole = SEALED[:20], CHUNK_BYTES + 16
    chunks = [SEALED[20 + at : 20 + at + whole] for at in range(0, len(SEALED) - 20, whole)]
    cases = {
        "cut": SEALED[:-1],
        "a chunk less": header + b"".join(chunks[:-1]),
        "swapped": header + b"".join([chunks[1], chunks[0], *chunks[2:]]),
        "repeated": header + b"".join([chunks[0], chunks[0], *chunks[2:]]),
        "longer": SEALED + b"x",
        "empty": b"",
        "another file's": sealed(os.urandom(len(PLAIN)), key=os.urandom(32)),
    }
    for what, data in cases.items():
        with pytest.raises(SealBrokenError):
            pytest.fail(f"{what} opened: {len(opened(data))}")
    with pytest.raises(SealBrokenError):
        opened(SEALED, name="hl1-1764000000.12-1-3")


def test_a_source_of_another_length_is_refused() -> None:
    with pytest.raises(SealBrokenError):
        seal(io.BytesIO(PLAIN), len(PLAIN) - 1, io.BytesIO(), KEY, NAME)


def test_a_ring_is_made_once_kept_private_and_rotated(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "archive.json"
    ring = ring_at(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert ring_at(path) == ring
    key, wrapped = ring.new_key()
    newer = rotate(path)
    assert ring_at(path) == newer and newer.current == "k2" != ring.current
    assert newer.unwrap(wrapped) == key
    assert newer.unwrap(newer.wrap(key)) == key and newer.wrap(key).by == "k2"
    assert sorted(one.name for one in path.parent.iterdir()) == ["archive.json"]
    assert "secret" not in repr(KeyRing("k1", {"k1": b"secret"}))


def test_a_missing_or_wrong_key_is_said(tmp_path: Path) -> None:
    ring, other = ring_at(tmp_path / "a.json"), ring_at(tmp_path / "b.json")
    _, wrapped = ring.new_key()
    with pytest.raises(KeyMissingError, match="not the one"):
        other.unwrap(wrapped)
    with pytest.raises(KeyMissingError, match="k7"):
        ring.unwrap(Wrapped("k7", wrapped.key))
    with pytest.raises(KeyMissingError):
        ring.unwrap(Wrapped("k1", "not base64!"))


@pytest.mark.parametrize(
    "text",
    ["", "{}", "[]", json.dumps({"current": "k1", "keys": {"k1": "c2hvcnQ="}}), '{"current": "k1", "keys": {"k2": 5}}'],
)
def test_a_ring_that_is_none_is_never_written_over(tmp_path: Path, text: str) -> None:
    path = tmp_path / "archive.json"
    path.write_text(text)
    for deed in (ring_at, rotate):
        with pytest.raises(KeysUnreadableError):
            deed(path)
    assert path.read_text() == text
