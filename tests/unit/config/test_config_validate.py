"""Each check of the centre as a whole: the shipped centre with one thing changed."""

import copy
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.document import filled
from config.problems import Finding, spelled
from config.shape import fitted
from config.source import read
from config.validate import findings

SHIPPED = read(Path("config/hotline.toml"), {}).document


def found(path: str, value: object, *more: tuple[str, object]) -> list[str]:
    """Return `key: message` of each finding after the value at this path is set (a list is extended by `+`)."""
    document = copy.deepcopy(dict(SHIPPED))
    for where, put in ((path, value), *more):
        _put(document, where, put)
    return [f"{spelled(finding.path)}: {finding.message}" for finding in findings(filled(document))]


def _put(document: Any, path: str, value: object) -> None:
    *above, last = [int(part) if part.isdigit() else part for part in re.findall(r"[\w+]+", path)]
    for part in above:
        document = document.setdefault(part, {}) if isinstance(part, str) else document[part]
    if last == "+":
        document.append(value)
    else:
        document[last] = value


def test_the_shipped_centre_has_no_findings() -> None:
    assert findings(filled(SHIPPED)) == []
    settings, misfits = fitted(SHIPPED)
    assert settings is not None and misfits == []
    assert findings(settings.model_dump(mode="json")) == []


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("groups.+", SHIPPED["groups"][2] | {"transfer_number": "64"}, 'groups[3].name: group "ict" is there already'),
        ("operators[3].number", "101", 'operators[3].number: operator "101" is there already, in operators[0]'),
        ("groups[2].transfer_number", "61", 'transfer number "61" is there already, in groups[0]'),
        ("hotline.numbers.+", "1414", 'hotline.numbers[4]: number "1414" is there already, in hotline.numbers'),
        ("hotline.languages.+", "ru", 'language "ru" is there already'),
        ("trunks.+", {"name": "carrier", "addresses": ["192.0.2.1"]}, 'trunk "carrier" is there already, in trunks[0]'),
        ("menu.choices[1].key", "1", 'menu.choices[1].key: key "1" is there already, in menu.choices[0]'),
        ("groups[0].transfer_number", "101", 'groups[0].transfer_number: "101" is taken by operators[0]'),
        (
            "groups[0].transfer_number",
            "7103",
            'groups[0].transfer_number: "7103" is how a call is transferred to operator "103"',
        ),
        (
            "operators[0].number",
            "7103",
            'operators[0].number: "7103" is how a call is transferred to operator "103"',
        ),
        (
            "hotline.numbers.+",
            "7103",
            'hotline.numbers[4]: "7103" is how a call is transferred to operator "103"',
        ),
        (
            "hotline.numbers.+",
            "+7103",
            'hotline.numbers[4]: "+7103" is how a call is transferred to operator "103"',
        ),
        ("hotline.numbers.+", "+101", 'operators[0].number: "101" is taken by hotline.numbers'),
        ("trunks[0].name", "takes-over", 'trunks[0].name: "takes-over" is a name that Asterisk'),
        ("operators[0].number", "1414", 'operators[0].number: "1414" is taken by hotline.numbers'),
        ("groups[0].transfer_number", "1414", 'groups[0].transfer_number: "1414" is taken by hotline.numbers'),
        ("trunks[0].name", "op103", 'trunks[0].name: "op103" is a name that Asterisk\'s files use already'),
        ("trunks[0].name", "system", 'trunks[0].name: "system" is a name that Asterisk\'s files use already'),
        ("hotline.default_group", "portl", 'hotline.default_group: no group called "portl" (did you mean "portal"?)'),
        ("hotline.default_group", "zzz", 'hotline.default_group: no group called "zzz"'),
        ("menu.choices[0].group", "icd", 'menu.choices[0].group: no group called "icd" (did you mean "ict"?)'),
        ("operators[0].groups.+", "porta", 'operators[0].groups[1]: no group called "porta" (did you mean "portal"?)'),
        ("operators[3].groups", ["portal"], 'groups[2].name: no operator serves the group "ict"'),
        ("hotline.default_language", "en", None),
        ("hotline.languages", ["ru", "en"], 'hotline.default_language: "kk" is not among hotline.languages'),
        ("groups[1].title", {"kk": "а", "ru": "б"}, 'groups[1].title: has no title for the language "en"'),
        ("menu.choices[0].repeat", True, "menu.choices[0]: leads to a group and repeats the menu"),
        ("menu.choices[3].repeat", False, "menu.choices[3]: leads nowhere: give it a group, or repeat = true"),
        ("menu.choices", [{"key": "9", "repeat": True, "prompt": "a"}], "menu.choices: no key leads to a group"),
        ("menu.change_language_key", "9", 'menu.change_language_key: key "9" is taken by menu.choices[3]'),
        ("callback.trunk", "carrie", 'callback.trunk: no trunk called "carrie" (did you mean "carrier"?)'),
        ("callback.trunk", "carrier", None),
        ("callback.from_hour", 21, "callback.from_hour: must be below until_hour, which is 21: nobody could be called"),
        ("callback.keep_hours", 11, "callback.keep_hours: must be more than 11, the hours in which nobody is called"),
        ("callback.keep_hours", 12, None),
        ("offers.wrap_up_s", 400.0, "offers.wrap_up_most_s: must be at least wrap_up_s, which is 400"),
        ("groups[0].wrap_up_s", 301.0, "groups[0].wrap_up_s: must be at most wrap_up_most_s of [offers], which is 300"),
        ("groups[0].wrap_up_s", 300.0, None),
        ("offers.pause_reasons", {"3": "түскі ас"}, None),
        ("offers.pause_reasons", {"3": "a\n[evil]"}, "offers.pause_reasons.3: must be one line of visible text"),
        ("ports.agi", 5038, "ports.agi: port 5038 is ports.ami already"),
        ("ports.ami", 5060, "ports.ami: port 5060 is sip.port already"),
        ("sip.rtp_first", 20000, "sip.rtp_first: must be below sip.rtp_last, which is 19999"),
        ("sip.port", 12000, "sip.port: port 12000 is in the range of voice, 10000 to 19999"),
        ("waiting.net_after_s", 4, "waiting.net_after_s: together with net_spread_s at most 5"),
        ("offers.backoff_first_s", 400, "offers.backoff_first_s: must be at most backoff_last_s, which is 300"),
        ("operators[0].name", "a\n[evil]", "operators[0].name: must be one line of visible text"),
        ("operators[0].name", "  ", "operators[0].name: must be one line of visible text"),
        ("groups[0].title.ru", "\u2028", "groups[0].title.ru: must be one line of visible text"),
        ("operators[0].name", "Ай\u200bгүл", "operators[0].name: must be one line of visible text"),
        ("groups[0].title.ru", "\u202eЭЦП", "groups[0].title.ru: must be one line of visible text"),
        ("people", [{"name": "Алия\u202e"}], "people[0].name: must be one line of visible text"),
        ("people", [{"name": "Алия\u3164"}], "people[0].name: must be one line of visible text"),
        ("people", [{"name": "Алия"}, {"name": "Алия"}], 'person "Алия" is there already, in people[0]'),
        (
            "people",
            [{"name": "Алия"}, {"name": "Ким"}, {"name": "Aлия"}],
            'people[2].name: "Aлия" cannot be told from "Алия": is it one person?',
        ),
        ("people", [{"name": "Алия"}, {"name": "АЛИЯ"}], '"АЛИЯ" cannot be told from "Алия"'),
        ("people", [{"name": "Айгүл"}, {"name": "Нұрлан"}, {"name": "Әлия"}], None),
        ("sip.bind", "localhost", "sip.bind: must be an IPv4 address such as 127.0.0.1"),
        ("sip.bind", "0.0.0.0", None),
        ("trunks[0].addresses.+", "carrier.kz", "trunks[0].addresses[1]: must be an address or a network"),
        ("trunks[0].addresses.+", "192.0.2.1/28", "inside a network: write 192.0.2.0/28, or the address alone"),
        ("trunks[0].addresses.+", "127.0.0.0/8", '"127.0.0.0/8" contains "127.0.0.1": leave one of them out'),
        ("trunks[0].addresses", ["0.0.0.0/0"], '"0.0.0.0/0" is every address there is'),
        ("hotline.time_zone", "Asia/Almata", 'no time zone called "Asia/Almata" (did you mean "Asia/Almaty"?)'),
        ("hotline.time_zone", "../etc/passwd", 'hotline.time_zone: no time zone called "../etc/passwd"'),
        ("hotline.time_zone", "", 'hotline.time_zone: no time zone called ""'),
        ("storage.database_url", "mysql://root:secret@db", "storage.database_url: must begin with sqlite://"),
        ("storage.database_url", "postgresql://db/ledger", None),
        ("storage.database_url", "postgresql+asyncpg://db/ledger", None),
    ],
)
def test_finding(path: str, value: object, said: str | None) -> None:
    all_said = found(path, value)
    assert len(all_said) == (0 if said is None else 1), all_said
    assert said is None or said in all_said[0]


