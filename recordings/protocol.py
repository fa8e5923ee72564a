"""The protocol of a demand, in Kazakh and Russian: what was demanded, sought and handed over (rule 14).

A search that found nothing is answered by one, too (promise 8).
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from fpdf import FPDF, XPos, YPos
from fpdf.enums import WrapMode

from calls.local_day import local_time

LANGUAGES = ("kk", "ru")
_HERE = Path(__file__).parent
_HEAD, _TEXT, _TITLE = 11.0, 9.5, 15.0


def lines(manifest: Mapping[str, Any], language: str) -> Iterator[tuple[str, str]]:
    """The protocol's paragraphs: what kind each is (`title`, `head`, `text`), and its words."""
    words, demand, search = _words()[language], manifest["demand"], manifest["search"]
    zone = manifest["time_zone"]
    yield "title", words["title"]
    yield "head", words["demand"]
    yield "text", f"{words['id']}: {demand['id']}"
    yield "text", f"{words['authority']}: {words[demand['authority']]}"
    for name in ("letter", "ground", "day", "phone"):
        yield "text", f"{words[name]}: {demand[name]}"
    for name in ("received", "deadline"):
        yield "text", f"{words[name]}: {_both(demand[f'{name}_ms'], zone)}"
    yield "head", words["searched"]
    yield "text", words["sources"].format(zone=zone)
    yield "text", words["counts"].format(**search)
    if not search["exact"] and not search["possible"]:
        yield "text", words["nothing"]
    yield "head", words["handed"]
    if not manifest["recordings"]:
        yield "text", words["none_selected"]
    for number, one in enumerate(manifest["recordings"], 1):
        yield "text", words["recording"].format(number=number, file=one["file"])
        yield (
            "text",
            words["facts"].format(
                call=one["call"],
                arrived=_both(one["arrived_ms"], zone),
                operator=one["operator"] or "–",
                answered=_both(one["answered_ms"], zone),
                length=f"{one['duration_ms'] / 1000:.1f}",
                presented=one["number_as_presented"] or "–",
                match=words[one["match"]],
            ),
        )
        yield "text", f"SHA-256: {one['sha256']}"
    if manifest["gaps"]:
        yield "head", words["gaps"]
    for gap in manifest["gaps"]:
        yield (
            "text",
            words["gap"].format(
                call=gap["call"],
                arrived=_both(gap["arrived_ms"], zone),
                operator=gap["operator"] or "–",
                why=words.get(gap["status"], gap["status"]),
            ),
        )
    yield "head", words["made"]
    yield "text", _both(manifest["made_ms"], zone)
    yield "text", words["persons"].format(**manifest["persons"])
    if manifest["persons"]["alone"]:
        yield "text", words["alone"].format(reason=manifest["persons"]["alone"])
    yield "text", words["proof"]
    yield "text", f"{words['key']}: {manifest['public_key']}"


def pdf(manifest: Mapping[str, Any], language: str) -> bytes:
    """The protocol as a PDF. The same manifest gives the same bytes."""
    page = FPDF(format="A4")
    page.set_creation_date(datetime.fromtimestamp(manifest["made_ms"] / 1000, UTC))
    page.set_lang(language)
    page.set_title(_words()[language]["title"])
    page.set_margins(20, 18, 20)
    page.set_auto_page_break(auto=True, margin=18)
    page.add_font("DejaVu", fname=_HERE / "fonts" / "DejaVuSans.ttf")
    page.add_page()
    for kind, text in lines(manifest, language):
        page.set_font("DejaVu", size={"title": _TITLE, "head": _HEAD}.get(kind, _TEXT))
        if kind != "text":
            page.ln(3)
        height = 8 if kind == "title" else 5.2
        page.multi_cell(0, height, text, new_x=XPos.LMARGIN, new_y=YPos.NEXT, align="L", wrapmode=WrapMode.WORD)
    return bytes(page.output())


@cache
def _words() -> dict[str, dict[str, str]]:
    return tomllib.loads((_HERE / "texts" / "protocol.toml").read_text(encoding="utf-8"))


def _both(at_ms: int, zone: str) -> str:
    """Local time with its offset, and UTC."""
    local, utc = local_time(at_ms, zone), datetime.fromtimestamp(at_ms / 1000, UTC)
    return f"{local:%d.%m.%Y %H:%M:%S %z} ({utc:%Y-%m-%dT%H:%M:%SZ})"
