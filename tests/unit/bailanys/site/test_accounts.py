"""One operator's SIP password: in the secrets and in Asterisk's own file, and nothing else is touched."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bailanys.site.accounts import UnknownAccountError, must_be_operators, password_of, renewed, taken
from bailanys.site.secrets import rendered_secrets, site_secrets
from config.load import load
from config.places import places_of
from telephony.embedded import AsteriskInstall

SETTINGS = load(Path("config/hotline.toml"), {})
PJSIP = """[op101]
type = auth
auth_type = userpass
username = op101
password = old101

[op1011]
type = auth
username = op1011
password = old1011
"""


def test_a_renewed_password_is_in_the_secrets_and_in_asterisks_file_and_no_other_changes(tmp_path: Path) -> None:
    places = places_of(SETTINGS, tmp_path)
    places.etc.mkdir(parents=True)
    before = site_secrets(places.state, ("101", "102", "103", "104"))
    (places.etc / "pjsip.conf").write_text(PJSIP)
    made = renewed(SETTINGS, places, "101")
    assert made not in before.operators.values()
    assert password_of(SETTINGS, places, "101") == made
    kept = json.loads((places.state / "secrets.json").read_text())
    assert kept == {"ami": before.ami, "operators": {**before.operators, "101": made}}
    assert (places.etc / "pjsip.conf").read_text() == PJSIP.replace("old101\n", f"{made}\n")
    assert rendered_secrets(places.state).operators == {"101": made, "1011": "old1011"}


async def test_before_the_first_start_there_is_nothing_to_reload(tmp_path: Path) -> None:
    places = places_of(SETTINGS, tmp_path)
    places.state.mkdir()
    made = renewed(SETTINGS, places, "101")
    assert password_of(SETTINGS, places, "101") == made
    nowhere = AsteriskInstall("host", (22,), (), tmp_path, tmp_path)
    assert not await taken(nowhere, places, "101", made)


def test_a_number_of_nobody_is_told_with_those_there_are() -> None:
    must_be_operators(SETTINGS, "104")
    with pytest.raises(UnknownAccountError, match="no operator has the number 999; there are 101, 102, 103, 104"):
        must_be_operators(SETTINGS, "999")
