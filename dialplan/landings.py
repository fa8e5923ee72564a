"""Checks that a channel may be moved at any moment without being lost or hung up (ADR 15)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from dialplan import names

MOVED_TO = (
    names.WAITING, names.CONNECT, names.GIVEN_BACK, names.TRANSFER_TO, names.THREE_WAY, names.THREE_WAY_LEFT,
    names.THREE_WAY_LEG, names.HELD, names.ASKING, names.TAKEN_BACK, names.JOIN, names.MOVED_ON, names.JOINING,
    names.PUT_APART,
)  # fmt: skip
"""Where a channel is sent by somebody else: the controller, or another channel."""
ON_ITS_WAY = (names.NET, names.CALLBACK_ASK, names.TALK_ENDED, names.RATING)
"""Where it goes by itself while somebody may be sending it elsewhere."""

_CONTEXT = re.compile(r"\[(?P<name>[a-z-]+)\]")
_STEP = re.compile(r"(?:exten => (?P<exten>[^,]+),1| same => n)(?:\((?P<label>[a-z]+)\))?,(?P<does>.*)")
_ELSEWHERE = re.compile(r"\b(?:Goto|GotoIf|Gosub|GosubIf|Return)\(")
_FIRST_STEP = re.compile(r"[?:(](?P<context>[a-z-]+),[^,()]+,1\)")


def unsafe_moves(dialplan: str) -> Iterator[str]:
    """What is wrong, if anything, in words that name the context."""
    landings = {*MOVED_TO, *ON_ITS_WAY}
    for context, exten, steps in _extensions(dialplan):
        if context in landings and exten != "h" and steps[:2] != [("", "NoOp()"), ("in", "NoOp()")]:
            yield f"[{context}] {exten}: the first two steps must do nothing, or a move may leave one out"
        for _, does in steps:
            for goes in _FIRST_STEP.finditer(does if _ELSEWHERE.search(does) else ""):
                if goes["context"] in landings:
                    yield f"[{context}] {exten}: goes to the first step of [{goes['context']}], and must to `in`"
        if context == names.WAITING:
            told = next((at for at, (_, does) in enumerate(steps) if names.WAITING_EVENT in does), len(steps))
            rest = [does for _, does in steps[told:]]
            wait = next((at for at, does in enumerate(rest) if does.startswith("WaitForCondition(")), None)
            if wait is None or any(_ELSEWHERE.search(does) for does in rest[:wait]):
                yield f"[{context}] {exten}: must tell of the caller, and then go nowhere before it waits"


def _extensions(dialplan: str) -> Iterator[tuple[str, str, list[tuple[str, str]]]]:
    """Context, extension, and the steps, each with its label."""
    context, exten, steps = "", "", list[tuple[str, str]]()
    for line in dialplan.splitlines():
        header, step = _CONTEXT.fullmatch(line), _STEP.fullmatch(line)
        if header or (step and step["exten"]):
            if steps:
                yield context, exten, steps
            steps = []
        if header:
            context = header["name"]
        if step:
            exten = step["exten"] or exten
            steps.append((step["label"] or "", step["does"]))
    if steps:
        yield context, exten, steps
