"""AMI commands say one thing about one channel, or are refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telephony import commands
from telephony.quoting import AGI_LINE_BYTES, agi_command, agi_quoted, application_arguments, checked_action

CALLER = "PJSIP/carrier-00000001"


def test_redirect_names_one_place() -> None:
    assert commands.redirect(CALLER, "waiting") == {
        "Action": "Redirect",
        "Channel": CALLER,
        "Context": "waiting",
        "Exten": "s",
        "Priority": "1",
    }


def test_qualify_asks_one_phone() -> None:
    assert commands.qualify("op101") == {"Action": "PJSIPQualify", "Endpoint": "op101"}
    with pytest.raises(ValueError, match="endpoint"):
        commands.qualify("op101\r\nAction: Command")


@pytest.mark.parametrize(
    "channel",
    [CALLER, "PJSIP/op101-0000000a", "Local/s@menu-00000002;1", "Surrogate/PJSIP/op101-00000001", "SIP/+77011234567-1"],
)
def test_channels_as_asterisk_names_them(channel: str) -> None:
    assert commands.hangup(channel) == {"Action": "Hangup", "Channel": channel}


@pytest.mark.parametrize(
    "channel", ["", "/.*/", "PJSIP", "PJSIP/", "PJSIP/a b", "PJSIP/a\r\nAction: x", "PJSIP/a,b", "all"]
)
def test_hangup_of_a_pattern_is_refused(channel: str) -> None:
    with pytest.raises(ValueError, match="channel"):
        commands.hangup(channel)


@pytest.mark.parametrize("context", ["", "Waiting", "waiting,s,1", "a b", "${X}", "ә"])
def test_other_contexts_are_refused(context: str) -> None:
    with pytest.raises(ValueError, match="context"):
        commands.redirect(CALLER, context)


def test_heartbeat_is_a_global_variable() -> None:
    assert commands.setvar(None, "BEAT", "1764000000") == {
        "Action": "Setvar",
        "Variable": "BEAT",
        "Value": "1764000000",
    }
    assert commands.getvar(CALLER, "CHANNEL(language)")["Channel"] == CALLER


def test_status_asks_for_variables() -> None:
    assert commands.status(["CALL_ID", "CHANNEL(language)"])["Variables"] == "CALL_ID,CHANNEL(language)"
    assert "Variables" not in commands.status()
    with pytest.raises(ValueError, match="variable"):
        commands.status(["A,B"])


@pytest.mark.parametrize("name", ["CHANNEL(rtcp,rxcount)", "CHANNEL(pjsip,secure)", "CHANNEL(endpoint)"])
def test_status_reads_nothing_that_a_held_channel_waits_for(name: str) -> None:
    with pytest.raises(ValueError, match="Getvar"):
        commands.status(["CALL_ID", name])
    assert commands.getvar(CALLER, name)["Variable"] == name


def test_safety_net_members() -> None:
    assert commands.queue_add("state-services", "PJSIP/op101", name="101", paused=True) == {
        "Action": "QueueAdd",
        "Queue": "state-services",
        "Interface": "PJSIP/op101",
        "MemberName": "101",
        "Penalty": "0",
        "Paused": "true",
    }
    assert commands.queue_pause("PJSIP/op101", paused=False) == {
        "Action": "QueuePause",
        "Interface": "PJSIP/op101",
        "Paused": "false",
    }
    assert commands.queue_remove("portal", "PJSIP/op101")["Action"] == "QueueRemove"
    with pytest.raises(ValueError, match="interface"):
        commands.queue_remove("portal", "PJSIP/op101,1")


def test_asterisks_own_database() -> None:
    assert commands.db_put("caller/language", "77011234567", "kk")["Val"] == "kk"
    assert commands.db_get_tree("rating") == {"Action": "DBGetTree", "Family": "rating"}
    with pytest.raises(ValueError, match="key"):
        commands.db_del("rating", "a/b")


def test_user_event_is_not_another_action() -> None:
    assert commands.user_event("Offer", {"Seq": "1"}) == {"Action": "UserEvent", "UserEvent": "Offer", "Seq": "1"}
    with pytest.raises(ValueError, match="action"):
        commands.user_event("Offer", {"action": "Hangup"})


@given(st.text())
def test_every_value_is_one_header_or_refused(value: str) -> None:
    try:
        checked_action(commands.setvar(None, "X", value))
    except ValueError:
        return
    assert not set("\r\n\0") & set(value)


def asterisk_words(line: str) -> list[str]:
    """`parse_args` of res_agi.c, retold."""
    words: list[str] = []
    quoted = escaped = False
    between = True
    for letter in line:
        if letter == '"' and not escaped:
            quoted = not quoted
            if quoted and between:
                words.append("")
                between = False
        elif letter in " \t" and not quoted and not escaped:
            between = True
        elif letter == "\\" and not escaped:
            escaped = True
            continue
        else:
            if between:
                words.append("")
                between = False
            words[-1] += letter
        escaped = False
    return words


def asterisk_arguments(text: str) -> list[str]:
    """`AST_STANDARD_APP_ARGS` of app.c, retold."""
    arguments = [""]
    round_, square, quoted = 0, 0, False
    letters = iter(text)
    for letter in letters:
        if letter == "\\":
            arguments[-1] += next(letters, "")
            continue
        if letter == '"':
            quoted = not quoted
            continue
        if letter == "," and not (round_ or square or quoted):
            arguments.append("")
            continue
        round_ = max(0, round_ + {"(": 1, ")": -1}.get(letter, 0))
        square = max(0, square + {"[": 1, "]": -1}.get(letter, 0))
        arguments[-1] += letter
    return arguments


one_line = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n\0"))


@given(st.lists(one_line, min_size=1))
def test_asterisk_reads_back_what_we_quote(words: list[str]) -> None:
    assert asterisk_words(" ".join(agi_quoted(word) for word in words)) == words


@given(st.lists(one_line, min_size=1))
def test_application_gets_each_argument_as_it_is(arguments: list[str]) -> None:
    assert asterisk_arguments(application_arguments(arguments)) == arguments


def test_command_longer_than_asterisks_buffer_is_refused() -> None:
    with pytest.raises(ValueError, match="longer"):
        agi_command("SET VARIABLE", arguments=["X", "ә" * (AGI_LINE_BYTES // 2)])
