"""The archive's object storage as the settings name it: `s3://bucket/prefix`, its endpoint, and what can be wrong."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from config.document import Document, values
from config.problems import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_SCHEME = "s3://"
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_PART = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


@dataclass(frozen=True, slots=True)
class StoreAddress:
    """Where the object storage is, and where its secrets are."""

    bucket: str
    prefix: str
    """Without slashes at its ends; empty for the whole bucket."""
    endpoint: str
    """URL of the service; empty for Amazon's own of the region."""
    region: str
    secrets_file: Path

    @property
    def url(self) -> str:
        """As the settings name it; holds no secret."""
        return f"{_SCHEME}{self.bucket}/{self.prefix}".rstrip("/")


def bucket_and_prefix(url: str) -> tuple[str, str]:
    """Read `s3://bucket/prefix`. Raises ValueError that says what is wrong with it."""
    if "@" in url:
        raise ValueError("must not hold a key: keys belong into store_secrets or the environment")
    if not url.startswith(_SCHEME):
        raise ValueError(f'must be "s3://bucket/prefix", or empty for the local folder, not "{url}"')
    bucket, _, prefix = url.removeprefix(_SCHEME).partition("/")
    if _BUCKET.fullmatch(bucket) is None:
        words = "3 to 63 small letters, digits, dots and hyphens"
        raise ValueError(f'"{bucket}" cannot be a bucket\'s name: {words}')
    prefix = prefix.rstrip("/")
    if prefix and not all(_PART.fullmatch(part) for part in prefix.split("/")):
        raise ValueError(f'"{prefix}" cannot be a prefix: Latin letters, digits, dots and hyphens between slashes')
    return bucket, prefix


def store_misspelt(document: Document) -> Iterator[Finding]:
    """Check the URL of the object storage, and that nothing readable goes over a network in the clear."""
    for path, url in values(document, ("recordings", "store"), str):
        if not url:
            continue
        try:
            bucket_and_prefix(url)
        except ValueError as error:
            yield Finding(path, str(error))
        yield from _endpoint_misspelt(document)


def _endpoint_misspelt(document: Document) -> Iterator[Finding]:
    for path, endpoint in values(document, ("recordings", "store_endpoint"), str):
        if not endpoint:
            continue
        try:
            parts = urlsplit(endpoint)
            host, _ = parts.hostname, parts.port
        except ValueError:
            host, parts = None, urlsplit("")
        if parts.scheme not in ("http", "https") or not host or parts.path not in ("", "/"):
            yield Finding(path, f'must be a URL such as "https://s3.example.kz", not "{endpoint}"')
        elif parts.username is not None:
            yield Finding(path, "must not hold a key: keys belong into store_secrets or the environment")
        elif parts.scheme == "http" and not _is_here(host) and _unencrypted(document):
            yield Finding(path, "recordings that are not encrypted would go over the network in the clear: use https")


def _unencrypted(document: Document) -> bool:
    return any(encrypt is False for _, encrypt in values(document, ("recordings", "encrypt"), bool))


def _is_here(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
