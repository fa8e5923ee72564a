"""What is wrong with the hotline's own files: one line each, an alarm once, and no folder's name for strangers."""

from __future__ import annotations

import os
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bailanys.site import faults as looked_at
from bailanys.site.faults import SiteWatch, site_faults
from bailanys.site.tls_files import tls_findings, tls_remarks
from config.load import load
from config.places import places_of
from config.settings import Settings
from tests.unit.storage.own_authority import issued

CONFIG = Path(__file__).resolve().parents[4] / "config" / "hotline.toml"


def centre(state: Path, **sip: object) -> Settings:
    over = {f"BAILANYS_SIP__{key.upper()}": str(value) for key, value in sip.items()}
    return load(CONFIG, {"BAILANYS_STORAGE__STATE_DIR": str(state), **over})


async def test_each_fault_is_told_while_it_lasts_and_alarmed_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings, alarms = centre(tmp_path), list[tuple[str, str]]()
    places = places_of(settings, tmp_path)
    watch = SiteWatch(settings, places, lambda kind, detail: alarms.append((kind, detail)))
    await watch.look()
    assert (watch.now, alarms) == ((), [])
    places.tokens.write_text("no tokens")
    monkeypatch.setattr(looked_at, "strangers", lambda folder: [(places.tokens, 0)])
    for _ in range(2):
        await watch.look()
    first, second = watch.now
    assert first == "files of the state folder belong to others: tokens.json (root)"
    assert second.startswith("tokens.json is damaged: put its backup in place")
    assert second.endswith("nobody may use the HTTP API")
    assert [kind for kind, _ in alarms] == ["site", "site"]
    assert str(tmp_path) not in "".join(watch.now)
    monkeypatch.setattr(looked_at, "strangers", lambda folder: [])
    places.tokens.unlink()
    await watch.look()
    assert (watch.now, len(alarms)) == ((), 2)


def test_a_certificate_is_looked_at_like_everything_else(tmp_path: Path) -> None:
    settings = centre(tmp_path, tls_port=5061)
    found = site_faults(settings, places_of(settings, tmp_path))
    assert found == (
        "there is no keys/sip.pem (put it there, or name another file): there would be no SIP over TLS",
        "there is no keys/sip.key (put it there, or name another file): there would be no SIP over TLS",
    )


def test_what_keeps_tls_from_working_is_told_with_its_file(tmp_path: Path) -> None:
    (tmp_path / "keys").mkdir()
    (tmp_path / "other").mkdir()
    made, other = issued(tmp_path / "keys"), issued(tmp_path / "other")
    pem, key = tmp_path / "c.pem", tmp_path / "c.key"
    shutil.copy(made.certificate, pem)
    shutil.copy(made.key, key)
    key.chmod(0o600)
    sip = centre(tmp_path, tls_port=5061, tls_certificate=pem, tls_key=key).sip

    def told() -> list[str]:
        return [f"{finding.path[1]}: {finding.message}" for finding in tls_findings(sip, tmp_path)]

    assert told() == []
    key.chmod(0o644)
    assert told() == [f"tls_key: {key} can be read by others: chmod 600"]
    key.chmod(0o600)
    key.write_bytes(other.key.read_bytes())
    assert told() == [f"tls_certificate: the certificate in {pem} is another key's than sip.tls_key"]
    pem.write_bytes(made.certificate.read_bytes() + other.certificate.read_bytes())
    assert told() == [f"tls_certificate: the certificate in {pem} must stand first in the file, before its chain"]
    pem.write_text("hello")
    key.write_bytes(made.certificate.read_bytes())
    assert [line.split(": ")[0] for line in told()] == ["tls_certificate", "tls_key"]
    assert "in PEM form" in told()[0] and "in PEM form" in told()[1]
    pem.unlink()
    pem.mkdir()
    assert told()[0] == f"tls_certificate: {pem}: Is a directory: there would be no SIP over TLS"
    if os.geteuid() != 0:  # root reads it all the same
        key.chmod(0)
        assert told()[1] == f"tls_key: {key}: Permission denied: there would be no SIP over TLS"


def test_the_time_of_a_certificate_is_told_in_time(tmp_path: Path) -> None:
    made = issued(tmp_path)
    sip = centre(tmp_path, tls_port=5061, tls_certificate=made.certificate, tls_key=made.key).sip
    now = datetime.now(UTC)
    assert "expires on" in tls_remarks(sip, tmp_path, now)[0].message
    assert "has expired" in tls_remarks(sip, tmp_path, now + timedelta(days=2))[0].message
    assert "valid only from" in tls_remarks(sip, tmp_path, datetime(2001, 1, 1, tzinfo=UTC))[0].message
    assert tls_remarks(centre(tmp_path).sip, tmp_path, now) == []
