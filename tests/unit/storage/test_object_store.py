"""Object storage that is not there, not ours, or not what it should be: one line that says why, and no secret in it."""

from __future__ import annotations

import json
import pickle
import random
import socket
from dataclasses import replace
from pathlib import Path

import pytest

from calls.store import StoreAwayError
from config.object_store import StoreAddress
from storage.objects import PART_BYTES, ObjectStore, reason, secrets_of
from tests.unit.storage.object_server import KEY, SECRET, ObjectServer, object_server

PATH = "2025/11/24/16/a.json"


def away(address: StoreAddress) -> str:
    """What a read says; a write, a list and the trial say the same."""
    store = ObjectStore(address)
    said = set()
    for deed in (
        lambda: store.open(PATH),
        lambda: store.exists(PATH),
        lambda: store.remove(PATH),
        lambda: store.put(PATH, Path(__file__)),
        lambda: list(store.list()),
        store.try_out,
    ):
        with pytest.raises(StoreAwayError) as caught:
            deed()
        said.add(str(caught.value))
        assert caught.value.__cause__ is None  # a log that prints the cause would quote the server
    (words,) = said
    assert "\n" not in words and KEY not in words and SECRET not in words
    return words


def test_a_store_that_is_in_order_is_tried_out_and_left_as_it_was(objects: ObjectServer) -> None:
    address = objects.address()
    ObjectStore(address).try_out()
    assert not [path for path in objects.file(address, "").rglob("*") if path.is_file()]


def test_a_bucket_that_does_not_exist(objects: ObjectServer) -> None:
    assert "no such bucket" in away(replace(objects.address(), bucket="elsewhere"))


@pytest.mark.parametrize(
    ("changed", "words"),
    [({"access_key_id": "stranger"}, "does not know the access key"), ({"secret_access_key": "wrong"}, "secret key")],
)
def test_a_wrong_key(objects: ObjectServer, tmp_path: Path, changed: dict[str, str], words: str) -> None:
    file = tmp_path / "store.json"
    file.write_text(json.dumps({"access_key_id": KEY, "secret_access_key": SECRET} | changed))
    file.chmod(0o600)
    store = ObjectStore(replace(objects.address(), secrets_file=file))
    assert words in away(store.address)
    with pytest.raises(StoreAwayError):
        store.try_out()
    file.write_text(json.dumps({"access_key_id": KEY, "secret_access_key": SECRET}))
    store.try_out()  # no restart is needed


def test_nobody_listens_or_no_tls_is_spoken(objects: ObjectServer) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        words = away(replace(objects.address("hl1"), endpoint=f"http://127.0.0.1:{port}"))
    assert words == f"the archive's store s3://records/hl1 at http://127.0.0.1:{port}: nothing listens there"
    assert "TLS" in away(replace(objects.address(), endpoint=f"https://127.0.0.1:{objects.port}"))


def test_tls_with_a_certificate_of_an_own_authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with object_server(tls=True) as server:
        assert server.tls is not None and server.endpoint.startswith("https:")
        assert away(server.address()).endswith("its certificate is not one to be trusted")
        monkeypatch.setenv("SSL_CERT_FILE", str(server.tls.authority))
        store = ObjectStore(server.address())
        store.try_out()
        large = tmp_path / "large"
        large.write_bytes(random.Random(4).randbytes(2 * PART_BYTES + 1))  # in parts
        store.put(PATH, large)
        with store.open(PATH) as back:
            assert back.read() == large.read_bytes()


def test_a_store_that_hangs_is_given_up(mortal_objects: ObjectServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("storage.objects.SILENT_S", 1)
    with mortal_objects.hanging(), pytest.raises(StoreAwayError, match="does not answer in time"):
        ObjectStore(mortal_objects.address()).open(PATH)


def test_no_key_or_one_that_lies_open(objects: ObjectServer, tmp_path: Path) -> None:
    file = tmp_path / "store.json"
    address = replace(objects.address(), secrets_file=file)
    assert f"neither {file} nor AWS_ACCESS_KEY_ID" in away(address)
    file.write_text(json.dumps({"access_key_id": KEY, "secret_access_key": SECRET}))
    file.chmod(0o640)
    assert "chmod 600" in away(address)
    file.chmod(0o600)
    ObjectStore(address).try_out()
    file.write_text(f'{{"secret_access_key": "{SECRET}"')
    assert "must hold" in away(address)


def test_the_environment_wins_over_the_file(objects: ObjectServer) -> None:
    env = {"AWS_ACCESS_KEY_ID": "other", "AWS_SECRET_ACCESS_KEY": "theirs", "AWS_SESSION_TOKEN": "for an hour"}
    assert secrets_of(objects.secrets_file, env).access_key_id == "other"
    assert secrets_of(objects.secrets_file, env).session_token == "for an hour"
    assert secrets_of(objects.secrets_file, {"AWS_ACCESS_KEY_ID": "half a key"}).access_key_id == KEY
    assert SECRET not in repr(secrets_of(objects.secrets_file, {}))


def test_another_process_may_use_it(objects: ObjectServer) -> None:
    store = ObjectStore(objects.address())
    store.put(PATH, Path(__file__))
    assert pickle.loads(pickle.dumps(store)).exists(PATH)


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("status code: 503 Service Unavailable: <Error><Code>SlowDown</Code></Error>", "it asks us to be slower"),
        ("status code: 507 x: <Error><Code>Odd1</Code></Error>", "it answers Odd1"),
        ("Server returned non-2xx status code: 502 Bad Gateway: <html>", "it answers with HTTP status 502"),
        ('ConnectError("dns error"', "the endpoint's name is not known"),
        ("whatever", "it does not answer"),
    ],
)
def test_reasons(said: str, words: str) -> None:
    assert reason(said) == words
