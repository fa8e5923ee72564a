"""Names of recordings: strict both ways, nothing of the caller, never out of the archive."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calls.ids import CallId
from calls.recording import EndedTalk
from recordings.naming import Origin, archive_path, file_in_spool, file_of, file_of_talk, origin_of

ORIGINS = st.builds(
    lambda node, epoch, count, seq, offer, mark: Origin(CallId(f"{node}-{epoch}.{count}"), seq, offer, mark),
    st.from_regex(r"[a-z][a-z0-9]{0,15}", fullmatch=True),
    st.integers(0, 10**12 - 1),
    st.integers(0, 10**10 - 1),
    st.integers(1, 999_999),
    st.integers(1, 999_999_999),
    st.from_regex(r"(?:[0-9]{6,24})?", fullmatch=True).filter(str.isascii),
)


@given(ORIGINS)
def test_a_name_leads_back_to_its_talk(origin: Origin) -> None:
    file = file_of(origin)
    assert origin_of(file) == origin
    assert file_in_spool(f"{file}.raw") == file


@pytest.mark.parametrize(
    "name",
    [
        "hl1-1764000000.12-1-2",
        "hl1-1764000000.12-1-2.raw\n",
        "hl1-1764000000.12-1-2.raw.raw",
        "hl1-1764000000.12-1-2.flac",
        "hl1-1764000000.12-0-2.raw",
        "hl1-1764000000.12-01-2.raw",
        "hl1-1764000000.12-1-2-12345.raw",
        "hl1-1764000000.12-1-2-1764000000123x.raw",
        "hl1-1764000000.12-1.raw",
        "hl1-1764000000-1-2.raw",
        "HL1-1764000000.12-1-2.raw",
        "hl1-1764000000.١-1-2.raw",
        "../hl1-1764000000.12-1-2.raw",
        "1764000000.12-1-2.raw",
        ".raw",
        "",
    ],
)
def test_other_files_in_the_spool_are_not_ours(name: str) -> None:
    assert file_in_spool(name) is None


@pytest.mark.parametrize(
    ("said", "named"),
    [
        ("hl1-1764000000.12-1-2-1764000000123456789", "hl1-1764000000.12-1-2-1764000000123456789"),
        ("", "hl1-1764000000.12-1-2"),
        ("hl1-1764000000.12-1-3-1764000000123456789", "hl1-1764000000.12-1-2"),
        ("../hl1-1764000000.12-1-2", "hl1-1764000000.12-1-2"),
    ],
)
def test_a_talks_file_is_what_the_journal_says_if_that_can_be(said: str, named: str) -> None:
    talk = EndedTalk(CallId("hl1-1764000000.12"), 1, 2, None, None, 0, 1, file=said)
    assert file_of_talk(talk) == named


@pytest.mark.parametrize("call", ["", "+77010000000", "hl1-1.1/../x", "hl1-1.1-1"])
def test_a_call_that_asterisk_cannot_have_named_has_no_recording(call: str) -> None:
    with pytest.raises(ValueError, match="no recording"):
        file_of(Origin(CallId(call), 1, 1))


@pytest.mark.parametrize(
    ("began_ms", "folder"),
    [
        (0, "1970/01/01/00"),
        (1_764_000_000_000, "2025/11/24/16"),
        (1_767_225_599_999, "2025/12/31/23"),  # already 04:59 of 1 January in Almaty: the archive is in UTC
        (1_767_225_600_000, "2026/01/01/00"),
        (1_709_143_200_000, "2024/02/28/18"),
    ],
)
def test_the_archive_is_by_the_utc_hour_in_which_the_talk_began(began_ms: int, folder: str) -> None:
    assert str(archive_path("hl1-1.2-3-4", began_ms, sealed=False)) == f"{folder}/hl1-1.2-3-4.flac"
    assert str(archive_path("hl1-1.2-3-4", began_ms, sealed=True)) == f"{folder}/hl1-1.2-3-4.flac.enc"


@pytest.mark.parametrize("file", ["../hl1-1.2-3-4", "/etc/passwd", "", "hl1-1.2-3-4/x", "hl1-1.2-3-4\n"])
def test_no_name_leads_out_of_the_archive(file: str) -> None:
    with pytest.raises(ValueError, match="not the name"):
        archive_path(file, 0, sealed=True)


@pytest.mark.parametrize("began_ms", [-1, 253_402_300_800_000, 10**30])
def test_an_instant_outside_the_calendar_is_refused(began_ms: int) -> None:
    with pytest.raises(ValueError, match="no instant"):
        archive_path("hl1-1.2-3-4", began_ms, sealed=True)
