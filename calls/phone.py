"""One key for every spelling of a caller's number, and the keys that a typed number may mean (rule 14).

`phonenumbers` alone is wrong on what a hotline sees: it makes `+71414` of `1414`, `+7998...` of an Uzbek number without
its plus, and raises on bidirectional marks and SIP URIs. So the prefixes of Kazakhstan's dialling plan (8 within the
country, 8-10 and 00 out of it) are read here, and the library judges only whether a foreign number is possible.
Numbers of other countries: `calls.phone_abroad`.
`is_valid` is never asked: it does not know +7703, +7704 and +7709 as mobile.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from urllib.parse import unquote

from calls import phone_abroad as abroad

ANONYMOUS = "anonymous"
KEY_LIMIT = 128
"""Longest key: an index has to hold it, a caller may send 10 kB."""

SHORTEST_TAIL = 6
"""Digits in which two spellings of one number agree at least: a number within a city has no fewer."""

_WITHHELD = frozenset(
    {"", "anonymous", "unknown", "restricted", "private", "unavailable", "withheld", "blocked", "none", "null", "s"}
    | {"аноним", "анонимно", "анонимный", "скрыт", "скрытый", "неизвестный", "жасырын"}
)
_URI = re.compile(r"<?\s*(?:sips?|tel)\s*:\s*([^>]*)>?", re.IGNORECASE)
_ADDRESS = re.compile(r".*<([^<>]+)>.*", re.DOTALL)
_PARAMETERS = re.compile(r"(?<=\d)(?:;[A-Za-z][\w.+-]*(?:=[^;]*)?)+\s*$")
"""Fields that a carrier puts behind a number, before the `@` (RFC 3966, 4904): `;tgrp=kt01`, `;npdi`."""
_CONTEXT = re.compile(r";phone-context=(?:\+|%2B)([0-9][0-9.()-]*)", re.IGNORECASE)
_SEPARATORS = re.compile(r"[\s\-_.()<>\[\]/\\'\"`,;:|~№‐-―−«»“”„]+")
_NUMBER = re.compile(r"\+*([0-9]+)")
_EXTENSION = re.compile(
    r"(?<=\d)\s*[,;]?\s*(?:доб(?:авочный)?|вн(?:утр)?|ішкі|ext(?:ension)?|x|х)\.?\s*\d{1,6}\s*$", re.I
)
_LABEL = re.compile(r"^\s*(?:[^\W\d_]+[\s.:№-]*){1,4}(?=[+(]?\d(?:\D*\d){5})")
_LOOKALIKES = str.maketrans("OoОоӨөIlІі", "0000001111")
_SHORTEST_ABROAD = 5
"""Digits behind 00 or 8-10: an Iranian service number has six."""
_CITY_CODES = {
    6: [f"7{code}2" for code in (10, 11, 12, 13, 14, 15, 16, 17, 18, 21, 22, 23, 24, 25, 26, 28, 29)],
    7: ["727"],
}
"""Regional centres by the length of a subscriber's number there: what people leave off when they write a number."""


@dataclass(frozen=True, slots=True)
class Candidates:
    """Keys that a typed number may stand for: `exact` says it is this one, `possible` are other readings."""

    exact: tuple[str, ...]
    possible: tuple[str, ...]
    number: str = ""
    """What was typed, of a field that may hold several."""

    @property
    def far(self) -> tuple[str, ...]:
        """Numbers of other countries that the digits would be there, at home: only when nothing sure was found."""
        known = {*self.exact, *self.possible}
        return tuple(key for key in _at_home(_user_part(_plain(self.number))) if key not in known)


