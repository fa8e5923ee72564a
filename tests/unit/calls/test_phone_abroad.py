"""Every country's numbers: as carriers pass them on, times as letters write them; none missed or taken for another."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st
from phonenumbers import PhoneNumber, PhoneNumberFormat, PhoneNumberType

from calls.phone import caller_key, candidate_keys
from calls.phone_abroad import before, before_with_plus, e164


def _examples() -> Iterator[tuple[str, PhoneNumber]]:
    """The library's example of each kind of number of each country, and of the countries that are none (satellites)."""
    for region in sorted(phonenumbers.SUPPORTED_REGIONS):
        for kind in PhoneNumberType.values():
            if (number := phonenumbers.example_number_for_type(region, kind)) is not None:
                yield f"{region}-{PhoneNumberType.to_string(kind)}", number
    for code in sorted(phonenumbers.COUNTRY_CODES_FOR_NON_GEO_REGIONS):
        if (number := phonenumbers.example_number_for_non_geo_entity(code)) is not None:
            yield str(code), number


EXAMPLES = {str(number): (name, number) for name, number in _examples()}.values()
KEPT = ("+{}", "{}", "00{}", "810{}")
SEPARATED = re.compile(r"[ -]")


def digits_of(number: PhoneNumber) -> str:
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)[1:]


def as_typed(number: PhoneNumber) -> list[str]:
    """As letters write it with its country: closed, in groups, with dots, behind each prefix or none."""
    written = phonenumbers.format_number(number, PhoneNumberFormat.INTERNATIONAL)
    groups = written.removeprefix("+")
    forms = [written, SEPARATED.sub(".", written), f"tel:{SEPARATED.sub('-', written)}", groups, f"00 {groups}"]
    return [*forms, f"8-10-{SEPARATED.sub('-', groups)}", *(form.format(digits_of(number)) for form in KEPT)]


def test_every_country_is_tried() -> None:
    assert len(EXAMPLES) > 1000
    assert len({number.country_code for _, number in EXAMPLES}) > 210


@pytest.mark.parametrize("half", ["A-L", "M-Z0-9"])
def test_a_number_is_found_however_it_came_and_is_written(half: str) -> None:
    """All of it: 1,000 numbers, each kept in four ways (and under the older keys) and typed in ten."""
    for name, number in EXAMPLES:
        if not re.match(f"[{half}]", name):
            continue
        digits = digits_of(number)
        kept = {caller_key(form.format(digits)) for form in KEPT}
        if e164(digits) is not None:  # else no call can come from it: it is dialled within its country alone
            kept |= {before_with_plus(digits), *(before(form.format(digits)) for form in KEPT[1:])}
        for typed in as_typed(number):
            wanted = candidate_keys(typed)
            assert kept <= {*wanted.exact, *wanted.possible}, (name, typed, kept)


def test_with_its_country_a_number_has_one_key_and_no_other_number_has_it() -> None:
    keys: dict[str, set[str]] = defaultdict(set)
    for _, number in EXAMPLES:
        digits = digits_of(number)
        forms = {caller_key(form.format(digits)) for form in ("+{}", "00{}", "810{}")}
        forms |= {candidate_keys(phonenumbers.format_number(number, PhoneNumberFormat.INTERNATIONAL)).exact[0]}
        assert len(forms) == 1, digits
        keys[forms.pop()].add(digits)
    assert [numbers for numbers in keys.values() if len(numbers) > 1] == []


def test_a_number_written_as_at_home_is_looked_for_in_every_country() -> None:
    """Without its country it may be anybody's: possible, or looked for when nothing sure was found."""
    for name, number in EXAMPLES:
        if number.country_code == 7 or e164(digits_of(number)) is None:
            continue
        typed = phonenumbers.format_number(number, PhoneNumberFormat.NATIONAL)
        wanted = candidate_keys(typed)
        assert caller_key(f"+{digits_of(number)}") in {*wanted.exact, *wanted.possible, *wanted.far}, (name, typed)


@pytest.mark.parametrize(
    "typed", ["8 (701) 123-45-67", "+7 701 123 45 67", "87172501234", "8 800 080 77 77", "250-12-34"]
)
def test_numbers_of_our_own_are_looked_for_under_few_keys(typed: str) -> None:
    """Promise 6: each key is a look into the index."""
    wanted = candidate_keys(typed)
    assert len(wanted.exact) + len(wanted.possible) <= 4


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("+45 34 41 23 45", "4534412345"),
        ("+84 90 123 45 67", "84901234567"),
        ("+376 312 345", "376312345"),
    ],
)
def test_what_came_without_its_plus_is_a_possible_hit(typed: str, kept: str) -> None:
    wanted = candidate_keys(typed)
    assert caller_key(kept) not in wanted.exact
    assert caller_key(kept) in wanted.possible


def test_a_zero_or_a_one_too_many_makes_no_other_number() -> None:
    assert caller_key("+44 (0) 20 7946 0018") == caller_key("+442079460018") == "+442079460018"
    assert candidate_keys("+44 (0)20 7946 0018").exact == ("+442079460018",)


@pytest.mark.parametrize(
    "digits", ["999123456789", "0123456789012", "21012345678901234", "1234567890123456789", "3" * 30]
)
def test_what_no_country_has_is_no_number(digits: str) -> None:
    assert caller_key(f"+{digits}") == f"sip:+{digits}"


def test_digits_that_may_lack_their_area_code_are_kept_as_they_came() -> None:
    assert caller_key("+4930123456") == "+4930123456"
    assert caller_key("+61212345678") == "+61212345678"
    assert caller_key("+8612345678") == "+8612345678"  # ten digits, of a city that is not told


@pytest.mark.parametrize(
    ("raw", "key"),
    [
        ("+77015550208;tgrp=kt01;trunk-context=telecom.example", "+77015550208"),
        ("<sip:+77015550208;tgrp=kt01;trunk-context=telecom.example@127.0.0.1;user=phone>", "+77015550208"),
        ("87015550208;npdi", "+77015550208"),
        ("7015550208;phone-context=+7", "+77015550208"),
        ("tel:901234567;phone-context=+998", "+998901234567"),
        ("sip:1414;phone-context=+7@10.0.0.1;user=phone", "short:1414"),
        ("tel:1414;phone-context=kt.kz", "short:1414"),
    ],
)
def test_fields_behind_a_number_are_no_part_of_it(raw: str, key: str) -> None:
    assert caller_key(raw) == key


@given(st.from_regex(r"\+?[0-9]{3,17}", fullmatch=True))
def test_a_key_of_digits_is_its_own_key_and_is_looked_for(raw: str) -> None:
    key = caller_key(raw)
    assert not key.startswith("+") or caller_key(key) == key
    wanted = candidate_keys(raw)
    assert key in wanted.exact
    assert len({*wanted.exact, *wanted.possible}) == len(wanted.exact) + len(wanted.possible)


def test_a_number_of_ours_behind_a_plus_and_an_eight_had_this_key() -> None:
    """Before numbers abroad had one key each: rows of then are still looked for so."""
    assert before_with_plus("87011234567") == "+77011234567"
    assert before_with_plus("77011234567") == "+77011234567"
    assert before_with_plus("88001234567") == "+78001234567"
