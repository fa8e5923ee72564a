"""A server of our own that speaks S3 (rclone's), for the tests: it can be killed, made to hang, and started again."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from config.object_store import StoreAddress
from phones.own_ports import own_ports
from tests.unit.storage.own_authority import Issued, issued

KEY, SECRET = "hotline-key", "hotline-secret-that-nobody-may-see"
BUCKET = "records"
READY_S = 30.0


@dataclass
class ObjectServer:
    """The server, the folder whose folders are its buckets, and its port."""

    folder: Path
    port: int
    tls: Issued | None = None
    """With which certificate it speaks TLS."""
    process: subprocess.Popen[bytes] | None = None
    _numbers: count[int] = field(default_factory=lambda: count(1))

    @property
    def endpoint(self) -> str:
        return f"{'http' if self.tls is None else 'https'}://127.0.0.1:{self.port}"

    @property
    def secrets_file(self) -> Path:
        """What the settings' `store_secrets` is to name."""
        return self.folder / "secrets.json"

    def address(self, prefix: str = "") -> StoreAddress:
        """Of a prefix that nobody else uses."""
        prefix = prefix or f"test-{next(self._numbers)}"
        return StoreAddress(BUCKET, prefix, self.endpoint, "us-east-1", self.secrets_file)

    def file(self, address: StoreAddress, path: str) -> Path:
        """Where the server keeps an object."""
        return self.folder / "data" / address.bucket / address.prefix / path

    def settings(self, address: StoreAddress) -> dict[str, str]:
        """The same over a hotline's settings."""
        return {
            "BAILANYS_RECORDINGS__STORE": address.url,
            "BAILANYS_RECORDINGS__STORE_ENDPOINT": address.endpoint,
            "BAILANYS_RECORDINGS__STORE_SECRETS": str(address.secrets_file),
        }

    def start(self) -> None:
        """Start it, and wait until it listens."""
        rclone = Path(sys.executable).with_name("rclone")
        serve = ["serve", "s3", "--config=", "--auth-key", f"{KEY},{SECRET}"]
        if self.tls is not None:
            serve += ["--cert", str(self.tls.certificate), "--key", str(self.tls.key)]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(  # killed with us, however we end
                ["setpriv", "--pdeathsig", "KILL", str(rclone), *serve, "--addr",
                 f"127.0.0.1:{self.port}", str(self.folder / "data")],
                stdout=log, stderr=log,
            )  # fmt: skip
        end = time.monotonic() + READY_S
        while time.monotonic() < end and self.process.poll() is None:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                return
            time.sleep(0.02)
        raise RuntimeError(f"the object server did not start: {(self.folder / 'log').read_text()[-2000:]}")

    def kill(self) -> None:
        """End it where it stands."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    @contextmanager
    def hanging(self) -> Iterator[None]:
        """It takes connections and answers nothing."""
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.process.send_signal(signal.SIGCONT)


@contextmanager
def object_server(*, tls: bool = False) -> Iterator[ObjectServer]:
    """A server with one bucket, gone with its folder in the end."""
    with tempfile.TemporaryDirectory(prefix="bailanys-s3-") as name:
        folder = Path(name)
        (folder / "data" / BUCKET).mkdir(parents=True)
        server = ObjectServer(folder, own_ports().server(), issued(folder) if tls else None)
        descriptor = os.open(server.secrets_file, os.O_WRONLY | os.O_CREAT, 0o600)
        with os.fdopen(descriptor, "w") as file:
            json.dump({"access_key_id": KEY, "secret_access_key": SECRET}, file)
        server.start()
        try:
            yield server
        finally:
            server.kill()
