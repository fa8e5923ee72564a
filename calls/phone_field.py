"""What a letter's field holds: one phone number or several, with whatever people write beside them (rule 14).

Each number is looked for and told apart. A field that is not understood is refused with a clear word: from it nobody
may conclude that there is nothing.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import cache

from calls.phone import ANONYMOUS, Candidates, caller_key, candidate_keys

MOST_NUMBERS = 20
"""In one field: more is a list for several demands."""
LONGEST_FIELD = 500
_SHORTEST_BESIDE = 5

_WITHHELD_WORDS = frozenset(
    {"anonymous", "unknown", "restricted", "private", "unavailable", "withheld", "blocked", "hidden"}
    | {"аноним", "анонимно", "анонимный", "анонимная", "скрыт", "скрыто", "скрытый", "скрытая", "скрытого"}
    | {"неизвестен", "неизвестно", "неизвестный", "определен", "определён", "определился", "определяется"}
    | {"жасырын", "белгісіз", "анықталмаған", "анықталмады"}
)
_FILLERS = frozenset(
    {"номер", "номера", "телефон", "телефона", "абонент", "абонента", "звонок", "вызов", "не", "нет"}
    | {"нөмір", "нөмірі", "телефоны", "қоңырау", "number", "caller", "id", "phone", "call", "the", "of"}
)
_OTHER_NUMBERS = frozenset({"иин", "жсн", "бин", "бсн", "iin", "bin"})
"""What stands before a number that is no phone's."""

_URI = re.compile(r"(?:sips?|tel)\s*:", re.IGNORECASE)
_BETWEEN_URIS = re.compile(r"""[,\n]|;\s*(?=(?:sips?|tel)\s*:|<|"|\+?\d{5})""", re.IGNORECASE)
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"|<[^<>]*>')
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9._+-]*")
_EXTENSION = re.compile(
    r"(?<=[\d)])\s*[,;(]?\s*(?:доб(?:авочный)?|вн(?:утр(?:енний)?)?|ішкі|қосымша|ext(?:ension)?|(?<![^\W\d_])[xх#])"
    r"[\s.:№]*\d{1,6}(?!\d)\)?",
    re.IGNORECASE,
)
_LIST_MARK = re.compile(r"(?:(?<=\n)|^)\s*\d{1,2}\s*[.)]\s+(?=[+(]*\d)|(?<![\d(+])\b\d{1,2}\)\s+(?=[+(]*\d)")
_WORD = re.compile(r"[^\W\d_]+")
_LOOKALIKE = "OoОоӨөIlІі"
_APART = re.compile(r"[\n;|&•·]+")
_LATER_PLUS = re.compile(r"(?<=\d)[\s,/(]*\+(?=\s*\d)")
_WITHIN = re.compile(rf"[\d\s\-_.()+/\\'\"`,:~№#*=<>\[\]‐-―−«»“”„{_LOOKALIKE}]*")
_AS_WRITTEN = re.compile(rf"[+(]*[\d{_LOOKALIKE}](?:.*[\d{_LOOKALIKE}])?", re.DOTALL)
_PLAINER = {ord("\t"): " ", ord("、"): ",", ord("،"): ","}
_OWN = re.compile(r"[78]\d{10}|7\d{9}")
_TOO_LONG = re.compile(r"(?:\+?77|87)\d{10,}")
"""A number of our own with more digits behind it, as of `87015552501 (3 раза)`. Such ones abroad (+870) need a plus."""
_NOTE = re.compile(r"(?:\d\D*){5,}(?:\(\s*\d{1,3}\s*\)?|\s[-‐-―−]\s+\d)\s*$")
"""A count or the like behind a number: `50-12-34 (2)`."""
_HIDDEN = re.compile(r"\d[\s()-]*\*|\*[\s()-]*\*[\s()-]*\d")
_LETTER_AT_END = re.compile(r"\d([^\W\d_])(?![^\W_])")
"""Perhaps a digit, as the З of `8701555250З`."""

_DATE = re.compile(
    r"(?<![\d.-])(?:(?:0?[1-9]|[12]\d|3[01])\.(?:0?[1-9]|1[0-2])\.(?:19|20)\d\d|20\d\d-(?:0[1-9]|1[0-2])-[0-3]\d)(?![\d.-]*\d)"
)
"""The letter's, which got into the field; as a number it would be looked for abroad."""
_FROM_TO = re.compile(r"\d[\s)]*\s(?:по|до|to|through|till)\s+[№(\s]*\+?\d|\bдейін\b", re.IGNORECASE)
"""A range: its two ends alone are not what is meant."""


