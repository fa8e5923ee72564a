"""A page that names a command, an option or a target that is not there is found; what people put in is let be."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
sys.path.append(str(ROOT / "tools"))

import pages  # noqa: E402 - the tools are no package
from page_commands import Command, code_of, faults, faults_of_source  # noqa: E402

JSON = {"--json": False, "--help": False}
ROOT_COMMAND = Command(
    commands={
        "check": Command(JSON),
        "ratings": Command({**JSON, "--from": True, "--by": True}, {"--by": ("operator", "group")}),
        "stop": Command({"--now": False, "--drain": False, "--within": True}),
        "calls": Command(
            commands={
                "list": Command(JSON),
                "join": Command(most=1),
                "priority": Command(most=2),
                "transfer": Command({"--to": True, "-c": True}, most=1),
                "select": Command(most=None),
            }
        ),
    }
)
TARGETS = {"test", "setup"}


def wrong(page: str) -> list[tuple[int, str]]:
    return list(faults(page, ROOT_COMMAND, TARGETS, {"--quick"}))


@pytest.mark.parametrize(
    "code",
    [
        "bailanys",
        "bailanys check # what is wrong, in a line",
        "$ bailanys calls list [--json]",
        "bailanys ratings [--from D] [--by operator|group] [--json]",
        "bailanys stop [--now | --drain]",
        "bailanys stop --within=600",
        "bailanys calls transfer CALL --to portal",
        "bailanys calls transfer -c other.toml CALL --to 'a | b'",
        "bailanys calls priority CALL -60",
        "bailanys calls priority CALL +60",
        "bailanys calls select A B C…",
        "bailanys calls select …",
        "bailanys COMMAND --help",
        "bailanys calls <command>",
        "/opt/bailanys/.venv/bin/bailanys check",
        "ExecStart=/opt/bailanys/.venv/bin/bailanys check --json",
        "sudo -u bailanys bailanys check",
        "PATH=/opt bailanys check && bailanys calls list | head > list.txt",
        'su bailanys -c "bailanys calls list"',
        "systemctl stop bailanys bailanys-calls",
        "install -d -o bailanys -m 0750 /var/lib/bailanys",
        "CREATE DATABASE bailanys OWNER bailanys",
        "for call in $(bailanys calls list); do bailanys calls join $call; done",
        "make test ARGS='--only x'",
        "python -m bailanys check",
        "it's prose, not a command",
    ],
)
def test_what_is_there_is_left_in_peace(code: str) -> None:
    assert wrong(f"    {code}\n") == []


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("bailanys checks", "`bailanys` has no command checks (did you mean check?)"),
        ("bailanys calls show CALL", "`bailanys calls` has no command show"),
        ("bailanys check --jason", "`bailanys check` has no option --jason (did you mean --json?)"),
        ("bailanys calls join CALL --to ict", "`bailanys calls join` has no option --to"),
        ("bailanys calls join A B", "`bailanys calls join` takes 1 argument, not 'B' beside"),
        ("bailanys check hotline.toml", "`bailanys check` takes no argument, not 'hotline.toml' beside"),
        ("bailanys ratings --by operator|caller", "`bailanys ratings --by` takes no caller: operator, group"),
        ("bailanys check && bailanys gone", "`bailanys` has no command gone"),
        ("sudo -u bailanys bailanys gone", "`bailanys` has no command gone"),
        ('su - bailanys -c "bailanys gone"', "`bailanys` has no command gone"),
        ("ExecStart=/opt/.venv/bin/bailanys gone", "`bailanys` has no command gone"),
        ("python -m bailanys gone", "`bailanys` has no command gone"),
        ("for call in $(bailanys gone); do true; done", "`bailanys` has no command gone"),
        ("bailanys stop [--gone 600]", "`bailanys stop` has no option --gone"),
        ("bailanys calls \\\n      gone", "`bailanys calls` has no command gone"),
        ("make tests", "the Makefile has no target tests (did you mean test?)"),
    ],
)
def test_what_is_not_there_is_found_in_a_block_of_code(code: str, says: str) -> None:
    ((line, said),) = wrong(f"A page.\n\n    {code}\n")
    assert said.endswith(f"`: {says}")
    assert line == 3 + code.count("\n")


def test_it_is_found_in_a_fence_in_a_table_in_a_comment_and_over_the_end_of_a_line() -> None:
    page = (
        "# Page\n\n```sh\nbailanys check\nbailanys gone\n```\n\n"
        "| a | b |\n|---|---|\n| x | `bailanys gone` |\n\n"
        "Text on\ntwo lines: `bailanys stop\n--gone`.\n\n"
        "    bailanys check   # then `calls gone CALL`\n"
    )
    assert [line for line, _ in wrong(page)] == [5, 10, 13, 16]


def test_a_command_in_short_and_an_option_alone_must_be_there_too() -> None:
    assert wrong("See `calls join CALL`, `calls`, `--within 600`, `--quick` and `calls/join.py`.") == []
    assert wrong("The log says `calls have been finished`.") == []
    assert [said for _, said in wrong("See `calls gone CALL` and `--withing`.")] == [
        "`calls gone CALL`: `bailanys calls` has no command gone",
        "`--withing`: no command has an option --withing (did you mean --within?)",
    ]


def test_a_message_of_the_product_names_no_command_that_is_not_there() -> None:
    source = (
        '"""Text."""\nfail("gone: `bailanys calls list` shows it")\nfail(f"`bailanys calls {name}`, `bailanys gone`")\n'
    )
    assert list(faults_of_source(source, ROOT_COMMAND)) == [(3, "`bailanys gone`: `bailanys` has no command gone")]


def test_pictures_hold_no_command() -> None:
    assert wrong("```text\nbailanys    processes, jobs\n```\n\n```mermaid\nbailanys gone\n```\n") == []


def test_the_command_line_is_followed_as_it_is() -> None:
    root = pages.command_line()
    assert root.commands["calls"].commands["transfer"].options["--to"] is True
    assert root.commands["ratings"].options["--json"] is False
    assert root.commands["ratings"].choices["--by"] == ["operator", "group", "language", "day"]
    assert root.commands["calls"].commands["priority"].most == 2
    assert root.commands["operators"].commands["skill"].most is None
    assert {"test", "lint", "setup"} <= pages.targets_of((ROOT / "Makefile").read_text())
    assert "PYTHON" not in pages.targets_of((ROOT / "Makefile").read_text())


def test_the_pages_that_people_read_are_read_and_name_what_is_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert pages.main() == 0, capsys.readouterr().out
    page = (ROOT / "docs" / "operations.md").read_text()
    assert sum(named.code.startswith("bailanys ") for named in code_of(page)) > 50