def caller_key(raw: str | bytes) -> str:
    """The key under which a caller is kept: `+7701...` (E.164), `short:1414`, `sip:...` or `anonymous`.

    Takes whatever came with the call (number, URI, name-addr, any bytes); never raises.
    """
    text = _user_part(_plain(raw))
    if text.strip(" <>\"'").casefold() in _WITHHELD:
        return ANONYMOUS
    bare = _SEPARATORS.sub("", text)
    match = _NUMBER.fullmatch(bare)
    key = None
    if match is not None:
        key = _international(match[1]) if bare.startswith("+") else _dialled(match[1])
    if key is not None:
        return key
    identity = bare.casefold()
    return f"sip:{identity}"[:KEY_LIMIT] if any(map(str.isalnum, identity)) else ANONYMOUS


def candidate_keys(typed: str) -> Candidates:
    """The keys to look for when a person typed a number, in any usual spelling; never raises.

    The exact reading is what `caller_key` makes of it once labels and extensions are off. Possible readings are
    shown apart (rule 14: a doubtful hit is never shown as exact): a local number in the regional centres, a number
    whose city code the exchange did not pass on, digits without a plus that are also a foreign number.
    """
    text = _EXTENSION.sub("", _user_part(_plain(typed)))
    if not any(map(str.isalnum, text)):
        return Candidates((), ())
    key = caller_key(text)
    if key.startswith("sip:"):
        text = _LABEL.sub("", text)
        unlabelled = caller_key(text)
        key = key if unlabelled.startswith("sip:") else unlabelled
    digits = "".join(re.findall(r"[0-9]", text))
    possible: list[str] = []
    if key.startswith("sip:") and digits:
        # Letters among the digits: O for zero, a note beside the number. Doubtful by nature.
        possible += [caller_key(text.translate(_LOOKALIKES)), caller_key(digits), caller_key(f"+{digits}")]
    if key.startswith("short:"):
        local = key.removeprefix("short:")
        possible += [f"+7{code}{local}" for code in _CITY_CODES.get(len(local), ())]
    if key.startswith("+77"):
        codes = chain.from_iterable(_CITY_CODES.values())
        possible += [f"short:{key[2 + len(code) :]}" for code in codes if key.startswith(code, 2)]
    possible += _abroad(key, digits)
    if not (_reads_as_our_own(digits) or (key.startswith("+") and digits.startswith(("00", "810")))):
        possible += _at_home(text)
    numbers = dict.fromkeys(other for other in possible if _is_number(other) and other != key)
    return Candidates((key,), tuple(numbers), typed.strip())


def _at_home(text: str) -> Iterator[str]:
    """What digits without a country may be in each."""
    return iter(()) if "+" in text else abroad.national("".join(re.findall(r"[0-9]", text)))


def tails_of(wanted: Candidates) -> tuple[str, ...]:
    """What any spelling of the number ends in: its digits, without the country and without what is dialled first."""
    tails = [re.sub(r"[^0-9]", "", wanted.number).lstrip("0")]
    for key in wanted.exact:
        if key.startswith("+"):
            tails += [key[1:], abroad.within_its_country(key)]
        elif key.startswith("short:"):
            tails.append(key.removeprefix("short:").lstrip("0"))
    return tuple(dict.fromkeys(tail for tail in tails if len(tail) >= SHORTEST_TAIL))


def same_ending(tails: tuple[str, ...], key: str) -> bool:
    """Whether a number was kept whose digits end as those, or those as it."""
    kept = re.sub(r"[^0-9]", "", key) if _is_number(key) else ""
    return len(kept) >= SHORTEST_TAIL and any(kept.endswith(tail) or tail.endswith(kept) for tail in tails)


def _reads_as_our_own(digits: str) -> bool:
    """Whether whoever wrote these digits most likely meant a number of Kazakhstan, whole or within a city."""
    return len(digits) <= 7 or (digits[0] in "78" and len(digits) in (10, 11))


