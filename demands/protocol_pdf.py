"""The protocol on paper: A4, one column of names and one of values, numbered pages, a line for a signature by hand."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from fpdf import FPDF, XPos, YPos
from fpdf.enums import TableBordersLayout, TextMode, WrapMode
from fpdf.fonts import FontFace

from demands.protocol import Protocol, Section

_FONT = Path(__file__).parent / "fonts" / "DejaVuSans.ttf"
_MARGIN, _WIDTH = 18.0, 174.0
_NAMES = 52.0
"""Millimetres for the names; the values have the rest."""
_TIME, _CALL, _OPERATOR = 36.0, 38.0, 20.0
_ROW, _WORDS = 6.2, 16.0
_LONGEST_KEPT_TOGETHER = 14
_SMALL, _TEXT, _HEAD, _TITLE = 7.5, 8.5, 10.5, 15.0
_GREY, _INK, _PALE = 110, 20, 242
_SIGNERS = 2


class _Page(FPDF):
    """Every page names the demand, and how many pages there are."""

    def __init__(self, told: Protocol) -> None:
        super().__init__(format="A4")
        self._told = told
        self.set_lang(told.language)
        self.set_margins(_MARGIN, 16, _MARGIN)
        self.set_auto_page_break(auto=True, margin=18)
        self.add_font("DejaVu", fname=_FONT)
        self.set_line_width(0.2)
        self.set_draw_color(170)

    def header(self) -> None:
        """Who made it, and which demand it is about."""
        self.set_font("DejaVu", size=_SMALL)
        self.set_text_color(_GREY)
        self.cell(_WIDTH / 2, 5, self._told.office)
        self.cell(_WIDTH / 2, 5, self._told.number, align="R", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        self.line(_MARGIN, self.get_y() + 0.5, _MARGIN + _WIDTH, self.get_y() + 0.5)
        self.ln(4)

    def footer(self) -> None:
        """Page and pages."""
        self.set_y(-14)
        self.set_font("DejaVu", size=_SMALL)
        self.set_text_color(_GREY)
        self.cell(0, 5, f"{self.page_no()} / {{nb}}", align="R")


def pdf(told: Protocol, made_ms: int) -> bytes:
    """The protocol as a PDF. The same protocol gives the same bytes."""
    page = _Page(told)
    page.set_creation_date(datetime.fromtimestamp(made_ms / 1000, UTC))
    page.set_title(f"{told.title} {told.number}")
    page.add_page()
    page.set_text_color(_INK)
    _bold(page, told.title, _TITLE, 8)
    _bold(page, f"№ {told.number}", _HEAD, 6)
    page.ln(2)
    page.set_fill_color(_PALE)
    _bold(page, f" {told.result}", _HEAD, 8, fill=True)
    page.set_font("DejaVu", size=_TEXT)
    page.cell(0, 6, f"  {told.clock}", fill=True, new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    for section in told.sections:
        _section(page, section)
    _signatures(page, told.sign)
    return bytes(page.output())


def _section(page: FPDF, section: Section) -> None:
    page.ln(4)
    rows = len(section.rows) if len(section.rows) < _LONGEST_KEPT_TOGETHER else 2
    if page.will_page_break(
        8 + rows * _ROW + (_WORDS if section.text else 0)
    ):  # a recording on one page, and no heading alone at a page's end
        page.add_page()
    page.set_text_color(_INK)
    page.set_fill_color(255)
    _bold(page, section.head, _HEAD, 6.5)
    if section.rows:
        _table(page, section.rows, (_NAMES, _WIDTH - _NAMES), names=True)
    if section.lines:
        times = len(section.columns) - 3  # then call, operator, and why
        widths = (*(_TIME for _ in range(times)), _CALL, _OPERATOR, _WIDTH - times * _TIME - _CALL - _OPERATOR)
        _table(page, (section.columns, *section.lines), widths, names=False)
    if section.text:
        page.ln(1)
        page.set_font("DejaVu", size=_TEXT)
        page.multi_cell(0, 4.6, section.text, new_x=XPos.LMARGIN, new_y=YPos.NEXT, align="L", wrapmode=WrapMode.WORD)


def _table(page: FPDF, rows: tuple[tuple[str, ...], ...], widths: tuple[float, ...], *, names: bool) -> None:
    page.set_font("DejaVu", size=_TEXT)
    grey = FontFace(color=_GREY)
    layout = TableBordersLayout.HORIZONTAL_LINES
    with page.table(
        col_widths=widths, line_height=4.6, padding=0.8, borders_layout=layout, first_row_as_headings=not names,
        headings_style=grey, text_align="LEFT", wrapmode=WrapMode.CHAR if not names else WrapMode.WORD,
    ) as table:  # fmt: skip
        for cells in rows:
            row = table.row()
            for place, cell in enumerate(cells):
                long = len(cell) == 64  # a digest on one line
                style = grey if names and not place else FontFace(size_pt=_SMALL) if long else None
                row.cell(cell, style=style)


def _signatures(page: FPDF, sign: str) -> None:
    if page.will_page_break(26):
        page.add_page()
    page.ln(14)
    page.set_font("DejaVu", size=_SMALL)
    page.set_text_color(_GREY)
    y, width = page.get_y(), 76.0
    for place in range(_SIGNERS):
        x = _MARGIN + place * (_WIDTH - width)
        page.line(x, y, x + width, y)
        page.set_xy(x, y + 1)
        page.cell(width, 4, sign)


def _bold(page: FPDF, text: str, size: float, height: float, *, fill: bool = False) -> None:
    """Drawn thicker: one font is enough."""
    page.set_font("DejaVu", size=size)
    with page.local_context(text_mode=TextMode.FILL_STROKE, line_width=size * 0.018, draw_color=_INK):
        page.multi_cell(0, height, text, new_x=XPos.LMARGIN, new_y=YPos.NEXT, align="L", fill=fill)
