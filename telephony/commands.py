"""AMI commands as values: each function checks its arguments and returns what `AmiLink.send` or `collect` takes.

The patterns are strict on purpose. A channel named `/.../` is a regular expression to `Hangup`, and a context or an
extension that came from outside must not name anything but one place.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from telephony.quoting import ActionFields, variable_name

_CHANNEL = re.compile(r"[A-Za-z][A-Za-z0-9]{1,19}/[A-Za-z0-9+_*][A-Za-z0-9@._:+*#;/-]{0,150}")
_CONTEXT = re.compile(r"[a-z][a-z0-9_-]{0,78}")
_EXTENSION = re.compile(r"[A-Za-z0-9*#+][A-Za-z0-9*#+_-]{0,78}")
_QUEUE = re.compile(r"[a-z][a-z0-9-]{0,63}")
_INTERFACE = re.compile(r"(PJSIP|Local)/[A-Za-z0-9][A-Za-z0-9@._/-]{0,78}")
_FAMILY = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}(/[A-Za-z0-9_.+-]{1,64}){0,3}")
_KEY = re.compile(r"[A-Za-z0-9_.+-]{1,128}")
_WORD = re.compile(r"[A-Za-z0-9_.+-]{0,128}")
_ENCODED = re.compile(r"[A-Za-z0-9_.%~-]{0,640}")  # 48 letters of any alphabet, URL-encoded
_CODEC = re.compile(r"[a-z][a-z0-9]{1,15}")
_OF_THE_SIP_THREAD = re.compile(r"CHANNEL\((rtcp|rtp|pjsip|endpoint|contact|aor)\b|PJSIP_")
_EVENT = re.compile(r"[A-Za-z][A-Za-z0-9]{0,63}")


def redirect(channel: str, context: str, exten: str = "s", priority: int = 1) -> ActionFields:
    """Move a channel to another place in the dialplan, out of whatever it is doing."""
    return {
        "Action": "Redirect",
        "Channel": channel_name(channel),
        "Context": _matching(_CONTEXT, context, "context"),
        "Exten": _matching(_EXTENSION, exten, "extension"),
        "Priority": str(priority),
    }


def redirect_both(channel: str, context: str, other: str, other_context: str) -> ActionFields:
    """Move two channels that talk with each other, each to its own place, at the same time."""
    return {
        **redirect(channel, context),
        "ExtraChannel": channel_name(other),
        "ExtraContext": _matching(_CONTEXT, other_context, "context"),
        "ExtraExten": "s",
        "ExtraPriority": "1",
    }


def originate(
    channel: str, call: str, context: str, exten: str, variables: Mapping[str, str], codecs: Sequence[str]
) -> ActionFields:
    """Make a channel whose id is `call` and send it to the dialplan; the answer does not wait for it.

    `codecs`, best first: with Asterisk's own choice for it, plain samples, a phone that a Local channel had called was
    sent nothing from then on when it came into a room (22.10, each time).
    """
    return {
        "Action": "Originate",
        "Channel": channel_name(channel),
        "ChannelId": _matching(_KEY, call, "call id"),
        "Context": _matching(_CONTEXT, context, "context"),
        "Exten": _matching(_EXTENSION, exten, "extension"),
        "Priority": "1",
        "Timeout": "15000",
        "Async": "true",
        "Codecs": ",".join(_matching(_CODEC, codec, "codec") for codec in codecs),
        "Variable": [f"{variable_name(name)}={_matching(_WORD, value, 'word')}" for name, value in variables.items()],
    }


def watch(channel: str, application: str, data: str, variables: Mapping[str, str]) -> ActionFields:
    """Make a channel whose dialplan does the work; its other end runs `application`. The answer does not wait."""
    return {
        "Action": "Originate",
        "Channel": channel_name(channel),
        "Application": _matching(_EVENT, application, "application"),
        "Data": _matching(_WORD, data, "word"),
        "Timeout": "15000",
        "Async": "true",
        "Variable": [
            f"{variable_name(name)}={_matching(_ENCODED, value, 'word')}" for name, value in variables.items()
        ],
    }


def setvar(channel: str | None, name: str, value: str) -> ActionFields:
    """Set a variable of a channel, or a global one without a channel (the heartbeat)."""
    return {"Action": "Setvar", **_on(channel), "Variable": variable_name(name), "Value": value}


def getvar(channel: str | None, name: str) -> ActionFields:
    """Ask for a variable; the answer has it in `Value`."""
    return {"Action": "Getvar", **_on(channel), "Variable": variable_name(name)}


def hangup(channel: str) -> ActionFields:
    """Hang one channel up."""
    return {"Action": "Hangup", "Channel": channel_name(channel)}


def status(variables: Sequence[str] = (), channel: str | None = None) -> ActionFields:
    """List the channels, each with these variables in its `Variable` lines; to `collect`. Raises ValueError.

    Asterisk holds each channel while it reads them: none may be one that the channel's SIP thread is asked for, which
    may wait for that very channel. Then neither ends, and all of Asterisk stands still.
    """
    if waits := [name for name in variables if _OF_THE_SIP_THREAD.match(name)]:
        raise ValueError(f"{waits[0]}: ask for it by Getvar, which holds no channel")
    fields = {"Action": "Status", **_on(channel)}
    if variables:
        fields["Variables"] = ",".join(variable_name(name) for name in variables)
    return fields


def core_show_channels() -> ActionFields:
    """List the channels with where they are in the dialplan; to `collect`."""
    return {"Action": "CoreShowChannels"}


def device_state_list() -> ActionFields:
    """List the states of all devices; to `collect`."""
    return {"Action": "DeviceStateList"}


def contacts() -> ActionFields:
    """List where phones are registered; to `collect`, which is refused when none is."""
    return {"Action": "PJSIPShowContacts"}


def populate(cache: str) -> ActionFields:
    """Have Asterisk fill a memory of its configuration anew (`sorcery.conf`)."""
    return {"Action": "SorceryMemoryCachePopulate", "Cache": _matching(_QUEUE, cache, "cache")}


def qualify(endpoint: str) -> ActionFields:
    """Have Asterisk ask now whether a phone is there, instead of when its turn comes."""
    return {"Action": "PJSIPQualify", "Endpoint": _matching(_KEY, endpoint, "endpoint")}


def queue_add(queue: str, interface: str, *, name: str = "", penalty: int = 0, paused: bool = False) -> ActionFields:
    """Make a phone a member of a native queue (the safety net). `name` is logged by Asterisk: use the number."""
    fields = _member(queue, interface)
    fields |= {"Action": "QueueAdd", "Penalty": str(penalty), "Paused": _flag(paused)}
    if name:
        fields["MemberName"] = _matching(_KEY, name, "member name")
    return fields


def queue_pause(interface: str, *, paused: bool, reason: str = "", queue: str | None = None) -> ActionFields:
    """Pause a member, or let it go on, in one queue or in all of them."""
    fields = {"Action": "QueuePause", "Interface": _matching(_INTERFACE, interface, "interface")}
    fields["Paused"] = _flag(paused)
    if queue is not None:
        fields["Queue"] = _matching(_QUEUE, queue, "queue")
    if reason:
        fields["Reason"] = _matching(_KEY, reason, "reason")
    return fields


def queue_penalty(queue: str, interface: str, penalty: int) -> ActionFields:
    """Let a member be rung only when those with a smaller penalty cannot."""
    interface = _matching(_INTERFACE, interface, "interface")
    return {
        "Action": "QueuePenalty", "Interface": interface, "Penalty": str(penalty),
        "Queue": _matching(_QUEUE, queue, "queue"),
    }  # fmt: skip


def queue_remove(queue: str, interface: str) -> ActionFields:
    """Take a phone out of a native queue."""
    return {"Action": "QueueRemove", **_member(queue, interface)}


def queue_status() -> ActionFields:
    """List the native queues with their members and callers; to `collect`."""
    return {"Action": "QueueStatus"}


def db_put(family: str, key: str, value: str) -> ActionFields:
    """Keep a value in Asterisk's own database, where the dialplan finds it without us."""
    return {"Action": "DBPut", **_entry(family, key), "Val": value}


