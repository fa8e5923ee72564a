"""The archive on S3-compatible object storage, through obstore: its key, what it was asked, and why it did not do it.

The key is from the environment, or from a file that only we can read; no message has anything of a secret or a caller.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from errno import ENOENT
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import TYPE_CHECKING, BinaryIO, cast

import obstore
from obstore.exceptions import BaseError, PermissionDeniedError, UnauthenticatedError
from obstore.store import S3Store

from calls.store import StoreAwayError, Stored
from config.object_store import StoreAddress

if TYPE_CHECKING:
    from obstore.store import S3Config

PART_BYTES = 5 << 20
"""Of an upload, the least that S3 allows; each part within `SILENT_S`, so a line of 1.4 Mbit/s is enough."""
MEMORY_BYTES = 32 << 20
"""What is read is kept in memory up to this size, then in an unnamed temporary file; an hour of talk is 43 MB."""
PORTION_BYTES = 1 << 20
CONNECT_S, SILENT_S, REQUEST_S = 5, 30, 300
"""How long a connection, the next word of an answer, and a whole request may take."""
RETRIES = 2

_IN_AN_HOUR = re.compile(r"[0-9]{4}/[0-9]{2}/[0-9]{2}/[0-9]{2}/[^/]+")
_BY_CODE = {
    "NoSuchBucket": "there is no such bucket",
    "InvalidAccessKeyId": "it does not know the access key",
    "SignatureDoesNotMatch": "the secret key is wrong",
    "AccessDenied": "the access key may not do that there",
    "AuthorizationHeaderMalformed": "the region is another one",
    "PermanentRedirect": "the bucket is in another region, or at another endpoint",
    "RequestTimeTooSkewed": "this machine's clock is wrong",
    "SlowDown": "it asks us to be slower",
}
_BY_SIGN = (
    ("dns error", "the endpoint's name is not known"),
    ("ConnectionRefused", "nothing listens there"),
    ("InvalidCertificate", "its certificate is not one to be trusted"),
    ("InvalidContentType", "it does not speak TLS: is the endpoint http, not https?"),
    ("TimedOut", "it does not answer in time"),
    ("kind: Timeout", "it does not answer in time"),
)
_CODE = re.compile(r"<Code>(\w{1,60})</Code>")
_STATUS = re.compile(r"status code: (\d{3})")


class ObjectStore:
    """Fills `calls.store.Store`. Connects at the first use; may be handed to another process.

    Whole objects are fetched and never ranges: not every server that speaks S3 serves those.
    """

    def __init__(self, address: StoreAddress) -> None:
        self.address = address
        self._known: S3Store | None = None

    def __reduce__(self) -> tuple[type[ObjectStore], tuple[StoreAddress]]:
        return ObjectStore, (self.address,)

    def open(self, path: str) -> BinaryIO:
        """The object, fetched whole."""
        whole = cast(BinaryIO, SpooledTemporaryFile(MEMORY_BYTES))  # noqa: SIM115 - the caller closes it
        try:
            with self._asked(path) as store:
                got = obstore.get(store, path)
                for portion in got.stream(min_chunk_size=PORTION_BYTES):
                    whole.write(portion)
                if whole.tell() != got.meta["size"]:
                    raise self._away("it sent less than it has")
            whole.seek(0)
        except BaseException:
            whole.close()
            raise
        return whole

    def exists(self, path: str) -> bool:
        """Whether there is such an object."""
        with suppress(FileNotFoundError), self._asked(path) as store:
            obstore.get(store, path)  # no HEAD: its 404 does not tell a missing object from a missing bucket
            return True
        return False

    def list(self, folder: str = "") -> Iterator[Stored]:
        """What lies in one hour's folder or in all; anything else under the prefix is left out."""
        with self._asked(folder) as store:
            for portion in obstore.list(store, prefix=folder or None):
                for one in portion:
                    if _IN_AN_HOUR.fullmatch(one["path"]):
                        yield Stored(one["path"], round(one["last_modified"].timestamp() * 1000))

    def put(self, path: str, source: Path) -> None:
        """Upload a file; nobody sees less than all of it. Raises FileNotFoundError when there is no such file."""
        source.stat()
        with self._asked(path) as store:
            obstore.put(store, path, source, chunk_size=PART_BYTES, max_concurrency=2)

    def remove(self, path: str) -> bool:
        """Remove the object."""
        if not self.exists(path):
            return False
        with self._asked(path) as store:
            obstore.delete(store, path)
        return True

    def place_of(self, path: str) -> str:
        """The object's URL."""
        return f"{self.address.url}/{path}"

    def try_out(self) -> None:
        """Do everything once that will have to be done: write, list, read and remove. Raises StoreAwayError."""
        name = f".check/{secrets.token_hex(8)}"
        with self._asked(name) as store:
            obstore.put(store, name, name.encode())
            list(obstore.list(store, prefix=".check"))
            if bytes(obstore.get(store, name).bytes()) != name.encode():
                raise self._away("it does not give back what was stored")
            obstore.delete(store, name)

    @contextmanager
    def _asked(self, path: str) -> Iterator[S3Store]:
        try:
            yield self._store()
        except FileNotFoundError as error:
            if "NoSuchBucket" in str(error):
                raise self._away(reason(str(error))) from None
            raise FileNotFoundError(ENOENT, "not in the store", self.place_of(path)) from None
        except (PermissionDeniedError, UnauthenticatedError) as error:
            self._known = None  # so that secrets that were put right are taken
            raise self._away(reason(str(error))) from None
        except BaseError as error:
            raise self._away(reason(str(error))) from None

    def _store(self) -> S3Store:
        if self._known is None:
            self._known = _connected(self.address)
        return self._known

    def _away(self, why: str) -> StoreAwayError:
        at = f" at {self.address.endpoint}" if self.address.endpoint else ""
        return StoreAwayError(f"the archive's store {self.address.url}{at}: {why}")


