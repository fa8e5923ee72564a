"""Mistakes in values, references, paths, networks and the environment: each told with its line, key and remedy."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.load import load
from config.problems import ConfigError
from config.source import read
from config.workable import unworkable

SHIPPED = Path("config/hotline.toml").read_text()
PORT, TRUNK, DUTY = "port = 5060", 'addresses = ["127.0.0.1"]', 'groups = ["ict", "portal"]'
TRANSFER, CHOICE = 'transfer_number = "62"', '{ key = "2", group = "portal", prompt = "menu-portal" }'
ROLE = 'must be "clerk", "auditor", "approver" or "administrator", not '


def told(tmp_path: Path, text: str, env: dict[str, str] | None = None) -> list[str]:
    """All that `check` and `run` have to say of the file alone, without its name."""
    file = tmp_path / "hotline.toml"
    file.write_text(text)
    try:
        settings = load(file, env or {})
    except ConfigError as error:
        problems = error.problems
    else:
        problems = read(file, env or {}).problems(unworkable(settings.model_dump(mode="json")))
    return [str(problem).removeprefix(str(file)) for problem in problems]


IN_PLACE = [
    # types, ranges, empty, endless
    (PORT, "port = 0", ":11: sip.port: must be at least 1, not 0"),
    (PORT, "port = -5060", ":11: sip.port: must be at least 1, not -5060"),
    (PORT, "port = 65536", ":11: sip.port: must be at most 65535, not 65536"),
    (PORT, "port = 5060.5", ":11: sip.port: must be a whole number, not 5060.5"),
    (PORT, "port = 2026-11-29", ":11: sip.port: must be a whole number, not 2026-11-29"),
    (PORT, "port = true", ":11: sip.port: must be a number, not true"),
    (PORT, "port = [5060]", ":11: sip.port: must be a whole number, not a list"),
    (PORT, "silent_s = nan", ":11: sip.silent_s: must be a number that has an end, not nan"),
    (PORT, "silent_s = inf", ":11: sip.silent_s: must be a number that has an end, not inf"),
    (PORT, "silent_s = false", ":11: sip.silent_s: must be more than 0, not false"),
    (PORT, f"phone_look_s = {10**30}", f":11: sip.phone_look_s: must be at most 60, not {10**30}"),
    (PORT, 'codecs = "alaw"', ':11: sip.codecs: must be a list in square brackets, not "alaw"'),
    (PORT, "codecs = []", ":11: sip.codecs: must not be empty"),
    (PORT, 'codecs = ["G722"]', 'must be "alaw", "ulaw", "opus" or "g722", not "G722" (did you mean "g722"?)'),
    (DUTY, f"{DUTY}\nskills = {{ ict = true }}", ":59: operators[3].skills.ict: must be a number, not true"),
    (DUTY, f"{DUTY}\nskills = {{ ict = 7 }}", ":59: operators[3].skills.ict: must be at most 5, not 7"),
    ('name = "Айгүл"', 'name = ""', ":42: operators[0].name: must not be empty"),
    ('name = "Айгүл"', 'name = "Ай\\nгүл"', ":42: operators[0].name: must be one line of visible text"),
    ('name = "Айгүл"', 'name = "\\u200b"', ":42: operators[0].name: must be one line of visible text"),
    ('number = "101"', "number = 101", ":41: operators[0].number: must be text in quotes, not 101"),
    ('number = "101"', 'number = "１０１"', ':41: operators[0].number: must be 2 to 6 digits, not "１０１"'),
    # references
    (
        'default_group = "state-services"',
        'default_group = "Portal"',
        'no group called "Portal" (did you mean "portal"?)',
    ),
    ('default_language = "kk"', 'default_language = "KK"', 'not "KK" (did you mean "kk"?)'),
    ('default_language = "kk"', 'default_language = "kz"', 'must be "kk", "ru" or "en", not "kz"'),
    ('languages = ["kk", "ru", "en"]', 'languages = ["ru"]', ':6: hotline.default_language: "kk" is not among'),
    (
        CHOICE,
        CHOICE.replace('"portal"', '"portl"'),
        ':35: menu.choices[1].group: no group called "portl" (did you mean',
    ),
    (CHOICE, CHOICE.replace("prompt", "prompd"), ':35: menu.choices[1].prompd: no such key (did you mean "prompt"?)'),
    (CHOICE, CHOICE.replace('"2"', '"1"'), ':35: menu.choices[1].key: key "1" is there already, in menu.choices[0]'),
    (CHOICE, '"portal"', ':35: menu.choices: must be a table, not "portal"'),
    (TRANSFER, f'{TRANSFER}\nhelpers = ["999"]', ':25: groups[1].helpers: no operator has the number "999"'),
    (TRANSFER, f'{TRANSFER}\nhelpers = ["102"]', ':25: groups[1].helpers: operator 102 serves "portal" anyhow'),
    (TRANSFER, 'transfer_number = "101"', ':24: groups[1].transfer_number: "101" is taken by operators[0]'),
    (
        DUTY,
        f"{DUTY}\nskills = {{ itc = 1 }}",
        ':59: operators[3].skills.itc: no group called "itc" (did you mean "ict"?)',
    ),
    # keys that there are not, or elsewhere
    (DUTY, f'{DUTY}\nsecret = "x"', ":59: operators[3].secret: no such key; there are number, name, groups, skills"),
    (
        "[[trunks]]",
        "[hotline.api]\nport = 1\n[[trunks]]",
        "a section is not within another one, write [api] or [[api]]",
    ),
    ("[hotline]", "ring_s = 20.0\n[hotline]", ":3: ring_s: no such key: it belongs into [offers]"),
    ("[sip]", "[s.ip]", ":9: s: no such key; there are hotline, sip, asterisk"),
    ("[sip]", "[spi]", ':9: spi: no such key (did you mean "sip"?)'),
    ("[[trunks]]", "[trunks]", ":13: trunks: must be a list in square brackets, not a table"),
    # network
    (
        'bind = "127.0.0.1"',
        'bind = "fe80::1"',
        ':10: sip.bind: must be an IPv4 address such as 127.0.0.1, not "fe80::1"',
    ),
    ('bind = "127.0.0.1"', 'bind = "localhost"', ":10: sip.bind: must be an IPv4 address such as 127.0.0.1"),
    ('bind = "127.0.0.1"', 'bind = "010.0.0.1"', ":10: sip.bind: must be an IPv4 address such as 127.0.0.1"),
    (PORT, f"{PORT}\ntls_port = 5060", ":12: sip.tls_port: port 5060 is sip.port already"),
    (PORT, f"{PORT}\nrtp_first = 5000", ":11: sip.port: port 5060 is in the range of voice, 5000 to 19999"),
    (PORT, f"{PORT}\nrtp_last = 9999", ":9: sip.rtp_first: must be below sip.rtp_last, which is 9999"),
    (PORT, f'{PORT}\nlocal_networks = ["10.0.0.0/33"]', ":12: sip.local_networks: must be a network such as"),
    (TRUNK, "addresses = []", ":15: trunks[0].addresses: must not be empty"),
    (TRUNK, "addresses = [5]", ":15: trunks[0].addresses: must be text in quotes, not 5"),
    (
        TRUNK,
        'addresses = ["carrier.kz"]',
        ":15: trunks[0].addresses: must be an address or a network such as 192.0.2.0/28",
    ),
    (TRUNK, 'addresses = ["10.0.0.5/24"]', "is an address inside a network: write 10.0.0.0/24, or the address alone"),
    (TRUNK, 'addresses = ["10.0.0.0/33"]', "must be an address or a network such as 192.0.2.0/28"),
    (TRUNK, 'addresses = ["0.0.0.0/0"]', ':15: trunks[0].addresses: "0.0.0.0/0" is every address there is'),
    (TRUNK, 'addresses = ["10.1.0.0/16", "10.0.0.0/8"]', '"10.0.0.0/8" contains "10.1.0.0/16": leave one of them out'),
    (
        TRUNK,
        'addresses = ["10.0.0.0/8", "10.1.0.0/16"]',
        '"10.1.0.0/16" is part of "10.0.0.0/8": leave one of them out',
    ),
    (TRUNK, 'addresses = ["::1"]', ':15: trunks[0].addresses: "::1" can never call: Asterisk listens on IPv4 alone'),
]
BELOW = [
    (
        "trunks]]\nname = 'b'\naddresses = ['127.0.0.0/24'",
        ':62: trunks[1].addresses: "127.0.0.0/24" contains "127.0.0.1"',
    ),
    ("api]\nport = 5060", ":61: api.port: port 5060 is sip.port already"),
    ("callback]\ntrunk = 'carrierr'", ':61: callback.trunk: no trunk called "carrierr" (did you mean "carrier"?)'),
    ("callback]\noutbound = 'sip:192.0.2.1'", ":61: callback.outbound: must be a host, or a host and a port"),
    ("callback]\noutbound = '192.0.2.300'", ':61: callback.outbound: "192.0.2.300" is no IPv4 address and no name'),
    ("callback]\noutbound = '192.0.2.1:99999'", ":61: callback.outbound: there is no port 99999: 1 to 65535"),
    ("callback]\nfrom_hour = 24", ":61: callback.from_hour: must be at most 23, not 24"),
    ("routing]\npolicy = 'longest-wait'", '"queue_ratio", not "longest-wait" (did you mean "longest_wait"?)'),
    ("routing]\nsteps = [{ level = 0 }]", ":61: routing.steps[0].level: must be at least 1, not 0"),
    ("routing]\nsteps = [{ after = 0 }]", ':61: routing.steps[0].after: no such key (did you mean "after_s"?)'),
    ("offers]\nbackoff_last_s = 1e300", ":61: offers.backoff_last_s: must be at most 86400, not 1e+300"),
    ("offers]\npause_reasons = { 10 = 'x' }", ':61: offers.pause_reasons.10: must be one digit, not "10"'),
    ("waiting]\nannounce_every_s = '30s'", ':61: waiting.announce_every_s: must be a number, not "30s"'),
    ("storage]\nretention_days = 99999999999", ":61: storage.retention_days: must be at most 36525, not 99999999999"),
    (
        "storage]\ndatabase_url = 'postgres://h/d'",
        'must begin with sqlite:// or postgresql:// (did you mean "postgresql://"?)',
    ),
    ("storage]\ndatabase_url = 'mysql://u:secret@h/d'", ":61: storage.database_url: must begin with sqlite:// or"),
    ("storage]\ndatabase_url = 'postgresql://u:p@h:port/d'", ":61: storage.database_url: has a port that is no number"),
    (
        "storage]\ndatabase_url = 'postgresql://u:p@h:99999/d'",
        ":61: storage.database_url: has a port that is no number",
    ),
    ("storage]\nstate_dir = ''", ":61: storage.state_dir: must not be empty: leave the key out, or name a path"),
    ("storage]\nstate_dir = '~/var'", ':61: storage.state_dir: "~/var" is taken as it is written, no shell reads it'),
    ("recordings]\nkeys_file = '~/k'", ':61: recordings.keys_file: "~/k" is taken as it is written'),
    ("recordings]\nkeys_file = 'archive/k'", ':61: recordings.keys_file: must lie outside the archive "archive"'),
    ("storage]\narchive_dir = 'keys'", "whose recordings it opens (storage.archive_dir, line 61)"),
    ("recordings]\nstore = 'records'", ':61: recordings.store: must be "s3://bucket/prefix", or empty'),
    ("recordings]\nstore_region = ''", ":61: recordings.store_region: must not be empty"),
    (
        'alarms]\ncommand = "wake \'me"',
        ":61: alarms.command: must be a command as a shell takes it: a quotation mark is",
    ),
    ("alarms]\ncommand = '  '", ":61: alarms.command: must be a command, or empty"),
    ("alarms]\nmail_to = 'duty'", ':61: alarms.mail_to: must be empty, or one address: `duty@example.kz`, not "duty"'),
    ("asterisk]\nuser = 'no such'", ":61: asterisk.user: must be empty, or up to 32 small Latin letters"),
    (
        "people]]\nname = 'A'\nroles = ['Clerk']\naccounts = ['a']",
        f':62: people[0].roles: {ROLE}"Clerk" (did you mean "clerk"?)',
    ),
    ("people]]\nname = 'A'\nrole = ['clerk']", ':62: people[0].role: no such key (did you mean "roles"?)'),
    ("people]]\nname = 'A'\nroles = []", ":62: people[0].roles: must not be empty"),
    (
        "people]]\nname = 'A'\nroles = ['clerk']\naccounts = ['A B']",
        ":63: people[0].accounts: must be up to 32 small Latin",
    ),
    ("people]\nname = 'A'", ":60: people: must be a list in square brackets, not a table"),
]
ZONES = [("Almaty", ' (did you mean "Asia/Almaty"?)'), ("asia/almaty", ' (did you mean "Asia/Almaty"?)'),
         ("+05:00", ": write a name such as Asia/Almaty"), ("UTC+5", ": write a name such as Asia/Almaty"),
         ("", ": write a name such as Asia/Almaty")]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "said"), IN_PLACE, ids=[new[:40] for _, new, _ in IN_PLACE])
def test_a_mistake_is_told_once_where_it_stands(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert old in SHIPPED
    found = [one for one in told(tmp_path, SHIPPED.replace(old, new, 1)) if said in one]
    assert len(found) == 1


@pytest.mark.parametrize(("more", "said"), BELOW, ids=[more[:40].replace("\n", " ") for more, _ in BELOW])
def test_a_mistake_in_a_section_is_told_once(tmp_path: Path, more: str, said: str) -> None:
    opened = "[[" if "]]" in more.splitlines()[0] else "["
    closed = "]" if more.endswith("/24'") else ""
    found = told(tmp_path, f"{SHIPPED}\n{opened}{more}{closed}\n")
    assert len(found) == 1
    assert said in found[0]


@pytest.mark.parametrize(("zone", "instead"), ZONES)
def test_a_time_zone_has_a_name(tmp_path: Path, zone: str, instead: str) -> None:
    text = SHIPPED.replace("default_group", f'time_zone = "{zone}"\ndefault_group', 1)
    assert told(tmp_path, text) == [f':7: hotline.time_zone: no time zone called "{zone}"{instead}']


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("SIP__PORT", "5o60", 'BAILANYS_SIP__PORT: must be a whole number, not "5o60"'),
        ("SIP__PORT", "9" * 5000, f'BAILANYS_SIP__PORT: must be a whole number, not "{"9" * 40}…"'),
        ("SIP__PROT", "1", 'BAILANYS_SIP__PROT: no such key (did you mean "port"?)'),
        ("SPI__PORT", "1", 'BAILANYS_SPI__PORT: no such key (did you mean "sip"?)'),
        ("SIP_PORT", "5070", "BAILANYS_SIP_PORT: is no setting: write BAILANYS_SIP__PORT, with two underscores"),
        (
            "STORAGE_STATE_DIR",
            "/x",
            "BAILANYS_STORAGE_STATE_DIR: is no setting: write BAILANYS_STORAGE__STATE_DIR, with",
        ),
        ("SIP__PORT__X", "1", "BAILANYS_SIP__PORT__X: must be a whole number, not a table"),
        ("OPERATORS__0__NAME", "x", "BAILANYS_OPERATORS__0__NAME: must be a list in square brackets, not a table"),
        ("HOTLINE__LANGUAGES", "kk,ru", 'BAILANYS_HOTLINE__LANGUAGES: must be a list in square brackets, not "kk,ru"'),
        ("OFFERS__RING_S", "nan", 'BAILANYS_OFFERS__RING_S: must be a number that has an end, not "nan"'),
        ("API__ENABLED", "maybe", 'BAILANYS_API__ENABLED: must be true or false, not "maybe"'),
        ("CALLBACK__TRUNK", "x", 'BAILANYS_CALLBACK__TRUNK: no trunk called "x"'),
        ("MENU__CHOICES", "[" * 50000, "BAILANYS_MENU__CHOICES: must be a list in square brackets, not"),
        ("STORAGE__STATE_DIR", "", "BAILANYS_STORAGE__STATE_DIR: must not be empty"),
        ("ALARMS__COMMAND", "a\udcffb", "BAILANYS_ALARMS__COMMAND: must be text in quotes"),
    ],
)
def test_a_mistake_in_the_environment_is_told_by_the_variable(tmp_path: Path, name: str, value: str, said: str) -> None:
    (found,) = told(tmp_path, SHIPPED, {f"BAILANYS_{name}": value})
    assert found.startswith(f"environment: {said}")


def test_what_an_alarm_hands_on_is_no_setting(tmp_path: Path) -> None:
    assert told(tmp_path, SHIPPED, {"BAILANYS_ALARM_KIND": "api", "BAILANYS_CONFIG": "x"}) == []


def test_of_a_table_in_a_variable_the_key_is_told(tmp_path: Path) -> None:
    found = told(tmp_path, SHIPPED, {"BAILANYS_OPERATORS": '[{"number": "101", "groups": ["ict"]}]'})
    assert "environment: BAILANYS_OPERATORS: operators[0].name: must be given" in found