def db_del(family: str, key: str) -> ActionFields:
    """Remove a value from Asterisk's own database."""
    return {"Action": "DBDel", **_entry(family, key)}


def db_del_tree(family: str) -> ActionFields:
    """Remove a whole family from Asterisk's own database; refused when there is none."""
    return {"Action": "DBDelTree", "Family": _matching(_FAMILY, family, "family")}


def db_get_tree(family: str) -> ActionFields:
    """List a family of Asterisk's own database; to `collect`."""
    return {"Action": "DBGetTree", "Family": _matching(_FAMILY, family, "family")}


def user_event(name: str, fields: Mapping[str, str]) -> ActionFields:
    """Send an event of our own to everyone who listens, in order with Asterisk's."""
    taken = {"action", "actionid", "userevent"} & {key.lower() for key in fields}
    if taken:
        raise ValueError(f"not for a user event: {', '.join(sorted(taken))}")
    return {"Action": "UserEvent", "UserEvent": _matching(_EVENT, name, "event"), **fields}


def channel_name(channel: str) -> str:
    """Return the name of one channel, e.g. `PJSIP/carrier-00000001` or `Local/s@menu-00000002;1`. Raises ValueError."""
    return _matching(_CHANNEL, channel, "channel")


def _on(channel: str | None) -> dict[str, str]:
    return {} if channel is None else {"Channel": channel_name(channel)}


def _member(queue: str, interface: str) -> dict[str, str]:
    return {
        "Queue": _matching(_QUEUE, queue, "queue"),
        "Interface": _matching(_INTERFACE, interface, "interface"),
    }


def _entry(family: str, key: str) -> dict[str, str]:
    return {"Family": _matching(_FAMILY, family, "family"), "Key": _matching(_KEY, key, "key")}


def _flag(value: bool) -> str:
    return "true" if value else "false"


def _matching(pattern: re.Pattern[str], text: str, what: str) -> str:
    if not pattern.fullmatch(text):
        raise ValueError(f"not a {what}: {text!r}")
    return text
