"""Mutes what MixMonitor writes of a channel, or ends that: run by Asterisk's dialplan, with the controller dead, too.

`python -I -S mute.py MANAGER_CONF CHANNEL 1|0`: no dialplan application mutes a recording, only the manager interface
does. The standard library alone, since nothing else is there under `-I -S`; 20 ms. Exit status 0 when it is done.
"""

from __future__ import annotations

import re
import socket
import sys
from pathlib import Path

TIMEOUT_S = 3.0


def mute(manager_conf: Path, channel: str, state: str) -> bool:
    """Ask Asterisk; `channel` is a name or an id, `state` 1 or 0. Raises OSError, ValueError."""
    if state not in ("0", "1") or not re.fullmatch(r"[A-Za-z0-9._/;@:-]{1,160}", channel):
        raise ValueError(f"not a channel and a state: {channel!r} {state!r}")
    text = manager_conf.read_text(encoding="utf-8")
    port, secret = (re.search(rf"^{key} = (\S+)$", text, re.MULTILINE) for key in ("port", "secret"))
    if port is None or secret is None:
        raise ValueError(f"{manager_conf} has no port or no secret")
    with socket.create_connection(("127.0.0.1", int(port[1])), TIMEOUT_S) as line, line.makefile("rwb") as talk:
        talk.readline()  # the greeting
        login = ("Action: Login", "Username: bailanys", f"Secret: {secret[1]}", "Events: off", "ActionID: login")
        asked = f"Channel: {channel}", "Direction: both", f"State: {state}"
        for action in (login, ("Action: MixMonitorMute", *asked, "ActionID: mute")):
            talk.write("\r\n".join([*action, "", ""]).encode())
        talk.flush()
        response = b""
        while read := talk.readline():
            field, _, value = read.strip().partition(b": ")
            if field == b"Response":
                response = value
            if field == b"ActionID" and value == b"mute":
                return response == b"Success"
    return False


if __name__ == "__main__":
    try:
        sys.exit(0 if mute(Path(sys.argv[1]), sys.argv[2], sys.argv[3]) else 1)
    except (OSError, ValueError, IndexError) as error:
        sys.exit(f"mute: {error}")
