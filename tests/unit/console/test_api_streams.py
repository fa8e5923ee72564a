"""Sound and packages over HTTP: parts, breaks and ends (RFC 9110, section 14), over a real socket."""

from __future__ import annotations

import re
from collections.abc import Mapping

import aiohttp
import pytest

from calls.ids import CallId
from console.operations.recordings import ListenQuery
from console.routes import ROUTES
from console.scopes import Scope
from console.stream import Stream
from recordings.naming import Origin, file_of
from tests.unit.console.paper import Paper, stream
from tests.unit.console.paper_demands import DEMAND, FILE

SOUND = bytes(range(256)) * 1000
AUDIO = f"/api/v1/recordings/{FILE}/audio?reason=is+it+meant&format=wav"


async def got(paper: Paper, path: str, **headers: str) -> tuple[int, bytes, Mapping[str, str]]:
    sent = {**paper.token(Scope.RECORDINGS_LISTEN, Scope.DEMANDS_WRITE), **headers}
    async with paper.client.get(path, headers=sent) as response:
        return response.status, await response.read(), response.headers


async def test_the_whole_sound_comes_with_what_a_player_needs(paper: Paper) -> None:
    paper.listening.sound = SOUND
    status, sound, headers = await got(paper, AUDIO)
    assert (status, sound) == (200, SOUND)
    assert (headers["Accept-Ranges"], headers["Content-Length"], headers["Content-Type"]) == (
        "bytes", "256000", "audio/wav"
    )  # fmt: skip
    assert headers["Cache-Control"] == "no-store"
    assert FILE in headers["Content-Disposition"]
    assert paper.listening.heard == [(FILE, "is it meant", "t0")]


@pytest.mark.parametrize("mark", ["", "1764000000123"])
def test_a_recording_is_asked_for_by_every_name_that_it_may_have(mark: str) -> None:
    (part,) = (route.part for route in ROUTES if route.path == "/recordings/{file}/audio")
    assert part is not None
    assert re.fullmatch(part.pattern, file_of(Origin(CallId("hl1-1764000000.12"), 1, 2, mark)))


@pytest.mark.parametrize(
    ("asked", "first", "after"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=100-199", 100, 200),
        ("bytes=255990-", 255_990, 256_000),
        ("bytes=-5", 255_995, 256_000),
        ("bytes=70000-999999999", 70_000, 256_000),
        ("bytes=1-", 1, 256_000),
    ],
)
async def test_a_part_is_that_part(paper: Paper, asked: str, first: int, after: int) -> None:
    paper.listening.sound = SOUND
    status, sound, headers = await got(paper, AUDIO, Range=asked)
    assert (status, sound) == (206, SOUND[first:after])
    assert headers["Content-Range"] == f"bytes {first}-{after - 1}/256000"


@pytest.mark.parametrize("asked", ["bytes=256000-", "bytes=300000-300001"])
async def test_a_part_behind_the_end_is_refused(paper: Paper, asked: str) -> None:
    paper.listening.sound = SOUND
    refused = await paper.refused("GET", AUDIO.removeprefix("/api/v1"), headers={**paper.token(), "Range": asked})
    assert refused == (416, "no-such-range")


@pytest.mark.parametrize("asked", ["bytes=5-2", "bytes=0-1,5-9", "lines=1-2", "bytes=x"])
async def test_what_is_no_range_of_ours_is_answered_whole(paper: Paper, asked: str) -> None:
    paper.listening.sound = SOUND
    status, sound, _ = await got(paper, AUDIO, Range=asked)
    assert (status, len(sound)) == (200, 256_000)


async def test_who_goes_on_after_a_break_gets_the_rest_of_the_same_bytes_only(paper: Paper) -> None:
    paper.listening.sound = SOUND
    assert (await got(paper, AUDIO, **{"Range": "bytes=9-", "If-Range": '"tag"'}))[0] == 206
    assert (await got(paper, AUDIO, **{"Range": "bytes=9-", "If-Range": '"other"'}))[0] == 200


async def test_the_package_is_fetched_in_the_tokens_name(paper: Paper) -> None:
    status, sound, headers = await got(paper, f"/api/v1/demands/{DEMAND}/package", Range="bytes=0-1")
    assert (status, sound, headers["Content-Type"]) == (206, b"PK", "application/zip")
    assert paper.demands.done == [("fetch", "t0")]


@pytest.mark.parametrize("query", ["", "?reason=", "?reason=x&format=mp3", "?reason=x&demand=../x", "?reason=x&y=1"])
async def test_nothing_is_heard_without_a_reason_or_in_a_form_that_is_none(paper: Paper, query: str) -> None:
    refused = await paper.refused("GET", f"/recordings/{FILE}/audio{query}", headers=paper.token())
    assert refused == (400, "bad-request")
    assert paper.listening.heard == []


@pytest.mark.parametrize("name", ["..%2F..%2Fkeys", "hl1-1764000000.12-1-1%00", "%2E%2E", "a" * 300, "hl1-1.2-1-9"])
async def test_a_path_trick_leads_nowhere(paper: Paper, name: str) -> None:
    status, error_id = await paper.refused("GET", f"/recordings/{name}/audio?reason=x", headers=paper.token())
    assert (status, error_id) in ((404, "unknown-recording"), (404, "no-such-path"))
    assert paper.listening.heard == []


async def test_a_sound_that_breaks_on_its_way_ends_in_a_broken_connection(
    paper: Paper, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half of it must never look like the whole."""
    closed = []

    async def broken(file: str, asked: ListenQuery, by: str) -> Stream:
        whole = stream(SOUND, "audio/wav", "x.wav")

        async def read(at: int, most: int) -> bytes:
            if at > 100_000:
                raise OSError("the disk is gone")
            return await whole.read(at, most)

        async def close() -> None:
            closed.append(True)

        return Stream(whole.media, whole.name, whole.size, whole.tag, read, close)

    monkeypatch.setattr(paper.listening, "recording", broken)
    with pytest.raises(aiohttp.ClientError):
        await got(paper, AUDIO)
    assert closed == [True]
