from pathlib import Path

from config.reference import reference
from config.settings import Settings


def test_the_reference_in_the_repository_is_current() -> None:
    assert Path("docs/configuration.md").read_text(encoding="utf-8") == reference()


def test_every_key_is_explained() -> None:
    for model in (Settings.model_json_schema()["$defs"]).values():
        assert model["description"]
        for key, field in model["properties"].items():
            assert field.get("description"), f"{model['title']}.{key} has no description"