def test_a_group_cannot_be_called_like_the_head_of_the_queues() -> None:
    group = {**SHIPPED["groups"][0], "name": "general", "transfer_number": "64"}
    assert 'groups[3].name: "general" is a name that Asterisk\'s files use already' in found("groups.+", group)


def test_an_operator_no_caller_can_talk_to() -> None:
    assert found("operators[0].languages", ["en"], ("hotline.languages", ["kk", "ru"])) == [
        "operators[0].languages: speaks none of hotline.languages"
    ]


def test_a_password_in_the_database_url_is_not_shown() -> None:
    assert "secret" not in found("storage.database_url", "mysql://root:secret@db")[0]


SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5)
ANYTHING = st.recursive(
    SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=5), inner), max_leaves=5
)
PLACES = st.sampled_from(
    [
        "hotline",
        "sip",
        "ports",
        "trunks",
        "groups",
        "menu",
        "operators",
        "offers",
        "waiting",
        "storage",
        "unknown",
        "sip.port",
        "offers.backoff_first_s",
        "groups[0]",
        "groups[0].title",
        "groups[0].name",
        "operators[1]",
        "operators[1].groups",
        "operators[1].languages",
        "operators[1].skills",
        "routing",
        "routing.steps",
        "menu.choices",
        "menu.choices[0]",
        "menu.choices[0].key",
        "hotline.languages",
        "hotline.numbers",
        "hotline.time_zone",
        "trunks[0].addresses",
        "storage.database_url",
    ]
)


