"""The hotline's signature: one key, made once, kept private."""

from __future__ import annotations

from pathlib import Path

import pytest

from recordings.errors import KeysAwayError, KeysUnreadableError
from recordings.vault.signing import first_signer, signed_by, signer_at


def test_a_signature_is_of_its_message_and_key_alone(tmp_path: Path) -> None:
    signer, other = first_signer(tmp_path / "keys" / "a.pem"), first_signer(tmp_path / "b.pem")
    signature = signer.sign(b"message")
    assert signed_by(signer.public_key, b"message", signature)
    assert not signed_by(signer.public_key, b"massage", signature)
    assert not signed_by(other.public_key, b"message", signature)
    assert not signed_by(signer.public_key, b"message", signature[:-2])
    assert not signed_by("no key", b"message", signature)


def test_the_key_is_made_once_and_private(tmp_path: Path) -> None:
    path = tmp_path / "signing.pem"
    first = first_signer(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert signer_at(path).public_key == first.public_key
    assert sorted(one.name for one in tmp_path.iterdir()) == ["signing.pem", "signing.pem.lock"]


@pytest.mark.parametrize("text", ["", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"])
def test_a_file_that_is_no_key_is_never_written_over(tmp_path: Path, text: str) -> None:
    path = tmp_path / "signing.pem"
    path.write_text(text)
    for deed in (signer_at, first_signer):
        with pytest.raises(KeysUnreadableError, match="no signing key"):
            deed(path)
    assert path.read_text() == text


def test_one_that_is_away_is_made_anew_only_where_nothing_was_signed(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "signing.pem"
    first = first_signer(path)
    path.parent.rename(tmp_path / "unmounted")
    with pytest.raises(KeysAwayError, match="it was used"):
        first_signer(path, lambda: "it was used")
    with pytest.raises(KeysAwayError, match="not there"):
        signer_at(path)
    assert not path.parent.exists()
    (tmp_path / "unmounted").rename(path.parent)
    assert first_signer(path, lambda: "it was used").public_key == first.public_key
