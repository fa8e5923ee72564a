"""The talk: who it is with, the recording of both sides (rule 14), and the rating after it (rule 13)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
import soundfile
from hotline import OPERATOR_HZ, Centre, Visit, open_centre

from calls.journal import Fact
from calls.recording import Recording, RecordingStatus
from phones import tones
from phones.call import Call
from phones.manners import Answer, Refuse, Ring
from recordings.vault.opening import sidecar_of
from recordings.vault.vault import Vault
from storage.ledger import CallStory
from storage.record import RatingRow, talked

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def open_hotline() -> AsyncIterator[Centre]:
    async with open_centre(rating__answer_s=2.5) as centre:  # a busy machine hears late
        yield centre


@pytest_asyncio.fixture(loop_scope="module")
async def centre(open_hotline: Centre) -> AsyncIterator[Centre]:
    yield open_hotline
    await open_hotline.closed_down()


async def test_operators_number_is_told_to_the_caller_before_they_hear_each_other(centre: Centre) -> None:
    visit, talk = await _talk(centre, "101", language="en")
    (told,) = visit.heard("operator", "en")
    assert told[1] - told[0] > 0.4
    assert not visit.call.hears(OPERATOR_HZ["101"], 0.0, told[1], share=0.01)
    assert not talk.hears(visit.hz, 0.0, told[1] - told[0] - 0.2, share=0.01)
    assert await centre.until_state("101", "talking") == visit.id


async def test_both_voices_are_recorded_on_their_sides_from_the_first_moment(centre: Centre) -> None:
    visit, talk = await _talk(centre, "101")
    began = visit.facts(Fact.TALKING)[0].at_ms
    await talk.listen(2.0)
    await talk.hang_up()
    ended = await visit.fact(Fact.TALK_ENDED)
    await visit.until_prompt("rating-ask")
    await visit.call.hang_up()
    story = await visit.recorded()
    (recording,) = story.recordings
    _is_whole(centre, recording, (ended.at_ms - began) / 1000)
    _both_sides(centre, recording, visit.hz, OPERATOR_HZ["101"])
    segment = story.record.segments[recording.seq]
    assert (segment.operator_id, segment.offer, segment.ended_by) == ("101", recording.offer, "operator")
    samples, rate = tones.read(Vault(centre.up.places).recording(recording.path))
    assert visit.hz in _loud(samples[: rate // 2], rate, visit.hz)  # nothing of the beginning is lost


async def test_each_talk_of_a_transferred_call_has_its_own_recording(centre: Centre) -> None:
    visit, talk = await _talk(centre, "101")
    first_began = visit.facts(Fact.TALKING)[0].at_ms
    await centre.phone_of("103")
    await centre.duty("103", ready=True)
    await talk.refer("62")
    moved = await visit.fact(Fact.TRANSFERRED)
    second = await centre.talk("103", visit)
    second_began = (await visit.fact(Fact.TALKING, seq="2")).at_ms
    await second.hang_up()
    ended = await visit.fact(Fact.TALK_ENDED, seq="2")
    await visit.call.hang_up()
    one, two = sorted((await visit.recorded(2)).recordings, key=lambda recording: recording.seq)
    _is_whole(centre, one, (moved.at_ms - first_began) / 1000)
    _is_whole(centre, two, (ended.at_ms - second_began) / 1000)
    _both_sides(centre, one, visit.hz, OPERATOR_HZ["101"])
    _both_sides(centre, two, visit.hz, OPERATOR_HZ["103"])
    for recording, other in ((one, 1200), (two, 1000)):
        path = Vault(centre.up.places).recording(recording.path)
        assert not tones.hears(path, other, channel=1, share=0.05)


async def test_caller_on_hold_hears_music_and_the_recording_goes_on(centre: Centre) -> None:
    visit, talk = await _talk(centre, "101")
    began = visit.facts(Fact.TALKING)[0].at_ms
    await talk.hold()
    await visit.call.listen(0.3)
    begin, end = await visit.call.listen(2.0)
    samples, rate = tones.read(visit.call.heard())
    assert tones.speech_or_music_present(samples[round(begin * rate) : round(end * rate)], rate, share=0.5)
    assert not visit.call.hears(OPERATOR_HZ["101"], begin, end, share=0.1)
    await talk.resume()
    await visit.call.until_hears(OPERATOR_HZ["101"])
    await talk.until_hears(visit.hz)
    await talk.hang_up()
    ended = await visit.fact(Fact.TALK_ENDED)
    await visit.call.hang_up()
    (recording,) = (await visit.recorded()).recordings
    _is_whole(centre, recording, (ended.at_ms - began) / 1000)
    path = Vault(centre.up.places).recording(recording.path)
    assert tones.hears(path, visit.hz, channel=0, share=0.8)  # the caller is recorded on hold, too
    assert not tones.hears(path, OPERATOR_HZ["101"], channel=0, share=0.05)


async def test_a_side_that_was_never_heard_is_flagged(centre: Centre, tmp_path: Path) -> None:
    await centre.phone_of("101", Answer())
    await centre.duty("101", ready=True)
    visit = await centre.visit(sound=tones.write_tone(tmp_path / "silence.wav", 0))
    await visit.enters()
    talk = await centre.offered("101", visit)
    await visit.call.until_hears(OPERATOR_HZ["101"])
    await talk.listen(6.0)
    await talk.hang_up()
    await visit.call.hang_up()
    (recording,) = (await visit.recorded()).recordings
    assert (recording.status, recording.caller_active_ms, recording.caller_clipped_ms) == (RecordingStatus.OK, 0, 0)
    assert recording.operator_active_ms == pytest.approx(recording.duration_ms, abs=400)
    assert sidecar_of(Vault(centre.up.places).store, recording.path).silent_sides == ("caller",)


async def test_call_that_nobody_took_leaves_no_recording(centre: Centre) -> None:
    await centre.phone_of("105", Refuse(486))
    await centre.duty("105", ready=True)
    visit = await centre.visit()
    await visit.enters("ict")
    await visit.fact(Fact.OFFER_ENDED)
    await visit.call.hang_up()
    await visit.story()
    await _nothing_is_recorded(centre, visit)


async def test_caller_rates_the_operator_in_their_language(centre: Centre) -> None:
    visit, talk = await _talk(centre, "101", language="ru")
    await talk.hang_up()
    await visit.until_prompt("rating-ask", "ru")
    await visit.call.press("4")
    assert await visit.call.ended() == 200  # the hotline thanks and hangs up
    assert visit.heard("rating-thanks", "ru")
    assert _rating(await visit.story()) == (1, "101", "given", 4)


async def test_rating_may_be_pressed_before_the_question_is_over(centre: Centre) -> None:
    visit, talk = await _talk(centre, "101")
    await talk.hang_up()
    await visit.fact(Fact.RATING_OFFERED)
    await visit.call.press("1")
    await visit.call.ended()
    assert not visit.heard("rating-again")
    assert _rating(await visit.story()) == (1, "101", "given", 1)


@pytest.mark.parametrize(("held_ms", "begun_s"), [(1000, 0.3), (400, 0.35)])
async def test_key_pressed_in_the_talk_is_no_rating(centre: Centre, held_ms: int, begun_s: float) -> None:
    """Let go after the operator has hung up; the caller is asked all the same, and the answer counts."""
    visit, talk = await _talk(centre, "101")
    pressing = asyncio.create_task(visit.call.press("1", ms=held_ms))
    await asyncio.sleep(begun_s)
    await talk.hang_up()
    await pressing
    await visit.until_prompt("rating-ask")
    await visit.call.press("4")
    await visit.call.ended()
    assert not visit.heard("rating-again")
    assert _rating(await visit.story()) == (1, "101", "given", 4)


async def test_no_rating_is_stored_as_such_and_not_as_a_number(centre: Centre) -> None:
    """Silence, wrong keys, and a hang-up in the question, each by a caller of an operator of their own."""
    (silent, one), (wrong, two), (leaver, three) = await asyncio.gather(
        _talk(centre, "101", "state-services"), _talk(centre, "103", "portal"), _talk(centre, "105", "ict")
    )
    await asyncio.gather(one.hang_up(), two.hang_up(), three.hang_up())

    async def presses_wrongly() -> None:
        await wrong.until_prompt("rating-ask")
        await wrong.call.press("0")
        again = await wrong.until_prompt("rating-again")
        assert again[0] > 0
        await wrong.call.press("9")

    async def leaves() -> None:
        await leaver.until_prompt("rating-ask")
        await leaver.call.hang_up()

    await asyncio.gather(silent.call.ended(), wrong.call.ended(), presses_wrongly(), leaves())
    assert silent.heard("rating-again")
    assert silent.heard("goodbye")
    assert _rating(await silent.story()) == (1, "101", "silence", None)
    assert _rating(await wrong.story()) == (1, "103", "wrong", None)
    assert _rating(await leaver.story()) == (1, "105", "hung_up", None)


async def test_second_try_counts(centre: Centre) -> None:
    visit, talk = await _talk(centre, "101")
    await talk.hang_up()
    await visit.until_prompt("rating-ask")
    await visit.call.press("7")
    await visit.until_prompt("rating-again")
    await visit.call.press("5")
    await visit.call.ended()
    assert _rating(await visit.story()) == (1, "101", "given", 5)


async def test_caller_who_hangs_up_first_is_not_asked(centre: Centre) -> None:
    visit, talk = await _talk(centre, "101")
    await visit.call.hang_up()
    await talk.ended(2)
    story = await visit.recorded()
    assert story.record.ratings == {}
    assert story.record.segments[1].ended_by == "caller"
    assert story.record.call.result == "answered"
    assert story.recordings[0].status is RecordingStatus.OK
    await centre.until_state("101", "ready")


async def test_rating_of_a_transferred_call_is_of_the_operator_who_talked_last(centre: Centre) -> None:
    visit, talk = await _talk(centre, "101")
    await centre.phone_of("103")
    await centre.duty("103", ready=True)
    await talk.refer("62")
    await (await centre.talk("103", visit)).hang_up()
    await visit.until_prompt("rating-ask")
    await visit.call.press("2")
    await visit.call.ended()
    story = await visit.story()
    assert _rating(story) == (2, "103", "given", 2)
    assert talked(story.record) == ("101", "103")
    (times,) = [
        one for one in await centre.ledger.calls_between(0, 2**53) if ("101",) in [r.others for r in one.ratings]
    ]
    (rated,) = times.ratings
    assert (rated.operator, rated.score) == ("103", 2)


async def test_caller_who_hangs_up_in_the_announcement_leaves_everything_in_order(centre: Centre) -> None:
    await centre.phone_of("101", Ring())
    await centre.duty("101", ready=True)
    visit = await centre.visit()
    await visit.enters()
    ringing = await centre.offered("101", visit)
    await ringing.answer()
    await visit.until_prompt("operator")
    await visit.call.hang_up()
    assert await ringing.ended(2) == 200
    await centre.until_state("101", "ready")
    story = await visit.story()
    assert story.record.ratings == {}
    await _nothing_is_recorded(centre, visit)


async def _talk(
    centre: Centre, operator: str, group: str = "state-services", language: str = "kk"
) -> tuple[Visit, Call]:
    """A caller talks with this operator, who answers at once."""
    await centre.phone_of(operator, Answer())
    await centre.duty(operator, ready=True)
    visit = await centre.visit()
    await visit.enters(group, language)
    return visit, await centre.talk(operator, visit)


async def _nothing_is_recorded(centre: Centre, visit: Visit) -> None:
    await asyncio.sleep(1.6)  # FINISH_EVERY_S of the controller, and the time a file has to lie still
    assert [path.stat().st_size for path in centre.up.places.spool.glob(f"{visit.id}*")] in ([], [0])
    assert not list(centre.up.places.archive.rglob(f"{visit.id}*"))
    assert all(recording.status is RecordingStatus.EMPTY for recording in (await visit.story()).recordings)


def _rating(story: CallStory) -> tuple[int, str, str | None, int | None]:
    (rating,) = story.record.ratings.values()
    assert isinstance(rating, RatingRow)
    return rating.seq, rating.operator_id, rating.outcome, rating.score


def _is_whole(centre: Centre, recording: Recording, talked_s: float) -> None:
    assert recording.status is RecordingStatus.OK
    info = soundfile.info(Vault(centre.up.places).recording(recording.path))
    assert (info.format, info.channels, info.samplerate) == ("FLAC", 2, 8000)
    assert abs(info.frames / info.samplerate - talked_s) <= 1 + 0.005 * talked_s
    assert recording.duration_ms == pytest.approx(info.frames / 8, abs=1)
    assert recording.bridged_ms is not None
    assert abs(recording.bridged_ms / 1000 - talked_s) <= 1


def _both_sides(centre: Centre, recording: Recording, caller_hz: int, operator_hz: int) -> None:
    """Left is the caller, right the operator, by their tones, and neither is on the other's side."""
    path = Vault(centre.up.places).recording(recording.path)
    for channel, there, elsewhere in ((0, caller_hz, operator_hz), (1, operator_hz, caller_hz)):
        assert tones.hears(path, there, channel=channel, share=0.8)
        assert not tones.hears(path, elsewhere, channel=channel, share=0.05)


def _loud(samples: tones.Samples, rate: int, *candidates_hz: int) -> set[float]:
    return {hz for hz, dbfs in tones.tones_in(samples, rate, candidates_hz).items() if dbfs > tones.HEARD_DBFS}
