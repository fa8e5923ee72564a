"""Random centres and long random sequences for the core's invariants.

`BAILANYS_EXAMPLES=10000` for a night (`make nightly`); 200 examples otherwise.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, TypeVar

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st

from calls.ids import GroupId, OperatorId
from routing.core import Router, Rules
from routing.policy import POLICIES
from routing.presence import Operator
from routing.skills import Step

T = TypeVar("T")
Staff = dict[OperatorId, tuple[dict[GroupId, int], set[str]]]

EXAMPLES = int(os.environ.get("BAILANYS_EXAMPLES", "200"))
LENGTH = 200
GROUPS = [GroupId(name) for name in ("state-services", "portal", "ict")]
OPERATORS = [OperatorId(str(number)) for number in range(101, 106)]
LANGUAGES = ["kk", "ru"]
ALL_STEPS = (
    (Step(),),
    (Step(0, 1, any_language=False), Step(1, 2, any_language=False), Step(2.5)),
    (Step(0, 3, any_language=False),),
)

levels = st.dictionaries(st.sampled_from(GROUPS), st.integers(1, 5), min_size=1)
operators = st.sampled_from(OPERATORS)
rules = st.builds(
    Rules, ring_s=st.just(1), wrap_up_s=st.sampled_from([0, 0.5]), refusal_rest_s=st.just(0.5),
    backoff_first_s=st.just(0.1), backoff_last_s=st.just(2), announce_first_s=st.just(1), announce_every_s=st.just(3),
    policy=st.sampled_from(sorted(POLICIES)), steps=st.sampled_from(ALL_STEPS),
)  # fmt: skip
staff = st.fixed_dictionaries(
    {number: st.tuples(levels, st.sets(st.sampled_from(LANGUAGES), min_size=1)) for number in OPERATORS}
)


def sequences(one: st.SearchStrategy[T]) -> st.SearchStrategy[list[T]]:
    """Of any length up to the full one alike: `lists(max_size=200)` alone makes seven on the average, 21 at most."""
    lengths = st.integers(0, LENGTH)
    return lengths.flatmap(lambda length: st.lists(one, min_size=length, max_size=length))


def many(share: float = 1.0, **over: Any) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """So many examples, or a share of them; a busy machine is no fault."""
    return settings(
        max_examples=max(round(EXAMPLES * share), 1),
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
        phases=(Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink),
        **over,
    )


def new_router(skills: Staff, chosen: Rules, *, ready: bool = True) -> Router:
    """A core with this staff; what they can do is copied."""
    return Router(
        [
            Operator(number, frozenset(known), frozenset(spoken), ready=ready, reachable=ready, levels=dict(known))
            for number, (known, spoken) in skills.items()
        ],
        chosen,
    )


def skills_now(router: Router) -> Staff:
    """The staff with what supervisors have changed."""
    return {one.id: (dict(one.levels), set(one.languages)) for one in router.operators.values()}
