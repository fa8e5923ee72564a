"""Skills, levels and the steps of eligibility in `hotline.toml`."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.load import load
from config.problems import ConfigError
from config.settings import Settings, Step
from routing.from_settings import configured_router, operators_of, rules_of
from routing.policy import POLICIES

SHIPPED = Path("config/hotline.toml").read_text(encoding="utf-8")
ELENA = 'groups = ["state-services", "portal"]'


def centre(tmp_path: Path, skills: str = ELENA, routing: str = "") -> Settings:
    file = tmp_path / "hotline.toml"
    file.write_text(SHIPPED.replace(ELENA, skills) + routing, encoding="utf-8")
    return load(file, {})


def problems(tmp_path: Path, skills: str = ELENA, routing: str = "") -> list[str]:
    with pytest.raises(ConfigError) as raised:
        centre(tmp_path, skills, routing)
    return [problem.split(": ", 1)[1] for problem in map(str, raised.value.problems)]


def test_without_a_word_everybody_serves_at_once_with_foresight(tmp_path: Path) -> None:
    settings = centre(tmp_path)
    assert settings.routing.policy == "foresight"
    assert settings.routing.steps == (Step(after_s=0, level=5, any_language=True),)
    assert {level for operator in operators_of(settings) for level in operator.levels.values()} == set()


def test_skills_are_groups_with_levels(tmp_path: Path) -> None:
    settings = centre(tmp_path, "skills = { state-services = 1, portal = 3 }")
    assert settings.operators[2].groups == ("state-services", "portal")
    elena = configured_router(settings).operators[operators_of(settings)[2].id]
    assert elena.groups == {"state-services", "portal"}
    assert elena.levels == {"state-services": 1, "portal": 3}


def test_skills_stand_beside_groups(tmp_path: Path) -> None:
    settings = centre(tmp_path, 'groups = ["state-services", "portal"]\nskills = { portal = 3, ict = 2 }')
    assert settings.operators[2].groups == ("state-services", "portal", "ict")


def test_routing_reaches_the_core(tmp_path: Path) -> None:
    steps = "steps = [{ level = 1, any_language = false }, { after_s = 20, level = 3 }]"
    rules = rules_of(centre(tmp_path, routing=f'[routing]\npolicy = "balanced"\n{steps}'))
    assert rules.policy == "balanced"
    assert [(step.after_ms, step.level, step.any_language) for step in rules.steps] == [
        (0, 1, False), (20_000, 3, True),
    ]  # fmt: skip
    assert rules.targets_s == {"state-services": 30.0, "portal": 30.0, "ict": 30.0}


def test_every_policy_of_the_core_can_be_chosen(tmp_path: Path) -> None:
    for name in POLICIES:
        assert centre(tmp_path, routing=f'[routing]\npolicy = "{name}"').routing.policy == name
    assert problems(tmp_path, routing='[routing]\npolicy = "best"')[0].startswith("routing.policy: must be ")


@pytest.mark.parametrize(
    ("skills", "said"),
    [
        ("skills = { state-services = 6 }", ["operators[2].skills.state-services: must be at most 5, not 6"]),
        ("skills = { portl = 1 }", ['operators[2].skills.portl: no group called "portl" (did you mean "portal"?)']),
        ("skills = {}", ["operators[2].groups: must not be empty"]),
        ("skills = 3", ["operators[2].skills: must be a table", "operators[2].groups: must be given"]),
    ],
)
def test_wrong_skills(tmp_path: Path, skills: str, said: list[str]) -> None:
    told = problems(tmp_path, skills)
    assert len(told) == len(said)
    assert all(any(one.startswith(start) for one in told) for start in said), told


@pytest.mark.parametrize(
    ("steps", "said"),
    [
        ("[]", "routing.steps: must not be empty"),
        ("[{ after_s = 5 }]", "routing.steps[0].after_s: must be 0: until then nobody could serve a caller"),
        ("[{}, {}]", "routing.steps[1].after_s: must be more than that of the step before, 0"),
        ("[{}, { after_s = 9, level = 2 }]", "routing.steps[1].level: must not be better than that of the step before"),
        ("[{}, { after_s = 9, any_language = false }]", "routing.steps[1].any_language: must stay true"),
    ],
)
def test_steps_that_do_not_widen(tmp_path: Path, steps: str, said: str) -> None:
    assert problems(tmp_path, routing=f"[routing]\nsteps = {steps}")[0].startswith(said)


def test_a_group_without_an_operator_good_enough(tmp_path: Path) -> None:
    file = SHIPPED.replace('groups = ["ict", "portal"]', "skills = { ict = 4, portal = 1 }")
    (tmp_path / "hotline.toml").write_text(file + "[routing]\nsteps = [{ level = 3 }]", encoding="utf-8")
    with pytest.raises(ConfigError, match='no operator of "ict" has level 3 or better: its callers would wait'):
        load(tmp_path / "hotline.toml", {})


def test_a_language_that_nobody_speaks(tmp_path: Path) -> None:
    file = SHIPPED.replace('groups = ["ict", "portal"]', 'groups = ["ict", "portal"]\nlanguages = ["ru"]')
    (tmp_path / "hotline.toml").write_text(file + "[routing]\nsteps = [{ any_language = false }]", encoding="utf-8")
    with pytest.raises(ConfigError) as raised:
        load(tmp_path / "hotline.toml", {})
    assert [str(problem).split(": ", 1)[1] for problem in raised.value.problems] == [
        f'routing.steps[0].any_language: no operator of "ict" speaks "{language}": its callers would wait for ever'
        for language in ("kk", "en")
    ]