class NotUnderstoodError(ValueError):
    """A field that holds no phone number, or not only whole ones; the text says what to do."""


def numbers_of(typed: str) -> tuple[Candidates, ...]:
    """Each number that a field holds, as written and as it is looked for; at least one.

    Raises NotUnderstoodError.
    """
    text = _plain(typed)
    if len(text) > LONGEST_FIELD:
        raise _not_understood(typed, f"it has more than {LONGEST_FIELD} characters")
    found: dict[str, Candidates] = {}
    for number in _addresses(text, typed) if _URI.search(text) else _numbers(text, typed):
        wanted = candidate_keys(number)
        if not wanted.exact:
            raise _not_understood(typed, "no number is in it")
        found.setdefault(wanted.exact[0], wanted)
    if not found:
        raise _not_understood(typed, "no number is in it")
    if len(found) > 1 and (odd := [one.number for one in found.values() if _is_fragment(one.exact[0])]):
        raise _not_understood(typed, f"what is {odd[0]!r}?")
    if len(found) > MOST_NUMBERS:
        raise _not_understood(typed, f"it holds more than {MOST_NUMBERS} numbers: make several searches of it")
    return tuple(found.values())


def _is_fragment(key: str) -> bool:
    """Whether it is hardly a number beside others: an hour, a room."""
    return key.startswith("short:") and len(key.removeprefix("short:")) < _SHORTEST_BESIDE


def one_line(typed: str) -> str:
    """A field in one line, its line breaks as semicolons."""
    return "; ".join(filter(None, (" ".join(line.split()) for line in typed.splitlines())))


def _not_understood(typed: str, why: str) -> NotUnderstoodError:
    shown = typed if len(typed) <= 80 else f"{typed[:80]}…"
    return NotUnderstoodError(
        f"{shown!r} is no phone number, or not only whole ones ({why}): write each number whole, with a comma between"
    )


def _plain(typed: str) -> str:
    """Without control and format characters, digits as ASCII's, every break of a line the same."""
    text = "\n".join(typed.translate(_PLAINER).splitlines())
    text = unicodedata.normalize("NFKC", text)
    return "".join(
        str(unicodedata.decimal(letter)) if letter.isdecimal() else letter
        for letter in text
        if letter == "\n" or not unicodedata.category(letter).startswith("C")
    ).strip()


def _addresses(text: str, typed: str) -> Iterator[str]:
    """SIP and tel URIs, with or without a name, by commas."""
    kept = list[str]()

    def keep(match: re.Match[str]) -> str:
        kept.append(match[0])
        return f"\0{len(kept) - 1}\0"

    for part in _BETWEEN_URIS.split(_QUOTED.sub(keep, text)):
        whole = re.sub(r"\0(\d+)\0", lambda match: kept[int(match[1])], part).strip()
        if len(_URI.findall(whole)) > 1:
            raise _not_understood(typed, "two addresses run into each other")
        if _URI.search(whole):
            yield whole
        elif any(map(str.isalnum, whole)):
            yield from _numbers(whole, typed)


def _numbers(text: str, typed: str) -> Iterator[str]:
    """The numbers in a text without URIs."""
    words = [word.casefold() for word in _WORD.findall(text)]
    if not any(map(str.isdecimal, text)):
        yield from _name(text, words, typed)
        return
    if _OTHER_NUMBERS & set(words):
        raise _not_understood(typed, "an IIN or BIN is no phone's")
    text = _EXTENSION.sub("\n", text)
    if date := _DATE.search(text):
        raise _not_understood(typed, f"{date[0]} is a date")
    if _FROM_TO.search(text):
        raise _not_understood(typed, "a range names only its ends")
    if _HIDDEN.search(text):
        raise _not_understood(typed, "digits are hidden")
    if odd := [letter for letter in _LETTER_AT_END.findall(text) if letter not in _LOOKALIKE]:
        raise _not_understood(typed, f"is the {odd[0]} a digit?")
    text = _LIST_MARK.sub("\n", text)
    text = _WORD.sub(lambda match: match[0] if _in_a_number(match) else "\n", text)
    text = _LATER_PLUS.sub("\n+", text)
    for piece in _APART.split(text):
        if any(map(str.isdecimal, piece)):
            yield from _pieces(piece, typed)


