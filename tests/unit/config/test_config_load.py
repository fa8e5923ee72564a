from collections.abc import Callable
from pathlib import Path

import pytest

from config.load import load
from config.problems import ConfigError

SHIPPED = Path("config/hotline.toml")
Broken = Callable[..., list[str]]


@pytest.fixture
def broken(tmp_path: Path) -> Broken:
    """Problems of the shipped centre with some text replaced, as printed, without the folder."""

    def problems(*changes: tuple[str, str], env: dict[str, str] | None = None) -> list[str]:
        text = SHIPPED.read_text()
        for old, new in changes:
            assert old in text
            text = text.replace(old, new, 1)
        file = tmp_path / "hotline.toml"
        file.write_text(text)
        with pytest.raises(ConfigError) as raised:
            load(file, env or {})
        return [str(problem).replace(f"{tmp_path}/", "") for problem in raised.value.problems]

    return problems


def line_of(text: str) -> int:
    return SHIPPED.read_text().split(text)[0].count("\n") + 1


def test_the_shipped_centre_is_correct() -> None:
    settings = load(SHIPPED, {})
    assert settings.hotline.numbers == ("1414", "88000807777", "78000807777", "+78000807777")
    assert [operator.number for operator in settings.operators] == ["101", "102", "103", "104"]


def test_a_misspelt_group_is_told_with_its_line_and_what_was_meant(broken: Broken) -> None:
    line = line_of('groups = ["state-services", "portal"]')
    assert broken(('["state-services", "portal"]', '["state-services", "portl"]')) == [
        f'hotline.toml:{line}: operators[2].groups: no group called "portl" (did you mean "portal"?)'
    ]


def test_everything_wrong_is_told_at_once_in_the_order_of_the_file(broken: Broken) -> None:
    said = broken(
        ("port = 5060", 'port = "many"\nprot = 5070'),
        ('default_group = "state-services"', 'default_group = "state"'),
        ('key = "2", group = "portal"', 'key = "1", group = "portal"'),
        ('number = "102"', 'number = "101"'),
        ('name = "Елена"\n', ""),
    )
    assert [problem.split(": ", 1)[1] for problem in said] == [
        'hotline.default_group: no group called "state"',
        'sip.port: must be a whole number, not "many"',
        'sip.prot: no such key (did you mean "port"?)',
        'menu.choices[1].key: key "1" is there already, in menu.choices[0]',
        'operators[1].number: operator "101" is there already, in operators[0]',
        "operators[2].name: must be given",
    ]


def test_a_misspelt_key_is_told_once_not_as_missing_too(broken: Broken) -> None:
    assert broken(('transfer_number = "61"', 'transfer_numbr = "61"')) == [
        f"hotline.toml:{line_of('transfer_number')}: groups[0].transfer_numbr: "
        'no such key (did you mean "transfer_number"?)'
    ]


def test_a_misspelt_section(broken: Broken) -> None:
    assert broken(("[sip]", "[spi]")) == [f'hotline.toml:{line_of("[sip]")}: spi: no such key (did you mean "sip"?)']


def test_text_that_is_no_toml_is_told_with_its_line(broken: Broken) -> None:
    line = line_of("port = 5060")
    assert broken(("port = 5060", "port = ")) == [
        f"hotline.toml:{line}: not correct TOML: "
        'a value is missing: a number, "text", true, false, or a list in [ ] after port ='
    ]


def test_a_list_that_never_ends(broken: Broken) -> None:
    (said,) = broken(('groups = ["ict", "portal"]', 'groups = ["ict", "portal"'))
    assert (
        said.startswith("hotline.toml:") and "not correct TOML: the list that begins here has no ] at its end" in said
    )


def test_two_names_that_nobody_can_tell_apart_are_told_in_one_line_with_the_lines_of_both(broken: Broken) -> None:
    person = 'roles = ["auditor", "approver"]\naccounts = ["{}"]\n'
    people = f'[[people]]\nname = "Алия"\n{person.format("a")}[[people]]\nname = "Aлия"\n{person.format("b")}[sip]\n'
    first = line_of("[sip]\n") + 1
    assert [said for said in broken(("[sip]\n", people)) if "told from" in said] == [
        f'hotline.toml:{first + 4}: people[1].name: "Aлия" cannot be told from "Алия": is it one person? '
        f"(people[0].name, line {first})"
    ]


def test_of_names_from_the_environment_the_variable_is_told(broken: Broken) -> None:
    people = '[{"name": "Ким", "roles": ["clerk"]}, {"name": "КИМ", "roles": ["clerk"]}]'
    (said,) = (one for one in broken(env={"BAILANYS_PEOPLE": people}) if "told from" in one)
    assert said == (
        'environment: BAILANYS_PEOPLE: people[1].name: "КИМ" cannot be told from "Ким": is it one person? '
        "(people[0].name)"
    )


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as raised:
        load(tmp_path / "none.toml", {})
    assert str(raised.value) == f"{tmp_path}/none.toml: there is no such file"


def test_a_file_that_is_not_text(tmp_path: Path) -> None:
    (tmp_path / "hotline.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="is not UTF-8 text"):
        load(tmp_path / "hotline.toml", {})


def test_a_folder_in_place_of_the_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read: Is a directory"):
        load(tmp_path, {})


def test_an_empty_file_says_what_must_be_given(tmp_path: Path) -> None:
    (tmp_path / "hotline.toml").write_text("")
    with pytest.raises(ConfigError) as raised:
        load(tmp_path / "hotline.toml", {})
    keys = {problem.key for problem in raised.value.problems}
    assert keys == {"hotline", "trunks", "groups", "menu", "operators"}


def test_the_environment_wins_over_the_file() -> None:
    env = {
        "BAILANYS_SIP__PORT": "5070",
        "BAILANYS_HOTLINE__LANGUAGES": '["kk", "ru"]',
        "BAILANYS_STORAGE__STATE_DIR": "/var/lib/bailanys",
        "BAILANYS_CONFIG": "other.toml",
        "HOME": "/root",
    }
    settings = load(SHIPPED, env)
    assert settings.sip.port == 5070
    assert settings.hotline.languages == ("kk", "ru")
    assert settings.storage.state_dir == Path("/var/lib/bailanys")


def test_a_wrong_variable_is_told_by_its_name(broken: Broken) -> None:
    env = {"BAILANYS_SIP__PORT": "0", "BAILANYS_SIP__PROT": "1", "BAILANYS_HOTLINE__LANGUAGES": "[kk"}
    assert broken(env=env) == [
        'environment: BAILANYS_HOTLINE__LANGUAGES: must be a list in square brackets, not "[kk"',
        'environment: BAILANYS_SIP__PORT: must be at least 1, not "0"',
        'environment: BAILANYS_SIP__PROT: no such key (did you mean "port"?)',
    ]


def test_a_file_from_a_windows_editor(tmp_path: Path) -> None:
    text = SHIPPED.read_text(encoding="utf-8").replace("\n", "\r\n")
    (tmp_path / "hotline.toml").write_bytes(b"\xef\xbb\xbf" + text.encode())
    assert load(tmp_path / "hotline.toml", {}) == load(SHIPPED, {})
