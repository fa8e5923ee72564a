"""The wrap-up: it belongs to the operator, who may have it longer, again and again up to a limit."""

from __future__ import annotations

from calls.events import WrapUpSet
from routing.presence import Operator
from routing.rules import Rules


def extended(operator: Operator, now_ms: int, rules: Rules) -> WrapUpSet | None:
    """The wrap-up made longer, as `*3` makes it in the dialplan; None when none is running."""
    ends_ms = operator.wrap_up_ends_ms
    if ends_ms is None or now_ms >= ends_ms:
        return None
    last_ms = operator.wrap_up_from_ms + round(rules.wrap_up_most_s * 1000)
    longer_ms = min(ends_ms + round(rules.wrap_up_extension_s * 1000), last_ms)
    return WrapUpSet(operator.id, operator.wrap_up_from_ms, max(ends_ms, longer_ms))


def ended(operator: Operator, now_ms: int) -> WrapUpSet | None:
    """The wrap-up over at once; None when none is running."""
    if operator.wrap_up_ends_ms is None or now_ms >= operator.wrap_up_ends_ms:
        return None
    return WrapUpSet(operator.id, now_ms, now_ms)
