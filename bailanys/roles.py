"""The table of roles as people read it: `python -m bailanys.roles > docs/roles.md` writes it from the code."""

from __future__ import annotations

from calls.people import WAYS, Role, Way

_HEAD = """# Who may do what

Written by `python -m bailanys.roles`; a test holds it against the code (`calls/people.py`), and walks all of it through
the commands and the API.

It counts once anybody is named in `[[people]]` ([how](demands.md)). A person has one role or several; who is not named
does none of this. An account or a token belongs to one person; a token needs the [scope](http-api.md) besides.

"""
_TAIL = """
- What is an administrator's is an approver's as long as nobody is named `administrator`.
- Who selected never approves, whatever their roles. Who broke the glass also hands over (`demands deliver`), whatever
  their role: nobody else is there.
- `tokens add` for a token with `recordings:listen`, `demands:write` or `demands:approve`: whoever makes such a token in
  another's name is two persons; and for one with `hotline:reload`. Others, and `tokens revoke`, are for every account.
- Not in the table, and for every account that can read the state folder: to look (`demands list`, `demands show`,
  `recordings find`, `recordings retention`, `recordings disks`, `ratings`, also those rated low, `audit list`,
  `audit verify`, and over the API `demands:read`, `recordings:read`, `ratings:read`), and to mend (`recordings repair`,
  `recordings reconcile`), which hears, hands over and ends nothing.
- `[[people]]` is not about calls and operators: those are commands of every account, and scopes of a token.
"""


def table() -> str:
    """All of the page."""
    roles = list(Role)
    lines = [f"| by the command | over the API | {' | '.join(roles)} |", "|---" * (len(roles) + 2) + "|"]
    lines += [_row(way, roles) for way in WAYS.values()]
    return _HEAD + "\n".join(lines) + "\n" + _TAIL


def _row(way: Way, roles: list[Role]) -> str:
    commands, requests = (", ".join(f"`{one}`" for one in told) or "–" for told in (way.commands, way.requests))
    marks = " | ".join("yes" if role in way.roles else "–" for role in roles)
    return f"| {commands} | {requests} | {marks} |"


if __name__ == "__main__":
    print(table(), end="")
