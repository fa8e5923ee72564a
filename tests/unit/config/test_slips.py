"""Slips in writing the file: the shipped centre with one text replaced, and what is told, in which line."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.load import load
from config.problems import ConfigError

SHIPPED = Path("config/hotline.toml").read_text()
PORT, BIND, GROUPS = "port = 5060", 'bind = "127.0.0.1"', 'groups = ["ict", "portal"]'


def told(tmp_path: Path, content: bytes) -> list[str]:
    file = tmp_path / "hotline.toml"
    file.write_bytes(content)
    with pytest.raises(ConfigError) as raised:
        load(file, {})
    return [str(problem).removeprefix(f"{file}") for problem in raised.value.problems]


SLIPS = [
    # quotation marks
    (BIND, 'bind = "127.0.0.1', 10, "a quotation mark is missing at the end of the text"),
    (BIND, "bind = '127.0.0.1", 10, "a quotation mark is missing at the end of the text"),
    (BIND, 'bind = """127.0.0.1', 10, '""" begins a text of several lines, and no """ ends it'),
    (BIND, "bind = “127.0.0.1”", 10, 'text stands in straight quotation marks: bind = "127.0.0.1"'),
    (BIND, "bind = «127.0.0.1»", 10, 'text stands in straight quotation marks: bind = "127.0.0.1"'),
    (BIND, "bind = 127.0.0.1", 10, 'text stands in quotation marks: bind = "127.0.0.1"'),
    ('default_group = "state-services"', "default_group = portal", 7, 'quotation marks: default_group = "portal"'),
    (BIND, f'{BIND}\ntls_key = "C:\\studio"', 11, "a backslash in double quotation marks means more than itself"),
    (BIND, f'{BIND}\ntls_key = "a\\qb"', 11, "a backslash in double quotation marks means more than itself"),
    # brackets and commas
    (GROUPS, GROUPS[:-1], 58, "the list that begins here has no ] at its end"),
    ('groups = ["portal"]', 'groups = ["portal"', 48, "the list that begins here has no ] at its end"),
    (GROUPS, 'groups = ["ict" "portal"]', 58, 'a comma is missing in the list before "portal"'),
    ('prompt = "menu-portal" },', 'prompt = "menu-portal" }', 36, "a comma is missing in the list before {"),
    ('group = "portal", prompt', 'group = "portal" prompt', 35, "a comma is missing in the table before prompt"),
    ('group = "portal", prompt = "menu-portal"', 'group = "portal", ', 35, "no comma stands before the }"),
    (
        'prompt = "menu-portal" },',
        'prompt = "menu-portal",',
        35,
        "a table in { } stands in one line, with a } at its end",
    ),
    ('{ key = "2", ', '{ key = "2",\n', 35, "a table in { } stands in one line, with a } at its end"),
    ("[sip]", "[sip", 9, "a table's name stands between [ and ], alone in its line: [sip]"),
    ("[sip]", "[]", 9, "a table has a name: [hotline]"),
    ("[[trunks]]", "[[trunks]", 13, "stands between [[ and ]], alone in its line: [[trunks]]"),
    ("[sip]", "[sip] port = 5060", 9, "stands between [ and ], alone in its line: [sip]"),
    (PORT, f"{PORT},", 11, "nothing stands behind the value of port but a comment"),
    (PORT, f"{PORT};", 11, "nothing stands behind the value of port but a comment"),
    (PORT, f"{PORT} // SIP", 11, "nothing stands behind the value of port but a comment, which begins with #"),
    (BIND, f"{BIND} port = 5060", 10, "nothing stands behind the value of bind but a comment"),
    # twice
    ("[sip]", "[sip]\n[sip]", 10, "the table [sip] is there already, in line 9: put both together"),
    (PORT, f"{PORT}\n{PORT}", 12, "the key port is there already in this table, in line 11"),
    (PORT, f"{PORT}\nport.a = 1", 12, "the key port.a is there already in this table"),
    (PORT, f"{PORT}\n[sip.port]\na = 1", 12, "port has a value already, in line 11: [sip.port] cannot be a table"),
    ("[menu]", "[groups]\n[menu]", 32, "a list of [[groups]] already, in line 27: write [[groups]] here, too"),
    ("[menu]", "[groups.title]\n[menu]", 32, "title has a value already, in line 30: [groups.title] cannot be a table"),
    ("choices = [", "choices = []\nchoices = [", 39, "the key choices is there already in this table, in line 33"),
    # the equals sign
    (PORT, "my port = 5060", 11, "my port is no key: one word of Latin letters, digits, _ and -"),
    ('kk = "Мемлекеттік қызметтер"', '= "x"', 20, "a key is missing in the table before ="),
    (GROUPS, f"{GROUPS}]", 58, "nothing stands behind the value of groups but a comment"),
    (PORT, "port 5060", 11, "between a key and its value stands =: port = 5060"),
    (PORT, "port: 5060", 11, "between a key and its value stands =: port = 5060"),
    (PORT, "port == 5060", 11, "one = stands between a key and its value: port = 5060"),
    (PORT, "port := 5060", 11, "between a key and its value stands =: port"),
    (PORT, "port =", 11, 'a value is missing: a number, "text", true, false, or a list in [ ] after port ='),
    (PORT, "port", 11, "a line is a [table], key = value, or a comment that begins with #"),
    (PORT, "= 5060", 11, "a key stands before the ="),
    # words that other languages have
    (PORT, "tones = True", 11, "write true, in small letters and without marks"),
    (PORT, "tones = FALSE", 11, "write false, in small letters and without marks"),
    (PORT, "tones = yes", 11, "write true, in small letters and without marks"),
    (PORT, "tones = off  # not now", 11, "write false, in small letters and without marks"),
    (PORT, "port = null", 11, "there is no null: leave the key port out"),
    (PORT, "port = None", 11, "there is no None: leave the key port out"),
    # numbers
    (PORT, "port = 05060", 11, "no 0 before them, with a point for a part: 5060"),
    (PORT, "port = 5,060", 11, "a number is written in digits alone, no 0 before them, with a point for a part: 5060"),
    (PORT, "port = 5 060", 11, "a number is written in digits alone, no 0 before them, with a point for a part: 5060"),
    (PORT, "silent_s = 2,5", 11, "with a point for a part: 2.5"),
    (PORT, "silent_s = −5", 11, "with a point for a part: -5"),
    (PORT, f"port = {'9' * 5000}", 11, "a number of so many digits is no number of anything"),
    # letters and signs
    (PORT, "pоrt = 5060", 11, '"pоrt" has "о" in it, which is no Latin letter (Cyrillic Small) (did you mean "port"?)'),
    ("[sip]", "[ѕір]", 9, '"ѕір" has "ѕ" in it, which is no Latin letter (Cyrillic Small) (did you mean "sip"?)'),
    ("[[trunks]]", "[[тrunks]]", 13, 'which is no Latin letter (Cyrillic Small) (did you mean "trunks"?)'),
    (PORT, '"pоrt" = 5060', 11, 'sip.pоrt: no such key (did you mean "port"?)'),
    (PORT, "port\u00a0=\u00a05060", 11, "there is a blank that is no usual one (U+00A0): remove it"),
    (PORT, "\u00a0port = 5060", 11, "there is a blank that is no usual one (U+00A0): remove it"),
    (PORT, "\u200bport = 5060", 11, "there is a sign that nobody sees (U+200B): remove it"),
    (BIND, 'bind = "127.0.0.1\x01"', 10, "there is a sign that nobody sees ('\\x01'): remove it"),
    # what is no TOML
    (PORT, f"<<<<<<< HEAD\n{PORT}", 11, "a mark of two versions that were not put together"),
    (PORT, f"; SIP\n{PORT}", 11, "a comment begins with #"),
    (PORT, f"// SIP\n{PORT}", 11, "a comment begins with #"),
]


