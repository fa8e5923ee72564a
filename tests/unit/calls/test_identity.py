"""Who calls, of the headers that a carrier sends: what is the caller's key, and what else finds the call (ADR 27)."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calls.identity import MOST, Source, buried, told, values_of
from calls.journal import Entry, Fact
from calls.journal_lines import decoded, format_fields
from calls.phone import ANONYMOUS
from dialplan.caller_headers import OF_THE_CALLER, OF_THE_WAY
from storage.journal.facts import with_fact
from storage.record import CallRecord, unheard

CALL = "hl1-1764000000.1"
MOBILE, OFFICE = "+77015550213", "+77172501234"


def record_of(caller: str, *headers: tuple[str, str], way: tuple[tuple[str, str], ...] = ()) -> CallRecord:
    """The record of a call as the dialplan tells it: who calls, the arrival, by whom it came."""
    record = unheard(CALL, 1)
    facts = [(Fact.IDENTITY, {"source": source, "value": value, "end": ""}) for source, value in headers]
    facts.append((Fact.ARRIVED, {"arrived_ms": "1764000000100", "dialled": "1414", "caller": caller, "name": ""}))
    facts += [(Fact.IDENTITY, {"source": source, "value": value, "end": ""}) for source, value in way]
    for fact, values in facts * 2:  # read anew, a journal adds nothing
        entry = Entry("USER_DEFINED", 1, "", CALL, CALL, fact.value, decoded(format_fields(values)))
        record = with_fact(record, entry)
    return record


def others(record: CallRecord) -> dict[str, str]:
    return {row.key: row.source for row in record.identities.values()}


@pytest.mark.parametrize(
    ("caller", "headers", "key", "tied"),
    [
        ("77015550213", (), MOBILE, {}),
        ("anonymous", (), ANONYMOUS, {}),
        (
            "aigul",
            (
                ("asserted", '"A" <sip:aigul@ministry.example>, <tel:+77015550213>'),
                ("from", "<sip:aigul@ministry.example>;tag=1"),
            ),
            MOBILE,
            {"sip:aigul": "asserted"},
        ),
        (
            "aigul",
            (("asserted", "<sip:aigul@ministry.example>"), ("from", "<sip:+77015550213@ministry.example>;tag=1")),
            MOBILE,
            {"sip:aigul": "asserted"},
        ),
        (  # the network has no number: what the phone says is all there is (RFC 3325, 3323)
            "anonymous",
            (("asserted", "<sip:anonymous@anonymous.invalid>"), ("from", f"<sip:{MOBILE}@127.0.0.1>;tag=1")),
            MOBILE,
            {},
        ),
        (  # a company's exchange: its own number is asserted, the clerk's is in From
            OFFICE,
            (("asserted", f"<sip:{OFFICE}@kt.kz>"), ("from", f'"Desk" <sip:{MOBILE}@pbx.kz>;tag=1')),
            OFFICE,
            {MOBILE: "from"},
        ),
        (  # withheld from the called, and told to us: `Privacy: id`
            MOBILE,
            (("asserted", f"<tel:{MOBILE}>"), ("from", '"Anonymous" <sip:anonymous@anonymous.invalid>;tag=1')),
            MOBILE,
            {},
        ),
        (
            OFFICE,
            (
                ("remote-party", f'"X" <sip:{OFFICE}@x>;party=calling;screen=yes, <sip:1@x>;party=called'),
                ("from", f"<sip:{MOBILE}@x>"),
            ),
            OFFICE,
            {MOBILE: "from"},
        ),
        (MOBILE, (("asserted", f"<sip:{MOBILE}@kt.kz>"), ("from", "<sip:8 701 555 02 13@x>")), MOBILE, {}),
    ],
)
def test_the_networks_word_comes_first_and_a_number_before_a_name(
    caller: str, headers: tuple[tuple[str, str], ...], key: str, tied: dict[str, str]
) -> None:
    record = record_of(caller, *headers)
    assert record.call.caller_key == key
    assert others(record) == tied


def test_by_whom_a_call_came_is_never_the_caller() -> None:
    way = (
        ("preferred", "<sip:+77015550001@x>"),
        ("diversion", '"Boss" <sip:+77015550002@x>;reason=unconditional'),
        ("history", "<sip:+77015550003@x>;index=1, <sip:1414@x>;index=1.1"),
    )
    record = record_of("anonymous", way=way)
    assert record.call.caller_key == ANONYMOUS
    assert others(record) == {"+77015550001": "preferred", "+77015550002": "diversion", "+77015550003": "history"}
    assert {row.arrived_ms for row in record.identities.values()} == {1764000000100}


def test_an_arrival_that_is_lost_leaves_what_the_headers_told() -> None:
    entry = Entry(
        "USER_DEFINED", 1, "", CALL, CALL, "identity", decoded(format_fields({"source": "from", "value": MOBILE}))
    )
    record = with_fact(unheard(CALL, 1), entry)
    assert record.call.caller_key == MOBILE


@pytest.mark.parametrize(
    "name",
    [
        '"<sip:+79990000000@x>"',
        '"a, <sip:+79990000000@x>, b"',
        '"\\"<tel:+79990000000>"',
        '"tel:+79990000000"',
    ],
)
def test_a_name_is_no_number_whatever_stands_in_it(name: str) -> None:
    """The caller writes it, also where the network asserts the number."""
    (one,) = told(Source.ASSERTED, f"{name} <sip:{OFFICE}@kt.kz>")
    assert one.key == OFFICE


def test_a_number_behind_a_very_long_name_is_possible_and_no_more() -> None:
    end = quote(f'үүү" <sip:{MOBILE}@x>')[-250:]
    entry = Entry(
        "USER_DEFINED", 1, "", CALL, CALL, "identity",
        decoded(f"source=asserted&value={quote(chr(34) + 'ү' * 200)[:450]}&end={end}"),
    )  # fmt: skip
    record = with_fact(unheard(CALL, 1), entry)
    assert record.call.caller_key is None
    assert others(record) == {MOBILE: "asserted"}
    assert list(buried(Source.FROM, "no address <sip:+7701")) == []


def test_as_many_as_a_call_may_have_are_kept() -> None:
    many = ", ".join(f"<sip:+7701555{number:04}@x>" for number in range(50))
    assert len(record_of("anonymous", way=(("history", many),)).identities) == MOST


def test_what_the_dialplan_tells_is_known_here() -> None:
    for sent in (*OF_THE_CALLER, *OF_THE_WAY):
        assert Source(sent.source)


@given(st.text(max_size=200), st.sampled_from(Source))
def test_any_header_is_read(header: str, source: Source) -> None:
    for one in (*told(source, header), *buried(source, header)):
        assert one.key != ANONYMOUS and one.key
    assert all(value.strip() for value in values_of(header))


@given(st.text('",<>\\ ;sip:@+7701tel', max_size=60))
def test_a_strange_header_makes_no_record_fail(header: str) -> None:
    assert record_of("77015550213", ("asserted", header)).call.caller_key


def test_a_header_tells_its_numbers_before_its_names() -> None:
    header = f"<sip:aigul@ministry.example>, <tel:{MOBILE}>, <sip:berik@ministry.example>, <tel:{OFFICE}>"
    assert [one.key for one in told(Source.ASSERTED, header)] == [MOBILE, OFFICE, "sip:aigul", "sip:berik"]