def _connected(address: StoreAddress) -> S3Store:
    key = secrets_of(address.secrets_file)
    config: S3Config = {
        "region": address.region,
        "access_key_id": key.access_key_id,
        "secret_access_key": key.secret_access_key,
        "disable_bulk_delete": True,  # not every server has it
    }
    if key.session_token:
        config["session_token"] = key.session_token
    if address.endpoint:
        config["endpoint"] = address.endpoint
    return S3Store(
        address.bucket,
        prefix=address.prefix or None,
        config=config,
        client_options={
            "allow_http": address.endpoint.startswith("http://"),
            "connect_timeout": timedelta(seconds=CONNECT_S),
            "read_timeout": timedelta(seconds=SILENT_S),
            "timeout": timedelta(seconds=REQUEST_S),
        },
        retry_config={"max_retries": RETRIES, "retry_timeout": timedelta(seconds=SILENT_S)},
    )


def reason(said: str) -> str:
    """The reason in obstore's long message, which quotes the server's answer."""
    if code := _CODE.search(said):
        return _BY_CODE.get(code[1], f"it answers {code[1]}")
    for sign, words in _BY_SIGN:
        if sign in said:
            return words
    status = _STATUS.search(said)
    return f"it answers with HTTP status {status[1]}" if status else "it does not answer"


@dataclass(frozen=True, slots=True)
class StoreKey:
    """What requests are signed with; never shown."""

    access_key_id: str = field(repr=False)
    secret_access_key: str = field(repr=False)
    session_token: str = field(default="", repr=False)


class StoreKeyError(StoreAwayError):
    """There is no key, or it lies open."""

    error_id = "store-key"
    retryable = False


def secrets_of(file: Path, env: Mapping[str, str] = os.environ) -> StoreKey:
    """The key. Raises StoreKeyError, which says what to do."""
    known, secret = env.get("AWS_ACCESS_KEY_ID", ""), env.get("AWS_SECRET_ACCESS_KEY", "")
    if known and secret:
        return StoreKey(known, secret, env.get("AWS_SESSION_TOKEN", ""))
    try:
        if file.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise StoreKeyError(f"{file} can be read by others: chmod 600")
        said = json.loads(file.read_text(encoding="utf-8"))
        return StoreKey(str(said["access_key_id"]), str(said["secret_access_key"]), str(said.get("session_token", "")))
    except FileNotFoundError:
        raise StoreKeyError(
            f"no key to the archive's store: neither {file} nor AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
        ) from None
    except StoreKeyError:
        raise
    except OSError as error:
        raise StoreKeyError(f"{file} cannot be read: {error.strerror}") from None
    except (AttributeError, KeyError, TypeError, ValueError):  # the error itself might quote a secret
        raise StoreKeyError(
            f'{file} must hold {{"access_key_id": "…", "secret_access_key": "…"}} and nothing else'
        ) from None
