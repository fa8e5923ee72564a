"""Numbers of other countries: what digits may mean abroad, and under which keys such a number may have been kept.

A carrier passes a foreign number on with its plus, without it, or behind 00 or 8-10; what came without a plus may look
like a number of our own (`4534412345` is +45 34412345 or +7 453 441 2345). So a search looks for all of them; only the
one that is sure is exact.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import phonenumbers
from phonenumbers import PhoneNumberFormat, ValidationResult
from phonenumbers.phonemetadata import PhoneMetadata

SHORTEST = 7
"""Digits of the shortest international number there is: Niue's, with its country code."""
LONGEST = 15
"""Digits of the longest (ITU-T E.164)."""
_OWN = 7
_SHORTEST_NATIONAL = 4


def e164(digits: str) -> str | None:
    """The one form of an international number, `+` and digits; None if no such number is possible.

    What people leave in by mistake is out of it: the 0 of +44 (0) 20, the old 1 of Mexican mobiles.
    """
    if not SHORTEST <= len(digits) <= LONGEST + 2:
        return None
    try:
        number = phonenumbers.parse(f"+{digits}")
    except phonenumbers.NumberParseException:
        return None
    if phonenumbers.is_possible_number_with_reason(number) != ValidationResult.IS_POSSIBLE:
        return None
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)


def is_possible(digits: str) -> bool:
    """Whether there may be such a number behind a plus, be it without its area code."""
    try:
        return phonenumbers.is_possible_number(phonenumbers.parse(f"+{digits}"))
    except phonenumbers.NumberParseException:
        return False


def within_its_country(key: str) -> str:
    """The digits of a key without its country code."""
    try:
        return phonenumbers.national_significant_number(phonenumbers.parse(key))
    except phonenumbers.NumberParseException:
        return key.removeprefix("+")


def before(digits: str) -> str:
    """The key that digits without a plus were kept under until numbers abroad of under ten digits had one key."""
    length = len(digits)
    if digits.startswith("810") and length >= 13:
        return _before_abroad(digits[3:])
    if digits.startswith("00") and length >= 12:
        return _before_abroad(digits[2:])
    if length < 10:
        return f"short:{digits}"
    if length == 10:
        return f"+7{digits}"
    if length == 11 and digits[0] in "78":
        return f"+7{digits[1:]}"
    return _before_abroad(digits)


def before_with_plus(digits: str) -> str:
    """The same of digits behind a plus."""
    key = _before_abroad(digits)
    return key.replace("sip:", "sip:+")


def national(digits: str) -> Iterator[str]:
    """The numbers abroad that digits may be at home, without the country code; with the digit dialled first or not."""
    if not _SHORTEST_NATIONAL <= len(digits) <= LONGEST:
        return
    for plan in _plans():
        for number in plan.numbers(digits):
            yield f"+{plan.code}{number}"


@dataclass(frozen=True, slots=True)
class _Plan:
    """How numbers are written in one country."""

    code: int
    number: re.Pattern[str]
    prefix: re.Pattern[str] | None
    """What is dialled first within the country."""
    rule: str | None
    """What it stands for, where it is more than left off."""

    def numbers(self, digits: str) -> Iterator[str]:
        if self.number.fullmatch(digits):
            yield digits
        dialled = None if self.prefix is None else self.prefix.match(digits)
        if dialled is None or not dialled[0]:
            return
        if self.rule is not None and dialled.lastindex:
            meant = dialled.expand(self.rule) + digits[dialled.end() :]
        else:
            meant = digits[dialled.end() :]
        if self.number.fullmatch(meant):
            yield meant


@cache
def _plans() -> tuple[_Plan, ...]:
    """Every country's but our own; read when first needed: a quarter of a second."""
    plans = []
    for code, regions in phonenumbers.COUNTRY_CODE_TO_REGION_CODE.items():
        if code == _OWN:
            continue
        told = (
            PhoneMetadata.metadata_for_nongeo_region(code, None)
            if regions[0] == "001"
            else PhoneMetadata.metadata_for_region(regions[0], None)
        )
        pattern = None if told is None or told.general_desc is None else told.general_desc.national_number_pattern
        if told is None or not pattern:
            continue
        prefix, rule = told.national_prefix_for_parsing, told.national_prefix_transform_rule
        plans.append(_Plan(code, re.compile(pattern), re.compile(prefix) if prefix else None, rule))
    return tuple(plans)


def _before_abroad(digits: str) -> str:
    length = len(digits)
    if length == 11 and digits[0] == "7":
        return f"+{digits}"
    if length == 11 and digits.startswith(("87", "8800")):
        return f"+7{digits[1:]}"
    if length == 12 and digits.startswith("78"):
        return f"+7{digits[2:]}"
    if length < 10:
        return f"short:{digits[1:] if digits[0] == '7' and length > 3 else digits}"
    return f"+{digits}" if is_possible(digits) else f"sip:{digits}"