def _abroad(key: str, digits: str) -> Iterator[str]:
    """Numbers of other countries that are meant, each in every way in which it may have been kept."""
    own = key.startswith("+7") and len(key) == 12
    readings = [key[1:]] if key.startswith("+") and not own else []
    for prefix in ("", "00", "810", "011"):
        rest = digits.removeprefix(prefix)
        if digits.startswith(prefix) and _own(rest) is None and (read := abroad.e164(rest)) is not None:
            readings.append(read[1:])
    for number in dict.fromkeys(readings):
        yield f"+{number}"
        for came in (number, f"00{number}", f"810{number}"):
            yield caller_key(came)
            yield abroad.before(came)
        yield caller_key(f"+{number}")
        yield abroad.before_with_plus(number)
    if digits and key.startswith("+") and not own:
        yield abroad.before(digits)
        yield abroad.before_with_plus(digits)


def _is_number(key: str) -> bool:
    return key.startswith(("+", "short:")) or key.removeprefix("sip:").removeprefix("+").isdecimal()


def _plain(raw: str | bytes) -> str:
    """Without control, format and surrogate characters; full-width and other scripts' digits as ASCII's."""
    text = raw.decode("utf-8", "replace") if isinstance(raw, bytes) else raw
    text = unicodedata.normalize("NFKC", text[:4096].replace("\t", " ").replace("\n", " "))
    return "".join(
        str(unicodedata.decimal(letter)) if letter.isdecimal() else letter
        for letter in text
        if not unicodedata.category(letter).startswith("C")
    )


def _user_part(text: str) -> str:
    """The user of a SIP or tel URI, with or without a display name; other text as it is."""
    match = _URI.search(text)
    if match is None:
        address = _ADDRESS.fullmatch(text)
        text = text if address is None else address[1]
        return _within(_PARAMETERS.sub("", text), text)
    user, at, _host = match[1].partition("@")
    if not at and not text.lstrip(' <"').casefold().startswith("tel") and _host_only(user):
        return ""
    number = _plain(unquote(re.split(r"[;?]", user, maxsplit=1)[0], errors="replace"))
    return _within(number, user)


def _within(number: str, parameters: str) -> str:
    """A local number with the country that its `phone-context` names (RFC 3966)."""
    context = _CONTEXT.search(parameters)
    if context is None or number.startswith("+"):
        return number
    whole = abroad.e164(re.sub(r"[^0-9]", "", context[1] + number))
    return number if whole is None else whole


def _host_only(user: str) -> bool:
    """Whether a SIP URI without `@` is a host: `sip:10.0.0.1` presents nobody."""
    host = re.split(r"[;:?]", user, maxsplit=1)[0]
    return "." in host


def _dialled(digits: str) -> str | None:
    """Digits without a plus, as Kazakhstan's exchanges and people write them."""
    for prefix in ("810", "00"):  # no number of our own begins so
        if digits.startswith(prefix) and len(digits) >= len(prefix) + _SHORTEST_ABROAD:
            return _international(digits.removeprefix(prefix))
    if len(digits) < 10:
        return f"short:{digits}"
    if len(digits) == 10:
        return f"+7{digits}"
    if len(digits) == 11 and digits[0] in "78":
        return f"+7{digits[1:]}"
    return _international(digits)


def _international(digits: str) -> str | None:
    """Digits after a plus (or what stands for one); None if no such number is possible."""
    key = _own(digits) or abroad.e164(digits)
    if key is not None:
        return key
    if len(digits) < 10:
        # What a gateway makes of a short or local number by putting the country code before it.
        short = digits[1:] if digits[0] == "7" and len(digits) > 3 else digits
        return f"short:{short}"
    return f"+{digits}" if abroad.is_possible(digits) else None


def _own(digits: str) -> str | None:
    """A number of Kazakhstan or Russia behind a plus, with what people put in by mistake; None for any other."""
    if len(digits) == 11 and digits[0] == "7":
        return f"+{digits}"
    if len(digits) == 11 and digits.startswith(("87", "8800")):
        # "+8 701 ...": the trunk prefix behind a plus. +87 has no numbers of that length, +880 none that begin with 0.
        return f"+7{digits[1:]}"
    if len(digits) == 12 and digits.startswith("78"):
        return f"+7{digits[2:]}"  # "+7 (8) 701 ...": both prefixes
    return None
