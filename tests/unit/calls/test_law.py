"""The numbers that the law and our promises name, each as it is written there: code that moves one of them is wrong.

And those that what was written years ago rests on: recordings, packages, the audit log and the journal must still open.
"""

from __future__ import annotations

import pytest

from calls import (
    demand,
    events,
    identity,
    journal_fields,
    journal_lines,
    phone,
    phone_field,
    search,
    statistics,
    wait_history,
)
from calls.ids import CallId, GroupId, OperatorId
from calls.ratings import ImpossibleRatingError
from config import settings
from demands import package, protocol
from demands.offline import verify as offline
from dispatch import callbacks
from rating.scale import score_of
from recordings import audio, levels, retries
from recordings.access import export, playback, verify
from recordings.capture import gaps, quality, readiness, silence
from recordings.upkeep import audit_checkpoints, disk_space, reconcile, retention
from recordings.vault import keyring, sealing, sidecar, store_health, uploader
from routing import core, policy, presence, reservations, rules
from routing.target import day
from routing.waits import announced
from storage import retention as kept
from storage.journal import projector, reader

SECOND, MINUTE, HOUR, DAY = 1_000, 60_000, 3_600_000, 24 * 3_600_000


def test_rule_7_thirty_seconds_from_the_arrival() -> None:
    assert (statistics.TARGET_S, rules.TARGET_S) == (30, 30)
    assert statistics.SHORT_S == 5


def test_rule_13_one_to_five() -> None:
    assert [score_of(key) for key in ("0", "1", "2", "3", "4", "5", "6", "", "12")] == [
        None, 1, 2, 3, 4, 5, None, None, None,
    ]  # fmt: skip


def test_rule_14_four_hours_and_what_happens_in_them() -> None:
    assert demand.TERM_MS == 4 * HOUR
    assert (demand.ESCALATE_MS, demand.BREAK_GLASS_MS, demand.CLOCK_WRONG_MS) == (2 * HOUR, 3 * HOUR, DAY)
    assert demand.ALERTS_MS == (0, HOUR, 2 * HOUR, 3 * HOUR, 3.5 * HOUR, 4 * HOUR)
    assert (demand.ENTERED_LATE_MS, demand.LONG_AGO_DAYS) == (DAY, 365)
    received_ms = 1_764_000_000_000
    letter = demand.Demand("", demand.Authority.INFORMATISATION, "1", "", "2025-11-20", "", received_ms, 0, "")
    assert letter.deadline_ms - received_ms == 14_400_000


def test_rule_14_a_day_and_an_hour_beside_it() -> None:
    assert (search.ADJACENT_MS, search.LONGEST_CALL_MS, search.PAGE) == (HOUR, DAY, 200)
    assert (phone_field.MOST_NUMBERS, phone_field.LONGEST_FIELD, phone.SHORTEST_TAIL) == (20, 500, 6)


def test_what_a_recording_may_lack_and_when_it_is_missed() -> None:
    """Promises 1, 2 and 5: a second and half a percent; of a killed Asterisk one buffer of 32 KiB."""
    assert (quality.SLACK_MS, quality.SLACK_SHARE) == (SECOND, 0.005)
    assert quality.slack_ms(60_000) == 1_300
    assert gaps.BUFFER_MS == 1_024
    assert (readiness.SETTLED_MS, readiness.SETTLED_UNSURE_MS) == (500, 2_000)
    assert (readiness.MISSING_MS, readiness.EMPTY_MS, readiness.ORPHAN_MS) == (15 * SECOND, MINUTE, HOUR)
    assert (readiness.EMPTY_UNSURE_MS, readiness.HARDLY_BRIDGED_MS) == (DAY, SECOND)
    assert (silence.LEAST_MS, silence.UNCERTAIN_MS) == (60, 1_000)
    assert retries.RETRY_MS == 10 * SECOND


def test_what_is_wrong_is_told_within_five_minutes() -> None:
    """Promise 15."""
    assert reconcile.OVERDUE_MS == 5 * MINUTE
    assert (reconcile.EVERY_S, reconcile.SETTLED_S) == (120, 60)
    assert reconcile.EVERY_S + reconcile.SETTLED_S < 300
    assert (reconcile.HOURS, reconcile.FIRST_LOOK_S) == (3, 24 * 3600)
    assert audit_checkpoints.OVERDUE_MS == store_health.BEHIND_MS == 15 * MINUTE
    assert (store_health.PATIENCE, store_health.CALM_MS) == (3, MINUTE)
    assert (disk_space.SOUND_AFTER_MS, disk_space.KNOWN_AFTER_MS) == (30 * SECOND, MINUTE)
    assert disk_space.MARKS == (70, 85, 95)
    assert (disk_space.WINDOW_MS, disk_space.SAMPLE_EVERY_MS, disk_space.EASED_BY) == (HOUR, 20 * SECOND, 3)


def test_how_long_things_are_kept() -> None:
    assert (kept.DAY_MS, retention.LATE_DAYS) == (DAY, 31)
    assert (projector.KEPT_MS, projector.LARGE_BYTES, projector.TIDY_EVERY_S) == (2 * DAY, 64 << 20, 60)
    assert (projector.KEPT_CALLS, projector.BEHIND_LINES) == (4000, 250)
    assert uploader.LOOK_BACK_MS == 30 * DAY


def test_rules_4_to_7_both_numbers_in_every_form_and_whom_they_answer() -> None:
    """As a centre has it that sets nothing: Kazakh first, the dates of its own country."""
    hotline = settings.Hotline(default_group="state-services")
    assert hotline.numbers == ("1414", "88000807777", "78000807777", "+78000807777")
    assert (hotline.languages, hotline.default_language) == (("kk", "ru", "en"), "kk")
    assert hotline.time_zone == "Asia/Almaty"
    titles = dict.fromkeys(("kk", "ru", "en"), "ICT")
    group = settings.Group.model_validate({"name": "ict", "title": titles, "transfer_number": "63"})
    assert group.target_s == 30


