"""The core as the configuration describes it."""

from __future__ import annotations

from calls.ids import GroupId, OperatorId
from config.settings import Settings
from routing.core import Router
from routing.presence import Operator
from routing.rules import Rules
from routing.skills import Step
from routing.target.ladder import TargetRules
from routing.target.lending import Reserves


def configured_router(settings: Settings) -> Router:
    """Make a router that knows nobody's state yet."""
    return Router(operators_of(settings), rules_of(settings))


def operators_of(settings: Settings) -> list[Operator]:
    """Make every operator with groups, levels and languages; nobody is ready or reachable yet."""
    return [
        Operator(
            OperatorId(person.number),
            frozenset(GroupId(group) for group in person.groups),
            frozenset(person.languages),
            levels={GroupId(group): level for group, level in person.skills.items()},
        )
        for person in settings.operators
    ]


def target_rules_of(settings: Settings) -> TargetRules:
    """Gather when a group is in danger."""
    target = settings.target
    return TargetRules(
        danger=target.danger,
        calm=target.calm,
        stay_s=target.stay_s,
        settle_calls=target.settle_calls,
        ahead_s=target.ahead_s,
        recent_s=target.recent_s,
        remind_s=target.remind_s,
        mend_within_s=target.mend_within_s,
    )


def reserves_of(settings: Settings) -> Reserves:
    """Gather who may help a group in danger; nobody when the centre does not want it."""
    if not settings.target.widen:
        return Reserves({})
    helpers = {GroupId(group.name): [OperatorId(number) for number in group.helpers] for group in settings.groups}
    return Reserves(helpers, rules_of(settings).steps, settings.hotline.languages)


def rules_of(settings: Settings) -> Rules:
    """Gather what the core works with."""
    offers, waiting, routing = settings.offers, settings.waiting, settings.routing
    return Rules(
        ring_s=offers.ring_s,
        wrap_up_s=offers.wrap_up_s,
        wrap_up_extension_s=offers.wrap_up_extension_s,
        wrap_up_most_s=offers.wrap_up_most_s,
        missed_before_pause=offers.missed_before_pause,
        refusal_rest_s=offers.refusal_rest_s,
        backoff_first_s=offers.backoff_first_s,
        backoff_last_s=offers.backoff_last_s,
        announce_first_s=waiting.announce_first_s,
        announce_every_s=waiting.announce_every_s,
        policy=routing.policy,
        steps=tuple(Step(step.after_s, step.level, step.any_language) for step in routing.steps),
        wrap_ups_s={GroupId(group.name): group.wrap_up_s for group in settings.groups if group.wrap_up_s is not None},
        targets_s={GroupId(group.name): group.target_s for group in settings.groups},
    )
