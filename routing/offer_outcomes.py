"""What an offer that ended without a talk costs the operator."""

from __future__ import annotations

from calls.alarms import AlarmKind
from calls.events import Outcome
from routing.commands import Alarm, Command, KeepDuty
from routing.presence import Operator
from routing.rules import Rules


def offer_ended(operator: Operator, outcome: Outcome, now_ms: int, rules: Rules) -> list[Command]:
    """Pause who missed too many in a row, rest who missed or refused it, put away a phone that failed.

    Who was cancelled goes on.
    """
    if outcome is Outcome.MISSED and now_ms - operator.offered_ms < rules.ring_s * 900:
        outcome = Outcome.REFUSED  # "no answer" before its time is a phone saying no
    match outcome:
        case Outcome.MISSED:
            operator.missed += 1
            if operator.missed >= rules.missed_before_pause:
                operator.say(ready=False, reason="missed-call")
                operator.missed = 0
                return [KeepDuty(operator.id, ready=False, reason="missed-call")]
            operator.rest(now_ms, rules.refusal_rest_s, "missed")
        case Outcome.REFUSED:
            operator.rest(now_ms, rules.refusal_rest_s, "refused")
        case Outcome.FAILED:
            rest_s = min(rules.backoff_first_s * 2**operator.failures, rules.backoff_last_s)
            operator.failures += 1
            operator.rest(now_ms, rest_s, "phone failed")
            return [Alarm(AlarmKind.PHONE_FAILED, f"operator {operator.id}: put away for {rest_s:g} s")]
        case Outcome.CANCELLED:
            pass
    return []