def _name(text: str, words: Sequence[str], typed: str) -> Iterator[str]:
    """A withheld number in words, or the user of a SIP address."""
    bare = text.strip(" <>\"'«»“”„")
    if caller_key(text) == ANONYMOUS and words:
        yield text
    elif set(words) & _WITHHELD_WORDS and set(words) <= _WITHHELD_WORDS | _FILLERS:
        yield ANONYMOUS
    elif _NAME.fullmatch(bare):
        yield text
    else:
        raise _not_understood(typed, "no number is in it")


def _in_a_number(word: re.Match[str]) -> bool:
    """Whether letters are written for digits: an O for a zero, right among digits."""
    before, after = word.string[word.start() - 1 : word.start()], word.string[word.end() : word.end() + 1]
    return set(word[0]) <= set(_LOOKALIKE) and (before.isdecimal() or after.isdecimal())


def _pieces(piece: str, typed: str) -> Iterator[str]:
    """The numbers of a piece, in which commas, slashes and blanks may stand within a number or between two."""
    for separator in (",", r"[/\\]"):
        parts = [part for part in re.split(separator, piece) if any(map(str.isdecimal, part))]
        if len(parts) > 1 and all(map(_holds_whole, parts)):
            for part in parts:
                yield from _pieces(part, typed)
            return
        if len(parts) > 1 and _is_full(separator_free := piece[: piece.rindex(parts[-1])]):
            raise _not_understood(typed, f"what follows {separator_free.strip(' ,/')!r} is no whole number")
    if _is_one(piece):
        yield _as_written(piece)
        return
    runs = _runs(_tokens(piece))
    if len(runs) != 1:
        why = "digits of no one number" if not runs else "where one number ends is not clear"
        raise _not_understood(typed, why)
    yield from map(_as_written, runs[0])


def _holds_whole(part: str) -> bool:
    """Whether a part is a number by itself: with its country or city, or within a city, or several of them."""
    digits = re.sub(r"\D", "", part)
    return _is_full(part) or (len(digits) in (6, 7) and _is_one(part)) or bool(_runs(_tokens(part)))


def _tokens(part: str) -> tuple[str, ...]:
    """What stands between blanks and has a digit: a mark by itself is no part of a number."""
    return tuple(token for token in part.split() if any(map(str.isdecimal, token)))


def _is_full(part: str) -> bool:
    return _is_one(part) and caller_key(_digits(part)).startswith("+")


def _is_one(part: str) -> bool:
    """Whether all of it is one number."""
    digits = _digits(part)
    if not _WITHIN.fullmatch(part) or len(digits.lstrip("+")) < 3 or _TOO_LONG.fullmatch(digits) or _NOTE.match(part):
        return False
    return caller_key(digits).startswith(("+", "short:"))


def _digits(part: str) -> str:
    """The digits, behind a plus if one is written, letters for digits read as such."""
    text = part.translate(str.maketrans(_LOOKALIKE, "0" * 6 + "1" * 4))
    plus = "+" if "+" in text.partition(next(filter(str.isdecimal, text), ""))[0] else ""
    return plus + re.sub(r"[^0-9]", "", text)


@cache
def _runs(tokens: tuple[str, ...]) -> tuple[tuple[str, ...], ...]:
    """The ways, two at most, to read tokens as several whole numbers, one after the other."""
    found: list[tuple[str, ...]] = []
    for end in range(1, len(tokens) + 1):
        run = " ".join(tokens[:end])
        digits = _digits(run)
        if len(digits) > 16:
            break
        sure = _is_full(run) if digits.startswith("+") else _OWN.fullmatch(digits) and _WITHIN.fullmatch(run)
        if sure:
            found += [(run,)] if end == len(tokens) else [(run, *rest) for rest in _runs(tokens[end:])]
    return tuple(found[:2])


def _as_written(piece: str) -> str:
    """Without the marks of sentences around it."""
    match = _AS_WRITTEN.search(piece)
    written = match[0] if match else piece
    return written if written.count("(") <= written.count(")") or not written.startswith("(") else written.lstrip("(")
