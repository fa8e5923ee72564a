import json
import tomllib

from hypothesis import given
from hypothesis import strategies as st

from config.lines import key_lines

CENTRE = '''\
# the centre
[hotline]            # line 2
numbers = [
  "1414",
  "8800 # no comment, ] no end",
]
name.title = "x"

[[operators]]
number = "101"
"quoted.key" = 'a]b'
[operators.phone]
port = 4.5

[[operators]]
number = """
10
2"""
groups = [
  { name = "a", key = "1" },
  { name = "b",
    key = "2" }, [1, 2],
]
'''


def test_every_key_is_found_on_its_line() -> None:
    CENTRE_TOML = CENTRE.replace('{ name = "b",\n    key', '\n  { name = "b", key')
    lines = key_lines(CENTRE_TOML)
    assert lines["hotline",] == 2
    assert lines["hotline", "numbers"] == 3
    assert lines["hotline", "numbers", 0] == 4
    assert lines["hotline", "numbers", 1] == 5
    assert lines["hotline", "name", "title"] == 7
    assert lines["operators",] == 9
    assert lines["operators", 0] == 9
    assert lines["operators", 0, "quoted.key"] == 11
    assert lines["operators", 0, "phone"] == 12
    assert lines["operators", 0, "phone", "port"] == 13
    assert lines["operators", 1] == 15
    assert lines["operators", 1, "number"] == 16
    assert lines["operators", 1, "groups"] == 19
    assert lines["operators", 1, "groups", 0, "key"] == 20
    assert lines["operators", 1, "groups", 1, "key"] == 22
    assert lines["operators", 1, "groups", 2, 1] == 22


def test_an_empty_file_has_no_keys() -> None:
    assert key_lines("") == {}
    assert key_lines("# nothing\n\n") == {}


def written(document: dict[str, object], indent: str = "") -> tuple[str, dict[tuple[str | int, ...], int]]:
    """Write a document with one list item a line, and say on which line each key went."""
    text = ""
    lines: dict[tuple[str | int, ...], int] = {}
    for key, value in document.items():
        lines[key,] = text.count("\n") + 1
        if isinstance(value, list):
            text += f"{json.dumps(key)} = [ # ] not yet\n"
            for index, item in enumerate(value):
                lines[key, index] = text.count("\n") + 1
                text += f"{indent}{json.dumps(item)}, # {item!r}\n"
            text += "]\n"
        else:
            text += f"{json.dumps(key)}={json.dumps(value)}\n"
    return text, lines


PLAIN = st.integers(-9, 9) | st.booleans() | st.text("ab\"'\\[]{}=,.#é ", max_size=6) | st.floats(-9, 9)


@given(st.dictionaries(st.text("ab.\"'# =[]", max_size=4), PLAIN | st.lists(PLAIN, max_size=3), max_size=5))
def test_whatever_stands_in_the_texts_the_lines_are_right(document: dict[str, object]) -> None:
    text, lines = written(document)
    assert set(tomllib.loads(text)) == set(document)
    assert key_lines(text) == lines
