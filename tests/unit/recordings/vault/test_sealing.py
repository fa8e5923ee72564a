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
from recordings.vault.keyring import Wrapped, first_ring, ring_at, rotate
from recordings.vault.sealing import CHUNK_BYTES, SealedReader, seal, sealed_bytes

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
HEADER = 20


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
    with pytest.raises(SealBrokenError, match="was changed about byte 0"):
        opened(SEALED, key=bytes(32))


@given(st.integers(0, len(SEALED) - 1), st.integers(1, 255))
def test_every_changed_byte_is_noticed(at: int, change: int) -> None:
    data = bytearray(SEALED)
    data[at] ^= change
    said = "was changed about byte" if at >= HEADER else "no sealed file|not as long as it was|was changed about byte 0"
    with pytest.raises(SealBrokenError, match=said):
        opened(bytes(data))


def test_cut_swapped_repeated_and_renamed_is_noticed() -> None:
    header, whole = SEALED[:HEADER], CHUNK_BYTES + 16
    chunks = [SEALED[HEADER + at : HEADER + at + whole] for at in range(0, len(SEALED) - HEADER, whole)]
    cases = {
        "cut": (SEALED[:-1], "not as long as it was"),
        "a chunk less": (header + b"".join(chunks[:-1]), "not as long as it was"),
        "swapped": (header + b"".join([chunks[1], chunks[0], *chunks[2:]]), "about byte 0"),
        "repeated": (header + b"".join([chunks[0], chunks[0], *chunks[2:]]), f"about byte {CHUNK_BYTES}"),
        "longer": (SEALED + b"x", "not as long as it was"),
        "empty": (b"", "no sealed file"),
        "another file's": (sealed(os.urandom(len(PLAIN)), key=os.urandom(32)), "about byte 0"),
    }
    for what, (data, said) in cases.items():
        with pytest.raises(SealBrokenError, match=said):
            pytest.fail(f"{what} opened: {len(opened(data))}")
    with pytest.raises(SealBrokenError, match="about byte 0"):
        opened(SEALED, name="hl1-1764000000.12-1-3")


def test_a_source_of_another_length_is_refused() -> None:
    with pytest.raises(SealBrokenError, match=r"not the \d+ bytes that it had"):
        seal(io.BytesIO(PLAIN), len(PLAIN) - 1, io.BytesIO(), KEY, NAME)


def test_a_missing_or_wrong_key_is_said(tmp_path: Path) -> None:
    ring, other = first_ring(tmp_path / "a.json"), first_ring(tmp_path / "b.json")
    _, wrapped = ring.new_key()
    with pytest.raises(KeyMissingError, match=f"{ring.current} is not in the ring"):
        other.unwrap(wrapped)
    with pytest.raises(KeyMissingError, match="not the one"):
        other.unwrap(Wrapped(other.current, wrapped.key))
    with pytest.raises(KeyMissingError, match="k7"):
        ring.unwrap(Wrapped("k7", wrapped.key))
    with pytest.raises(KeyMissingError, match="not the one"):
        ring.unwrap(Wrapped(ring.current, "not base64!"))


@pytest.mark.parametrize(
    "text",
    ["", "{}", "[]", json.dumps({"current": "k1", "keys": {"k1": "c2hvcnQ="}}), '{"current": "k1", "keys": {"k2": 5}}'],
)
def test_a_ring_that_is_none_is_never_written_over(tmp_path: Path, text: str) -> None:
    path = tmp_path / "archive.json"
    path.write_text(text)
    for deed in (ring_at, first_ring, rotate):
        with pytest.raises(KeysUnreadableError):
            deed(path)
    assert path.read_text() == text
