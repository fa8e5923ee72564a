"""What a person can see of a text, and which names look the same to one.

Text that came from outside must have no power over a terminal or a line of a log (escape sequences, line breaks, marks
that turn the direction of writing), and nobody must become two persons by typing a name in two ways.
"""

from __future__ import annotations

import re
import unicodedata

# Printable to Python, and empty on a screen: Default_Ignorable_Code_Point of Unicode's DerivedCoreProperties.txt as far
# as it is no control or format character, and the blank of braille.
_EMPTY = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180d\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)

# What looks like a Latin letter, small or capital (в is there because of B): of confusables.txt (Unicode Technical
# Standard 39) the letters of Kazakh and Russian, the commonest of Greek; I looks like a small l, and O like 0.
_LATIN = {
    "a": "аαɑ", "b": "вьβ", "c": "с", "d": "ԁ", "e": "еε", "h": "һнη", "j": "јϳ", "k": "кκ",
    "l": "iі1|ıӏι", "m": "мμ", "n": "пν", "o": "оο0", "p": "рρ", "q": "ԛ", "r": "г", "s": "ѕ", "t": "тτ", "w": "ԝѡω",
    "x": "хχ", "y": "уүυγ", "ə": "әǝ", "ɵ": "өѳθ", "3": "зӡ", "'": "’‘ʼ`ʹ", "-": "‐‑‒–—−",
}  # fmt: skip
_LOOKS = str.maketrans({letter: latin for latin, letters in _LATIN.items() for letter in letters})


def is_plain(text: str) -> bool:
    """Whether it is one line of which everything can be seen: no blank but the usual one, nothing that is empty."""
    return text.isprintable() and (text.isascii() or not _EMPTY.search(text))


def shown(text: str, but: str = "") -> str:
    r"""The text with what cannot be seen as escapes, `\x1b`; `but` are letters that stay, e.g. line breaks."""
    if is_plain(text):
        return text
    return "".join(letter if letter in but or is_plain(letter) else ascii(letter)[1:-1] for letter in text)


def looks(name: str) -> str:
    """The same for names that a person cannot tell apart: by case, alphabet, form of Unicode, or what nobody sees."""
    text = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
    seen = "".join(letter for letter in text if letter.isspace() or is_plain(letter))
    return " ".join(seen.translate(_LOOKS).split())
