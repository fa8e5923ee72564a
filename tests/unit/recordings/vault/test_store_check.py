"""`bailanys check` tries the archive's object storage out, and says with line and key what is wrong with it."""

from __future__ import annotations

from pathlib import Path

from config.load import load
from config.source import read
from recordings.vault.uploader import store_unreached
from tests.unit.storage.object_server import ObjectServer

CONFIG = Path("config/hotline.toml")


def problems(tmp_path: Path, env: dict[str, str]) -> list[str]:
    return [str(problem) for problem in store_unreached(load(CONFIG, env), tmp_path, read(CONFIG, env))]


def test_a_store_in_order_and_none_at_all_are_no_problem(tmp_path: Path, objects: ObjectServer) -> None:
    assert problems(tmp_path, {}) == []
    assert problems(tmp_path, objects.settings(objects.address())) == []


def test_what_is_wrong_is_one_line_with_its_key(tmp_path: Path, objects: ObjectServer) -> None:
    env = objects.settings(objects.address())
    (said,) = problems(tmp_path, env | {"BAILANYS_RECORDINGS__STORE": "s3://no-such-bucket/hotline"})
    assert said.startswith(
        "environment: BAILANYS_RECORDINGS__STORE: the archive's store s3://no-such-bucket/hotline at"
    )
    assert said.endswith(": there is no such bucket")
    (said,) = problems(tmp_path, env | {"BAILANYS_RECORDINGS__STORE_SECRETS": "no-such-file.json"})
    assert "no key to the archive's store: neither" in said
    file = tmp_path / "centre.toml"
    store = f'store = "s3://records/x"\nstore_endpoint = "http://127.0.0.1:1"\nstore_secrets = "{objects.secrets_file}"'
    file.write_text(CONFIG.read_text() + f"\n[recordings]\n{store}\n")
    (problem,) = store_unreached(load(file, {}), tmp_path, read(file, {}))
    assert problem.line == len(CONFIG.read_text().splitlines()) + 3
    assert problem.message.endswith("nothing listens there")
