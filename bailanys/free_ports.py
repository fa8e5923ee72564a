"""A set of free ports for a hotline of the demo, a test or a benchmark, as settings over the file's."""

from __future__ import annotations

import random
import socket
from pathlib import Path

FIRST, LAST = 20_000, 29_000
RTP_PORTS = 1_000


def own_place(state: Path, bind: str = "127.0.0.1") -> dict[str, str]:
    """Settings that keep a hotline apart from every other on this machine: its ports and its state folder."""
    sip, ami, agi, api = _free(bind, 4)
    rtp = random.randrange(30_000, 60_000, RTP_PORTS)  # noqa: S311 - not a secret
    return {
        "BAILANYS_SIP__PORT": str(sip),
        "BAILANYS_SIP__RTP_FIRST": str(rtp),
        "BAILANYS_SIP__RTP_LAST": str(rtp + RTP_PORTS - 1),
        "BAILANYS_PORTS__AMI": str(ami),
        "BAILANYS_PORTS__AGI": str(agi),
        "BAILANYS_API__PORT": str(api),
        "BAILANYS_STORAGE__STATE_DIR": str(state),
    }


def _free(bind: str, count: int) -> list[int]:
    found: list[int] = []
    while len(found) < count:
        port = random.randrange(FIRST, LAST)  # noqa: S311 - not a secret
        if port in found:
            continue
        try:
            for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
                with socket.socket(socket.AF_INET, kind) as trial:
                    trial.bind((bind, port))
        except OSError:
            continue
        found.append(port)
    return found
