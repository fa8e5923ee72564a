"""The journal's lines: what is written is read back, and nothing that stands in a line raises."""

from __future__ import annotations

import csv
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calls.journal import Entry, Fact
from calls.journal_fields import LARGEST_SEQ, Fields, whole
from calls.journal_lines import decoded, format_fields, format_hangup, format_line, instant_ms, is_lost, parse_line

ENTRY = Entry("USER_DEFINED", 1764000000123, "PJSIP/carrier-00000001", "hl1-1764000000.1", "hl1-1764000000.1", "queued")


def csv_line(*columns: str) -> str:
    line = io.StringIO()
    csv.writer(line, quoting=csv.QUOTE_ALL, lineterminator="\n").writerow(columns)
    return line.getvalue()


def test_a_line_of_asterisk_is_read() -> None:
    line = csv_line("HANGUP", "1764000000.123456", "PJSIP/op101-00000002", "hl1-2", "hl1-1", "", '{"hangupcause":16}')
    assert parse_line(line.encode()) == Entry("HANGUP", 1764000000123, "PJSIP/op101-00000002", "hl1-2", "hl1-1", "")


@pytest.mark.parametrize("kind", ["USER_DEFINED", "queued"])
def test_a_fact_is_known_however_asterisk_names_its_type(kind: str) -> None:
    line = csv_line(kind, "1764000000.123456", ENTRY.channel, ENTRY.uniqueid, ENTRY.linkedid, "queued", "")
    assert parse_line(line) == ENTRY


def test_the_end_of_a_lost_call_reads_as_asterisks_own() -> None:
    entry = parse_line(format_hangup(1764000000123, "hl1-1.1"))
    assert entry == Entry("HANGUP", 1764000000123, "", "hl1-1.1", "hl1-1.1", "")
    assert is_lost(entry)
    assert not is_lost(Entry("HANGUP", 1764000000123, "PJSIP/op101-00000002", "hl1-2", "hl1-1", ""))
    assert not is_lost(Entry("CHAN_END", 1764000000123, "", "hl1-1.1", "hl1-1.1", ""))


@pytest.mark.parametrize(
    "line",
    [
        "",
        "\n",
        "a,b",
        "HANGUP,x,c,u,l,,\n",
        ",1.0,c,u,l,,\n",
        '"HANGUP,1.0,c,u,l,,',
        "HANGUP,1.0,c,u,l,,,\n",
        "H,٣,c,u,l,,",
    ],
)
def test_a_malformed_line_is_nothing(line: str) -> None:
    assert parse_line(line) is None
    assert parse_line(line.encode()) is None


@pytest.mark.parametrize("extra", ["seq=1&group=ict", '"seq=1&group=ict"', json.dumps({"extra": "seq=1&group=ict"})])
def test_fields_are_read_however_asterisk_wraps_them(extra: str) -> None:
    assert decoded(extra) == {"seq": "1", "group": "ict"}


@pytest.mark.parametrize("extra", ["", "{", '"', "[]", '{"extra":1}', "{}", "[" * 5000, '{"hangupcause":16}'])
def test_extra_without_fields_has_none(extra: str) -> None:
    assert decoded(extra) == {}


def test_a_bare_plus_stays_a_plus() -> None:
    assert decoded("caller=+77011234567&name=a%20b%2Bc") == {"caller": "+77011234567", "name": "a b+c"}


def test_bytes_that_are_no_utf8_are_kept_escaped() -> None:
    assert decoded("caller=%ff%00")["caller"] == "\\xff\x00"


def test_time_is_cut_to_milliseconds() -> None:
    assert instant_ms("1764000000.999999") == 1764000000999
    assert instant_ms("1764000000") == 1764000000000
    assert instant_ms("1764000000.5") == 1764000000500
    assert instant_ms("1e9") is None


def test_a_number_too_large_for_a_column_is_none() -> None:
    assert whole("12") == 12
    assert whole("-3") == -3
    for odd in (None, "", "x", "9" * 30, "٣", "1.5"):
        assert whole(odd) is None


