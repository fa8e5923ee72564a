"""The certificate and its key for SIP over TLS: looked at before Asterisk, which says nothing, goes on without TLS."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from config.ownership import as_owner_alone
from config.problems import Finding
from config.settings import Sip

SOON = timedelta(days=21)
LEAST_BITS = 2048
"""OpenSSL refuses a shorter RSA key at its usual level of security."""

_CERTIFICATE, _KEY = ("sip", "tls_certificate"), ("sip", "tls_key")


def tls_findings(sip: Sip, state: Path) -> list[Finding]:
    """All that keeps SIP over TLS from working; nothing where none is wanted."""
    return [] if sip.tls_port is None else list(_findings(state / sip.tls_certificate, state / sip.tls_key))


def tls_remarks(sip: Sip, state: Path, now: datetime | None = None) -> list[Finding]:
    """What phones will mind of a certificate that can be used: its time is over, has not come, or ends soon."""
    if sip.tls_port is None:
        return []
    path, now = state / sip.tls_certificate, now or datetime.now(UTC)
    try:
        first = x509.load_pem_x509_certificates(path.read_bytes())[0]
    except (OSError, ValueError):
        return []  # told by `tls_findings`
    ends, begins = first.not_valid_after_utc, first.not_valid_before_utc
    if ends <= now:
        return [Finding(_CERTIFICATE, f"{path} has expired, on {ends:%Y-%m-%d}: phones will refuse it")]
    if begins > now:
        return [Finding(_CERTIFICATE, f"{path} is valid only from {begins:%Y-%m-%d} on: phones will refuse it")]
    if ends - now < SOON:
        return [Finding(_CERTIFICATE, f"{path} expires on {ends:%Y-%m-%d}: a new one takes a restart of Asterisk")]
    return []


def _findings(certificate: Path, key: Path) -> Iterator[Finding]:
    chain: list[x509.Certificate] = []
    try:
        chain = x509.load_pem_x509_certificates(_content(certificate))
    except OSError as error:
        yield Finding(_CERTIFICATE, f"{_unread(certificate, error)}: there would be no SIP over TLS")
    except ValueError:
        yield Finding(_CERTIFICATE, f"{certificate} holds no certificate in PEM form (-----BEGIN CERTIFICATE-----)")
    try:
        private = load_pem_private_key(_content(key), password=None)
        if key.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            yield Finding(_KEY, f"{key} can be read by others: chmod 600")
    except OSError as error:
        yield Finding(_KEY, f"{_unread(key, error)}: there would be no SIP over TLS")
    except TypeError:
        yield Finding(_KEY, f"{key} is locked with a password, which nobody can give to Asterisk: take it off")
    except ValueError:
        yield Finding(_KEY, f"{key} holds no private key in PEM form (-----BEGIN PRIVATE KEY-----)")
    else:
        if isinstance(private, rsa.RSAPrivateKey) and private.key_size < LEAST_BITS:
            yield Finding(_KEY, f"{key} has {private.key_size} bits: {LEAST_BITS} at least")
        if chain and _raw(chain[0].public_key()) != (ours := _raw(private.public_key())):
            later = any(_raw(one.public_key()) == ours for one in chain[1:])
            words = "must stand first in the file, before its chain" if later else "is another key's than sip.tls_key"
            yield Finding(_CERTIFICATE, f"the certificate in {certificate} {words}")


def _content(path: Path) -> bytes:
    """What the user that Asterisk runs as reads there. Raises OSError."""
    with as_owner_alone():
        descriptor = os.open(path, os.O_RDONLY)
    with os.fdopen(descriptor, "rb") as file:
        return file.read()


def _unread(path: Path, error: OSError) -> str:
    return (
        f"there is no {path} (put it there, or name another file)"
        if isinstance(error, FileNotFoundError)
        else f"{path}: {error.strerror}"
    )


def _raw(key: object) -> bytes:
    told = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)  # type: ignore[attr-defined]  # every kind's
    return bytes(told)
