"""A set of free ports for a hotline of the demo, a test or a benchmark, as settings over the file's."""

from __future__ import annotations

from pathlib import Path

from phones.own_ports import own_ports


def own_place(state: Path, bind: str = "127.0.0.1") -> dict[str, str]:
    """Settings that keep a hotline apart from every other on this machine: its ports and its state folder."""
    ports = own_ports()
    return {
        "BAILANYS_SIP__PORT": str(ports.server(bind)),
        "BAILANYS_SIP__RTP_FIRST": str(ports.asterisk[0]),
        "BAILANYS_SIP__RTP_LAST": str(ports.asterisk[-1]),
        "BAILANYS_PORTS__AMI": str(ports.server(bind)),
        "BAILANYS_PORTS__AGI": str(ports.server(bind)),
        "BAILANYS_API__PORT": str(ports.server(bind)),
        "BAILANYS_STORAGE__STATE_DIR": str(state),
    }
