"""A second way to write numbers, to hold the composed ones against: from decimal digits and tables of endings.

The engine divides and picks fragments; here the number is a string of four digits, each turned into a word by its
place, and ordinals are made from cardinals by what grammars say of their endings. Nothing is taken from the catalogues.
"""

from __future__ import annotations

KK_UNITS = ("", "бір", "екі", "үш", "төрт", "бес", "алты", "жеті", "сегіз", "тоғыз")
KK_TENS = ("", "он", "жиырма", "отыз", "қырық", "елу", "алпыс", "жетпіс", "сексен", "тоқсан")
RU_UNITS = ("", "один", "два", "три", "четыре", "пять", "шесть", "семь", "восемь", "девять")
RU_HUNDREDS = ("", "сто", "двести", "триста", "четыреста", "пятьсот", "шестьсот", "семьсот", "восемьсот", "девятьсот")
RU_TENS = ("", "", "двадцать", "тридцать", "сорок", "пятьдесят", "шестьдесят", "семьдесят", "восемьдесят", "девяносто")
RU_TEENS = tuple(f"{stem}надцать" for stem in ("один", "две", "три", "четыр", "пят", "шест", "сем", "восем", "девят"))
EN_UNITS = ("", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
EN_TEENS = [
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
]
EN_TENS = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")


def kazakh(number: int) -> str:
    if number == 0:
        return "нөл"
    thousands, hundreds, tens, units = (int(digit) for digit in f"{number:04}")
    said = []
    if thousands:
        said += [KK_UNITS[thousands], "мың"]
    if hundreds:
        said += [KK_UNITS[hundreds] if hundreds > 1 else "", "жүз"]
    said += [KK_TENS[tens], KK_UNITS[units]]
    return " ".join(word for word in said if word)


def kazakh_ordinal(number: int) -> str:
    """By vowel harmony, with a joining vowel after a consonant: жеті-нші, тоғыз-ыншы, елу-інші."""
    said = kazakh(number).removeprefix("бір ") if 1000 <= number < 2000 else kazakh(number)
    if said.endswith("жиырма"):
        return f"{said}сыншы"  # the one numeral that ends in an open vowel
    said = said.replace("қырық", "қырқ") if said.endswith("қырық") else said  # its second vowel drops out
    front = said.endswith("елу") or next(letter for letter in reversed(said) if letter in "аоұыәеөүі") in "әеөүі"
    joining = "" if said[-1] in "іы" else "і" if front else "ы"
    return f"{said}{joining}{'нші' if front else 'ншы'}"


def kazakh_from(number: int) -> str:
    """By harmony and the last sound: үш-тен, отыз-дан, он-нан."""
    said = kazakh(number)
    front = said.endswith("елу") or next(letter for letter in reversed(said) if letter in "аоұыәеөүі") in "әеөүі"
    begins = "т" if said[-1] in "кқпстшч" else "н" if said[-1] in "мнң" else "д"
    return f"{said}{begins}{'ен' if front else 'ан'}"


def russian_genitive(number: int) -> str:
    """Of something feminine: each word declined by its ending, пять-десят in both halves."""
    odd = {"одна": "одной", "две": "двух", "три": "трёх", "четыре": "четырёх", "восемь": "восьми", "сорок": "сорока"}
    return " ".join(
        odd.get(word) or (f"{word[:-6]}и{word[-5:]}и" if word.endswith("ьдесят") else f"{word[:-1]}и")
        for word in russian(number, "f").split()
    )


def russian(number: int, gender: str = "m") -> str:
    if number == 0:
        return "ноль"
    thousands, hundreds = int(f"{number:04}"[0]), int(f"{number:04}"[1])
    said = []
    if thousands:
        form = "тысяча" if thousands == 1 else "тысячи" if thousands < 5 else "тысяч"
        said += [{1: "одна", 2: "две"}.get(thousands, RU_UNITS[thousands]), form]
    said.append(RU_HUNDREDS[hundreds])
    tens, units = int(f"{number:04}"[2]), int(f"{number:04}"[3])
    if tens == 1:
        said.append(RU_TEENS[units - 1] if units else "десять")
    else:
        agreed = {("f", 1): "одна", ("f", 2): "две", ("n", 1): "одно"}
        said += [RU_TENS[tens], agreed.get((gender, units), RU_UNITS[units])]
    return " ".join(word for word in said if word)


RU_ORDINAL = {
    "ноль": "нулевой",
    "один": "первый",
    "два": "второй",
    "три": "третий",
    "четыре": "четвёртый",
    "шесть": "шестой",
    "семь": "седьмой",
    "восемь": "восьмой",
    "сорок": "сороковой",
    "пятьдесят": "пятидесятый",
    "шестьдесят": "шестидесятый",
    "семьдесят": "семидесятый",
    "восемьдесят": "восьмидесятый",
    "девяносто": "девяностый",
    "сто": "сотый",
}
RU_GENITIVE = {2: "двух", 3: "трёх", 4: "четырёх", 5: "пяти", 6: "шести", 7: "семи", 8: "восьми", 9: "девяти"}


def russian_ordinal(number: int) -> str:
    """The last word alone is an ordinal; round hundreds and thousands begin with a genitive: двух-сотый."""
    if number and number % 1000 == 0:
        return RU_GENITIVE.get(number // 1000, "") + "тысячный"
    said = russian(number).split()
    if said[0] == "одна":
        said = said[1:]
    if number and number % 100 == 0:
        last = RU_GENITIVE.get(number // 100 % 10, "") + "сотый"
    else:
        last = RU_ORDINAL.get(said[-1]) or said[-1].removesuffix("ь") + "ый"  # пять, десять … тридцать
    return " ".join([*said[:-1], last])


def russian_minutes(number: int) -> str:
    """By the last word said, as a speaker does it: одна минута, две, три, четыре минуты, else минут."""
    said = russian(number, "f")
    last = said.split()[-1]
    return f"{said} " + {"одна": "минута", "две": "минуты", "три": "минуты", "четыре": "минуты"}.get(last, "минут")


def english(number: int) -> str:
    if number == 0:
        return "zero"
    thousands, hundreds, tens, units = (int(digit) for digit in f"{number:04}")
    said = []
    if thousands:
        said.append(f"{EN_UNITS[thousands]} thousand")
    if hundreds:
        said.append(f"{EN_UNITS[hundreds]} hundred")
    if said and (tens or units):
        said.append("and")
    said += [EN_TEENS[units]] if tens == 1 else [EN_TENS[tens], EN_UNITS[units]]
    return " ".join(word for word in said if word)


def english_ordinal(number: int) -> str:
    said = english(number)
    irregular = {
        "one": "first",
        "two": "second",
        "three": "third",
        "five": "fifth",
        "eight": "eighth",
        "nine": "ninth",
        "twelve": "twelfth",
    }
    *before, last = said.split()
    ending = irregular.get(last) or (last.removesuffix("y") + "ieth" if last.endswith("y") else f"{last}th")
    return " ".join([*before, ending])
