"""What can be loaded and cannot work: the shipped centre with one thing changed."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.load import load
from config.problems import ConfigError
from config.source import read
from config.workable import unworkable

SHIPPED = Path("config/hotline.toml")
PEOPLE = """
[[people]]
name = "Clerk"
roles = ["clerk"]
accounts = ["clerk"]

[[people]]
name = "Auditor"
roles = ["auditor"]
tokens = ["auditor"]
"""
APPROVER = '\n[[people]]\nname = "Approver"\nroles = ["approver"]\naccounts = ["boss"]\n'


def said(tmp_path: Path, more: str = "", **over: str) -> list[str]:
    file = tmp_path / "hotline.toml"
    file.write_text(SHIPPED.read_text() + more)
    env = {f"BAILANYS_{key.upper()}": value for key, value in over.items()}
    settings, source = load(file, env), read(file, env)
    return [problem.message for problem in source.problems(unworkable(settings.model_dump(mode="json")))]


def test_the_shipped_centre_works(tmp_path: Path) -> None:
    assert said(tmp_path) == []
    assert said(tmp_path, PEOPLE + APPROVER) == []


def test_every_operator_can_talk_while_as_many_wait(tmp_path: Path) -> None:
    (told,) = said(tmp_path, sip__rtp_first="10000", sip__rtp_last="10003")
    assert told.startswith("4 operators need 24 ports of voice, 4 for each talk")
    assert told.endswith("10000 to 10003 are 4")
    assert said(tmp_path, sip__rtp_first="10000", sip__rtp_last="10023") == []


@pytest.mark.parametrize(
    ("over", "words"),
    [
        ({"sip__external_address": "203.0.113.5"}, "no other machine reaches 127.0.0.1, where Asterisk listens"),
        ({"sip__external_address": "127.0.0.1", "sip__bind": "0.0.0.0"}, "nobody outside can reach 127.0.0.1"),
        ({"sip__external_address": "0.0.0.0", "sip__bind": "0.0.0.0"}, "nobody outside can reach 0.0.0.0"),
        ({"sip__bind": "224.0.0.1"}, "224.0.0.1 is no address of a machine"),
        ({"sip__tls_certificate": "/etc/ssl/hotline.pem"}, "is of no use without sip.tls_port"),
        ({"callback__outbound": "192.0.2.1:99999"}, "there is no port 99999"),
        ({"callback__outbound": "127.0.0.1:5060"}, "is the hotline itself"),
        ({"callback__outbound": "127.0.0.1"}, "is the hotline itself"),
        ({"storage__database_url": "sqlite:///:memory:"}, "a database in memory"),
        ({"storage__database_url": "sqlite:///ledger.db"}, "write an absolute path"),
        ({"storage__archive_dir": "spool"}, "give recordings a folder of their own"),
        ({"storage__archive_dir": "archive/../log/x"}, "give recordings a folder of their own"),
    ],
)
def test_what_cannot_work_is_said(tmp_path: Path, over: dict[str, str], words: str) -> None:
    (told,) = said(tmp_path, **over)
    assert words in told


@pytest.mark.parametrize(
    "over",
    [
        {"sip__external_address": "203.0.113.5", "sip__bind": "0.0.0.0"},
        {"sip__tls_certificate": "/etc/ssl/hotline.pem", "sip__tls_port": "5061"},
        {"callback__outbound": "192.0.2.1:5060"},
        {"callback__outbound": "127.0.0.1:5070"},
        {"storage__database_url": "sqlite:////srv/ledger.db"},
        {"storage__archive_dir": "/srv/archive"},
        {"storage__archive_dir": "recordings/all"},
    ],
)
def test_what_works_is_let_alone(tmp_path: Path, over: dict[str, str]) -> None:
    assert said(tmp_path, **over) == []


def test_a_demand_must_come_to_its_end(tmp_path: Path) -> None:
    assert said(tmp_path, PEOPLE) == ['nobody has the role "approver": no demand could be approved (rule 14)']
    unreachable = APPROVER.replace('accounts = ["boss"]\n', "")
    assert said(tmp_path, PEOPLE + unreachable) == [
        'nobody has the role "approver": no demand could be approved (rule 14)',
        "Approver has neither accounts nor tokens: nobody can work under that name",
    ]
    alone = PEOPLE.replace('["auditor"]\ntokens', '["auditor", "approver"]\ntokens')
    assert said(tmp_path, alone) == ["nobody but Auditor may select or approve: nobody approves their own selection"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('a = "x\nb = 1\n', ":1: not correct TOML: a quotation mark is missing at the end of the text"),
        ("[ports]\nami = 1\n\n[ports]\n", ":4: not correct TOML: the table [ports] is there already, in line 1"),
        ("[ports]\nami = 1\nami = 2\n", ":3: not correct TOML: the key ami is there already in this table"),
        ("[hotline]\ndefault_group = 'a'\n", ": operators: must be given: [[operators]] with number = "),
    ],
)
def test_slips_are_told_in_words(tmp_path: Path, text: str, words: str) -> None:
    file = tmp_path / "hotline.toml"
    file.write_text(text)
    with pytest.raises(ConfigError) as told:
        load(file, {})
    assert any(str(problem).startswith(f"{file}{words}") for problem in told.value.problems)
