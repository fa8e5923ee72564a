"""`bailanys target`: each group's average wait today against its target, and who helps whom."""

from __future__ import annotations

from typing import Any

import typer

from bailanys.cli.context import DEFAULT_CONFIG, ConfigOption, JsonOption, WideOption, centre, say, say_json, show
from bailanys.cli.controller import asked

ALL = "all groups"
STALE_MS = 60_000


def add_to(app: typer.Typer) -> None:
    """Add the command that stands at the top."""
    app.command()(target)


def target(config: ConfigOption = DEFAULT_CONFIG, as_json: JsonOption = False, wide: WideOption = False) -> None:
    """Show each group's average wait today against its target (rule 7), and who helps a group in danger."""
    from calls.local_day import local_time

    answer = asked(centre(config).settings, "GET /target")
    if as_json:
        say_json(answer)
        return
    at = local_time(answer["at_ms"], answer["time_zone"])
    rows = [_row(one, answer["time_zone"]) for one in (*answer["groups"], answer["total"])]
    title = f"{at:%Y-%m-%d %H:%M:%S} ({answer['time_zone']}); waits in seconds, from the arrival"
    show(rows, as_json=False, title=title, wide=wide)
    if answer["at_ms"] - answer["ledger_at_ms"] > STALE_MS:
        say("The ledger is away: its last known figures, and the answers seen since.")


def _row(one: dict[str, Any], zone: str) -> dict[str, str]:
    from calls.local_day import local_time

    until = f" until {local_time(one['until_ms'], zone):%H:%M}" if one["until_ms"] and one["operators_missing"] else ""
    unmended = "–" if not one["missed"] else "no number would do"
    return {
        "group": one["group"] or ALL,
        "target": f"{one['target_s']:g}",
        "today": _number(one["asa_s"]),
        "day's end": _number(one["projected_s"]),
        "answered": str(one["answered"]),
        "gave up": str(one["abandoned"]),
        "waiting": str(one["waiting"]),
        "state": " ".join(filter(None, (one["state"], f"({one['width']})" if one["width"] else ""))),
        "helpers": ", ".join(one["helpers"]) or "–",
        "missing": f"{one['operators_missing']}{until}" if one["operators_missing"] else unmended,
    }


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.1f}"
