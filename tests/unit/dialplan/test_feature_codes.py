"""What an operator dials is done before it is answered: Asterisk ends a dialplan where the caller hangs up."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from dialplan.render import MODULES

DEEDS = ("Set(DB(", "QueueMember(", "CELGenUserEvent(", "UserEvent(")


@pytest.mark.parametrize("context", ["presence", "wrap-up-longer"])
def test_a_feature_code_is_done_before_it_is_answered(context: str) -> None:
    """Held in the text: on a quiet machine the deeds outrun any telephone, whatever their order."""
    template = Path("dialplan/templates/extensions.conf").read_text(encoding="utf-8")
    steps = template.split(f"\n[{context}]\n")[1].split("\n[")[0].splitlines()
    answers = [at for at, step in enumerate(steps) if "Answer(" in step or "Gosub(answering," in step]
    deeds = [at for at, step in enumerate(steps) if any(deed in step for deed in DEEDS)]
    assert deeds and answers and max(deeds) < min(answers)


def test_the_dialplan_starts_no_process() -> None:
    """Text that a phone sent could reach a shell by it; and one that cannot be started undoes what it should do."""
    for template in Path("dialplan/templates").iterdir():
        text = template.read_text(encoding="utf-8")
        assert not re.search(r"\b(?:Try)?System\(|\bSHELL\(|\b(?:E?AGI)\((?!agi://)", text), template.name
    assert not {"app_system", "func_shell", "app_externalivr"} & set(MODULES)