def test_a_fact_of_the_controller_has_no_call() -> None:
    entry = parse_line(format_line(Fact.PRESENCE, 1764000000007, {"operator": "101", "state": "ready"}))
    assert entry == Entry("USER_DEFINED", 1764000000007, "", "", "", "presence", Fields(operator="101", state="ready"))


@given(st.dictionaries(st.text(min_size=1), st.one_of(st.integers(), st.text())), st.integers(0, 10**14))
def test_what_is_written_is_read_back(values: dict[str, str | int], at_ms: int) -> None:
    line = format_line(Fact.STEP, at_ms, values, "hl1-1")
    assert line.count(b"\n") == 1
    assert line.endswith(b"\n")
    entry = parse_line(line)
    assert entry is not None
    assert entry.at_ms == at_ms
    read = entry.fields
    if not any("\ud800" <= letter <= "\udfff" for text in map(str, (*values, *values.values())) for letter in text):
        assert read == {key: str(value) for key, value in values.items()}


@given(st.one_of(st.binary(), st.text()))
def test_any_line_can_be_read(line: bytes | str) -> None:
    entry = parse_line(line)
    text = line.decode("utf-8", "backslashreplace") if isinstance(line, bytes) else line
    assert parse_line(text) == entry
    if text.count(",") < 6:
        assert entry is None
    if entry is not None:
        assert entry.type and entry.at_ms >= 0
        assert all(isinstance(value, str) for value in entry.fields.values())


@given(st.text())
def test_any_extra_can_be_read(extra: str) -> None:
    decoded(extra)
    assert not set(format_fields({"value": extra})) & set(' ,"\r\n')


@pytest.mark.parametrize("number", [0, 1, -1, 2**53 - 1, 1 - 2**53])
def test_a_whole_number_is_one_that_a_column_can_hold(number: int) -> None:
    assert whole(str(number)) == number


@pytest.mark.parametrize("text", [str(2**53), str(-(2**53)), "1" * 18, "1.5", "", "x", "１", " "])
def test_what_no_column_can_hold_is_no_number(text: str) -> None:
    assert whole(text) is None


def test_a_field_is_read_bounded_to_what_its_column_holds() -> None:
    entry = parse_line(
        format_line(Fact.OFFERED, 7, {"seq": "2", "group": "g" * 70, "name": "a\nb", "at_ms": "x"}, "hl1-1")
    )
    assert entry is not None and entry.ours
    told = entry.fields
    assert (told.number("seq"), told.name("group"), told.text("name"), told.text("name", 2)) == (
        2,
        "g" * 64,
        "a\\nb",
        "a\\",
    )
    assert (told.whole("at_ms"), told.whole("none"), told.name("none"), told.text("none")) == (None, None, None, None)
    for number, seq in (("0", 0), (str(LARGEST_SEQ), LARGEST_SEQ), (str(LARGEST_SEQ + 1), None), ("-1", None)):
        assert Fields(seq=number).number("seq") == seq


def test_events_of_cels_own_have_no_fields_and_a_gap_is_its_calls() -> None:
    line = csv_line("HANGUP", "1764000000.5", ENTRY.channel, "hl1-2", "hl1-1", "", "seq=1")
    event = parse_line(line)
    assert event is not None and (event.ours, event.fields, event.call) == (False, {}, "hl1-1")
    gap = parse_line(format_line(Fact.GAP, 7, {"of": "hl1-9", "seq": 1}, "hl1-1"))
    other = parse_line(format_line(Fact.OFFERED, 7, {"of": "hl1-9"}, "hl1-1"))
    assert gap is not None and other is not None and (gap.call, other.call) == ("hl1-9", "hl1-1")
    longest = parse_line(format_line(Fact.OFFERED, 7, {}, "x" * 65))
    assert longest is not None and longest.call == ""
