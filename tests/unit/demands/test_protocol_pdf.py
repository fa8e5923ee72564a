"""The protocol on paper, read back from the PDF: what stands where, on which page, in which size and grey."""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass

import pytest

from demands.protocol import Protocol, Section
from demands.protocol_pdf import pdf

MADE_MS = 1_764_000_000_000  # 2025-11-24 16:00 UTC
HIGH_PT, PT_PER_MM = 841.89, 72 / 25.4
LEFT_MM, RIGHT_MM, PADDING_MM = 18, 192, 1
INK, GREY = 0.0784, 0.4314
SMALL, TEXT, HEAD, TITLE = 7.5, 8.5, 10.5, 15.0
DIGEST = "ab" * 32


@dataclass(frozen=True)
class Said:
    """A text of the page; millimetres from its left and its upper edge."""

    x: float
    y: float
    size: float
    grey: float
    text: str


@dataclass(frozen=True)
class Sheet:
    said: list[Said]
    lines: list[tuple[float, float, float]]
    """From, to, and how far down, of each level line that stands alone."""

    def of(self, text: str) -> Said:
        (found,) = [one for one in self.said if one.text == text]
        return found

    def texts(self) -> list[str]:
        return [one.text for one in self.said]


def sheets(made: bytes) -> list[Sheet]:
    """Of what `pdf` writes, without a library: each page's content stream, letters by the font's ToUnicode."""
    letters = dict(re.findall(rb"<([0-9A-F]{4})> <([0-9A-F]{4})>\n", made.partition(b"beginbfchar")[2]))
    found = []
    for packed in re.findall(rb"/Filter /FlateDecode\n/Length \d+\n>>\nstream\n(.*?)\nendstream", made, re.S):
        content = zlib.decompress(packed)
        if not content.startswith(b"2 J"):
            continue  # the font
        size, said = 0.0, []
        text = rb"/F1 ([\d.]+) Tf|BT ([\d.]+) ([\d.]+) Td ([\d.]+) g [^(]*((?:\((?:\\.|[^\\)])*\) Tj ?)+)"
        for font, x, y, grey, raw in re.findall(text, content, re.S):
            if font:
                size = float(font)
                continue
            raw = b"".join(re.findall(rb"\(((?:\\.|[^\\)])*)\) Tj", raw, re.S))
            plain = re.sub(rb"\\(.)", lambda one: {b"r": b"\r", b"n": b"\n"}.get(one[1], one[1]), raw, flags=re.S)
            codes = [plain[at : at + 2].hex().upper().encode() for at in range(0, len(plain), 2)]
            told = "".join(chr(int(letters[code], 16)) for code in codes)
            said.append(Said(float(x) / PT_PER_MM, (HIGH_PT - float(y)) / PT_PER_MM, size, float(grey), told.strip()))
        lines = [
            (float(one) / PT_PER_MM, float(other) / PT_PER_MM, (HIGH_PT - float(y)) / PT_PER_MM)
            for one, y, other in re.findall(rb"^([\d.]+) ([\d.]+) m ([\d.]+) \2 l S$", content, re.M)
        ]
        found.append(Sheet(said, lines))
    return found


def told(*sections: Section) -> Protocol:
    return Protocol("ru", "Центр", "Протокол", "D-2025-0001", "Выдано: 1", "в срок", sections, "подпись, дата")


def rows(head: str, count: int) -> Section:
    return Section(head, rows=tuple((f"{head}.{number}", f"= {head}.{number}") for number in range(count)))


@pytest.fixture(scope="module")
def long() -> list[Sheet]:
    """Eight sections of nine rows, the ninth of forty: four pages."""
    return sheets(pdf(told(*(rows(f"s{number}", 9) for number in range(8)), rows("t", 40)), MADE_MS))


def test_every_page_names_the_office_the_demand_and_how_many_pages_there_are(long: list[Sheet]) -> None:
    assert len(long) == 4
    right = RIGHT_MM - PADDING_MM - 17.4  # so wide is the number in the small size
    for number, sheet in enumerate(long, 1):
        office, demand, page = sheet.of("Центр"), sheet.of("D-2025-0001"), sheet.of(f"{number} / 4")
        assert (office.x, demand.x) == pytest.approx((LEFT_MM + PADDING_MM, right), abs=0.05)
        assert office.y == demand.y == pytest.approx(19.3, abs=0.1) and page.y == pytest.approx(286.3, abs=0.1)
        assert {(one.size, one.grey) for one in (office, demand, page)} == {(SMALL, GREY)}
        assert sheet.lines[0] == pytest.approx((LEFT_MM, RIGHT_MM, 21.5), abs=0.05)  # a line of 5 mm under the margin


