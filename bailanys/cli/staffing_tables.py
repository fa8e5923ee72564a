"""What `bailanys staffing` prints: tables for a supervisor, JSON for a program."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from planning.staffing import HalfHourNeed, Need, Plan
from planning.training import Advice

NEEDS_TITLE = "Operators if everybody serves everything"
LESSONS_TITLE = "Who should learn what"
GROUPS_TITLE = "Operators if each group has its own"


def about_plan(plan: Plan, patience_s: float) -> str:
    """What the needs are for."""
    gives_up = "" if math.isinf(patience_s) else f"; callers give up after {patience_s:.0f} s on average"
    return (
        f"For an average wait of {plan.target_s:g} s from the arrival (rule 7): {plan.menu_s:.0f} s menu, "
        f"{plan.ring_s:.0f} s ringing, the rest in the line; {plan.shrinkage:.0%} shrinkage{gives_up}."
    )


def need_rows(needs: tuple[HalfHourNeed, ...], leaving: tuple[HalfHourNeed, ...] | None) -> list[dict[str, str]]:
    """A line for each half-hour, everybody serving everything; `leaving`: with callers who give up."""
    return [
        {
            "from": _clock(one.minute),
            "calls": f"{one.pooled.demand.calls:.0f}",
            "talk s": f"{one.pooled.demand.talk_s:.0f}",
            "Erlang": f"{one.pooled.line.load:.1f}",
            "needed": str(one.pooled.line.operators),
            "roster": str(one.pooled.rostered),
            "wait s": f"{one.pooled.asa_s:.0f}",
            "within 30 s": f"{one.pooled.line.within:.0%}",
            "busy": f"{one.pooled.line.occupancy:.0%}",
            **({} if leaving is None else {"if callers give up": str(leaving[at].pooled.line.operators)}),
        }
        for at, one in enumerate(needs)
    ]


def group_rows(needs: tuple[HalfHourNeed, ...]) -> list[dict[str, str]]:
    """A line for each half-hour: what each group needs of its own, if no operator helped another group."""
    names = sorted({str(need.demand.group) for one in needs for need in one.groups})
    rows = []
    for one in needs:
        found = {str(need.demand.group): str(need.line.operators) for need in one.groups}
        rows.append(
            {
                "from": _clock(one.minute),
                **{name: found.get(name, "–") for name in names},
                "groups apart": str(one.separate),
                "together": str(one.pooled.line.operators),
            }
        )
    return rows


def about_advice(operators: int, advice: Advice) -> str:
    """What the lessons were tried on, and what they save together."""
    return (
        f"Skills were tried with all {operators} operators at the telephone and as many calls as they could just "
        f"answer in time if everybody served everything (mean wait in the line then {advice.pooled_s:.0f} s). "
        f"These lessons together save {advice.saved(operators):.1f} operators."
    )


def advice_none(advice: Advice) -> str:
    """When nothing is worth learning."""
    return f"No second skill is worth learning: the skills carry {advice.takes_before:.0%} of what they could at best."


def lesson_rows(operators: Mapping[str, str], advice: Advice) -> list[dict[str, str]]:
    """A line for each lesson; `operators`: names by number."""
    return [
        {
            "operators": ", ".join(f"{one} {operators[one]}" for one in lesson.operators),
            "serve": ", ".join(sorted(lesson.serves)),
            "should learn": lesson.group,
            "mean wait before s": f"{lesson.before_s:.0f}",
            "after s": f"{lesson.after_s:.0f}",
        }
        for lesson in advice.lessons
    ]


def as_object(
    plan: Plan,
    patience_s: float,
    needs: tuple[HalfHourNeed, ...],
    leaving: tuple[HalfHourNeed, ...] | None,
    advice: Advice | None,
    why_not: str,
) -> dict[str, Any]:
    """Everything as one JSON object."""
    return {
        "target_s": plan.target_s,
        "menu_s": round(plan.menu_s, 1),
        "ring_s": plan.ring_s,
        "wrap_up_s": plan.wrap_up_s,
        "shrinkage": plan.shrinkage,
        "patience_s": None if math.isinf(patience_s) else round(patience_s, 1),
        "half_hours": [
            {
                "from": _clock(one.minute),
                **_need_json(one.pooled),
                "if_callers_give_up": None if leaving is None else _need_json(leaving[at].pooled),
                "separate": one.separate if one.groups else None,
                "groups": {str(need.demand.group): _need_json(need) for need in one.groups},
            }
            for at, one in enumerate(needs)
        ],
        "advice": None if advice is None else _advice_json(advice),
        "no_advice": why_not or None,
    }


def _need_json(need: Need) -> dict[str, Any]:
    return {
        "calls": round(need.demand.calls, 2),
        "talk_s": round(need.demand.talk_s, 1),
        "erlang": round(need.line.load, 3),
        "operators": need.line.operators,
        "rostered": need.rostered,
        "average_wait_s": round(need.asa_s, 1),
        "within_30_s": round(need.line.within, 4),
        "abandoned": round(need.line.abandoned, 4),
        "occupancy": round(need.line.occupancy, 4),
    }


def _advice_json(advice: Advice) -> dict[str, Any]:
    return {
        "pooled_wait_s": round(advice.pooled_s, 1),
        "load_taken_before": round(advice.takes_before, 4),
        "load_taken_after": round(advice.takes_after, 4),
        "lessons": [
            {
                "operators": list(lesson.operators),
                "serve": sorted(lesson.serves),
                "learn": lesson.group,
                "mean_wait_before_s": round(lesson.before_s, 1),
                "mean_wait_after_s": round(lesson.after_s, 1),
            }
            for lesson in advice.lessons
        ],
    }


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"
