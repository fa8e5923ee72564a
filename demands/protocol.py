"""The protocol of a demand, in Kazakh and Russian: what was demanded, sought and handed over (rule 14).

The same sections are the PDF's and those of `protocol.json`. A search that found nothing is answered by one, too
(promise 8).
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Any

from calls.local_day import local_time

LANGUAGES = ("kk", "ru")
FACTS = (
    "format", "made_ms", "time_zone", "demand", "search", "searched", "recordings", "gaps", "persons", "channels",
    "public_key", "verifier_sha256",
)  # fmt: skip
"""Of the manifest, those that the protocol tells."""
PRINTED = 500
"""Rows of a table on paper; `protocol.json` has all."""
_MINUTE_MS = 60_000
Words = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the protocol: names with their values, then a table, then plain words."""

    head: str
    rows: tuple[tuple[str, str], ...] = ()
    columns: tuple[str, ...] = ()
    lines: tuple[tuple[str, ...], ...] = ()
    text: str = ""


@dataclass(frozen=True, slots=True)
class Protocol:
    """The whole of it in one language."""

    language: str
    office: str
    title: str
    number: str
    result: str
    """What came of it, in one line."""
    clock: str
    sections: tuple[Section, ...]
    sign: str
    """Beside the line for a signature by hand."""