@given(PLACES, ANYTHING)
def test_nothing_in_the_file_breaks_the_checks(place: str, value: object) -> None:
    document = copy.deepcopy(dict(SHIPPED))
    _put(document, place, value)
    settings, misfits = fitted(document)
    wrong: list[Finding] = [*misfits, *findings(filled(document))]
    assert (settings is None) == bool(misfits)
    assert all("\n" not in finding.message for finding in wrong)


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("groups[0]", SHIPPED["groups"][0] | {"helpers": ["104"]}, None),
        (
            "groups[0]",
            SHIPPED["groups"][0] | {"helpers": ["999"]},
            'groups[0].helpers[0]: no operator has the number "999"',
        ),
        ("groups[0]", SHIPPED["groups"][0] | {"helpers": ["103"]}, "groups[0].helpers[0]: operator 103 serves"),
        ("target.calm", 0.9, "target.calm: must be less than danger, which is 0.9"),
        ("target.danger", 0.6, "target.calm: must be less than danger, which is 0.6"),
    ],
)
def test_helpers_and_thresholds_of_the_target(path: str, value: object, said: str | None) -> None:
    told = found(path, value)
    assert told == [] if said is None else len(told) == 1 and told[0].startswith(said)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("https://s3.example.kz/records", 'must be "s3://bucket/prefix", or empty for the local folder, not "https'),
        ("s3:/records", 'must be "s3://bucket/prefix"'),
        ("s3://", '"" cannot be a bucket\'s name'),
        ("s3://Records", '"Records" cannot be a bucket\'s name: 3 to 63 small letters'),
        ("s3://AKIA:hu/sh@records", "must not hold a key"),
        ("https://AKIA:hush@s3.example.kz", "must not hold a key"),
        ("s3://records/../other", '"../other" cannot be a prefix'),
        ("s3://records//hotline", "cannot be a prefix"),
    ],
)
def test_a_wrong_url_of_the_object_storage_is_explained(url: str, words: str) -> None:
    (finding,) = found("recordings.store", url)
    assert finding.startswith("recordings.store: ") and words in finding and "AKIA" not in finding


@pytest.mark.parametrize(
    ("endpoint", "words"),
    [
        ("s3.example.kz", 'must be a URL such as "https://s3.example.kz"'),
        ("https://s3.example.kz/records", "must be a URL such as"),
        ("http://127.0.0.1:port", "must be a URL such as"),
        ("https://AKIA:hush@s3.example.kz", "must not hold a key"),
    ],
)
def test_a_wrong_endpoint_of_the_object_storage_is_explained(endpoint: str, words: str) -> None:
    (finding,) = found("recordings.store", "s3://records", ("recordings.store_endpoint", endpoint))
    assert finding.startswith("recordings.store_endpoint: ") and words in finding
    assert found("recordings.store_endpoint", endpoint) == []  # of no importance without a store


def test_what_is_not_encrypted_goes_over_tls_only() -> None:
    plain, store = ("recordings.encrypt", False), ("recordings.store", "s3://records/hotline")
    (finding,) = found("recordings.store_endpoint", "http://10.0.0.5:9000", plain, store)
    assert "in the clear: use https" in finding
    assert found("recordings.store_endpoint", "http://10.0.0.5:9000", store) == []
    assert found("recordings.store_endpoint", "http://127.0.0.1:9000", plain, store) == []
    assert found("recordings.store_endpoint", "https://10.0.0.5:9000", plain, store) == []


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("sip.external_address", "hotline.kz", "sip.external_address: must be an IPv4 address"),
        ("sip.local_networks", ["10.0.0.0/40"], "sip.local_networks[0]: must be a network"),
        ("sip.tls_port", 5060, "sip.tls_port: port 5060 is sip.port already"),
        ("operators[0].internet", True, "operators[0].internet: needs sip.tls_port"),
    ],
)
def test_what_operators_at_home_need_is_said(path: str, value: object, said: str) -> None:
    (told,) = found(path, value)
    assert told.startswith(said)


def test_an_operator_at_home_is_well_with_tls() -> None:
    assert found("operators[0].internet", True, ("sip.tls_port", 5061), ("sip.external_address", "203.0.113.5")) == []
