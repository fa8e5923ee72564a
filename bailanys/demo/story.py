"""Tells what happened to each call as a person would want to read it, from the ledger and the recorded audio."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from bailanys.demo.scene import CALLER_TONES_HZ, OPERATOR_TONES_HZ
from bailanys.processes.hotline import Hotline
from calls.local_day import local_date
from calls.recording import Recording
from config.places import Places
from config.settings import LANGUAGES
from phones import tones
from rating.day import rated_day
from recordings.vault.vault import Vault
from speech.catalogue import name_of
from storage.ledger import CallStory, Ledger
from storage.record import RatingRow, SegmentRow, talked

BY = {"key": "chosen by key", "known": "known from the last call", "default": "by default", "net": "by default"}
HOUR_MS = 3600_000


async def tell_stories(ledger: Ledger, up: Hotline, echo: Callable[[str], None]) -> None:
    """Print every call of the last hour, then the figures."""
    now_ms = time.time_ns() // 1_000_000
    for call_id in await ledger.call_ids_between(now_ms - HOUR_MS, now_ms):
        story = await ledger.call_story(call_id)
        if story is not None:
            echo("\n" + "\n".join(_story(story, up.places)))
    total = rated_day(await ledger.calls_between(now_ms - HOUR_MS, now_ms)).total
    phone = next(iter(CALLER_TONES_HZ))
    zone = up.settings.hotline.time_zone
    found = await ledger.recordings.find(local_date(now_ms, zone), f"8 ({phone[1:4]}) {phone[4:7]}-{phone[7:]}", zone)
    echo(
        f"\n{total.arrived} calls, {total.answered} answered; average wait from the arrival to the operator "
        f"{_s(total.to_operator.mean_s)} (target 30 s), longest {_s(total.to_operator.longest_s)}; "
        f"ratings given {total.ratings.given} of {total.ratings.offered}{_mean(total.ratings.mean)}\n"
        f"Asked by date and phone, the archive finds {len(found)} recordings of the first caller\n"
    )


def _mean(mean: float | None) -> str:
    return "" if mean is None else f", mean {mean:.1f}"


def _story(story: CallStory, places: Places) -> list[str]:
    call = story.record.call
    lines = [
        f"Call {call.id}: +{call.caller_raw} dialled {call.dialled}",
        f"  language   {_language(call.language)}, {BY.get(call.language_by or '', '')}",
    ]
    for segment in story.record.segments.values():
        lines += _segment(story, segment)
        lines += [_recording(r, segment, call.caller_raw, places) for r in story.recordings if r.seq == segment.seq]
    ratings = [rating for rating in story.record.ratings.values() if rating.outcome is not None]
    lines += [_rating(rating, talked(story.record)) for rating in ratings] or [
        "  rating     not asked: the caller hung up first"
    ]
    return lines


def _segment(story: CallStory, segment: SegmentRow) -> list[str]:
    began_ms = story.record.call.arrived_ms if segment.seq == 1 else segment.queued_ms
    since = "the arrival" if segment.seq == 1 else "the transfer"
    lines = [f"  group      {segment.group_id}" + (" (built-in menu)" if segment.queued_via == "net" else "")]
    if segment.notice_ms is not None:
        lines.append(f"  notice     of the transfer told to the caller in {_language(segment.language)}")
    for offer in story.record.offers.values():
        if offer.seq == segment.seq and offer.status not in (None, "ANSWER"):
            after = " and is paused; the caller keeps the place" if offer.status == "NOANSWER" else ""
            lines.append(f"  offered    to operator {offer.operator_id or '(app_queue)'}, who did not take it{after}")
    if segment.answered_ms is not None and began_ms is not None:
        by = " (app_queue, the controller was dead)" if segment.via == "net" else ""
        lines.append(
            f"  answered   by operator {segment.operator_id}{by} after {(segment.answered_ms - began_ms) / 1000:.1f} s"
            f" from {since}; ended by {segment.ended_by}"
        )
    if segment.transfer_to:
        wanted = f" (operator {segment.wanted})" if segment.wanted else ""
        by = f" by operator {segment.operator_id}" if segment.operator_id else ""
        lines.append(f"  transfer   {segment.transfer_kind} to {segment.transfer_to}{wanted}{by}")
    return lines


def _recording(recording: Recording, segment: SegmentRow, caller: str | None, places: Places) -> str:
    if not recording.path:
        return f"  recording  {recording.status.value}"
    file = Vault(places).recording(recording.path)
    heard = []
    for channel, hz in enumerate((CALLER_TONES_HZ.get(caller or ""), OPERATOR_TONES_HZ.get(segment.operator_id or ""))):
        side = ("left: caller", "right: operator")[channel]
        found = hz is not None and tones.hears(file, hz, channel=channel)
        heard.append(f"{side}'s {hz} Hz {'found' if found else 'NOT FOUND'}")
    return f"  recording  {recording.path}, {recording.duration_ms / 1000:.1f} s; {'; '.join(heard)}"


def _rating(rating: RatingRow, talked: Sequence[str]) -> str:
    others = ", ".join(other for other in talked if other != rating.operator_id)
    of_call = f"; of the same call: operator {others}" if others else ""
    given = f"{rating.score}" if rating.outcome == "given" else f"none given ({rating.outcome})"
    return f"  rating     {given} for operator {rating.operator_id}{of_call}"


def _s(seconds: float | None) -> str:
    return "–" if seconds is None else f"{seconds:.1f} s"


def _language(code: str | None) -> str:
    return next((name_of(one) for one in LANGUAGES if one == code), "–")