def document(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """`protocol.json`: the facts for programs, and the text in each language for people."""
    text = {language: asdict(protocol(manifest, language)) for language in LANGUAGES}
    return {name: manifest[name] for name in FACTS} | {"text": text}


def protocol(manifest: Mapping[str, Any], language: str) -> Protocol:
    """The protocol in one language."""
    words, demand = _words()[language], manifest["demand"]
    given, left_ms = len(manifest["recordings"]), demand["deadline_ms"] - manifest["made_ms"]
    hours, minutes = divmod(abs(left_ms) // _MINUTE_MS, 60)
    return Protocol(
        language=language,
        office=words["office"],
        title=words["title"],
        number=demand["id"],
        result=words["given"].format(count=given) if given else words[_nothing(manifest)],
        clock=words["left" if left_ms >= 0 else "late"].format(hours=hours, minutes=minutes),
        sections=tuple(_sections(manifest, words)),
        sign=words["sign"],
    )


def _nothing(manifest: Mapping[str, Any]) -> str:
    search = manifest["search"]
    return "none_selected" if search["exact"] or search["possible"] else "nothing"


def _sections(manifest: Mapping[str, Any], words: Words) -> Iterator[Section]:
    zone, recordings = manifest["time_zone"], manifest["recordings"]
    yield Section(words["demand"], tuple(_demanded(manifest["demand"], words, zone)))
    yield Section(words["searched"], tuple(_sought(manifest, words, zone)))
    yield Section(words["whole"], tuple(_whole(manifest["searched"], words)))
    for number, one in enumerate(recordings, 1):
        rows = tuple(_handed(one, words, zone))
        yield Section(words["recording"].format(number=number, count=len(recordings)), rows)
    if manifest["gaps"]:
        columns = tuple(words[name] for name in ("arrived", "call", "operator", "why"))
        lines = tuple(_without(gap, words, zone) for gap in manifest["gaps"])
        yield Section(words["gaps"], columns=columns, lines=lines)
    if day_gaps := manifest["searched"]["gaps"]:
        columns = tuple(words[name] for name in ("from", "until", "call", "operator", "why"))
        lines = tuple(_silent(gap, words, zone) for gap in day_gaps[:PRINTED])
        yield Section(words["day_gaps"], columns=columns, lines=lines, text=_more(day_gaps, words))
    if nobodys := manifest["searched"].get("unattributed", ()):
        columns = tuple(words[name] for name in ("arrived", "call", "recorded_file", "stands"))
        lines = tuple(_nobodys(one, words, zone) for one in nobodys[:PRINTED])
        text = " ".join(filter(None, (words["unattributed_text"], _more(nobodys, words))))
        yield Section(words["unattributed"], columns=columns, lines=lines, text=text)
    yield Section(words["persons"], tuple(_persons(manifest, words, zone)))
    proof = ((words["key"], manifest["public_key"]), (words["verifier"], manifest.get("verifier_sha256", "–")))
    yield Section(words["proof"], proof, text=words["proof_text"])


def _demanded(demand: Mapping[str, Any], words: Words, zone: str) -> Iterator[tuple[str, str]]:
    yield words["id"], demand["id"]
    yield words["authority"], words[demand["authority"]]
    for name in ("letter", "ground"):
        yield words[name], demand[name]
    yield words["day"], f"{date.fromisoformat(demand['day']):%d.%m.%Y}"
    yield words["phone"], demand["phone"]
    yield words["received"], _both(demand["received_ms"], zone)
    yield words["deadline"], _both(demand["deadline_ms"], zone)
    yield words["registered"], f"{_both(demand['registered_ms'], zone)}, {demand['registered_by']}"
    if demand["scan_sha256"]:
        yield words["scan"], demand["scan_sha256"]


def _sought(manifest: Mapping[str, Any], words: Words, zone: str) -> Iterator[tuple[str, str]]:
    searched, search = manifest["searched"], manifest["search"]
    yield words["sources"], words["sources_text"]
    yield (
        words["period"],
        words["period_text"].format(
            first=_both(searched["from_ms"], zone), last=_both(searched["to_ms"], zone), zone=zone
        ),
    )
    numbers = search.get("numbers", ())
    for one in numbers if len(numbers) > 1 else ():
        yield words["found_for"].format(number=one["number"]), words["found_kinds"].format(**one)
    for name in ("exact", "possible", "adjacent", "without_recording"):
        yield words[f"found_{name}"], str(search[name])


def _whole(searched: Mapping[str, Any], words: Words) -> Iterator[tuple[str, str]]:
    talks = searched["talks"]
    for name in ("talks", "recorded", "unfinished"):
        yield words[f"day_{name}"], str(talks[name])
    for status, count in sorted(talks["gaps"].items()):
        yield words.get(f"day_{status}", status), str(count)
    yield words["unattributed_count"], str(len(searched.get("unattributed", ())))
    unread, unknown = searched["journal_unread_bytes"], searched["archive_without_row"]
    yield words["journal"], words["journal_unread"].format(bytes=unread) if unread else words["journal_read"]
    known = words["archive_away" if unknown is None else "archive_unknown" if unknown else "archive_known"]
    yield words["archive"], known.format(count=unknown)


def _handed(one: Mapping[str, Any], words: Words, zone: str) -> Iterator[tuple[str, str]]:
    yield words["file"], one["audio"]
    yield words["call"], one["call"]
    yield words["arrived"], _both(one["arrived_ms"], zone)
    yield words["operator"], one["operator"] or "–"
    yield words["answered"], "–" if one["answered_ms"] is None else _both(one["answered_ms"], zone)
    yield words["length"], words["seconds"].format(length=f"{one['duration_ms'] / 1000:.1f}")
    yield words["presented"], one["number_as_presented"] or "–"
    if one.get("number_demanded"):
        yield words["number_demanded"], one["number_demanded"]
    why = words.get(f"why_{one.get('why')}")
    yield words["match"], f"{words[one['match']]}: {why}" if why else words[one["match"]]
    yield words["sides"], words["sides_text"]
    yield "SHA-256", one["sha256"]
    if mp3 := one.get("mp3"):
        yield words["mp3"], f"{mp3} – {words['mp3_text']}"
        yield "SHA-256 (MP3)", one["mp3_sha256"]


def _without(gap: Mapping[str, Any], words: Words, zone: str) -> tuple[str, ...]:
    why = words.get(gap["status"], gap["status"])
    return _local(gap["arrived_ms"], zone), gap["call"], gap["operator"] or "–", why


def _silent(gap: Mapping[str, Any], words: Words, zone: str) -> tuple[str, ...]:
    until = "–" if gap["to_ms"] is None else _local(gap["to_ms"], zone)
    return (
        *(_local(gap["from_ms"], zone), until, gap["call"], gap["operator"] or "–"),
        words.get(gap["reason"], gap["reason"]),
    )


def _nobodys(one: Mapping[str, Any], words: Words, zone: str) -> tuple[str, ...]:
    status = "recorded" if one["status"] in ("ok", "repaired", "orphan") else one["status"]
    return _local(one["arrived_ms"], zone), one["call"], one["file"] or "–", words.get(f"day_{status}", status)


def _more(rows: Sequence[Any], words: Words) -> str:
    """That a table shows its first rows only, and where the others are."""
    return words["more_rows"].format(shown=PRINTED, all=len(rows)) if len(rows) > PRINTED else ""


def _persons(manifest: Mapping[str, Any], words: Words, zone: str) -> Iterator[tuple[str, str]]:
    persons = manifest["persons"]
    yield words["made"], _both(manifest["made_ms"], zone)
    yield words["selected_by"], persons["selected_by"] or "–"
    yield words["approved_by"], persons["approved_by"] or "–"
    if persons["alone"]:
        yield words["alone"], persons["alone"]


@cache
def _words() -> dict[str, dict[str, str]]:
    path = Path(__file__).parent / "texts" / "protocol.toml"
    return tomllib.loads(path.read_text(encoding="utf-8"))


def _local(at_ms: int, zone: str) -> str:
    return f"{local_time(at_ms, zone):%d.%m.%Y %H:%M:%S}"


def _both(at_ms: int, zone: str) -> str:
    """Local time with its offset, and UTC."""
    local, utc = local_time(at_ms, zone), datetime.fromtimestamp(at_ms / 1000, UTC)
    return f"{local:%d.%m.%Y %H:%M:%S %z} ({utc:%Y-%m-%dT%H:%M:%SZ})"
