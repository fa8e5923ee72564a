"""Every kind of misfit is told in words a person understands."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from config.problems import Problem
from config.settings import Settings
from config.shape import PATTERNS, fitted
from config.source import read

DOCUMENT = read(Path("config/hotline.toml"), {}).document


def changed(section: str, key: str, value: object) -> dict[str, Any]:
    return {**DOCUMENT, section: {**DOCUMENT.get(section, {}), key: value}}


@pytest.mark.parametrize(
    ("section", "key", "value", "words"),
    [
        ("sip", "port", "many", 'must be a whole number, not "many"'),
        ("sip", "port", 4.5, "must be a whole number, not 4.5"),
        ("sip", "port", 70000, "must be at most 65535, not 70000"),
        ("sip", "bind", 1, "must be text in quotes, not 1"),
        ("sip", "bind", {"a": 1}, "must be text in quotes, not a table"),
        ("sip", "codecs", [], "must not be empty"),
        ("sip", "codecs", "alaw", 'must be a list in square brackets, not "alaw"'),
        ("sip", "codecs", ["gsm"], 'must be "alaw", "ulaw", "opus" or "g722", not "gsm"'),
        ("offers", "ring_s", 0, "must be more than 0, not 0"),
        ("offers", "ring_s", "soon", 'must be a number, not "soon"'),
        ("menu", "tries", 9, "must be at most 5, not 9"),
        ("menu", "change_language_key", "12", 'must be one key of the telephone: a digit, * or #, not "12"'),
        ("hotline", "default_group", "Портал", "must be up to 32 small Latin letters, digits and hyphens, a letter"),
        ("storage", "state_dir", 5, "must be a path in quotes, not 5"),
        ("hotline", "node", "x" * 50, f'not "{"x" * 40}…"'),
        ("waiting", "announce_first_s", float("inf"), "must be a number that has an end, not inf"),
        ("target", "ahead_s", float("nan"), "must be a number that has an end, not nan"),
        ("hotline", "node", "a\nb", 'not "a\\nb"'),
        ("hotline", "default_language", "de", 'must be "kk", "ru" or "en", not "de"'),
    ],
)
def test_misfit_in_words(section: str, key: str, value: object, words: str) -> None:
    settings, findings = fitted(changed(section, key, value))
    assert settings is None
    assert len(findings) == 1
    assert words in findings[0].message
    assert findings[0].path[:2] == (section, key)


def test_a_section_that_is_no_table() -> None:
    _, findings = fitted({**DOCUMENT, "sip": 5060})
    assert [finding.message for finding in findings] == ["must be a table, not 5060"]


def test_a_title_in_a_language_we_do_not_know() -> None:
    groups = [{**DOCUMENT["groups"][0], "title": {"de": "Amt"}}, *DOCUMENT["groups"][1:]]
    _, findings = fitted({**DOCUMENT, "groups": groups})
    assert [(finding.path, finding.message) for finding in findings] == [
        (("groups", 0, "title", "de"), 'must be "kk", "ru" or "en", not "de"')
    ]


def test_every_pattern_of_the_settings_has_its_words() -> None:
    schema = json.dumps(Settings.model_json_schema())
    used = {json.loads(f'"{found}"') for found in re.findall(r'"pattern": "((?:[^"\\]|\\.)*)"', schema)}
    assert used == set(PATTERNS)


def test_a_problem_without_line_or_key_leaves_them_out() -> None:
    assert str(Problem("hotline.toml", None, "", "there is no such file")) == "hotline.toml: there is no such file"
    assert str(Problem("", None, "sip.port", "in use")) == "sip.port: in use"