def test_rule_14_ten_years_whole_and_sealed_and_two_minutes_at_most_left_out() -> None:
    assert settings.Storage().retention_days == 3653
    assert settings.Recordings().encrypt is True
    assert settings.Recordings().pause_most_s == 120


def test_rule_13_asked_twice_and_a_key_waited_for() -> None:
    held = settings.Rating()
    assert (held.tries, held.answer_s, held.low) == (2, 5, 2)


def test_when_an_average_is_in_danger_and_for_how_long_it_is_told() -> None:
    held = settings.Target()
    assert (held.danger, held.calm, held.stay_s, held.remind_s, held.mend_within_s) == (0.9, 0.7, 60, 1800, 7200)
    assert (held.every_s, held.settle_calls, held.ahead_s, held.recent_s) == (10, 5, 1800, 1800)


def test_what_a_citizen_who_is_called_back_is_promised() -> None:
    assert (callbacks.LIMIT_MS, callbacks.AGAIN_MS, callbacks.VAIN_ATTEMPTS) == (DAY, 5 * SECOND, 20)
    assert (callbacks.BEGINS_MS, callbacks.WRITTEN_MS) == (20 * SECOND, SECOND)
    held = settings.Callback()
    assert (held.after_s, held.from_hour, held.until_hour, held.keep_hours) == (120, 8, 21, 24)
    assert (held.tries, held.most_per_number, held.retry_s, held.ring_s) == (2, 4, 300, 30)


def test_what_the_core_takes_for_true() -> None:
    assert (core.LONGEST_WAIT_MS, core.CLOCKS_MS) == (366 * DAY, MINUTE)
    assert (presence.NEWS_MS, reservations.LEASE_GRACE_S, day.RING_S) == (SECOND, 5, 3)
    assert (policy.OVERDUE_S, announced.LONGEST_MIN, wait_history.HALF_HOUR_MS) == (120, 60, 30 * MINUTE)


def test_what_holds_where_a_centre_has_decided_nothing_else() -> None:
    held = rules.Rules()
    assert (held.ring_s, held.wrap_up_s, held.wrap_up_extension_s, held.wrap_up_most_s) == (15, 5, 60, 300)
    assert (held.missed_before_pause, held.refusal_rest_s) == (1, 10)
    assert (held.backoff_first_s, held.backoff_last_s) == (5, 300)
    assert (held.announce_first_s, held.announce_every_s, held.policy) == (10, 30, "foresight")


def test_what_was_written_once_is_read_for_ever() -> None:
    """Formats: a recording and its seal, its sidecar, a package, the journal's columns."""
    assert (audio.RATE, audio.FRAME_BYTES, levels.WINDOW_FRAMES, levels.WINDOW_MS) == (8_000, 4, 160, 20)
    assert (sealing.KEY_BYTES, sealing.CHUNK_BYTES, sealing.TAG_BYTES, keyring._NAME_BYTES) == (32, 65_536, 16, 6)
    assert (sidecar._FORMAT, sidecar._UNSEALED_FORMAT, package.FORMAT) == (2, 1, 2)
    assert (journal_lines.COLUMNS, journal_fields.TOP_MS, reader.LONGEST_LINE) == (7, 2**53, 1 << 20)
    assert (journal_fields.LONGEST_NAME, journal_fields.LARGEST_SEQ) == (64, 100_000)
    assert (phone.KEY_LIMIT, identity.MOST, identity.LONGEST_RAW, export.REASON_LENGTH) == (128, 12, 300, 500)
    assert (playback.WAV_HEADER_BYTES, verify.LENGTH_MS, protocol.PRINTED) == (44, 1, 500)


def test_the_curve_of_the_signature_is_ed25519() -> None:
    """RFC 8032, section 5.1."""
    assert pow(2, 255) - 19 == offline.P
    assert pow(2, 252) + 27742317777372353535851937790883648493 == offline.ORDER
    assert (offline.D * 121666 + 121665) % offline.P == 0


def test_what_is_heard_of_a_side() -> None:
    assert (levels.ACTIVE_DBFS, levels.FLOOR_DBFS, levels.HEARD_S) == (-50, -120, 0.2)
    assert (levels.FULL_SCALE, levels.CLIPPED_SAMPLES) == (32_000, 3)
    assert (quality.CLIPPED_MS, quality.CLIPPED_SHARE, audio.SILENCE_MATTERS_MS) == (200, 0.01, 5_000)
    assert pytest.approx(32768**2 / 2) == levels._FULL_SINE


def test_what_is_assumed_of_news_that_do_not_say_more() -> None:
    """A caller who has waited only; a word of this moment; a rating that can never be one."""
    caller = events.CallWaiting(CallId("hl1-1.1"), "PJSIP/carrier-1", GroupId("ict"), "kk", 0)
    assert (caller.offers, caller.priority_s, caller.outcome, caller.wanted, caller.giver) == (0, 0, None, None, None)
    assert events.DutyChanged(OperatorId("101"), True).kept is False
    assert events.OperatorRung(OperatorId("101"), CallId("hl1-1.1")).by_net is True
    nobody = wait_history.Waited()
    assert (nobody.answered, nobody.waited_s, nobody.menu_s, nobody.abandoned) == (0, 0.0, 0.0, 0)
    assert (ImpossibleRatingError.error_id, ImpossibleRatingError.retryable) == ("rating-impossible", False)
