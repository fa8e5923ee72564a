from pathlib import Path

from config.load import load
from config.places import places_of

SHIPPED = Path("config/hotline.toml")


def test_relative_folders_stand_under_the_base() -> None:
    places = places_of(load(SHIPPED, {}), Path("/srv/hotline"))
    assert places.state == Path("/srv/hotline/var")
    assert places.archive == Path("/srv/hotline/var/archive")
    assert places.override == Path("/srv/hotline/studio")
    assert places.database_url == "sqlite:////srv/hotline/var/ledger.db"


def test_absolute_folders_and_a_given_database_stay_as_they_are() -> None:
    env = {
        "BAILANYS_STORAGE__STATE_DIR": "/var/lib/bailanys",
        "BAILANYS_STORAGE__ARCHIVE_DIR": "/mnt/archive",
        "BAILANYS_STORAGE__DATABASE_URL": "postgresql://ledger@db/ledger",
    }
    places = places_of(load(SHIPPED, env), Path("/srv/hotline"))
    assert places.state == Path("/var/lib/bailanys")
    assert places.archive == Path("/mnt/archive")
    assert places.database_url == "postgresql://ledger@db/ledger"


def test_object_storage_is_named_by_its_url_and_its_key_lies_in_the_state_folder() -> None:
    assert places_of(load(SHIPPED, {}), Path("/srv/hotline")).remote is None
    env = {
        "BAILANYS_RECORDINGS__STORE": "s3://records/hotline-1/",
        "BAILANYS_RECORDINGS__STORE_ENDPOINT": "https://s3.example.kz",
    }
    store = places_of(load(SHIPPED, env), Path("/srv/hotline")).remote
    assert store is not None
    assert (store.bucket, store.prefix, store.url) == ("records", "hotline-1", "s3://records/hotline-1")
    assert (store.endpoint, store.region) == ("https://s3.example.kz", "us-east-1")
    assert store.secrets_file == Path("/srv/hotline/var/keys/store.json")