def test_the_first_page_begins_with_what_came_of_the_demand(long: list[Sheet]) -> None:
    title, number, result, clock = (
        long[0].of(text) for text in ("Протокол", "№ D-2025-0001", "Выдано: 1", "в срок")
    )  # fmt: skip
    assert [one.size for one in (title, number, result, clock)] == [TITLE, HEAD, HEAD, TEXT]
    assert [one.grey for one in (title, number, result, clock)] == [INK] * 4
    assert [one.y for one in (title, number, result, clock)] == pytest.approx([30.6, 37.1, 46.1, 52.9], abs=0.1)
    head = long[0].of("s0")
    assert (head.size, head.grey) == (HEAD, INK) and head.y - clock.y == pytest.approx(10.5, abs=0.1)
    assert 10 < long[0].of("s1").y - long[0].of("s0.8").y < 12  # room between two sections


def test_a_recording_stands_on_one_page_and_no_heading_alone_at_the_end_of_one(long: list[Sheet]) -> None:
    def pages_of(texts: set[str]) -> list[int]:
        return [number for number, sheet in enumerate(long) if texts & set(sheet.texts())]

    for number in range(8):
        head = f"s{number}"
        assert len(pages_of({head, *(f"{head}.{row}" for row in range(9)), f"= {head}.8"})) == 1, head
    assert [sum(text in {f"s{one}" for one in range(8)} for text in sheet.texts()) for sheet in long] == [3, 3, 2, 0]
    assert pages_of({f"t.{row}" for row in range(40)}) == [2, 3]  # a long one goes on overleaf


@pytest.mark.parametrize(("words", "room_mm"), [("", 20.4), ("plain words", 36.4)])
def test_a_heading_is_never_alone_at_the_end_of_a_page(words: str, room_mm: float) -> None:
    """What is longer than a page's part begins where there is room for two rows, and for words below if it has any."""
    begun = []
    for count in range(24, 33):
        first, *_ = sheets(pdf(told(rows("s", count), Section("t", rows("u", 20).rows, text=words)), MADE_MS))
        ends = max(one.y for one in first.said if one.text.startswith("s.")) + 2.2  # the line under the row
        begun.append("t" in first.texts())
        assert begun[-1] is (ends + 4 + room_mm < 297 - 18) is ({"u.0", "u.1"} <= set(first.texts()))
    assert 0 < sum(begun) < 9


def test_names_are_grey_values_black_and_a_digest_is_on_one_line() -> None:
    facts = Section("facts", rows=(("SHA-256", DIGEST), ("file", "a.wav")), text="plain words")
    gaps = Section("gaps", columns=("time", "call", "operator", "why"), lines=(("12:00:00", "hl1-1.2", "102", "lost"),))
    (sheet,) = sheets(pdf(told(facts, gaps, Section("words", text="words alone")), MADE_MS))
    look = {one.text: (one.size, one.grey) for one in sheet.said}
    assert look["SHA-256"] == look["file"] == (TEXT, GREY)
    assert look["a.wav"] == look["plain words"] == look["words alone"] == (TEXT, INK) and look[DIGEST] == (SMALL, INK)
    assert {look[name] for name in ("time", "call", "operator", "why")} == {(TEXT, GREY)}
    assert {look[cell] for cell in ("12:00:00", "hl1-1.2", "102", "lost")} == {(TEXT, INK)}
    assert [sheet.of(text).x for text in ("file", "a.wav")] == pytest.approx([18.8, 70.8], abs=0.1)
    assert [sheet.of(text).x for text in ("time", "call", "operator", "why")] == pytest.approx(
        [18.8, 54.8, 92.8, 112.8], abs=0.1
    )


def test_two_sign_beside_each_other_and_never_in_the_margin() -> None:
    lowest, alone = 0.0, 0
    for count in range(24, 36):
        *_, last = sheets(pdf(told(rows("a", count)), MADE_MS))
        signs = [one for one in last.said if one.text == "подпись, дата"]
        assert [(one.x, one.size, one.grey) for one in signs] == [
            (pytest.approx(x, abs=0.1), SMALL, GREY) for x in (19, 117)
        ]
        assert signs[0].y == signs[1].y < 297 - 18
        under = [line for line in last.lines if 0 < signs[0].y - line[2] < 5]
        assert [line[:2] for line in under] == [pytest.approx(ends, abs=0.05) for ends in ((18, 94), (116, 192))]
        lowest, alone = max(lowest, signs[0].y), alone + (f"a.{count - 1}" not in last.texts())
    assert lowest > 265 and 0 < alone < 5  # to the page's end, and overleaf where the room does not do


def test_the_pdf_says_itself_what_it_is_and_when_it_was_made() -> None:
    made = pdf(told(), MADE_MS)
    assert b"/CreationDate (D:20251124160000Z)" in made
    title = re.search(rb"/Title <feff([0-9a-f]+)>", made)
    assert title is not None and bytes.fromhex(title[1].decode()).decode("utf-16-be") == "Протокол D-2025-0001"
    assert b"/Lang (ru)" in made