@pytest.mark.parametrize(("old", "new", "line", "words"), SLIPS, ids=[f"{new[:30]!r}" for _, new, _, _ in SLIPS])
def test_a_slip_is_told_with_its_line_and_what_to_write(
    tmp_path: Path, old: str, new: str, line: int, words: str
) -> None:
    assert old in SHIPPED
    (said,) = told(tmp_path, SHIPPED.replace(old, new, 1).encode())
    assert said.startswith(f":{line}: ")
    assert words in said


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (SHIPPED.encode("utf-16"), ": is not UTF-8 text, but UTF-16: save it as UTF-8"),
        (SHIPPED.encode("utf-16-be"), ": is not UTF-8 text, but UTF-16: save it as UTF-8"),
        (b'[hotline]\ndefault_group = "\xef\xee\xf0\xf2"\n', ":2: is not UTF-8 text: save it as UTF-8"),
        (b"a = " + b"[" * 5000, ": has too many brackets within each other"),
        (b'{"hotline": {}}', ':1: not correct TOML: this looks like JSON: write [section], and below it key = "value"'),
        (b"hotline:\n  port: 1\n", ":1: not correct TOML: between a key and its value stands =: hotline = …"),
    ],
    ids=["utf-16", "utf-16 without a mark", "windows-1251", "brackets", "json", "yaml"],
)
def test_a_file_of_another_kind_is_told(tmp_path: Path, content: bytes, said: str) -> None:
    assert told(tmp_path, content) == [said]


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbf" + SHIPPED.replace("\n", "\r\n").encode(),
        SHIPPED.replace("\n", "\r").encode(),
        SHIPPED.replace(PORT, "\tport\t=\t5060").encode(),
        SHIPPED.replace(PORT, "port = 0x13C4").encode(),
    ],
    ids=["byte mark and CRLF", "CR alone", "tabs", "hexadecimal"],
)
def test_what_is_no_slip_is_taken(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "hotline.toml").write_bytes(content)
    assert load(tmp_path / "hotline.toml", {}).sip.port == 5060


def test_a_file_of_nearly_this_name_is_offered(tmp_path: Path) -> None:
    (tmp_path / "hotline.toml").touch()
    with pytest.raises(ConfigError) as raised:
        load(tmp_path / "hotlin.toml", {})
    assert str(raised.value) == f'{tmp_path}/hotlin.toml: there is no such file (did you mean "hotline.toml"?)'


SIGNS = [*"\"'[]{}=,.\n#\\\t\u00a0о-\x00", '"""', "[[x]]\n"]


@given(st.integers(0, len(SHIPPED) - 1), st.integers(0, 4), st.sampled_from(["", *SIGNS]))
def test_whatever_is_cut_out_or_put_in_is_told_in_lines_and_never_a_traceback(at: int, cut: int, put_in: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "hotline.toml"
        file.write_text(SHIPPED[:at] + put_in + SHIPPED[at + cut :])
        try:
            load(file, {})
        except ConfigError as error:
            for problem in error.problems:
                assert str(problem).startswith(str(file)) and str(problem).isprintable()
                assert problem.line is not None or "must be given" in problem.message
